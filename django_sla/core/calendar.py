"""Calendars: when a clock ticks."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django_sla.core import _hours
from django_sla.core._hours import DAY, MIDNIGHT, WEEKDAYS, Openings, WrittenSpans
from django_sla.core._timeline import EPOCH, Piece, Table, Timeline
from django_sla.core.errors import CalendarError, NoOpenTime, say
from django_sla.core.span import Span


@dataclass(frozen=True, init=False, repr=False)
class Calendar:
    """Opening hours in a time zone, with holidays and special days::

        Calendar(
            "America/Toronto",
            hours={
                "mon-thu": [("09:00", "12:30"), ("13:30", "17:30")],
                "fri": [("09:00", "15:00")],
            },
            holidays=["2026-12-25"],
            special_days={"2026-12-24": [("09:00", "12:00")]},
        )

    ``hours`` maps weekdays, or ranges of them, to spans; without it, it is open around the
    clock. ``("22:00", "06:00")`` runs overnight and belongs to the day on which it begins. A day
    ends at ``"24:00"``. Times are texts or ``datetime.time``, dates are texts or
    ``datetime.date``.

    What is open is decided for each local date by itself, after overnight spans are cut at
    midnight:

    - A holiday is closed, from midnight to midnight.
    - A special day has its own spans instead of the usual ones; ``[]`` closes it. On a date that
      is also a holiday the special day wins.
    - So the morning of an overnight span falls away on a holiday or a special day, and stays
      where only the evening before is on one. The morning after a special day's overnight span
      is open in addition to the usual hours.

    The wall clock is the rule: open time is the time that really elapses while the local clock
    shows an open hour. An hour that a change of the clocks skips counts nothing, one that it
    repeats counts twice.

    Calendars are immutable, and equal where they were made from the same zone, hours and dates.
    Every question takes aware datetimes and is answered in UTC, to the microsecond.

    Raises:
        CalendarError: something cannot be read; the message names it and says what to write.
        NoOpenTime: it would never be open.
    """

    tz: str
    hours: tuple[Openings, ...]
    """Of each weekday, Monday first: pairs of timedeltas since midnight. An overnight span ends
    later than 24 hours."""
    holidays: tuple[date, ...]
    special_days: tuple[tuple[date, Openings], ...]
    _timeline: Timeline = field(compare=False)

    def __init__(
        self,
        tz: str | ZoneInfo,
        hours: Mapping[str, WrittenSpans] | None = None,
        holidays: Iterable[date | str] = (),
        special_days: Mapping[date, WrittenSpans] | Mapping[str, WrittenSpans] | None = None,
    ) -> None:
        # Through object, because the dataclass is frozen.
        put = object.__setattr__
        put(self, "tz", _hours.read_zone(tz))
        put(self, "hours", _hours.read_week(hours))
        put(self, "holidays", _hours.read_holidays(holidays))
        special_days = {} if special_days is None else special_days
        put(self, "special_days", _hours.read_special_days(special_days))
        if not any(self.hours) and not any(openings for _, openings in self.special_days):
            raise NoOpenTime(
                "no weekday has a span, so it would never open; give one", where="hours"
            )
        put(self, "_timeline", _timeline_of(self))

    # Both questions are asked for every ticket of a report, so they check next to nothing. What
    # the table does not cover, or is no instant at all, ends in a failed search or an exception;
    # then either the table grows and the question is asked again, or it is refused in words.

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest instant at which ``duration`` of open time has elapsed since ``start``.

        So it may be a closing instant. Zero gives ``start`` itself, open or not. A negative
        duration gives the latest instant from which that much elapses until ``start``.

        Raises:
            CalendarError: ``start`` is naive, or outside the years 1900 to 2200.
            NoOpenTime: there is not that much open time in those years.
        """
        opens, shifts, ends = table = self._timeline.table
        try:
            instant = start - EPOCH
            i = bisect_right(opens, instant)
            open_time = instant - shifts[i]
            if open_time > ends[i]:
                open_time = ends[i]
            open_time += duration
            if duration.days >= 0:
                if not duration:
                    return EPOCH + instant
                found = bisect_left(ends, open_time)
            else:
                found = bisect_right(ends, open_time)
            if i and found:
                return EPOCH + (open_time + shifts[found])
        except (AttributeError, IndexError, OverflowError, TypeError):
            pass
        self._make_room(table, start, duration)
        return self.add(start, duration)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time that elapses from ``start`` to ``end``; negative where that is earlier.

        Raises:
            CalendarError: one of them is naive, or outside the years 1900 to 2200.
        """
        opens, shifts, ends = self._timeline.table
        try:
            instant = start - EPOCH
            i = bisect_right(opens, instant)
            until_start = instant - shifts[i]
            if until_start > ends[i]:
                until_start = ends[i]
            instant = end - EPOCH
            j = bisect_right(opens, instant)
            until_end = instant - shifts[j]
            if until_end > ends[j]:
                until_end = ends[j]
            if i and j:
                return until_end - until_start
        except (IndexError, TypeError):
            pass
        self._timeline.cover(_instant("start", start), _instant("end", end))
        return self.between(start, end)

    def spans(self, start: datetime, end: datetime) -> tuple[Span, ...]:
        """What is open in ``[start, end)``: in order, as long as possible, none touching another.

        Raises:
            CalendarError: one of them is naive, or outside the years 1900 to 2200.
        """
        first, last = _instant("start", start), _instant("end", end)
        self._timeline.cover(first, last)
        found = self._timeline.table.spans(first, last)
        return tuple(Span(EPOCH + opened, EPOCH + closed) for opened, closed in found)

    def is_open(self, at: datetime) -> bool:
        """Open at that instant. A closing instant is not, an opening one is.

        Raises:
            CalendarError: ``at`` is naive, or outside the years 1900 to 2200.
        """
        instant = _instant("at", at)
        self._timeline.cover(instant)
        return any(self._timeline.table.spans(instant, instant + timedelta.resolution))

    def without_holidays(self) -> "Calendar":
        """The same calendar with no holidays; special days stay."""
        return self._without_holidays

    @cached_property
    def _without_holidays(self) -> "Calendar":
        return Calendar.from_dict(self.to_dict() | {"holidays": []}) if self.holidays else self

    def to_dict(self) -> dict[str, Any]:
        """As JSON types, the same for equal calendars; :meth:`from_dict` reads it back."""
        week = zip(WEEKDAYS, self.hours, strict=True)
        return {
            "tz": self.tz,
            "hours": {weekday: _write(openings) for weekday, openings in week if openings},
            "holidays": [day.isoformat() for day in self.holidays],
            "special_days": {day.isoformat(): _write(spans) for day, spans in self.special_days},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Calendar":
        """The calendar that :meth:`to_dict` wrote, or one written by hand in that shape.

        Raises:
            CalendarError: a key is unknown or missing, or a value cannot be read.
        """
        keys = ("tz", "hours", "holidays", "special_days")
        if not isinstance(data, Mapping) or not {"tz"} <= data.keys() <= set(keys):
            raise CalendarError(
                "expected a table of %(keys)s, got %(got)s", keys=", ".join(keys), got=say(data)
            )
        return cls(**data)

    def __repr__(self) -> str:
        return f"Calendar(**{self.to_dict()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Only what was written travels, the table is made again where it arrives.
        return Calendar.from_dict, (self.to_dict(),)

    def _make_room(self, table: Table, start: datetime, duration: timedelta) -> None:
        """Let a table grow in which ``add`` did not find its answer, or say why there is none."""
        instant = _instant("start", start)
        if not isinstance(duration, timedelta):
            raise CalendarError(
                "expected a timedelta, got %(got)s", where="duration", got=say(duration)
            )
        if table.covers(instant):
            self._timeline.extend(table, instant, duration)
        else:
            self._timeline.cover(instant)


def _instant(name: str, value: datetime) -> timedelta:
    if not isinstance(value, datetime):
        raise CalendarError("expected an aware datetime, got %(got)s", where=name, got=say(value))
    if value.utcoffset() is None:
        raise CalendarError(
            "%(got)s has no time zone; pass an aware datetime", where=name, got=say(value)
        )
    return value - EPOCH


def _write(openings: Openings) -> list[list[str]]:
    return [_hours.write(opening) for opening in openings]


@lru_cache(maxsize=256)
def _timeline_of(calendar: Calendar) -> Timeline:
    """One for all equal calendars, for they are read from the database again and again."""
    week: list[list[Piece]] = [[] for _ in WEEKDAYS]
    for weekday, openings in enumerate(calendar.hours):
        today, tomorrow = _split(openings)
        week[weekday] += today
        week[(weekday + 1) % 7] += tomorrow
    week = [sorted(pieces) for pieces in week]

    dates: dict[int, list[Piece]] = {_day(holiday): [] for holiday in calendar.holidays}
    mornings: dict[int, list[Piece]] = {}
    for date_, openings in calendar.special_days:
        dates[_day(date_)], mornings[_day(date_) + 1] = _split(openings)
    for day, pieces in mornings.items():
        if pieces and day not in dates:
            dates[day] = pieces + week[(day + 3) % 7]
    return Timeline(ZoneInfo(calendar.tz), week, dates)


def _split(openings: Openings) -> tuple[list[Piece], list[Piece]]:
    """What of a day's openings falls on the day itself, and on the next."""
    today = [(begin, min(end, DAY)) for begin, end in openings]
    tomorrow = [(MIDNIGHT, end - DAY) for _, end in openings if end > DAY]
    return today, tomorrow


def _day(value: date) -> int:
    """Days since 1970-01-01."""
    return value.toordinal() - EPOCH.toordinal()


ALWAYS = Calendar("UTC")
"""Ticks around the clock."""
