"""When promises are broken: by weekday and hour."""

from collections.abc import Mapping
from functools import cached_property

from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from django_sla.reports.base import PeriodReport
from django_sla.reports.outcomes import late


class Heat(PeriodReport):
    """Late clocks of the period by the weekday and hour, in the report's zone, at which they were
    due. One query."""

    metrics: tuple[str, ...] = ("response", "resolution")

    @cached_property
    def counts(self) -> Mapping[tuple[int, int], int]:
        """By weekday, from 1 for Monday, and hour; without those that have none."""
        rows = self.clocks.filter(late(self.now), metric__in=self.metrics)
        found = (
            rows.order_by()
            .values(
                weekday=ExtractIsoWeekDay("due_at", tzinfo=self.tz),
                hour=ExtractHour("due_at", tzinfo=self.tz),
            )
            .annotate(late=Count("pk"))
        )
        return {(row["weekday"], row["hour"]): row["late"] for row in found}

    @cached_property
    def most(self) -> int:
        """The highest count of an hour."""
        return max(self.counts.values(), default=0)
