"""Opening hours as people write them, checked and read.

An opening is a pair of timedeltas since local midnight. One that runs past midnight ends later
than 24 hours and belongs to the day on which it begins.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from django_sla.core.errors import CalendarError, Phrase, say

Opening = tuple[timedelta, timedelta]
Openings = tuple[Opening, ...]
"""Of one day; sorted, without overlaps."""

WrittenSpans = Iterable[Sequence[str | time]]
"""Such as ``[("09:00", "12:30"), (time(13, 30), "17:30")]``."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = timedelta(0)
DAY = timedelta(days=1)

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_EXAMPLE = '[("09:00", "17:00")]'


def read_zone(name: object) -> str:
    """The name of a time zone that this system knows."""
    if isinstance(name, ZoneInfo):
        name = name.key
    if not isinstance(name, str):
        raise CalendarError(
            'expected a name such as "America/Toronto", got %(got)s', where="tz", got=say(name)
        )
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # the last where the name is that of a folder
        raise CalendarError(
            "unknown time zone %(name)s; %(hint)s",
            where="tz",
            name=say(name),
            hint=_suggestion(name),
        ) from None
    return name


def _suggestion(name: str) -> Phrase:
    zones = _zones_by_spelling()
    close = difflib.get_close_matches(name[:80].casefold().replace(" ", "_"), zones, n=1)
    if close:
        return Phrase("did you mean %(name)s?", {"name": repr(zones[close[0]])})
    return Phrase('write it as "America/Toronto"')


@cache
def _zones_by_spelling() -> dict[str, str]:
    """Every zone by its name and by its city alone, in lower case."""
    names = sorted(available_timezones())
    cities = {name.rpartition("/")[2].casefold(): name for name in names}
    return cities | {name.casefold(): name for name in names}


def read_week(hours: object) -> tuple[Openings, ...]:
    """The openings of each weekday, Monday first. None means around the clock."""
    if hours is None:
        return (((MIDNIGHT, DAY),),) * 7
    if not isinstance(hours, Mapping):
        raise CalendarError(
            "expected %(example)s, got %(got)s",
            where="hours",
            example=f'{{"mon-fri": {_EXAMPLE}}}',
            got=say(hours),
        )
    week: dict[int, Openings] = {}
    for key, spans in hours.items():
        for weekday in _weekdays(key):
            if weekday in week:
                raise CalendarError(
                    "%(day)s is given twice; put all of its spans under one key",
                    where=f"hours[{say(key)}]",
                    day=WEEKDAYS[weekday],
                )
            week[weekday] = read_day(f"hours[{say(key)}]", spans)
    # The whole week on one line, and its beginning again at the end: Sunday night meets Monday.
    line = [
        (begin + weekday * DAY, end + weekday * DAY, f"hours[{WEEKDAYS[weekday]!r}]")
        for weekday in sorted(week)
        for begin, end in week[weekday]
    ]
    line += [(begin + 7 * DAY, end + 7 * DAY, where) for begin, end, where in line[:1]]
    _refuse_overlaps(line)
    return tuple(week.get(weekday, ()) for weekday in range(7))


def _weekdays(key: object) -> Iterator[int]:
    """Of "tue", or of a range such as "mon-fri" or "fri-mon"."""
    first, is_range, last = key.partition("-") if isinstance(key, str) else ("", "", "")
    last = last if is_range else first
    if first not in WEEKDAYS or last not in WEEKDAYS:
        raise CalendarError(
            'unknown weekday %(got)s; write one of %(days)s, or a range such as "mon-fri"',
            where="hours",
            got=say(key),
            days=", ".join(WEEKDAYS),
        )
    weekday = WEEKDAYS.index(first)
    yield weekday
    while WEEKDAYS[weekday] != last:
        weekday = (weekday + 1) % 7
        yield weekday


def read_holidays(holidays: object) -> tuple[date, ...]:
    """Sorted, each once. A mapping gives its keys, so that a table of names will do."""
    if isinstance(holidays, str) or not isinstance(holidays, Iterable):
        raise CalendarError(
            "expected a list of dates, got %(got)s", where="holidays", got=say(holidays)
        )
    return tuple(sorted({_date("holidays", day) for day in holidays}))


