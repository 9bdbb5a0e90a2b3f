"""How far promises were kept: compliance, and how long things took."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any

from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from django_sla.core.event import Category, Kind
from django_sla.reports.base import PeriodReport
from django_sla.reports.compared import compared
from django_sla.reports.figures import (
    COUNTS,
    TIMES,
    Figures,
    Row,
    group_columns,
    metric_columns,
    state_columns,
    ticket_columns,
)
from django_sla.reports.format import Column
from django_sla.reports.grouping import Grouping
from django_sla.reports.outcomes import counted, open_states
from django_sla.reports.spread import Spread, spreads
from django_sla.reports.sums import add_up, mean, named
from django_sla.reports.wall import WallTime

__all__ = ["ComplianceReport", "Figures", "Row"]

MEASURES: Mapping[str, BaseExpression | F] = {
    "counted": F("elapsed"),
    "wall": WallTime("stopped_at", "started_at"),
}


class ComplianceReport(PeriodReport):
    """Compliance and times of a queryset's tickets, by group and in total.

    A clock counts at its due instant, one of which nothing was promised at its stop; a ticket
    at its opening. So in a period, and by day to quarter, a row's clocks need not be those of its
    tickets. The group of a clock is that of its ticket as it stands.

    The database adds up; the number of queries depends neither on the tickets nor on the
    groups. ``tickets_of`` gives the tickets behind a number, ``previous`` the same report of the
    period before.
    """

    metrics: tuple[str, ...] = ("response", "resolution")
    """The metrics that have columns."""

    sought: tuple[str, ...] = ("reopened", "without_policy")
    """The counts of tickets that each take a query of their own; a subclass may do without."""

    def __init__(
        self,
        queryset: QuerySet[Any],
        *,
        metrics: Sequence[str] | None = None,
        compare: bool = False,
        **options: Any,
    ):
        """As for :class:`PeriodReport`.

        Args:
            metrics: those that have columns, instead of those of the class.
            compare: whether ``columns`` have each figure of the previous period too, and the
                change since.

        Raises:
            ValueError: also where there is nothing to compare with, for want of ``since``.
        """
        super().__init__(queryset, **options)
        self.metrics = tuple(metrics or self.metrics)
        if compare and self.previous is None:
            raise ValueError(_("compare: there is no period before one that has no beginning"))
        self.compare = compare

    @cached_property
    def rows(self) -> list[Row]:
        """The groups in order, without those that have nothing to say; none by ``none``."""
        if not self.groupings:
            return []
        figures = self._figures(self.groupings)
        parts = [
            grouping.labelled({keys[place] for keys in figures}, self.all_tickets)
            for place, grouping in enumerate(self.groupings)
        ]
        rows = []
        for group in product(*parts):
            keys, labels = (
                tuple(key for key, _label in group),
                tuple(label for _key, label in group),
            )
            if keys in figures:
                row = Row(keys=keys, labels=labels, label=" · ".join(labels), **figures[keys])
                rows.append(row)
        return [row for row in rows if not row.is_empty]

    @cached_property
    def total(self) -> Row:
        return Row(label=_("Total"), **self._figures(())[()])

    @property
    def columns(self) -> list[Column]:
        groups = group_columns(self.names if self.groupings else ("",))
        figures = ticket_columns()
        for metric in self.metrics:
            figures += metric_columns(metric)
        figures += state_columns()
        return [*groups, *(compared(figures, self.row_before) if self.compare else figures)]

    def row_before(self, row: Row) -> Row | None:
        """The row of the same group in the previous period, and the total's of the total.

        None where there is none: the group had nothing to say then, or is itself a period, which
        stands beside the one before it.
        """
        if self.previous is None:
            return None
        return self.previous.total if not row.keys else self.previous.by_keys.get(row.keys)

    @cached_property
    def by_keys(self) -> Mapping[tuple[Any, ...], Row]:
        return {row.keys: row for row in self.rows}

    # From a number to what it counts

    def tickets_of(self, row: Row, column: str) -> QuerySet[Any]:
        """The tickets behind a number: those that a count counts, and those whose clocks a
        percentage or a time was worked out from. ``late`` of a metric is those that it missed and
        those that are breached. A ticket with several such clocks, of several cycles, stands there
        once; ``clocks_of`` gives the clocks.

        Raises:
            ValueError: no column is called so.
        """
        ticket = self._ticket_conditions()
        if column in ticket:
            return self._of_row(self.tickets, row, "of_tickets").filter(ticket[column])
        clocks = self.clocks_of(row, column)
        return self.all_tickets.filter(pk__in=clocks.order_by().values("ticket_id"))

    def clocks_of(self, row: Row, column: str) -> QuerySet[Any]:
        """The clock rows behind the number of a metric, or of what is breached or at risk.

        Raises:
            ValueError: no column of clocks is called so.
        """
        known = open_states(self.now)
        for metric in self.metrics:
            for figure, condition in self._figure_conditions().items():
                known[f"{metric}_{figure}"] = Q(condition, metric=metric)
        if column not in known:
            all_known = [*self._ticket_conditions(), *known]
            said = _("column: %(name)r is no number; there is %(known)s")
            raise ValueError(said % {"name": column, "known": ", ".join(all_known)})
        return self._of_row(self.clocks, row, "of_clocks").filter(known[column])

    def _of_row(self, rows: QuerySet[Any], row: Row, of: str) -> QuerySet[Any]:
        if not row.keys:
            return rows
        names = named(getattr(grouping, of)() for grouping in self.groupings)
        rows = rows.alias(**names)
        for name, key in zip(names, row.keys, strict=True):
            rows = rows.filter(**({f"{name}__isnull": True} if key is None else {name: key}))
        return rows

    # Conditions

    def _ticket_conditions(self) -> dict[str, Q]:
        """What a ticket fulfils that a number counts."""
        events = self.sla.event_model._base_manager.filter(kind=Kind.STATUS_MOVED)
        again = [Category.OPEN, Category.PAUSED]
        done = [category for category in Category if category.done]
        earlier = Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), id__lt=OuterRef("id"))
        was_done = events.filter(earlier, ticket=OuterRef("ticket"), data__category__in=done)
        reopened = events.filter(Exists(was_done), data__category__in=again)
        pinned = self.sla.clock_model._base_manager.filter(terms__isnull=False)
        return {
            "tickets": Q(),
            "time": Q(),
            "open": Q(resolved_at=None, closed_at=None),
            "reopened": Q(pk__in=reopened.values("ticket_id")),
            "without_policy": ~Q(Exists(pinned.filter(ticket=OuterRef("pk")))),
        }

    def _figure_conditions(self) -> dict[str, Q]:
        """What a clock fulfils that a figure of its metric is of."""
        conditions = counted(self.now)
        late = conditions["late"] = conditions["missed"] | conditions["breached"]
        conditions["compliance"] = conditions["met"] | late
        conditions["adjusted"] = conditions["met"] | Q(late, waived=False)
        return conditions | dict.fromkeys(TIMES, Q(elapsed__isnull=False))

    # Sums

    def _figures(self, by: tuple[Grouping, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The fields of a row, but for its names, by group. Three queries, and one for each of
        ``sought``."""
        of_tickets = [grouping.of_tickets() for grouping in by]
        of_clocks = [grouping.of_clocks() for grouping in by]
        tickets = add_up(self.tickets, of_tickets, self._ticket_sums())
        clocks = add_up(self.clocks, of_clocks, self._clock_sums())
        spread = self._spreads(of_clocks)
        count = {"sla_tickets": Count("pk")}
        conditions = self._ticket_conditions()
        sought = {
            name: add_up(self.tickets.filter(conditions[name]), of_tickets, count)
            for name in self.sought
        }
        return {
            key: self._fields(tickets.get(key, {}), clocks.get(key, {}), spread.get(key, {}))
            | {name: found.get(key, {}).get("sla_tickets", 0) for name, found in sought.items()}
            for key in tickets.keys() | clocks.keys()
        }

    def _fields(
        self,
        ticket: Mapping[str, Any],
        clock: Mapping[str, Any],
        spread: Mapping[str, Mapping[str, Spread]],
    ) -> dict[str, Any]:
        count = ticket.get("sla_tickets", 0)
        return {
            "tickets": count,
            "time": mean(ticket.get("sla_time"), count),
            "open": ticket.get("sla_open", 0),
            "metrics": {
                metric: _metric_figures(metric, clock, spread.get(metric, {}))
                for metric in self.metrics
            },
            "breached": clock.get("breached", 0),
            "at_risk": clock.get("at_risk", 0),
        }

    def _ticket_sums(self) -> dict[str, Any]:
        # Sums, not averages: whole microseconds, which no database rounds.
        end = Coalesce("closed_at", "resolved_at", Value(self.now, DateTimeField()))
        return {
            "sla_tickets": Count("pk"),
            "sla_time": Sum(WallTime(end, "created_at")),
            "sla_open": Count("pk", filter=self._ticket_conditions()["open"]),
        }

    def _clock_sums(self) -> dict[str, Any]:
        sums: dict[str, Any] = {
            name: Count("ticket", filter=condition, distinct=True)
            for name, condition in open_states(self.now).items()
        }
        conditions = self._figure_conditions()
        for metric in self.metrics:
            own = Q(metric=metric)
            for name in (*COUNTS, "average"):
                sums[f"{metric}_{name}"] = Count("pk", filter=own & conditions[name])
            stopped = own & conditions["average"]
            for name, value in MEASURES.items():
                sums[f"{metric}_{name}"] = Sum(value, filter=stopped)
        return sums

    def _spreads(
        self, groups: Iterable[Combinable]
    ) -> dict[tuple[Any, ...], dict[str, Mapping[str, Spread]]]:
        """By group and metric, of counted and of wall time. One query."""
        names = named(groups)
        rows = self.clocks.filter(elapsed__isnull=False, metric__in=self.metrics)
        found: dict[tuple[Any, ...], dict[str, Mapping[str, Spread]]] = {}
        for key, spread in spreads(rows.annotate(**names), ["metric", *names], MEASURES).items():
            found.setdefault(key[1:], {})[key[0]] = spread
        return found


def _metric_figures(metric: str, sums: Mapping[str, Any], spread: Mapping[str, Spread]) -> Figures:
    counts = {name: sums.get(f"{metric}_{name}", 0) for name in COUNTS}
    stopped = sums.get(f"{metric}_average", 0)
    counted, wall = (spread.get(measure, Spread()) for measure in MEASURES)
    return Figures(
        **counts,
        average=mean(sums.get(f"{metric}_counted"), stopped),
        median=counted.median,
        p90=counted.p90,
        p95=counted.p95,
        wall_average=mean(sums.get(f"{metric}_wall"), stopped),
        wall_median=wall.median,
        wall_p90=wall.p90,
        wall_p95=wall.p95,
    )
