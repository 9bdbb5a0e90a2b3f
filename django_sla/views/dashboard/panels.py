"""Everything that a dashboard shows, ready for the templates. What they leave out is not asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from django_sla.core.duration import format_short
from django_sla.reports.calendar_period import NAMED, Bucket
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.dashboard import Dashboard
from django_sla.reports.extremes import Extreme
from django_sla.reports.figures import Row
from django_sla.reports.grouping import groupings, title
from django_sla.reports.where import cleaned
from django_sla.tables.clock import metric_name
from django_sla.ticket.queryset import judged_together
from django_sla.views.dashboard.address import Address
from django_sla.views.dashboard.budget import BudgetPanel, budget_panel
from django_sla.views.dashboard.charts import Lines, Series, lines, percent_scale
from django_sla.views.dashboard.form import PeriodForm
from django_sla.views.dashboard.heat import HeatRow, Hour, heat_rows
from django_sla.views.dashboard.tables import Cell, Table, cell, table
from django_sla.views.dashboard.words import count, percent, points, whole_percent

FEWEST = 4
"""Parts that a trend has at least."""

NOW = {"open_now": "open", "breached_now": "breached", "at_risk_now": "at_risk"}
"""Numbers of whatever period, with the columns of a report that counts them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A filter that is in force."""

    text: str
    url: str
    """Without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A metric of the period."""

    cell: Cell
    change: str
    """Since the period before, in percentage points; empty where one of them has no number."""
    is_worse: bool
    median: str
    p90: str
    judged_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A ticket that stands out."""

    ticket: Any
    url: str
    metric: str
    """The metric's name in code."""
    metric_name: str
    lasted: str
    since: datetime | None
    is_open: bool
    waived: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketLine:
    """A ticket behind a number."""

    ticket: Any
    url: str


