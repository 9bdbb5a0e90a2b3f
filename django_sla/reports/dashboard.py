"""All that a dashboard says of some tickets in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet

from django_sla.conf import settings
from django_sla.moment import now as read_now
from django_sla.reports.budget import ErrorBudget, overspent_from
from django_sla.reports.calendar_period import Bucket, Period, buckets, last
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.extremes import Extreme, Extremes
from django_sla.reports.figures import Row
from django_sla.reports.grouping import DAY, MONTH, PRIORITY, WEEK, groupings, names
from django_sla.reports.heat import Heat
from django_sla.reports.outcomes import open_states
from django_sla.reports.rates import Rates, in_parts
from django_sla.reports.where import Where

FINE, COARSE = 31, 184
"""Up to so many days a period is shown by day, by week, and beyond that by month."""

TREND = {DAY: (13, WEEK), WEEK: (12, MONTH), MONTH: (24, MONTH)}
"""How far back a trend goes, by what its period is shown by: a period alone is too short."""


class _Summary(ComplianceReport):
    """Without what is read from the events."""

    sought = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """Tickets as they are, whatever the period."""

    open: int
    breached: int
    at_risk: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    """An error budget, and what was missed of it in each part of the period that has begun."""

    budget: ErrorBudget
    parts: Sequence[Bucket]
    late: Sequence[int]

    @property
    def overspent_in(self) -> Bucket | None:
        place = overspent_from(self.budget.allowed, self.late)
        return None if place is None else self.parts[place]


class Dashboard:
    """The numbers of one ticket model.

    The number of queries depends neither on the tickets nor on the groups: about twenty, and one
    for each dimension that refers to rows. What is not asked for is not read.
    """

    metrics: tuple[str, ...] = ("response", "resolution")

    def __init__(
        self,
        queryset: QuerySet[Any],
        period: Period,
        *,
        where: Where | None = None,
        now: datetime | None = None,
        objective: float | None = None,
        by: Sequence[str] | None = None,
    ):
        """
        Args:
            queryset: tickets of one model with an SLA; not sliced.
            period: what the figures are of.
            where: as for reports.
            now: the instant at which open clocks are judged; by default now.
            objective: percent of promises to be kept; by default that of the settings.
            by: what there are tables by; by default the priority and all declared dimensions.

        Raises:
            ValueError: ``where`` or ``by`` names nothing that there is.
        """
        self.sla = queryset.model.sla
        self.queryset = queryset
        self.period = period
        self.now = now or read_now()
        self.objective = settings.objective if objective is None else objective
        self.by = tuple(self._default_by() if by is None else by)
        self.options: dict[str, Any] = {"where": where, "now": self.now, "tz": period.tz}
        self.span: dict[str, Any] = {"since": period.since, "until": period.until}
        self.summary = _Summary(queryset, **self.span, **self.options)

    def _default_by(self) -> list[str]:
        known = names(self.sla)
        return [name for name in (PRIORITY, *self.sla.dimensions) if name in known]

    @property
    def total(self) -> Row:
        """Of the period."""
        return self.summary.total

    @cached_property
    def before(self) -> Row:
        """The total of the period before."""
        past = self.period.previous
        report = _Summary(self.queryset, since=past.since, until=past.until, **self.options)
        return report.total

    @property
    def whenever(self) -> ComplianceReport:
        """Of all periods together."""
        return _Summary(self.queryset, **self.options)

    @cached_property
    def right_now(self) -> Now:
        """Two queries."""
        tickets = self.summary.all_tickets
        clocks = self.summary.all_clocks.filter(stopped_at=None)
        states = {
            name: Count("ticket", filter=condition, distinct=True)
            for name, condition in open_states(self.now).items()
        }
        unfinished = tickets.filter(resolved_at=None, closed_at=None).count()
        return Now(open=unfinished, **clocks.aggregate(**states))

    @cached_property
    def _rates(self) -> Rates:
        apart = groupings(self.sla, self.by, self.period.tz)
        return Rates(self.queryset, apart=apart, **self.span, **self.options)

    @cached_property
    def groups(self) -> Mapping[str, list[Row]]:
        """By name of what there is a table by."""
        return {
            name: [row for row in self._rates.rows(place) if not row.is_empty]
            for place, name in enumerate(self.by)
        }

    @property
    def grain(self) -> str:
        """What the period is shown by."""
        days = self.period.days
        return DAY if days <= FINE else WEEK if days <= COARSE else MONTH

    @cached_property
    def trend_parts(self) -> tuple[Bucket, ...]:
        """Weeks or months up to the end of the period, or to now where that comes first."""
        count, kind = TREND[self.grain]
        today = self.now.astimezone(self.period.tz).date()
        final = min(self.period.last, max(today, self.period.first))
        return buckets(last(count, kind, final, self.period.tz), kind)

    @cached_property
    def trend(self) -> list[Row]:
        """A row for each of ``trend_parts``."""
        return in_parts(self.queryset, self.trend_parts, **self.options)

    @cached_property
    def burns(self) -> list[Burn]:
        """One for each metric. One query."""
        until = min(self.now, self.period.until)
        begun = [p for p in buckets(self.period, self.grain) if p.period.since < until]
        if not begun:
            return []
        span = {"since": self.period.since, "until": until}
        rows = in_parts(self.queryset, begun, **span, **self.options)
        return [self._burn(metric, begun, rows) for metric in self.metrics]

    def _burn(self, metric: str, parts: Sequence[Bucket], rows: Sequence[Row]) -> Burn:
        figures = [row.metrics[metric] for row in rows]
        late = [found.missed + found.breached - found.excused for found in figures]
        budget = ErrorBudget(
            metric=metric,
            objective=self.objective,
            period=self.period,
            now=self.now,
            judged=sum(found.met for found in figures) + sum(late),
            late=sum(late),
        )
        return Burn(budget=budget, parts=parts, late=late)

    @cached_property
    def heat(self) -> Heat:
        return Heat(self.queryset, **self.span, **self.options)

    @cached_property
    def _extremes(self) -> Extremes:
        return Extremes(self.queryset, **self.span, **self.options)

    @cached_property
    def due_next(self) -> list[Extreme]:
        return self._extremes.due_next()

    @cached_property
    def latest(self) -> list[Extreme]:
        return self._extremes.latest()

    @cached_property
    def longest_pauses(self) -> list[Extreme]:
        return self._extremes.longest_pauses()
