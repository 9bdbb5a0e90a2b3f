"""What a compliance report says of one group: its row, and the figures of each metric in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext as _

from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import title
from django_sla.tables.clock import metric_name

COUNTS = ("met", "missed", "breached", "excused")
TIMES = tuple(
    f"{wall}{name}" for wall in ("", "wall_") for name in ("average", "median", "p90", "p95")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one metric did: clocks by outcome, and the times of those that have stopped.

    Every cycle of a metric is a promise of its own. Clocks that are paused or not yet due, and
    those of which nothing was promised, are in none of the counts.
    """

    met: int = 0
    missed: int = 0
    """Stopped late."""
    breached: int = 0
    """Still open, past due."""
    excused: int = 0
    """Those of the missed and the breached whose breach was waived."""
    average: timedelta | None = None
    """Of counted time, as the next three: opening hours without pauses."""
    median: timedelta | None = None
    p90: timedelta | None = None
    """The shortest time that 90 % of them took at most (nearest rank)."""
    p95: timedelta | None = None
    wall_average: timedelta | None = None
    """Of the time from start to stop by the clock on the wall, as the next three."""
    wall_median: timedelta | None = None
    wall_p90: timedelta | None = None
    wall_p95: timedelta | None = None

    @property
    def judged(self) -> int:
        return self.met + self.missed + self.breached

    @property
    def compliance(self) -> float | None:
        """Percent met; None where nothing was judged."""
        return _percent(self.met, self.judged)

    @property
    def adjusted(self) -> float | None:
        """Percent met when excused breaches are left out."""
        return _percent(self.met, self.judged - self.excused)


def added(several: Iterable[Figures]) -> Figures:
    """The counts of all of them together; times do not add up."""
    found = list(several)
    return Figures(**{name: sum(getattr(one, name) for one in found) for name in COUNTS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The figures of one group."""

    keys: tuple[Any, ...] = ()
    """The group as the database has it, a part for each thing that is grouped by; the first day
    for a period. Empty for the total."""
    labels: tuple[str, ...] = ()
    """What people call each part."""
    label: str = ""
    tickets: int = 0
    time: timedelta | None = None
    """Average from opening to closing, else to the resolution, else to now."""
    open: int = 0
    """Those of the tickets that are neither resolved nor closed now."""
    reopened: int = 0
    """Those of the tickets that were resolved or closed, and then open or paused again."""
    without_policy: int = 0
    """Those of the tickets of which no clock has any terms."""
    metrics: Mapping[str, Figures] = field(default_factory=dict)
    breached: int = 0
    """Tickets with an open clock, of any metric, that is past due."""
    at_risk: int = 0
    """Tickets with an open clock, of any metric, that is at risk."""

    @property
    def key(self) -> Any:
        """The group's key, of two a tuple; None for the total."""
        return self.keys[0] if len(self.keys) == 1 else self.keys or None

    @property
    def response(self) -> Figures:
        return self.metrics["response"]

    @property
    def resolution(self) -> Figures:
        return self.metrics["resolution"]

    @property
    def is_empty(self) -> bool:
        figures = (f.judged or f.average is not None for f in self.metrics.values())
        return not (self.tickets or self.breached or self.at_risk or any(figures))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


# Columns


def group_columns(names: tuple[str, ...]) -> list[Column]:
    """``group``, and ``subgroup`` where there are two."""
    titles = [title(name) for name in names]
    if len(names) == 1:
        return [_column("group", titles[0], Unit.TEXT, attrgetter("label"))]
    return [
        _column(name, title, Unit.TEXT, _part(place))
        for place, (name, title) in enumerate(zip(("group", "subgroup"), titles, strict=True))
    ]


def _part(place: int) -> Callable[[Row], str]:
    def read(row: Row) -> str:
        return row.labels[place] if row.labels else "" if place else row.label

    return read


def ticket_columns() -> list[Column]:
    return [
        _column("tickets", _("Tickets"), Unit.COUNT),
        _column("time", _("Average time"), Unit.DURATION),
        _column("open", _("Open"), Unit.COUNT, detail=True),
        _column("reopened", _("Reopened"), Unit.COUNT, detail=True),
        _column("without_policy", _("Without a policy"), Unit.COUNT, detail=True),
    ]


def state_columns() -> list[Column]:
    return [
        _column("breached", _("Breached now"), Unit.COUNT),
        _column("at_risk", _("At-risk now"), Unit.COUNT),
    ]


def metric_columns(metric: str) -> list[Column]:
    name = metric_name(metric)
    titles = {
        "met": _("{metric} in time"),
        "missed": _("{metric} late"),
        "breached": _("{metric} breached"),
        "excused": _("{metric} excused"),
        "compliance": _("{metric} met"),
        "adjusted": _("{metric} adjusted"),
        "average": _("{metric} average"),
        "median": _("{metric} median"),
        "p90": _("{metric} 90 %"),
        "p95": _("{metric} 95 %"),
        "wall_average": _("{metric} wall average"),
        "wall_median": _("{metric} wall median"),
        "wall_p90": _("{metric} wall 90 %"),
        "wall_p95": _("{metric} wall 95 %"),
    }
    in_tables = ("compliance", "adjusted", "average", "median")

    def column(figure: str, unit: Unit) -> Column:
        return _column(
            f"{metric}_{figure}",
            titles[figure].format(metric=name),
            unit,
            lambda row: getattr(row.metrics[metric], figure),
            detail=figure not in in_tables,
        )

    return [
        *(column(figure, Unit.COUNT) for figure in COUNTS),
        *(column(figure, Unit.PERCENT) for figure in ("compliance", "adjusted")),
        *(column(figure, Unit.DURATION) for figure in TIMES),
    ]


def _column(
    name: str,
    title: str,
    unit: Unit,
    value: Callable[[Row], Any] | None = None,
    detail: bool = False,
) -> Column:
    """A column of the figure by that name, unless ``value`` reads another one."""
    return Column(name=name, title=title, unit=unit, value=value or attrgetter(name), detail=detail)
