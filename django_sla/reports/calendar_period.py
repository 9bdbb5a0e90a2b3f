"""Periods of a calendar, in a zone: months, quarters and the last so many days, and their parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla.reports.grouping import DAY, MONTH, WEEK, period_label

DAY_LONG = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Whole days of a zone."""

    first: date
    """Its first day."""
    end: date
    """The day after its last one."""
    tz: tzinfo

    def __post_init__(self) -> None:
        if self.first >= self.end:
            raise ValueError(f"first: {self.first} is not before the end, {self.end}")

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - DAY_LONG

    @property
    def days(self) -> int:
        return (self.end - self.first).days

    @property
    def since(self) -> datetime:
        return midnight(self.first, self.tz)

    @property
    def until(self) -> datetime:
        return midnight(self.end, self.tz)

    @property
    def previous(self) -> "Period":
        """The one before, of the same length: as many months where this one is of whole months."""
        if self.first.day == self.end.day == 1:
            count = _months(self.end) - _months(self.first)
            return Period(first=_month(self.first, -count), end=self.first, tz=self.tz)
        return Period(first=self.first - timedelta(days=self.days), end=self.first, tz=self.tz)

    def elapsed(self, now: datetime) -> float:
        """Which share of it has passed, from 0 to 1."""
        since, until = self.since, self.until
        return (min(max(now, since), until) - since) / (until - since)

    def __str__(self) -> str:
        """As people write it: ``November 2026``, ``3 November 2026``, ``1 – 15 Nov.``."""
        if self.first.day == 1 and self.end == _month(self.first, 1):
            return formats.date_format(self.first, "YEAR_MONTH_FORMAT")
        shown = [formats.date_format(day, "DATE_FORMAT") for day in (self.first, self.last)]
        return " – ".join(dict.fromkeys(shown))


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A part of a period: a day, a week, a month or a quarter."""

    period: Period
    label: str
    """As ISO 8601 writes it."""
    short: str
    """What fits below a chart."""


def buckets(period: Period, kind: str) -> tuple[Bucket, ...]:
    """The whole parts of ``kind`` that a period touches, in order."""
    found = []
    first = _BEGINNING[kind](period.first)
    while first < period.end:
        end = _NEXT[kind](first)
        part = Period(first=first, end=end, tz=period.tz)
        found.append(
            Bucket(period=part, label=period_label(kind, first), short=_short(kind, first))
        )
        first = end
    return tuple(found)


def _short(kind: str, first: date) -> str:
    """``27 Nov``, ``W48``, ``Nov 2026``, ``Q4 2026``."""
    match kind:
        case "day":
            # Translators: a day and its month, in the letters of Django's filter "date".
            return formats.date_format(first, _("j M"))
        case "week":
            return _("W%(week)s") % {"week": f"{first:%V}"}
        case "month":
            return formats.date_format(first, "M Y")
    return _("Q%(quarter)d %(year)d") % {"quarter": (first.month + 2) // 3, "year": first.year}


def last(count: int, kind: str, day: date, tz: tzinfo) -> Period:
    """So many whole parts of ``kind``, a day in the last one of them."""
    first = _BEGINNING[kind](day)
    end = _NEXT[kind](first)
    for _step in range(count - 1):
        first = _BEGINNING[kind](first - DAY_LONG)
    return Period(first=first, end=end, tz=tz)


def midnight(day: date, tz: tzinfo) -> datetime:
    """When a day begins: where the clocks skip midnight, when they do so."""
    return datetime.combine(day, time(), tz).astimezone(UTC)


# By name, of the day that is today


def _this_month(today: date) -> tuple[date, date]:
    first = today.replace(day=1)
    return first, _month(first, 1)


def _last_month(today: date) -> tuple[date, date]:
    first = today.replace(day=1)
    return _month(first, -1), first


def _this_quarter(today: date) -> tuple[date, date]:
    first = _quarter(today)
    return first, _month(first, 3)


def _last_quarter(today: date) -> tuple[date, date]:
    first = _quarter(today)
    return _month(first, -3), first


def _this_year(today: date) -> tuple[date, date]:
    first = today.replace(month=1, day=1)
    return first, _month(first, 12)


def _last_days(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=count - 1), today + DAY_LONG)


NAMED: Mapping[str, tuple[object, Callable[[date], tuple[date, date]]]] = {
    "month": (gettext_lazy("This month"), _this_month),
    "last-month": (gettext_lazy("Last month"), _last_month),
    "7d": (gettext_lazy("Last 7 days"), _last_days(7)),
    "30d": (gettext_lazy("Last 30 days"), _last_days(30)),
    "90d": (gettext_lazy("Last 90 days"), _last_days(90)),
    "quarter": (gettext_lazy("This quarter"), _this_quarter),
    "last-quarter": (gettext_lazy("Last quarter"), _last_quarter),
    "year": (gettext_lazy("This year"), _this_year),
}
"""What people call a period, and from which day to before which it goes."""


def named(name: str, now: datetime, tz: tzinfo) -> Period:
    """The period of that name, at an instant.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in NAMED:
        raise ValueError(_("There is no period called so; there is %s.") % ", ".join(NAMED))
    first, end = NAMED[name][1](now.astimezone(tz).date())
    return Period(first=first, end=end, tz=tz)


# Months


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month(first: date, later: int) -> date:
    """The first day of the month so many later."""
    month = _months(first) + later
    return date(month // 12, month % 12 + 1, 1)


def _quarter(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


_BEGINNING: Mapping[str, Callable[[date], date]] = {
    DAY: lambda day: day,
    WEEK: lambda day: day - timedelta(days=day.weekday()),
    MONTH: lambda day: day.replace(day=1),
    "quarter": _quarter,
}
_NEXT: Mapping[str, Callable[[date], date]] = {
    DAY: lambda first: first + DAY_LONG,
    WEEK: lambda first: first + timedelta(days=7),
    MONTH: lambda first: _month(first, 1),
    "quarter": lambda first: _month(first, 3),
}
