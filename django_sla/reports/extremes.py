"""Single clocks that stand out: what is due next, what is the latest, what paused the longest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Coalesce

from django_sla.reports.base import PeriodReport
from django_sla.reports.outcomes import late
from django_sla.reports.wall import WallTime

SHOWN = 10
"""How many of each kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extreme:
    """A clock that stands out, and by how much."""

    ticket_id: Any
    metric: str
    lasted: timedelta
    """How late it is, how long it paused, or how long until it is due."""
    since: datetime | None = None
    """When it was or is due; since when it pauses. None for a pause that has ended."""
    is_open: bool = True
    """Whether it is still late or still paused."""
    waived: bool = False


class Extremes(PeriodReport):
    """Of the clocks of a queryset's tickets. One query each; two for pauses."""

    def due_next(self, count: int = SHOWN) -> list[Extreme]:
        """Open ones that are not due yet, of whatever period, what is due first before all."""
        rows = self.all_clocks.filter(stopped_at=None, due_at__gte=self.now).order_by(
            "due_at", "pk"
        )
        return [
            Extreme(ticket_id=ticket, metric=metric, lasted=due - self.now, since=due)
            for ticket, metric, due in rows.values_list("ticket_id", "metric", "due_at")[:count]
        ]

    def latest(self, count: int = SHOWN) -> list[Extreme]:
        """Those of the period that were or are the most overdue, by the clock on the wall."""
        end = Coalesce("stopped_at", Value(self.now, DateTimeField()))
        rows = self.clocks.filter(late(self.now)).annotate(over=WallTime(end, "due_at"))
        values = rows.order_by("-over", "pk").values_list(
            "ticket_id", "metric", "over", "due_at", "stopped_at", "waived"
        )
        return [
            Extreme(
                ticket_id=ticket,
                metric=metric,
                lasted=over,
                since=due,
                is_open=stopped is None,
                waived=waived,
            )
            for ticket, metric, over, due, stopped, waived in values[:count]
        ]

    def longest_pauses(self, count: int = SHOWN) -> list[Extreme]:
        """The pauses that last now, and those of the clocks of the period, one for each ticket."""
        # Pauses stop several metrics of a ticket at once.
        several = count * 4
        going = self.all_clocks.filter(stopped_at=None, paused_at__isnull=False)
        ended = self.clocks.filter(longest_pause__isnull=False).order_by(
            F("longest_pause").desc(), "pk"
        )
        found = [
            Extreme(ticket_id=ticket, metric=metric, lasted=self.now - at, since=at)
            for ticket, metric, at in going.order_by("paused_at", "pk").values_list(
                "ticket_id", "metric", "paused_at"
            )[:several]
        ]
        found += [
            Extreme(ticket_id=ticket, metric=metric, lasted=lasted, is_open=False)
            for ticket, metric, lasted in ended.values_list("ticket_id", "metric", "longest_pause")[
                :several
            ]
        ]
        found.sort(key=lambda pause: pause.lasted, reverse=True)
        by_ticket: dict[Any, Extreme] = {}
        for pause in found:
            by_ticket.setdefault(pause.ticket_id, pause)
        return list(by_ticket.values())[:count]
