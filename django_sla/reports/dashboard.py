"""All that a dashboard says of some tickets in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from django_sla.conf import settings
from django_sla.moment import now as read_now
from django_sla.reports.budget import ErrorBudget, overspent_from
from django_sla.reports.calendar_period import Bucket, Period, buckets, last
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.extremes import Extreme, Extremes
from django_sla.reports.figures import Row, added
from django_sla.reports.grouping import DAY, MONTH, PRIORITY, WEEK, ByPart, groupings, names
from django_sla.reports.heat import Heat
from django_sla.reports.outcomes import open_states
from django_sla.reports.rates import Rates, in_parts
from django_sla.reports.spread import Spread, spreads
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

    The number of queries depends neither on the tickets nor on the groups: a dozen, and one for
    each dimension that refers to rows. What is not asked for is not read.
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
        """The report of the period, from which numbers lead to tickets."""

    def _default_by(self) -> list[str]:
        known = names(self.sla)
        return [name for name in (PRIORITY, *self.sla.dimensions) if name in known]

    @property
    def whenever(self) -> ComplianceReport:
        """Of all periods together."""
        return _Summary(self.queryset, **self.options)

    # In total

    @cached_property
    def total(self) -> Row:
        """Of the period: counts, and the spread of counted time. One query of its own."""
        rows = self.summary.clocks.filter(elapsed__isnull=False, metric__in=self.metrics)
        spread = spreads(rows, ["metric"], {"counted": F("elapsed")})
        metrics = {}
        for metric in self.metrics:
            times = spread[(metric,)]["counted"] if (metric,) in spread else Spread()
            metrics[metric] = replace(
                added([row.metrics[metric] for row in self._parts[1:]]),
                median=times.median,
                p90=times.p90,
                p95=times.p95,
            )
        return Row(tickets=self._tickets["opened"], metrics=metrics)

    @property
    def before(self) -> Row:
        """The counts of the period before."""
        return replace(self._parts[0], tickets=self._tickets["opened_before"])

    @cached_property
    def right_now(self) -> Now:
        """One query of its own."""
        clocks = self.summary.all_clocks.filter(stopped_at=None)
        states = {
            name: Count("ticket", filter=condition, distinct=True)
            for name, condition in open_states(self.now).items()
        }
        return Now(open=self._tickets["open"], **clocks.aggregate(**states))

    @cached_property
    def _tickets(self) -> Mapping[str, int]:
        """One query, which reads every ticket once."""
        past, period = self.period.previous, self.period
        opened = Q(created_at__gte=period.since, created_at__lt=period.until)
        before = Q(created_at__gte=past.since, created_at__lt=past.until)
        conditions = {
            "opened": opened,
            "opened_before": before,
            "open": Q(resolved_at=None, closed_at=None),
        }
        tickets = self.summary.all_tickets
        return tickets.aggregate(**{n: Count("pk", filter=q) for n, q in conditions.items()})

    @cached_property
    def _cuts(self) -> list[tuple[datetime, int | None]]:
        """Before when each part of ``_parts`` is, and of which bucket it is what has passed."""
        cuts: list[tuple[datetime, int | None]] = [(self.period.since, None)]
        for place, bucket in enumerate(self.buckets):
            since = max(bucket.period.since, self.period.since)
            until = min(bucket.period.until, self.period.until)
            if since < self.now:
                cuts.append((min(until, self.now), place))
            if until > self.now:
                cuts.append((until, None))
        return cuts

    @cached_property
    def _parts(self) -> list[Row]:
        """The period before, then the parts of this one. One query."""
        ends = tuple(end for end, _place in self._cuts)
        return Rates(
            self.queryset,
            apart=[ByPart(labels=("",) * len(ends), ends=ends)],
            since=self.period.previous.since,
            until=self.period.until,
            **self.options,
        ).rows()

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """The parts that the period is shown by."""
        return buckets(self.period, self.grain)

    @cached_property
    def burns(self) -> list[Burn]:
        """One for each metric; none before the period begins."""
        passed = [
            row
            for row, (_end, place) in zip(self._parts, self._cuts, strict=True)
            if place is not None
        ]
        return [self._burn(metric, passed) for metric in self.metrics] if passed else []

    def _burn(self, metric: str, passed: Sequence[Row]) -> Burn:
        figures = [row.metrics[metric] for row in passed]
        late = [found.missed + found.breached - found.excused for found in figures]
        budget = ErrorBudget(
            metric=metric,
            objective=self.objective,
            period=self.period,
            now=self.now,
            judged=sum(found.met for found in figures) + sum(late),
            late=sum(late),
        )
        return Burn(budget=budget, parts=self.buckets[: len(passed)], late=late)

    # By group, and over time

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

    # What stands out

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
