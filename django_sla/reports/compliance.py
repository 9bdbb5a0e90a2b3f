"""How far promises were kept: compliance, and how long things took."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.db.models import Count, DateTimeField, F, Q, QuerySet, Sum, Value, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _

from django_sla.reports.base import PeriodReport
from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import NONE, Grouping
from django_sla.tables.clock import StateName


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
    def rows(self) -> list[Row]:
        """The groups in order, without those that have nothing to say; none by ``none``."""
        if self.by == NONE:
            return []
        figures = self._figures(self.grouping)
        groups = self.grouping.labelled(figures, self.all_tickets)
        rows = [Row(key=key, label=label, **figures[key]) for key, label in groups]
        return [row for row in rows if not row.is_empty]

    @cached_property
    def total(self) -> Row:
        return Row(label=_("Total"), **self._figures(Grouping())[None])

    @property
    def columns(self) -> list[Column]:
        title = "" if self.by == NONE else self.by.replace("_", " ").capitalize()
        columns = [
            _column("group", title, Unit.TEXT, attrgetter("label")),
            _column("tickets", _("Tickets"), Unit.COUNT),
            _column("time", _("Average time"), Unit.DURATION),
        ]
        for metric in self.metrics:
            columns += _metric_columns(metric)
        return [
            *columns,
            _column("breached", _("Breached now"), Unit.COUNT),
            _column("at_risk", _("At-risk now"), Unit.COUNT),
        ]

    def _figures(self, by: Grouping) -> dict[Any, dict[str, Any]]:
        """The fields of a row, but for its label, by group. Three queries."""
        tickets = _add_up(self.tickets, by.of_tickets(), self._ticket_sums())
        clocks = _add_up(self.clocks, by.of_clocks(), self._clock_sums())
        medians = self._medians(by.of_clocks())
        found = {}
        for key in tickets.keys() | clocks.keys():
            ticket, clock = tickets.get(key, {}), clocks.get(key, {})
            count = ticket.get("sla_tickets", 0)
            found[key] = {
                "tickets": count,
                "time": _mean(ticket.get("sla_time"), count),
                "metrics": {
                    metric: _metric_figures(metric, clock, medians.get((key, metric)))
                    for metric in self.metrics
                },
                "breached": clock.get("breached", 0),
                "at_risk": clock.get("at_risk", 0),
            }
        return found

    def _ticket_sums(self) -> dict[str, Combinable]:
        # Sums, not averages: whole microseconds, which no database rounds.
        end = Coalesce("closed_at", "resolved_at", Value(self.now, DateTimeField()))
        return {"sla_tickets": Count("pk"), "sla_time": Sum(end - F("created_at"))}

    def _clock_sums(self) -> dict[str, Combinable]:
        breached = Q(stopped_at=None, due_at__lt=self.now)
        at_risk = Q(stopped_at=None, due_at__gte=self.now, warn_at__lte=self.now)
        sums: dict[str, Combinable] = {
            "breached": Count("ticket", filter=breached, distinct=True),
            "at_risk": Count("ticket", filter=at_risk, distinct=True),
        }
        for metric in self.metrics:
            own = Q(metric=metric)
            missed = Q(outcome=StateName.MISSED)
            counts = {
                "met": Q(outcome=StateName.MET),
                "missed": missed,
                "breached": breached,
                "excused": Q(missed | breached, waived=True),
                "stopped": Q(elapsed__isnull=False),
            }
            sums |= {f"{metric}_{name}": Count("pk", filter=own & c) for name, c in counts.items()}
            sums[f"{metric}_elapsed"] = Sum("elapsed", filter=own)
        return sums

    def _medians(self, group: Combinable | None) -> dict[tuple[Any, str], timedelta]:
        """The median of counted time by group and metric: the mean of the two in the middle."""
        rows = self.clocks.filter(elapsed__isnull=False, metric__in=self.metrics)
        rows = rows.annotate(**{GROUP: Value("") if group is None else group})
        apart = [F("metric")] if group is None else [F("metric"), F(GROUP)]
        # Of n in order, the middle is where n <= 2 * position <= n + 2: two of an even n, one
        # of an odd.
        middle = rows.annotate(
            twice=Window(RowNumber(), partition_by=apart, order_by="elapsed") * 2,
            size=Window(Count("pk"), partition_by=apart),
        ).filter(twice__gte=F("size"), twice__lte=F("size") + 2)
        found = defaultdict(list)
        for key, metric, elapsed in middle.values_list(GROUP, "metric", "elapsed"):
            found[None if group is None else key, metric].append(elapsed)
        return {key: sum(values, ZERO) / len(values) for key, values in found.items()}


GROUP = "sla_group"
ZERO = timedelta(0)


def _add_up(
    rows: QuerySet[Any], group: Combinable | None, sums: Mapping[str, Any]
) -> dict[Any, dict[str, Any]]:
    """Sums by group; under None where there is but one. One query."""
    if group is None:
        return {None: rows.aggregate(**sums)}
    found = rows.order_by().values(**{GROUP: group}).annotate(**sums)
    return {row.pop(GROUP): row for row in found}


def _metric_figures(metric: str, sums: Mapping[str, Any], median: timedelta | None) -> Figures:
    counts = {name: sums.get(f"{metric}_{name}", 0) for name in COUNTS}
    average = _mean(sums.get(f"{metric}_elapsed"), sums.get(f"{metric}_stopped", 0))
    return Figures(**counts, average=average, median=median)


COUNTS = ("met", "missed", "breached", "excused")


def _mean(total: timedelta | None, count: int) -> timedelta | None:
    return None if total is None or not count else total / count


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _column(
    name: str,
    title: str,
    unit: Unit,
    value: Callable[[Row], Any] | None = None,
    detail: bool = False,
) -> Column:
    """A column of the figure by that name, unless ``value`` reads another one."""
    return Column(name=name, title=title, unit=unit, value=value or attrgetter(name), detail=detail)


def _metric_columns(metric: str) -> list[Column]:
    name = metric.replace("_", "-").capitalize()
    titles = {
        "compliance": _("{metric} met"),
        "adjusted": _("{metric} adjusted"),
        "average": _("{metric} average"),
        "median": _("{metric} median"),
    }

    def column(figure: str, unit: Unit) -> Column:
        return _column(
            f"{metric}_{figure}",
            titles.get(figure, figure).format(metric=name),
            unit,
            lambda row: getattr(row.metrics[metric], figure),
            detail=figure not in titles,
        )

    return [
        *(column(figure, Unit.COUNT) for figure in COUNTS),
        *(column(figure, Unit.PERCENT) for figure in ("compliance", "adjusted")),
        *(column(figure, Unit.DURATION) for figure in ("average", "median")),
    ]
