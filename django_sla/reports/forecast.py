"""How many promises the next weeks will keep, as far as the past ones tell; and how far off such
forecasts were. Needs the extra ``forecast``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.exceptions import NotEnoughHistory
from django_sla.reports.calendar_period import Bucket, buckets, last
from django_sla.reports.grouping import WEEK, ByPart, period_label
from django_sla.reports.rates import Rates
from django_sla.reports.trend_model import TrendModel

WEEKS, INTERVAL, HISTORY = 4, 80, 52
"""How many weeks ahead, percent, and weeks back, unless somebody wants it otherwise."""

NEEDED = 12
"""Weeks with promises that came due. Fewer tell no trend."""

MOST_WEEKS, MOST_HISTORY = 26, 104

HELD_BACK, LEARNT_FROM = 8, 8
"""Weeks that forecasts are tried on, at least, and weeks that each has to go by."""

RECENT = 8
"""Weeks whose average is said to be as good a guess."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """A week that is over."""

    first: date
    """Its Monday."""
    met: int
    judged: int
    """Promises that came due: met, missed and breached."""

    @property
    def label(self) -> str:
        """As ISO 8601 writes it."""
        return period_label(WEEK, self.first)

    @property
    def percent(self) -> float | None:
        """Compliance; None where nothing came due."""
        return 100 * self.met / self.judged if self.judged else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """A week to come. Percent, from 0 to 100."""

    first: date
    """Its Monday."""
    percent: float
    low: float
    high: float
    """Between these its compliance will be, in so many cases of 100 as ``interval`` says."""

    @property
    def label(self) -> str:
        return period_label(WEEK, self.first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """How far off forecasts of held-back weeks were, each made from the weeks before it alone."""

    weeks: int
    """How many weeks were held back."""
    forecasts: int
    """How many were made, up to as many weeks ahead as the forecast has."""
    mean: float
    """Percentage points by which they were off, on average (mean absolute error)."""
    covered: float
    """Percent of them whose interval had what came."""
    mean_of_average: float
    """By how much the average of the last weeks before, ``RECENT``, was off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What is to be expected of one metric."""

    metric: str
    adjusted: bool
    """Whether excused breaches are left out."""
    interval: int
    """In how many cases of 100 a week is within its interval."""
    history: Sequence[Week]
    """In order, from the first in which something came due."""
    weeks: Sequence[Expected]
    """The next ones; the first is the one that is running."""
    error: Error | None
    """None where no held-back week had promises."""


class Weeks(Rates):
    """The weeks that are over, of one metric. One query, which counts."""

    def __init__(
        self, queryset: QuerySet[Any], metric: str, *, history: int = HISTORY, **options: Any
    ):
        """
        Args:
            queryset, options: tickets, and ``now``, ``tz`` and ``where`` as for reports.
            metric: its name.
            history: how many weeks at most.

        Raises:
            NaiveDatetime, ValueError: as reports; or there is no such metric, or too much history.
        """
        known = [known.name for known in registry.metrics()]
        if metric not in known:
            said = _("metric: there is no %(name)r; there is %(known)s")
            raise ValueError(said % {"name": metric, "known": ", ".join(known)})
        within("history", history, NEEDED, MOST_HISTORY)
        super().__init__(queryset, **options)
        self.metrics = (metric,)
        self._buckets = self._over(history)
        self.since, self.until = self._buckets[0].period.since, self._buckets[-1].period.until
        labels = tuple(bucket.label for bucket in self._buckets)
        ends = tuple(bucket.period.until for bucket in self._buckets)
        self.apart = (ByPart(labels=labels, ends=ends),)

    def _over(self, count: int) -> tuple[Bucket, ...]:
        today = self.now.astimezone(self.tz).date()
        return buckets(last(count, WEEK, today - timedelta(days=7), self.tz), WEEK)

    @property
    def running(self) -> date:
        """The Monday of the week that is not over."""
        return self._buckets[-1].period.end

    def found(self, adjusted: bool = False) -> list[Week]:
        """From the first week in which something came due on."""
        weeks: list[Week] = []
        for bucket, row in zip(self._buckets, self.rows(), strict=True):
            figures = row.metrics[self.metrics[0]]
            judged = figures.judged - (figures.excused if adjusted else 0)
            if weeks or judged:
                weeks.append(Week(first=bucket.period.first, met=figures.met, judged=judged))
        return weeks


def forecast(
    queryset: QuerySet[Any],
    metric: str = "resolution",
    *,
    weeks: int = WEEKS,
    interval: int = INTERVAL,
    adjusted: bool = False,
    history: int = HISTORY,
    **options: Any,
) -> Forecast:
    """The compliance that the next weeks will have. One query.

    Args:
        queryset, metric, history, options: as for :class:`Weeks`.
        weeks: how many.
        interval: in how many cases of 100 a week is to be within its interval.
        adjusted: without excused breaches.

    Raises:
        ForecastNotInstalled, NotEnoughHistory: as they say.
        NaiveDatetime, ValueError: as :class:`Weeks`, or ``weeks`` or ``interval`` is out of range.
    """
    within("weeks", weeks, 1, MOST_WEEKS)
    within("interval", interval, 50, 99)
    report = Weeks(queryset, metric, history=history, **options)
    found = report.found(adjusted)
    telling = sum(bool(week.judged) for week in found)
    if telling < NEEDED:
        raise NotEnoughHistory(telling, NEEDED, history)
    ahead = _ahead(found, weeks, interval)
    return Forecast(
        metric=metric,
        adjusted=adjusted,
        interval=interval,
        history=tuple(found),
        weeks=tuple(
            Expected(
                first=report.running + timedelta(weeks=step),
                percent=one[0],
                low=one[1],
                high=one[2],
            )
            for step, one in enumerate(ahead)
        ),
        error=error_of(found, weeks, interval),
    )


def error_of(weeks: Sequence[Week], ahead: int = WEEKS, interval: int = INTERVAL) -> Error | None:
    """From each of the last weeks, a quarter of all and at least ``HELD_BACK``, the next ones
    forecast as they would have been then. None where that is no week that tells something."""
    held_back = min(max(HELD_BACK, len(weeks) // 4), len(weeks) - LEARNT_FROM)
    tries = [
        (came, told, average)
        for begin in range(len(weeks) - max(held_back, 0), len(weeks))
        for came, told, average in _tried(weeks[:begin], weeks[begin : begin + ahead], interval)
    ]
    if not tries:
        return None
    return Error(
        weeks=held_back,
        forecasts=len(tries),
        mean=_mean(abs(told[0] - came) for came, told, _average in tries),
        covered=100 * _mean(told[1] <= came <= told[2] for came, told, _average in tries),
        mean_of_average=_mean(abs(average - came) for came, _told, average in tries),
    )


Told = tuple[float, float, float]
"""Percent expected, and from where to where."""


def _tried(
    before: Sequence[Week], after: Sequence[Week], interval: int
) -> Iterator[tuple[float, Told, float]]:
    """What came, what would have been told, and the average of the last weeks."""
    recent = _recent(before)  # not empty, as the first week of all has something
    average = 100 * sum(week.met for week in recent) / sum(week.judged for week in recent)
    for week, told in zip(after, _ahead(before, len(after), interval), strict=True):
        if week.percent is not None:
            yield week.percent, told, average


def _ahead(weeks: Sequence[Week], ahead: int, interval: int) -> list[Told]:
    model = TrendModel([week.met for week in weeks], [week.judged for week in weeks])
    promises = round(median(week.judged for week in _recent(weeks)))
    found = model.ahead(ahead, max(promises, 1), interval)
    return [(100 * one.expected, 100 * one.low, 100 * one.high) for one in found]


def _recent(weeks: Sequence[Week]) -> list[Week]:
    """The last ones in which something came due."""
    return [week for week in weeks if week.judged][-RECENT:]


def _mean(values: Iterator[float] | Any) -> float:
    found = list(values)
    return sum(found) / len(found)


def within(name: str, value: int, least: int, most: int) -> None:
    """
    Raises:
        ValueError: the number is out of range.
    """
    if not least <= value <= most:
        said = _("%(name)s: expected a number from %(least)d to %(most)d, got %(value)s")
        raise ValueError(said % {"name": name, "least": least, "most": most, "value": value})
