"""What the next weeks and the open tickets are likely to bring, ready for the templates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.core.duration import format_short
from django_sla.exceptions import ForecastNotInstalled, NotEnoughHistory
from django_sla.reports.calendar_period import buckets, last
from django_sla.reports.calibration import Calibration
from django_sla.reports.chances import Chance, Chances, Likeliest
from django_sla.reports.dashboard import Dashboard
from django_sla.reports.forecast import Error, Forecast, forecast
from django_sla.reports.grouping import WEEK
from django_sla.tables.clock import metric_name
from django_sla.ticket.queryset import judged_together
from django_sla.views.dashboard.charts import Lines, Range, Series, lines, percent_scale
from django_sla.views.dashboard.words import count, number, percent, whole_percent

SHOWN = 26
"""Weeks of the past that a chart shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastPanel:
    """What is to be expected of one metric."""

    metric: str
    problem: str
    """Why nothing can be told; empty where something can."""
    chart: Lines | None = None
    weeks: Sequence[tuple[str, str, str, str]] = ()
    """Week, what is expected, and between what and what."""
    interval: str = ""
    error: Sequence[str] = ()
    """How right such forecasts were."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChanceLine:
    """An open ticket and how likely it breaches."""

    ticket: Any
    url: str
    metric: str
    metric_name: str
    chance: str
    bar: str
    elapsed: str
    remaining: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationPanel:
    """How right chances of one metric were."""

    metric: str
    summary: Sequence[str]
    bands: Sequence[tuple[str, str, str, str]]
    """Between what and what, how many, what was told on average, and what came."""


class Outlook:
    """Of the tickets of a dashboard, whatever its period."""

    def __init__(self, dashboard: Dashboard, ticket_url: Callable[[Any], str]):
        self._dashboard, self._ticket_url = dashboard, ticket_url
        self.now = dashboard.now
        self._options = dashboard.options

    @cached_property
    def forecasts(self) -> list[ForecastPanel]:
        return [self._forecast(metric) for metric in self._dashboard.metrics]

    def _forecast(self, metric: str) -> ForecastPanel:
        name = metric_name(metric)
        try:
            found = forecast(self._dashboard.queryset, metric, **self._options)
        except (ForecastNotInstalled, NotEnoughHistory) as error:
            return ForecastPanel(metric=name, problem=str(error))
        return ForecastPanel(
            metric=name,
            problem="",
            chart=self._chart(found, name),
            weeks=[
                (week.label, percent(week.percent), percent(week.low), percent(week.high))
                for week in found.weeks
            ],
            interval=whole_percent(found.interval),
            error=_error(found.error),
        )

    def _chart(self, found: Forecast, name: str) -> Lines:
        past = found.history[-SHOWN:]
        size = len(past) + len(found.weeks)
        end = found.weeks[-1].first
        parts = buckets(last(size, WEEK, end, self._dashboard.period.tz), WEEK)
        told = [week.percent for week in past]
        nothing: list[float | None] = [None] * len(past)
        bounds = [(week.low, week.high) for week in found.weeks]
        everything = [*told, *(low for low, _high in bounds)]
        return lines(
            _("Forecast: %s") % name,
            parts,
            [
                Series(name=_("Promises kept"), values=[*told, *[None] * len(found.weeks)]),
                Series(name=_("Forecast"), values=nothing + [w.percent for w in found.weeks]),
            ],
            scale=percent_scale(everything, self._dashboard.objective),
            text=whole_percent,
            shown=percent,
            rules=[(self._dashboard.objective, _("Objective"))],
            ranges=[
                Range(
                    name=_("%s of weeks are within") % whole_percent(found.interval),
                    first=len(past),
                    bounds=bounds,
                )
            ],
        )

    # Open tickets

    @cached_property
    def _chances(self) -> Chances:
        return Chances(self._dashboard.queryset, **self._options)

    @cached_property
    def _likeliest(self) -> Likeliest:
        return self._chances.likeliest()

    @property
    def summary(self) -> str:
        """How many open clocks will breach."""
        found = self._likeliest
        told = found.open - found.untold
        if not told:
            return ""
        said = ngettext(
            "Of %(open)s deadline that is not missed yet, %(expected)s is expected to be.",
            "Of %(open)s deadlines that are not missed yet, %(expected)s are expected to be.",
            told,
        )
        return said % {"open": count(told), "expected": number(found.expected)}

    @property
    def untold(self) -> str:
        found = self._likeliest.untold
        said = ngettext(
            "Of %s more nothing can be told: too few like it took so long.",
            "Of %s more nothing can be told: too few like them took so long.",
            found,
        )
        return said % count(found) if found else ""

    @cached_property
    def chances(self) -> list[ChanceLine]:
        tickets = self._tickets
        return [
            self._line(chance, tickets[chance.ticket_id])
            for chance in self._likeliest.chances
            if chance.ticket_id in tickets
        ]

    @cached_property
    def _tickets(self) -> Mapping[Any, Any]:
        wanted = {chance.ticket_id for chance in self._likeliest.chances}
        tickets = list(self._dashboard.queryset.filter(pk__in=wanted))
        judged_together(tickets, self.now)
        return {ticket.pk: ticket for ticket in tickets}

    def _line(self, chance: Chance, ticket: Any) -> ChanceLine:
        return ChanceLine(
            ticket=ticket,
            url=self._ticket_url(ticket),
            metric=chance.metric,
            metric_name=metric_name(chance.metric),
            chance=percent(chance.percent, 0),
            bar=f"{chance.percent:.1f}",
            elapsed=format_short(chance.elapsed),
            remaining=format_short(max(chance.remaining, timedelta(0))),
        )

    @cached_property
    def calibrations(self) -> list[CalibrationPanel]:
        found = [self._chances.calibration(metric) for metric in self._dashboard.metrics]
        return [_calibration(one) for one in found if one.count]


def _error(error: Error | None) -> list[str]:
    if error is None:
        return []
    facts = {
        "weeks": count(error.weeks),
        "mean": number(error.mean),
        "average": number(error.mean_of_average),
        "covered": percent(error.covered, 0),
    }
    return [
        _("Tried on the last %(weeks)s weeks, each forecast from the weeks before it.") % facts,
        _("Off by %(mean)s points on average; the average of recent weeks by %(average)s.") % facts,
        _("%(covered)s of what came was within the range.") % facts,
    ]


def _calibration(found: Calibration) -> CalibrationPanel:
    summary = [
        ngettext(
            "Tried on %s deadline that was kept back.",
            "Tried on %s deadlines that were kept back.",
            found.count,
        )
        % count(found.count)
    ]
    if found.skill is not None:
        said = (
            _("The error is %s smaller than that of telling all of them the same.")
            if found.skill >= 0
            else _("The error is %s larger than that of telling all of them the same.")
        )
        summary.append(said % whole_percent(abs(found.skill)))
    return CalibrationPanel(
        metric=metric_name(found.metric),
        summary=summary,
        bands=[
            (
                f"{whole_percent(band.low)} – {whole_percent(band.high)}",
                count(band.count),
                percent(band.predicted, 0),
                percent(band.observed, 0),
            )
            for band in found.bands
        ],
    )