def read_special_days(special_days: object) -> tuple[tuple[date, Openings], ...]:
    """The openings of each special day, sorted by date."""
    if not isinstance(special_days, Mapping):
        raise CalendarError(
            "expected %(example)s, got %(got)s",
            where="special_days",
            example=f'{{"2026-12-24": {_EXAMPLE}}}',
            got=say(special_days),
        )
    days: dict[date, Openings] = {}
    for key, spans in special_days.items():
        day = _date("special_days", key)
        if day in days:
            raise CalendarError(
                "%(day)s is given twice; put all of its spans under one key",
                where="special_days",
                day=str(day),
            )
        days[day] = read_day(f"special_days[{str(day)!r}]", spans)
    return tuple(sorted(days.items()))


def _date(where: str, value: object) -> date:
    if isinstance(value, datetime):
        raise CalendarError(
            "%(got)s is an instant, not a date; pass its .date()", where=where, got=say(value)
        )
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise CalendarError(
        '%(got)s is not a date; write it as "2026-12-25"', where=where, got=say(value)
    )


def read_day(where: str, spans: object) -> Openings:
    """The openings of one day; ``where`` is what messages call it."""
    if isinstance(spans, str | Mapping) or not isinstance(spans, Iterable):
        raise CalendarError(
            "expected a list of spans such as %(example)s, or [] for a closed day, got %(got)s",
            where=where,
            example=_EXAMPLE,
            got=say(spans),
        )
    openings = tuple(sorted(_opening(where, span) for span in spans))
    _refuse_overlaps([(begin, end, where) for begin, end in openings])
    return openings


def _opening(where: str, span: object) -> Opening:
    if not isinstance(span, list | tuple) or len(span) != 2:
        raise CalendarError(
            "%(got)s is not a span; write each as a pair, for example %(example)s",
            where=where,
            got=say(span),
            example=_EXAMPLE,
        )
    begin, end = _time(where, span[0]), _time(where, span[1])
    if begin == DAY:
        raise CalendarError("a span cannot begin at 24:00; give it to the next day", where=where)
    if begin == end:
        raise CalendarError(
            '%(span)s is empty; write ("00:00", "24:00") for a whole day, [] for a closed one',
            where=where,
            span=str(write_span((begin, end))),
        )
    return (begin, end) if begin < end else (begin, end + DAY)


def _time(where: str, value: object) -> timedelta:
    if isinstance(value, time):
        if value.tzinfo is not None:
            raise CalendarError(
                "%(got)s has a time zone; opening hours are in that of the calendar",
                where=where,
                got=say(value),
            )
        value = value.isoformat()
    if isinstance(value, str) and (match := _TIME.fullmatch(value)):
        hour, minute, second = (int(digits or 0) for digits in match.groups()[:3])
        microsecond = int((match[4] or "").ljust(6, "0"))
        read = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond)
        if minute < 60 and second < 60 and read <= DAY:
            return read
    raise CalendarError(
        '%(got)s is not a time of day; write "00:00" to "23:59", or "24:00" for an end',
        where=where,
        got=say(value),
    )


def _refuse_overlaps(line: list[tuple[timedelta, timedelta, str]]) -> None:
    """``line`` is sorted, so that only neighbours can overlap first."""
    for (begin, end, where), (begin2, end2, where2) in pairwise(line):
        if end > begin2:
            spans = {
                "span": str(write_span((begin2, end2))),
                "other": str(write_span((begin, end))),
            }
            if where == where2:
                raise CalendarError(
                    "%(span)s overlaps %(other)s; make one span of them, or shorten one",
                    where=where,
                    **spans,
                )
            raise CalendarError(
                "%(span)s overlaps %(other)s of %(place)s; make one span of them, or shorten one",
                where=where2,
                place=where,
                **spans,
            )


def write_span(opening: Opening) -> str:
    """For people: "22:00-06:00"."""
    return "-".join(write(opening))


def write(opening: Opening) -> list[str]:
    """As JSON types: ``["22:00", "06:00"]``."""
    begin, end = opening
    return [_write_time(begin), _write_time(end)]


def _write_time(moment: timedelta) -> str:
    if moment == DAY:
        return "24:00"
    minutes, rest = divmod(moment % DAY, timedelta(minutes=1))
    hour, minute = divmod(minutes, 60)
    return str(time(hour, minute, rest.seconds, rest.microseconds)).removesuffix(":00")
