"""How far promises were kept: compliance, and how long things took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Sum,
    Value,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from django_sla.reports.base import PeriodReport
from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import NONE, STATUS, Grouping, grouping
from django_sla.tables.clock import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one metric did: clocks by outcome, and counted time of those that have stopped.

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
    median: timedelta | None = None

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The figures of one group."""

    key: Any = None
    """The group as the database has it; the first of the month for a month."""
    label: str = ""
    tickets: int = 0
    time: timedelta | None = None
    """Average from opening to closing, else to the resolution, else to now."""
    metrics: Mapping[str, Figures] = field(default_factory=dict)
    breached: int = 0
    """Tickets with an open clock, of any metric, that is past due."""
    at_risk: int = 0
    """Tickets with an open clock, of any metric, that is at risk."""

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


class ComplianceReport(PeriodReport):
    """Compliance and times of a queryset's tickets, by group and in total.

    A clock counts at its due instant, one of which nothing was promised at its stop; a ticket
    at its opening. So in a period, and by month, a row's clocks need not be those of its
    tickets. The group of a clock is that of its ticket as it stands.

    The database adds up; the number of queries depends neither on the tickets nor on the
    groups.
    """

    metrics: tuple[str, ...] = ("response", "resolution")
    """The metrics that have columns; a subclass may name others."""

    @cached_property
    def grouping(self) -> Grouping:
        return grouping(self.sla, self.by)

    @cached_property
    def rows(self) -> list[Row]:
        """The groups in order; none where the report is by ``none``."""
        if self.by == NONE:
            return []
        figures = self._figures(self.grouping)
        found = self.grouping.labelled(figures, self.all_tickets)
        rows = [Row(key=key, label=label, **figures[key]) for key, label in found]
        return [row for row in rows if not row.is_empty]

    @cached_property
    def total(self) -> Row:
        return Row(label=_("Total"), **self._figures(Grouping())[None])

    @property
    def columns(self) -> list[Column]:
        def of_row(name: str) -> Callable[[Row], Any]:
            return lambda row: getattr(row, name)

        title = _("Total") if self.by == NONE else self.by.replace("_", " ").capitalize()
        columns = [
            Column(name="group", title=title, unit=Unit.TEXT, value=of_row("label")),
            Column(name="tickets", title=_("Tickets"), unit=Unit.COUNT, value=of_row("tickets")),
            Column(
                name="time",
                title=_("Average time"),
                unit=Unit.DURATION,
                value=of_row("time"),
            ),
        ]
        for metric in self.metrics:
            columns += _metric_columns(metric)
        return [
            *columns,
            Column(
                name="breached",
                title=_("Breached now"),
                unit=Unit.COUNT,
                value=of_row("breached"),
            ),
            Column(
                name="at_risk",
                title=_("At-risk now"),
                unit=Unit.COUNT,
                value=of_row("at_risk"),
            ),
        ]
