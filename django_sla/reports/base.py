"""What every report has: its tickets, its period, and the instant it speaks of."""

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from django_sla.exceptions import NaiveDatetime
from django_sla.moment import now as read_now
from django_sla.reports.grouping import NONE, PLACED_AT, grouping


class PeriodReport:
    """A queryset of tickets, and a period ``[since, until)`` that leaves some of it out."""

    def __init__(
        self,
        queryset: QuerySet[Any],
        *,
        by: str = NONE,
        since: datetime | None = None,
        until: datetime | None = None,
        now: datetime | None = None,
    ):
        """
        Args:
            queryset: tickets of one model with an SLA; not sliced. A ticket that it gives
                several times counts once.
            by: one of ``grouping.names(Model.sla)``.
            since, until: aware; None leaves the period open.
            now: the instant at which open clocks are judged; by default now.

        Raises:
            NaiveDatetime: an instant has no time zone.
            ValueError: ``by`` is nothing to group by, the period ends before it begins, or the
                queryset is sliced.
        """
        for name, value in (("since", since), ("until", until), ("now", now)):
            if value is not None and timezone.is_naive(value):
                raise NaiveDatetime(name, value)
        if since is not None and until is not None and since >= until:
            raise ValueError(f"since: {since} is not before until, {until}")
        if queryset.query.is_sliced:
            raise ValueError("queryset: sliced; filter it instead")
        self.sla = queryset.model.sla
        self.grouping = grouping(self.sla, by)
        self.by, self.since, self.until = by, since, until
        self.now = now or read_now()
        # Selected by key, so that joins of the host's repeat nothing.
        self.all_tickets: QuerySet[Any] = self.sla.rows(queryset.db).filter(
            pk__in=queryset.order_by().values("pk")
        )

    @property
    def tickets(self) -> QuerySet[Any]:
        """Those opened in the period."""
        return self._within("created_at", self.all_tickets)

    @property
    def clocks(self) -> QuerySet[Any]:
        """Clock rows of all tickets, annotated with ``PLACED_AT``: those due in the period.

        A clock of which nothing was promised is placed by its stop, as its times are of
        interest nevertheless. One without either, open and paused say, has no place yet.
        """
        rows = self._of_tickets(self.sla.clock_model, self.all_tickets)
        placed = rows.annotate(
            **{PLACED_AT: Coalesce("due_at", "stopped_at", output_field=DateTimeField())}
        )
        return self._within(PLACED_AT, placed.filter(**{f"{PLACED_AT}__isnull": False}))

    @property
    def events(self) -> QuerySet[Any]:
        """Event rows of the tickets opened in the period."""
        return self._of_tickets(self.sla.event_model, self.tickets)

    def _of_tickets(self, model: Any, tickets: QuerySet[Any]) -> QuerySet[Any]:
        rows = model._base_manager.using(tickets.db).order_by()
        return rows.filter(ticket_id__in=tickets.values("pk"))

    def _within(self, name: str, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.since is not None:
            rows = rows.filter(**{f"{name}__gte": self.since})
        if self.until is not None:
            rows = rows.filter(**{f"{name}__lt": self.until})
        return rows
