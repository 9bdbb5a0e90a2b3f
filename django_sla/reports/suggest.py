"""Targets that history suggests: how long so many percent of the tickets took at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from django_sla import registry
from django_sla.reports.base import PeriodReport
from django_sla.reports.grouping import URGENCY

SHARES = (50, 75, 90, 95)
"""Percent of the stopped clocks that a suggestion is to be enough for."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_STEPS = (
    *(MINUTE * count for count in (5, 10, 15, 20, 30, 45, 60, 90)),
    *(HOUR * count for count in (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 36)),
    *(DAY * count for count in (2, 3, 4, 5, 6, 7, 10, 14)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """One target, and what it would have meant."""

    percent: int
    """One of ``SHARES``."""
    exact: timedelta
    """The counted time that so many percent took at most, by nearest rank."""
    target: timedelta
    """The same rounded up to what people say."""
    met: int
    """How many took no longer than the target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestions:
    """Those of one metric at one priority."""

    metric: str
    priority: str
    """As policies name it."""
    clocks: int
    """How many have stopped, each cycle by itself."""
    by_share: Mapping[int, Suggestion]

    def share(self, percent: int) -> float:
        """How many percent would have met the target for this share."""
        return 100 * self.by_share[percent].met / self.clocks


def suggest(queryset: QuerySet[Any], **period: Any) -> list[Suggestions]:
    """Targets for each metric and priority of the clocks that stopped, of the tickets opened in a
    period. Two queries.

    The time is what was counted: opening hours without pauses, under the terms that each clock
    has. ``period`` as for :class:`PeriodReport`.

    Raises:
        NaiveDatetime, ValueError: as :class:`PeriodReport`.
    """
    report = PeriodReport(queryset, **period)
    clocks = report.sla.clock_model._base_manager.using(queryset.db)
    clocks = clocks.filter(ticket_id__in=report.tickets.values("pk"), elapsed__isnull=False)
    found = _ranks(clocks.order_by())
    if not found:
        return []
    met = _met(clocks.order_by(), found)
    names = [metric.name for metric in registry.metrics()]

    def place(key: tuple[str, str]) -> tuple[Any, ...]:
        metric, priority = key
        rank = URGENCY.index(priority) if priority in URGENCY else len(URGENCY)
        known = names.index(metric) if metric in names else len(names)
        return known, metric, rank, priority

    return [
        Suggestions(
            metric=key[0],
            priority=key[1],
            clocks=found[key][0],
            by_share={
                percent: Suggestion(
                    percent=percent, exact=exact, target=friendly(exact), met=met[*key, percent]
                )
                for percent, exact in found[key][1].items()
            },
        )
        for key in sorted(found, key=place)
    ]


def friendly(duration: timedelta) -> timedelta:
    """The next longer duration that people would say: ``6h`` for 5 hours and 10 minutes."""
    for step in _STEPS:
        if duration <= step:
            return step
    weeks = -(-duration // (7 * DAY))
    return weeks * 7 * DAY


Key = tuple[str, str]


def _ranks(clocks: QuerySet[Any]) -> dict[Key, tuple[int, dict[int, timedelta]]]:
    """How many there are by metric and priority, and the time at each rank."""
    apart = [F("metric"), F("priority")]
    rows = clocks.annotate(
        sla_hundredfold=Window(RowNumber(), partition_by=apart, order_by="elapsed") * 100,
        sla_size=Window(Count("pk"), partition_by=apart),
    )
    wanted = Q()
    for percent in SHARES:
        rank = F("sla_size") * percent
        wanted |= Q(sla_hundredfold__gte=rank, sla_hundredfold__lt=rank + 100)
    found: dict[Key, tuple[int, dict[int, timedelta]]] = {}
    names = ("metric", "priority", "sla_size", "sla_hundredfold", "elapsed")
    for metric, priority, size, place, elapsed in rows.filter(wanted).values_list(*names):
        _size, by_share = found.setdefault((metric, priority), (size, {}))
        for percent in SHARES:
            if size * percent <= place < size * percent + 100:
                by_share[percent] = elapsed
    return found


def _met(
    clocks: QuerySet[Any], found: Mapping[Key, tuple[int, Mapping[int, timedelta]]]
) -> dict[tuple[str, str, int], int]:
    """How many would have met each target."""
    asked = list(
        chain.from_iterable(
            ((*key, percent, friendly(exact)) for percent, exact in by_share.items())
            for key, (_size, by_share) in found.items()
        )
    )
    counts = {
        f"sla_{number}": Count(
            "pk", filter=Q(metric=metric, priority=priority, elapsed__lte=target)
        )
        for number, (metric, priority, _percent, target) in enumerate(asked)
    }
    sums = clocks.aggregate(**counts)
    return {one[:3]: sums[f"sla_{number}"] for number, one in enumerate(asked)}
