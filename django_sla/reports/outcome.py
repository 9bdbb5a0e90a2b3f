"""What a simulation found: promises as they stand, beside how they would have stood."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _

from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import NONE, title
from django_sla.reports.replay import KEPT, LATE, Promise
from django_sla.tables.clock import metric_name


@dataclass(kw_only=True, slots=True)
class Tally:
    """How promises of one metric stand, and how they would have stood.

    Late is what was missed, and what is open and past due. What is open and not yet due is in
    none of the counts, nor is that of which nothing was promised.
    """

    met: int = 0
    late: int = 0
    met_then: int = 0
    late_then: int = 0
    newly_met: int = 0
    """Late, and not late under the draft."""
    newly_late: int = 0
    """Late under the draft, and not late now."""

    def add(self, promise: Promise) -> None:
        now, then = promise.now.is_, promise.then.is_
        self.met += now == KEPT
        self.late += now == LATE
        self.met_then += then == KEPT
        self.late_then += then == LATE
        self.newly_met += now == LATE != then
        self.newly_late += then == LATE != now

    def sum(self, other: "Tally") -> None:
        """Add what was counted of other promises."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was judged, neither way."""
        return not (self.met or self.late or self.met_then or self.late_then)

    @property
    def compliance(self) -> float | None:
        """Percent met; None where nothing was judged."""
        return _percent(self.met, self.late)

    @property
    def compliance_then(self) -> float | None:
        return _percent(self.met_then, self.late_then)


@dataclass(kw_only=True, slots=True)
class Row:
    """The tallies of one group."""

    key: Any = None
    label: str = ""
    tickets: int = 0
    """Those looked at."""
    metrics: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def sum(self, other: "Row") -> None:
        """Add what was counted of other tickets."""
        self.tickets += other.tickets
        for metric, tally in other.metrics.items():
            self.metrics[metric].sum(tally)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A promise that is late either now or under the draft, and not both."""

    pk: Any
    metric: str
    cycle: int
    newly_late: bool
    due_now: datetime | None
    due_then: datetime | None
    over: timedelta
    """How long after the due instant it ended, now or under the draft."""


@dataclass(kw_only=True, slots=True)
class Comparison:
    """A finished simulation by one group: a report that ``reports.format`` writes."""

    by: str
    since: datetime | None
    until: datetime | None
    now: datetime
    rows: list[Row]
    total: Row

    @property
    def metrics(self) -> list[str]:
        return list(self.total.metrics)

    @property
    def columns(self) -> list[Column]:
        columns = [
            Column(
                name="group",
                title="" if self.by == NONE else title(self.by),
                unit=Unit.TEXT,
                value=attrgetter("label"),
            ),
            Column(
                name="tickets", title=_("Tickets"), unit=Unit.COUNT, value=attrgetter("tickets")
            ),
        ]
        for metric in self.metrics:
            columns += _metric_columns(metric)
        return columns


def _percent(met: int, late: int) -> float | None:
    return 100 * met / (met + late) if met + late else None


def _metric_columns(metric: str) -> Iterator[Column]:
    name = metric_name(metric)
    titles = {
        "compliance": _("{metric} now"),
        "compliance_then": _("{metric} then"),
        "newly_late": _("{metric} newly missed"),
        "newly_met": _("{metric} newly met"),
    }
    for figure in ("met", "late", "met_then", "late_then", *titles):
        yield Column(
            name=f"{metric}_{figure}",
            title=titles.get(figure, figure).format(metric=name),
            unit=Unit.PERCENT if figure.startswith("compliance") else Unit.COUNT,
            value=_reading(metric, figure),
            detail=figure not in titles,
        )


def _reading(metric: str, figure: str) -> Callable[[Row], Any]:
    def value(row: Row) -> Any:
        tally = row.metrics.get(metric)
        return getattr(tally or Tally(), figure)

    return value