class Panels:
    """Of one dashboard, asked for by one address."""

    def __init__(
        self,
        dashboard: Dashboard,
        form: PeriodForm,
        query: QueryDict,
        ticket_url: Callable[[Any], str],
    ):
        self._dashboard, self._form, self._ticket_url = dashboard, form, ticket_url
        self.address = Address(query)
        self.now = dashboard.now
        self.period = dashboard.period
        self.metrics = dashboard.metrics

    # What is shown

    @property
    def is_running(self) -> bool:
        return self.period.since <= self.now < self.period.until

    @property
    def presets(self) -> list[tuple[Any, str, bool]]:
        """Periods with a name: the name, the address, and whether it is this one."""
        return [
            (words, self.address.called(name), name == self._form.chosen)
            for name, (words, _days) in NAMED.items()
        ]

    @cached_property
    def chips(self) -> list[Chip]:
        sla, tickets = self._dashboard.sla, self._dashboard.summary.all_tickets
        found = []
        for name, values in cleaned(sla, self._form.where).items():
            (grouping,) = groupings(sla, [name])
            shown = ", ".join(label for _key, label in grouping.labelled(values, tickets))
            text = f"{title(name)}: {shown}"
            found.append(Chip(text=text, url=self.address.without(name)))
        return found

    @property
    def forecast_url(self) -> str:
        return self.address.at(forecast="1")

    @property
    def reset_url(self) -> str:
        return self.address.at(**dict.fromkeys(self._filter_names))

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form carries along: the filters that it has no field for, and the model."""
        selects = {field.name for field in self._form.selects}
        names = [name for name in (*self._filter_names, "model") if name not in selects]
        return [(name, value) for name in names for value in self._form.query.getlist(name)]

    @property
    def _filter_names(self) -> list[str]:
        return [form for name in self._form.paths for form in (name, f"{name}__isnull")]

    # Figures

    @cached_property
    def tiles(self) -> list[Tile]:
        dashboard = self._dashboard
        return [self._tile(metric) for metric in dashboard.total.metrics]

    def _tile(self, metric: str) -> Tile:
        dashboard = self._dashboard
        figures, before = dashboard.total.metrics[metric], dashboard.before.metrics[metric]
        now, then = figures.compliance, before.compliance
        change = None if now is None or then is None else now - then
        return Tile(
            cell=cell(metric, figures, dashboard.objective, self.url_of(f"{metric}_late")),
            change="" if change is None else points(change),
            is_worse=change is not None and change < 0,
            median="" if figures.median is None else format_short(figures.median),
            p90="" if figures.p90 is None else format_short(figures.p90),
            judged_url=self.url_of(f"{metric}_compliance") if figures.judged else "",
        )

    @property
    def before_name(self) -> str:
        return str(self.period.previous)

    @cached_property
    def right_now(self) -> list[tuple[str, str, str, str]]:
        """Name, number, address and what it is called in styles."""
        found = self._dashboard.right_now
        return [
            (
                _("Breached"),
                count(found.breached),
                self._if(found.breached, "breached_now"),
                "breached",
            ),
            (_("At risk"), count(found.at_risk), self._if(found.at_risk, "at_risk_now"), "at_risk"),
            (_("Open"), count(found.open), self._if(found.open, "open_now"), "open"),
        ]

    @cached_property
    def opened(self) -> tuple[str, str, str]:
        """Tickets opened in the period, in the one before, and the address of the former."""
        found = self._dashboard.total.tickets
        return count(found), count(self._dashboard.before.tickets), self._if(found, "tickets")

    @property
    def objective(self) -> str:
        objective = self._dashboard.objective
        return percent(objective, 0 if objective == int(objective) else 1)

    @property
    def objective_mark(self) -> str:
        """As an attribute."""
        return f"{self._dashboard.objective:g}"

    # Charts and tables

    @cached_property
    def trend(self) -> Lines:
        dashboard = self._dashboard
        series = [
            Series(
                name=metric_name(metric),
                values=[row.metrics[metric].compliance for _part, row in self._trend],
            )
            for metric in dashboard.metrics
        ]
        return lines(
            _("Promises kept"),
            [part for part, _row in self._trend],
            series,
            scale=percent_scale([v for one in series for v in one.values], dashboard.objective),
            text=whole_percent,
            shown=percent,
            rules=[(dashboard.objective, _("Objective"))],
        )

    @cached_property
    def trend_rows(self) -> list[tuple[str, str, list[Cell]]]:
        """Part, its address, and a cell for each metric."""
        dashboard = self._dashboard
        return [
            (
                row.label,
                self.address.in_period(part.period),
                [
                    cell(
                        metric,
                        figures,
                        dashboard.objective,
                        self.address.in_period(part.period, tickets=f"{metric}_late"),
                    )
                    for metric, figures in row.metrics.items()
                ],
            )
            for part, row in self._trend
        ]

    @cached_property
    def _trend(self) -> list[tuple[Bucket, Row]]:
        """From the first part on that has anything to say; a few parts even where none has."""
        trend = list(zip(self._dashboard.trend_parts, self._dashboard.trend, strict=True))
        first = next((place for place, (_part, row) in enumerate(trend) if not row.is_empty), 0)
        return trend[min(first, len(trend) - FEWEST) :]

    @cached_property
    def tables(self) -> list[Table]:
        dashboard = self._dashboard
        return [
            table(name, rows, self.address, dashboard.objective, name in self._form.paths)
            for name, rows in dashboard.groups.items()
        ]

    @cached_property
    def budgets(self) -> list[BudgetPanel]:
        return [budget_panel(burn, self._dashboard.grain) for burn in self._dashboard.burns]

    @cached_property
    def heat(self) -> list[HeatRow]:
        """Empty where nothing was late."""
        heat = self._dashboard.heat
        return heat_rows(heat, self.url_of) if heat.most else []

    # Tickets that stand out

    @property
    def due_next(self) -> list[Entry]:
        return self._entries(self._dashboard.due_next)

    @property
    def latest(self) -> list[Entry]:
        return self._entries(self._dashboard.latest)

    @property
    def longest_pauses(self) -> list[Entry]:
        return self._entries(self._dashboard.longest_pauses)

    def _entries(self, extremes: Sequence[Extreme]) -> list[Entry]:
        return [
            Entry(
                ticket=ticket,
                url=self._ticket_url(ticket),
                metric=extreme.metric,
                metric_name=metric_name(extreme.metric),
                lasted=format_short(extreme.lasted),
                since=extreme.since,
                is_open=extreme.is_open,
                waived=extreme.waived,
            )
            for extreme in extremes
            # One that was deleted since is gone.
            if (ticket := self._by_key.get(extreme.ticket_id)) is not None
        ]

    @cached_property
    def _by_key(self) -> Mapping[Any, Any]:
        dashboard = self._dashboard
        extremes = [*dashboard.due_next, *dashboard.latest, *dashboard.longest_pauses]
        wanted = {extreme.ticket_id for extreme in extremes}
        tickets = list(dashboard.queryset.filter(pk__in=wanted))
        judged_together(tickets, self.now)
        return {ticket.pk: ticket for ticket in tickets}

    # Tickets behind a number

    def url_of(self, number: str) -> str:
        return self.address.at(tickets=number)

    def _if(self, found: int, number: str) -> str:
        return self.url_of(number) if found else ""

    def tickets_of(self, number: str) -> tuple[QuerySet[Any], str]:
        """The tickets that it counts, and what they are.

        Raises:
            ValueError: there is no such number.
        """
        if hour := Hour.named(number):
            found = self._dashboard.heat.tickets_of(hour.weekday, hour.hour)
            return self._dashboard.queryset.filter(pk__in=found.values("pk")), hour.title
        report: ComplianceReport = self._dashboard.summary
        column = number
        if number in NOW:
            report, column = self._dashboard.whenever, NOW[number]
        keys = report.tickets_of(Row(), column).values("pk")
        return self._dashboard.queryset.filter(pk__in=keys), self._title(number)

    def line(self, ticket: Any) -> TicketLine:
        return TicketLine(ticket=ticket, url=self._ticket_url(ticket))

    def _title(self, number: str) -> str:
        titles = {
            "open_now": _("Open now"),
            "breached_now": _("Breached now"),
            "at_risk_now": _("At risk now"),
            "tickets": _("Opened"),
        }
        if number in titles:
            return titles[number]
        for metric in self._dashboard.metrics:
            figure = number.removeprefix(f"{metric}_")
            if figure == "late":
                return _("%s late") % metric_name(metric)
            if figure == "compliance":
                return _("%s in time or late") % metric_name(metric)
        return next((c.title for c in self._dashboard.summary.columns if c.name == number), number)
