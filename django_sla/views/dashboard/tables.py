"""Compliance by group, as tables with a bar in each row."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_sla.reports.export import available
from django_sla.reports.figures import Figures, Row
from django_sla.reports.grouping import PRIORITY, in_words, title
from django_sla.tables.clock import metric_name
from django_sla.views.dashboard.address import Address
from django_sla.views.dashboard.words import NOTHING, count, percent

SHOWN = 8
"""Rows that are there at once; the others open below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One metric of one group."""

    metric: str
    compliance: str
    adjusted: str
    """Where it differs, else empty."""
    bar: str
    """Percent as an attribute; empty where nothing was judged."""
    is_below: bool
    """Below the objective."""
    late: str
    judged: str
    late_url: str
    """Empty where none is late, or the group has no address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    label: str
    url: str
    cells: Sequence[Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    name: str
    title: str
    first: str
    """The heading of the groups."""
    metrics: Sequence[str]
    objective: str
    lines: Sequence[Line]
    more: Sequence[Line]
    files: Sequence[tuple[str, str]]
    """The compliance report by the same: the kind of file, and its address."""


def table(
    name: str, rows: Sequence[Row], address: Address, objective: float, has_address: bool
) -> Table:
    """Priorities in their own order, others the most late first."""
    if name != PRIORITY:
        rows = sorted(rows, key=lambda row: -sum(_late(f) for f in row.metrics.values()))
    lines = [_line(name, row, address, objective, has_address) for row in rows]
    return Table(
        name=name,
        title=_("By %s") % in_words(name),
        first=title(name),
        metrics=[metric_name(metric) for metric in (rows[0].metrics if rows else ())],
        objective=f"{objective:g}",
        lines=lines[:SHOWN],
        more=lines[SHOWN:],
        files=files(address, report=name),
    )


def files(address: Address, **asked: str) -> list[tuple[str, str]]:
    """What can be saved: the kind of file, and its address."""
    return [(name.upper(), address.at(**asked, format=name)) for name in available()]


def _line(name: str, row: Row, address: Address, objective: float, has_address: bool) -> Line:
    return Line(
        label=row.label,
        url=address.of_group(name, row.key) if has_address else "",
        cells=[
            cell(
                metric,
                figures,
                objective,
                address.of_group(name, row.key, tickets=f"{metric}_late") if has_address else "",
            )
            for metric, figures in row.metrics.items()
        ],
    )


def cell(metric: str, figures: Figures, objective: float, late_url: str) -> Cell:
    compliance, late = figures.compliance, _late(figures)
    return Cell(
        metric=metric_name(metric),
        compliance=percent(compliance),
        adjusted=percent(figures.adjusted) if figures.excused else "",
        bar="" if compliance is None else f"{compliance:.1f}",
        is_below=compliance is not None and compliance < objective,
        late=count(late) if figures.judged else NOTHING,
        judged=count(figures.judged) if figures.judged else "",
        late_url=late_url if late else "",
    )


def _late(figures: Figures) -> int:
    return figures.missed + figures.breached
