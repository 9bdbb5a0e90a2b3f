"""When promises are broken: by weekday and hour."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from django_sla.reports.base import PeriodReport
from django_sla.reports.outcomes import late


class Heat(PeriodReport):
    """Late clocks of the period by the weekday and hour, in the report's zone, at which they were
    due. One query."""

    metrics: tuple[str, ...] = ("response", "resolution")

    @property
    def late_clocks(self) -> QuerySet[Any]:
        """Rows, each with its ``weekday``, from 1 for Monday, and its ``hour``."""
        rows = self.clocks.filter(late(self.now), metric__in=self.metrics)
        return rows.annotate(
            weekday=ExtractIsoWeekDay("due_at", tzinfo=self.tz),
            hour=ExtractHour("due_at", tzinfo=self.tz),
        )

    @cached_property
    def counts(self) -> Mapping[tuple[int, int], int]:
        """By weekday and hour; without those that have none."""
        found = self.late_clocks.order_by().values("weekday", "hour").annotate(number=Count("pk"))
        return {(row["weekday"], row["hour"]): row["number"] for row in found}

    def tickets_of(self, weekday: int, hour: int) -> QuerySet[Any]:
        """The tickets behind one of the counts; of a ticket there may be several clocks."""
        rows = self.late_clocks.filter(weekday=weekday, hour=hour)
        return self.all_tickets.filter(pk__in=rows.order_by().values("ticket"))

    @cached_property
    def most(self) -> int:
        """The highest count of an hour."""
        return max(self.counts.values(), default=0)
