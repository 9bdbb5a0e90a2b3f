"""Tickets as a report of one row each, which is read a piece at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import chain
from operator import itemgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone, translation

from django_sla.core.verdict import State, judge
from django_sla.exceptions import NaiveDatetime
from django_sla.moment import now as read_now
from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import display_name
from django_sla.tables import reading
from django_sla.tables import terms as terms_table
from django_sla.tables.among import Among
from django_sla.tables.columns import COLUMNS
from django_sla.tables.insert import unsaved

CHUNK = 2_000
"""Tickets that are read at once. Two queries for each chunk."""

CLOCK = (
    "ticket_id", "metric", "terms_id", "priority", "started_at", "pauses", "paused_at",
    "stopped_at", "target_due", "target_set_at", "waived", "due_at", "elapsed", "outcome",
)  # fmt: skip
"""What is read of a clock."""

VERDICT = (
    ("state", Unit.VALUE),
    ("due", Unit.INSTANT),
    ("elapsed", Unit.DURATION),
    ("remaining", Unit.DURATION),
    ("policy", Unit.VALUE),
    ("waived", Unit.VALUE),
)
"""What is told of each metric."""

DEFAULT = ("response", "resolution")
"""The metrics that have columns where nobody says which."""

NO_CLOCK = (State.NONE.value, None, None, None, None, False)


class TicketList:
    """The tickets of a queryset, in the order of their keys, with what is promised of each.

    A report like the others, but that its rows add up to nothing: ``format.to_csv`` and
    ``export.streamed`` take it. All verdicts are given for one instant; times are counted time.
    Memory does not grow with the number of tickets.
    """

    by = "ticket"
    since: datetime | None = None
    until: datetime | None = None
    total = None

    def __init__(
        self,
        queryset: QuerySet[Any],
        *,
        metrics: Sequence[str] = DEFAULT,
        now: datetime | None = None,
    ):
        """
        Args:
            queryset: tickets of one model with an SLA; not sliced. A ticket that it gives
                several times comes once. What ``str(ticket)`` asks for is worth a
                ``select_related``.
            metrics: those that have columns.
            now: the instant at which open clocks are judged; by default now.

        Raises:
            NaiveDatetime: ``now`` has no time zone.
            ValueError: the queryset is sliced.
        """
        NaiveDatetime.refuse(now=now)
        if queryset.query.is_sliced:
            raise ValueError("queryset: sliced; filter it instead")
        self.sla = queryset.model.sla
        self.metrics = tuple(metrics)
        self.now = now or read_now()
        self.priority = _Field(queryset.model, self.sla.priority)
        self.status = _Field(queryset.model, self.sla.status)
        related = [field.name for field in (self.priority, self.status) if field.related]
        # Of no relation select_related() would ask for all.
        self.queryset = queryset.select_related(*related) if related else queryset

    @property
    def columns(self) -> Sequence[Column]:
        named = [
            ("key", Unit.VALUE),
            ("title", Unit.VALUE),
            *((field, Unit.VALUE) for field in ("priority", "status")),
            *((name, Unit.INSTANT) for name in COLUMNS),
            *((f"{m}_{name}", unit) for m in self.metrics for name, unit in VERDICT),
        ]
        return [
            Column(name=name, title=name, unit=unit, value=itemgetter(position))
            for position, (name, unit) in enumerate(named)
        ]

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        """From the beginning each time."""
        return chain.from_iterable(self.chunks())

    def chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        """The rows, so many as are read at once. Words are in the language of the call, for where
        a response is streamed its request is over."""
        language, zone = translation.get_language(), timezone.get_current_timezone()
        return self._chunks(language, zone)

    def _chunks(self, language: str | None, zone: tzinfo) -> Iterator[list[tuple[Any, ...]]]:
        # By key, because that needs neither a cursor that stays open, which not every database
        # has, nor memory for the whole.
        tickets = self.queryset.order_by("pk")
        page = tickets
        while found := list(page[:CHUNK]):
            last = found[-1].pk
            with translation.override(language), timezone.override(zone):
                chunk = self._chunk({ticket.pk: ticket for ticket in found})
            del found
            yield chunk
            page = tickets.filter(pk__gt=last)

    def _chunk(self, tickets: dict[Any, Any]) -> list[tuple[Any, ...]]:
        verdicts = self._verdicts(tickets)
        return [
            (
                key,
                str(ticket),
                self.priority.read(ticket),
                self.status.read(ticket),
                *(getattr(ticket, name) for name in COLUMNS),
                *chain.from_iterable(
                    verdicts.get((key, metric), NO_CLOCK) for metric in self.metrics
                ),
            )
            for key, ticket in tickets.items()
        ]

    def _verdicts(self, keys: Iterable[Any]) -> dict[tuple[Any, str], tuple[Any, ...]]:
        """What is told of the latest cycle of each metric, by key and metric. One query."""
        using = self.queryset.db
        clocks = self.sla.clock_model._base_manager.using(using)
        chosen = clocks.filter(Among("ticket_id", list(keys)), metric__in=self.metrics)
        ordered = chosen.order_by("started_at", "pk").values_list(*CLOCK)
        latest = {(row[0], row[1]): row for row in reading.rows(ordered, using)}
        terms = terms_table.read({row[2] for row in latest.values()}, using)
        return {key: self._told(row, terms) for key, row in latest.items()}

    def _told(self, row: Sequence[Any], terms: Any) -> tuple[Any, ...]:
        clock = unsaved(self.sla.clock_model, **dict(zip(CLOCK, row, strict=True)))
        policy = terms[clock.terms_id] if clock.terms_id else None
        name = policy.name if policy else None
        if clock.stopped_at is not None and clock.target_due is None:
            # The row repeats what judging it would give.
            goal = policy.goal(clock.metric, clock.priority) if policy else None
            left = None if goal is None else goal - clock.elapsed
            return (clock.outcome, clock.due_at, clock.elapsed, left, name, clock.waived)
        verdict = judge(clock.value(terms), self.now)
        return (
            verdict.state.value, verdict.due, verdict.elapsed, verdict.remaining, name, clock.waived
        )  # fmt: skip


class _Field:
    """What people call the value of a field of the tickets."""

    def __init__(self, model: Any, name: str | None):
        self.name = name or ""
        try:
            field = model._meta.get_field(self.name)
        except FieldDoesNotExist:
            field = None
        self.related = bool(field and field.is_relation)
        self.read: Callable[[Any], Any] = self._related if self.related else self._value
        self._labels = dict(getattr(field, "flatchoices", ()))

    def _related(self, ticket: Any) -> str | None:
        row = getattr(ticket, self.name)
        return None if row is None else display_name(row)

    def _value(self, ticket: Any) -> Any:
        value = getattr(ticket, self.name, None)
        return str(self._labels[value]) if value in self._labels else value
