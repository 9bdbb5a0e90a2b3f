"""A calendar to look at: when it is open this week and next, and which days come up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from django_sla.admin import hours
from django_sla.core.calendar import Calendar

DAYS = 14
COMING = 6
"""Holidays and special days that are listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One date in the calendar's zone."""

    date: date
    is_today: bool
    spans: list[tuple[float, float]]
    """What is open, in hours of the local clock from 0 to 24."""
    words: list[str]
    """The same for people, each span by itself; none where it is closed."""
    note: str
    """Why it is not as usual: the holiday's name, or that it is a special day."""

    @property
    def weekday(self) -> str:
        return str(WEEKDAYS_ABBR[self.date.weekday()])

    @property
    def label(self) -> str:
        return formats.date_format(self.date, "MONTH_DAY_FORMAT")

    @property
    def bars(self) -> list[tuple[str, str]]:
        """Where a bar begins and how long it is, as SVG writes numbers in every language."""
        return [(f"{begin:.3f}", f"{end - begin:.3f}") for begin, end in self.spans]


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """A holiday or a special day that lies ahead."""

    date: str
    name: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the page of a calendar shows."""

    weeks: list[list[Day]]
    """This one and the next, each from Monday on."""
    coming: list[Coming]
    is_open: bool
    local_time: str
    zone: str


def preview(row: Any, now: datetime) -> Preview:
    """Of a calendar's row.

    Raises:
        CalendarError: the row cannot be read.
    """
    calendar = row.value()
    zone = ZoneInfo(calendar.tz)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    days = [_day(row, calendar, zone, monday + timedelta(days=n), today) for n in range(DAYS)]
    return Preview(
        weeks=[days[:7], days[7:]],
        coming=list(islice(_coming(row, today), COMING)),
        is_open=calendar.is_open(now),
        local_time=formats.date_format(now.astimezone(zone), "TIME_FORMAT"),
        zone=calendar.tz.replace("_", " "),
    )


def _day(row: Any, calendar: Calendar, zone: ZoneInfo, day: date, today: date) -> Day:
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    local = [
        (_hour(span.start.astimezone(zone), day), _hour(span.end.astimezone(zone), day))
        for span in calendar.spans(begin, end)
    ]
    # A clock that is put back shows an hour twice.
    spans = [(opened, closed) for opened, closed in local if opened < closed]
    return Day(
        date=day,
        is_today=day == today,
        spans=spans,
        words=[f"{_clock(opened)}–{_clock(closed)}" for opened, closed in spans],
        note=_note(row, day.isoformat()),
    )


def _hour(at: datetime, day: date) -> float:
    if at.date() > day:
        return 24
    return at.hour + at.minute / 60 + at.second / 3600


def _clock(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _note(row: Any, day: str) -> str:
    if day in row.special_days:
        return row.holidays.get(day) or _("special day")
    return row.holidays.get(day, "") or (_("holiday") if day in row.holidays else "")


def _coming(row: Any, today: date) -> Iterator[Coming]:
    for day in sorted({*row.holidays, *row.special_days}):
        if day >= today.isoformat():
            at = date.fromisoformat(day)
            yield Coming(
                date=f"{WEEKDAYS[at.weekday()]}, {formats.date_format(at)}",
                name=_note(row, day),
                words=hours.day_in_words(row.special_days.get(day)),
            )
