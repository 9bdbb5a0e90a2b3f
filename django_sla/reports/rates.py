"""How many promises were kept, told apart in several ways at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, F, QuerySet

from django_sla.reports.base import PeriodReport
from django_sla.reports.calendar_period import Bucket
from django_sla.reports.figures import COUNTS, Figures, Row
from django_sla.reports.grouping import ByPart, Grouping
from django_sla.reports.outcomes import counted
from django_sla.reports.sums import add_up

Counts = dict[str, Any]
"""Numbers of clocks by the name of what they are."""


class Rates(PeriodReport):
    """The counts of a compliance report without its times, which take the database longest.

    One query for all groupings together: the database counts what they have in common, and each
    one is added up from that. So it comes back with as many rows as groups of all of them meet,
    at most one for each clock of the period.
    """

    metrics: tuple[str, ...] = ("response", "resolution")

    def __init__(self, queryset: QuerySet[Any], *, apart: Sequence[Grouping] = (), **options: Any):
        """As for :class:`PeriodReport`, which may have no ``by``; ``apart`` is what clocks are told
        apart by, each on its own."""
        super().__init__(queryset, **options)
        self.apart = tuple(apart)

    def rows(self, place: int = 0) -> list[Row]:
        """The groups of the grouping at that place of ``apart``, in its order."""
        counts = _added(self._cells, place)
        grouping = self.apart[place]
        labelled = grouping.labelled({key for key, _metric in counts}, self.all_tickets)
        return [
            Row(
                keys=(key,),
                labels=(label,),
                label=label,
                metrics={m: Figures(**counts.get((key, m), {})) for m in self.metrics},
            )
            for key, label in labelled
        ]

    @cached_property
    def _cells(self) -> Mapping[tuple[Any, ...], Counts]:
        """By metric and the keys of all groupings."""
        conditions = counted(self.now)
        sums = {name: Count("pk", filter=conditions[name]) for name in COUNTS}
        groups = [F("metric"), *(grouping.of_clocks() for grouping in self.apart)]
        return add_up(self.clocks.filter(metric__in=self.metrics), groups, sums)


def in_parts(
    queryset: QuerySet[Any],
    parts: Sequence[Bucket],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **options: Any,
) -> list[Row]:
    """A row for each part, in order, with those that have nothing to say. ``since`` and ``until``
    are those of all parts, unless they leave some of the first and the last one out."""
    grouping = ByPart(
        labels=tuple(part.label for part in parts), ends=tuple(part.period.until for part in parts)
    )
    span = {"since": since or parts[0].period.since, "until": until or parts[-1].period.until}
    return Rates(queryset, apart=[grouping], **span, **options).rows()


def _added(cells: Mapping[tuple[Any, ...], Counts], place: int) -> dict[tuple[Any, str], Counts]:
    """By the key at that place, and by metric."""
    found: dict[tuple[Any, str], Counts] = {}
    for (metric, *keys), counts in cells.items():
        total = found.setdefault((keys[place], metric), dict.fromkeys(COUNTS, 0))
        for name, count in counts.items():
            total[name] += count
    return found
