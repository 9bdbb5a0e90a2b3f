"""What ``ticket.sla`` answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from django_sla.core.clock import Clock
from django_sla.core.verdict import Segment, Verdict, explain, judge
from django_sla.exceptions import ClockStopped, NaiveDatetime
from django_sla.flow import record
from django_sla.flow.refresh import COLUMNS, TARGETS
from django_sla.moment import now as read_now
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import StateName
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """Something that happened to a ticket, or a deadline that passed."""

    at: datetime
    kind: str
    """A :class:`core.event.Kind`, or ``"breached"``."""
    label: str
    actor: Any = None
    """The user, or None for the system."""
    data: dict[str, str]
    """As on the event: ``from``, ``to``, ``category``, ``metric``, ``due``, ``reason``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One SLA column that changed in one write."""

    at: datetime
    field: str
    old: datetime | None
    new: datetime | None
    user: Any
    """None is the system."""
    ip: str | None
    reason: str


class TicketSLA:
    """The SLA of one ticket. Reads the clocks once and keeps them until the ticket is saved."""

    def __init__(self, ticket: Any, sla: "SLA"):
        self._ticket = ticket
        self._sla = sla

    def forget(self) -> None:
        """Read the clocks again when next asked."""
        self.__dict__.pop("clocks", None)
        self._ticket.__dict__.get("_prefetched_objects_cache", {}).pop("sla_clocks", None)

    @property
    def now(self) -> datetime:
        """The instant that verdicts are given for: that of ``with_verdicts``, or now."""
        return self._ticket.__dict__.get("_sla_now") or read_now()

    @cached_property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock, in the order of starting. One query, none after ``with_verdicts``."""
        if self._ticket.pk is None:
            return ()
        rows = sorted(self._ticket.sla_clocks.all(), key=lambda row: (row.started_at, row.pk))
        using = self._ticket._state.db or "default"
        terms = terms_table.read((row.terms_id for row in rows), using)
        return tuple(row.value(terms) for row in rows)

    def clock(self, metric: str) -> Clock | None:
        """The latest cycle of a metric's clock."""
        return next((c for c in reversed(self.clocks) if c.metric == metric), None)

    def verdict(self, metric: str, now: datetime | None = None) -> Verdict:
        """The latest cycle of a metric, judged at ``now``."""
        return judge(self.clock(metric), now or self.now)

    @property
    def response(self) -> Verdict:
        return self.verdict("response")

    @property
    def resolution(self) -> Verdict:
        return self.verdict("resolution")

    def explain(
        self, metric: str = "resolution", now: datetime | None = None
    ) -> tuple[Segment, ...]:
        """Which stretches of the clock's life counted, and why the others did not."""
        clock = self.clock(metric)
        return explain(clock, now or self.now) if clock else ()

    def timeline(self, now: datetime | None = None) -> list[TimelineEntry]:
        """What happened, oldest first, with the deadlines that passed in between."""
        entries = [
            TimelineEntry(
                at=row.at,
                kind=row.kind,
                label=row.get_kind_display(),
                actor=row.actor,
                data=row.data,
            )
            for row in self._ticket.sla_events.select_related("actor").order_by("at", "id")
        ]
        instant = now or self.now
        for clock in self.clocks:
            verdict = judge(clock, instant)
            if verdict.late and verdict.due is not None:
                entries.append(
                    TimelineEntry(
                        at=verdict.due,
                        kind="breached",
                        label=str(StateName.BREACHED.label),
                        data={"metric": clock.metric},
                    )
                )
        return sorted(entries, key=lambda entry: entry.at)

    def changelog(self) -> list[Change]:
        """Every change of an SLA column, newest first. One query."""
        model = self._ticket._meta.concrete_model
        manager = getattr(self._ticket, model._meta.simple_history_manager_attribute)
        rows = manager.select_related("history_user").order_by("history_date", "history_id")
        return list(reversed(list(_changes(rows))))

    def set_target(self, metric: str, due: datetime, reason: str = "") -> None:
        """Set the due instant by hand; recalculation leaves it alone until it is cleared.

        Raises:
            ClockStopped: the clock no longer runs, so a new target would judge the past.
            NaiveDatetime: ``due`` has no time zone.
        """
        if timezone.is_naive(due):
            raise NaiveDatetime("due", due)
        self._tell(metric, lambda observer: observer.target(metric, due, reason), reason, open=True)

    def clear_target(self, metric: str, reason: str = "") -> None:
        """Let the policy decide again.

        Raises:
            ClockStopped: the clock no longer runs.
        """
        self._tell(
            metric, lambda observer: observer.target(metric, None, reason), reason, open=True
        )

    def waive(self, metric: str, reason: str) -> None:
        """Excuse a breach: reports show compliance with and without it.

        Raises:
            ValueError: no reason is given, or the metric has no clock on this ticket.
        """
        if not reason.strip():
            raise ValueError("reason: say why this breach is excused")
        self._tell(metric, lambda observer: observer.waiver(metric, reason), reason, open=False)

    def _tell(self, metric: str, fact: Any, reason: str, *, open: bool) -> None:
        def tell(observer: Any, lifecycle: Any) -> list[SLAEvent]:
            clock = lifecycle.clock(metric)
            if clock is None:
                names = ", ".join(sorted({c.metric for c in lifecycle.clocks}))
                raise ValueError(f"metric: {metric!r} has no clock here; there is {names}")
            if open and clock.stopped_at is not None:
                raise ClockStopped(metric, clock.stopped_at)
            return [fact(observer)]

        using = self._ticket._state.db or "default"
        record.record(
            self._sla, self._ticket.pk, tell, using=using, ticket=self._ticket, reason=reason
        )

    def as_dict(self) -> dict[str, Any]:
        """The ticket's SLA as JSON types: times in the active zone, durations in hours."""
        ticket, now = self._ticket, self.now
        found: dict[str, Any] = {"id": ticket.pk}
        for name in COLUMNS:
            value = getattr(ticket, name)
            found[name] = timezone.localtime(value).isoformat() if value else None
        for metric in TARGETS.values():
            verdict = self.verdict(metric, now)
            stopped = verdict.clock is not None and verdict.clock.stopped_at is not None
            found[f"{metric}_state"] = verdict.state.value
            found[f"{metric}_time_hours"] = _hours(verdict.elapsed) if stopped else None
            found[f"{metric}_remaining_hours"] = _hours(verdict.remaining)
        terms = next((clock.terms for clock in reversed(self.clocks) if clock.terms), None)
        found["policy"] = terms.name if terms else None
        return found


def _hours(duration: Any) -> float | None:
    return None if duration is None else round(duration.total_seconds() / 3600, 4)


def _changes(rows: Any) -> Iterator[Change]:
    before: Any = None
    for row in rows:
        for name in COLUMNS:
            old, new = getattr(before, name, None), getattr(row, name, None)
            if old != new:
                yield Change(
                    at=row.history_date,
                    field=name,
                    old=old,
                    new=new,
                    user=row.history_user,
                    ip=getattr(row, "client_ip", None),
                    reason=row.history_change_reason or "",
                )
        before = row
