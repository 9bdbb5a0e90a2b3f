"""What every report has: its tickets, its period, and the instant it speaks of."""

from collections.abc import Iterable
from copy import copy
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, Self

from django.db.models import DateTimeField, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from django_sla.exceptions import NaiveDatetime
from django_sla.moment import now as read_now
from django_sla.reports.grouping import NONE, PLACED_AT, asked, groupings
from django_sla.reports.where import Where, conditions


class PeriodReport:
    """A queryset of tickets, and a period ``[since, until)`` that leaves some of it out."""

    def __init__(
        self,
        queryset: QuerySet[Any],
        *,
        by: str | Iterable[str] = NONE,
        since: datetime | None = None,
        until: datetime | None = None,
        now: datetime | None = None,
        tz: tzinfo | None = None,
        where: Where | None = None,
    ):
        """
        Args:
            queryset: tickets of one model with an SLA; not sliced. A ticket that it gives
                several times counts once.
            by: one of ``grouping.names(Model.sla)``, or two: ``("priority", "month")``, or
                ``"priority,month"``.
            since, until: aware; None leaves the period open.
            now: the instant at which open clocks are judged; by default now.
            tz: the zone of days, weeks, months and quarters; by default the current one.
            where: only tickets of which this is so: ``{"department": 3}``, ``{"priority":
                ["urgent", "high"]}``.

        Raises:
            NaiveDatetime: an instant has no time zone.
            ValueError: ``by`` is nothing to group by, or ``where`` nothing to filter by; the
                period ends before it begins, or the queryset is sliced.
        """
        NaiveDatetime.refuse(since=since, until=until, now=now)
        if since is not None and until is not None and since >= until:
            said = _("since: %(since)s is not before until, %(until)s")
            raise ValueError(said % {"since": since, "until": until})
        if queryset.query.is_sliced:
            raise ValueError("queryset: sliced; filter it instead")
        self.sla = queryset.model.sla
        self.names = asked(self.sla, by)
        self.by = ",".join(self.names)
        self.tz = tz or timezone.get_current_timezone()
        self.groupings = groupings(self.sla, self.names, self.tz)
        self.since, self.until = since, until
        self.now = now or read_now()
        # Selected by key, so that joins of the host's repeat nothing; and not at all where that
        # selects everything, which the database would find out ticket by ticket.
        tickets: QuerySet[Any] = self.sla.rows(queryset.db)
        if not _is_everything(queryset):
            tickets = tickets.filter(pk__in=queryset.order_by().values("pk"))
        self.all_tickets = tickets.filter(*conditions(self.sla, where or {}))

    @cached_property
    def previous(self) -> Self | None:
        """The same report of the period before, of the same length: as many months where this
        one is of whole months, else as much time by the clock on the wall. Without ``until``
        the period ends now; None without ``since``."""
        until = self.until or self.now
        if self.since is None or self.since >= until:
            return None
        report = copy(self)
        for name in vars(self):
            if isinstance(getattr(type(self), name, None), cached_property):
                del report.__dict__[name]
        report.since, report.until = before(self.since, until, self.tz), self.since
        return report

    @property
    def tickets(self) -> QuerySet[Any]:
        """Those opened in the period."""
        return self._within("created_at", self.all_tickets)

    @property
    def all_clocks(self) -> QuerySet[Any]:
        """Clock rows of all tickets, whatever the period."""
        return self._of_tickets(self.sla.clock_model, self.all_tickets)

    @property
    def clocks(self) -> QuerySet[Any]:
        """Those clock rows, annotated with ``PLACED_AT``: those due in the period.

        A clock of which nothing was promised is placed by its stop, as its times are of
        interest nevertheless. One without either, open and paused say, has no place yet.
        """
        placed = self.all_clocks.annotate(
            **{PLACED_AT: Coalesce("due_at", "stopped_at", output_field=DateTimeField())}
        )
        # Of columns, which have indexes.
        due, stopped = self._bounds("due_at"), self._bounds("stopped_at")
        return placed.filter(due | Q(stopped, due_at=None))

    @property
    def events(self) -> QuerySet[Any]:
        """Event rows of the tickets opened in the period."""
        return self._of_tickets(self.sla.event_model, self.tickets)

    def _of_tickets(self, model: Any, tickets: QuerySet[Any]) -> QuerySet[Any]:
        rows = model._base_manager.using(tickets.db).order_by()
        return rows if _is_everything(tickets) else rows.filter(ticket_id__in=tickets.values("pk"))

    def _within(self, name: str, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(self._bounds(name)) if self.since or self.until else rows

    def _bounds(self, name: str) -> Q:
        """That an instant is in the period; at least, that there is one."""
        bounds = {f"{name}__gte": self.since, f"{name}__lt": self.until}
        return Q(**{lookup: at for lookup, at in bounds.items() if at}) or Q(
            (f"{name}__isnull", False)
        )


def before(since: datetime, until: datetime, tz: tzinfo) -> datetime:
    """When the period begins that ends with ``since`` and is as long as that until ``until``."""
    start, end = _local(since, tz), _local(until, tz)
    if _begins_a_month(start) and _begins_a_month(end):
        month = 2 * _month(start) - _month(end)
        begin = start.replace(year=month // 12, month=month % 12 + 1)
    else:
        begin = start - (end - start)
    return begin.replace(tzinfo=tz).astimezone(UTC)


def _local(at: datetime, tz: tzinfo) -> datetime:
    """What the clocks of the zone show; where an hour is skipped, what they showed last: a day
    that has no midnight begins at midnight nevertheless."""
    shown, shown_last = (
        (at - ago).astimezone(tz).replace(tzinfo=None) + ago
        for ago in (timedelta(0), timedelta.resolution)
    )
    return min(shown, shown_last)


def _begins_a_month(local: datetime) -> bool:
    return local == datetime(local.year, local.month, 1)  # noqa: DTZ001


def _month(local: datetime) -> int:
    return local.year * 12 + local.month - 1


def _is_everything(queryset: QuerySet[Any]) -> bool:
    """Whether it surely leaves out no row of its table, and repeats none."""
    query = queryset.query
    model = queryset.model._meta.concrete_model
    return not (
        query.where
        or query.combinator
        or query.extra_tables
        or query.distinct_fields
        or len(query.alias_map) > 1
        or model is not model.sla.model._meta.concrete_model
    )
