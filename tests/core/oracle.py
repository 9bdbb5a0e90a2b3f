"""Open time by its definition, slowly: asks the zone for the wall clock again and again.

Takes a calendar as it is written, ``Calendar(**written)``, and shares no code with the package.
Exact where spans begin and end, and zones change their offset, on whole steps of UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Written = dict[str, Any]
"""tz, hours (weekday -> spans of "HH:MM"), holidays and special_days (by ``date``)."""

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MINUTE = timedelta(minutes=1)


def is_open(written: Written, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(written["tz"]))
    today, minute = local.date(), local.hour * 60 + local.minute
    special_days = written.get("special_days", {})
    if today in special_days:
        return any(begins_today(span, minute) for span in special_days[today])
    if today in written.get("holidays", ()):
        return False
    yesterday = today - timedelta(days=1)
    return (
        any(begins_today(span, minute) for span in usual(written, today))
        or any(began_yesterday(span, minute) for span in usual(written, yesterday))
        or any(began_yesterday(span, minute) for span in special_days.get(yesterday, ()))
    )


def usual(written: Written, day: date) -> list[tuple[str, str]]:
    return written["hours"].get(WEEKDAYS[day.weekday()], [])


def begins_today(span: tuple[str, str], minute: int) -> bool:
    begin, end = minutes(span[0]), minutes(span[1])
    return begin <= minute and (minute < end or end < begin)


def began_yesterday(span: tuple[str, str], minute: int) -> bool:
    begin, end = minutes(span[0]), minutes(span[1])
    return end < begin and minute < end


def minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def between(
    written: Written, start: datetime, end: datetime, step: timedelta = MINUTE
) -> timedelta:
    """Of an end that is not before the start."""
    total, at = timedelta(0), start.astimezone(UTC)
    while at < end:
        following = min(at + step - since_step(at, step), end)
        if is_open(written, at):
            total += following - at
        at = following
    return total


def add(written: Written, start: datetime, duration: timedelta, most: timedelta) -> datetime | None:
    """The earliest instant; of a negative duration, the latest. None if ``most`` is not enough."""
    left, at = abs(duration), start.astimezone(UTC)
    forward = duration >= timedelta(0)
    cells = cells_after(at) if forward else cells_before(at)
    for begin, end in cells:
        if not left:
            break
        if abs(begin - at) > most:
            return None
        if is_open(written, begin):
            used = min(left, end - begin)
            left -= used
            found = begin + used if forward else end - used
    return found if duration else at


def cells_after(at: datetime) -> Iterator[tuple[datetime, datetime]]:
    while True:
        following = at + MINUTE - since_step(at, MINUTE)
        yield at, following
        at = following


def cells_before(at: datetime) -> Iterator[tuple[datetime, datetime]]:
    while True:
        preceding = at - (since_step(at, MINUTE) or MINUTE)
        yield preceding, at
        at = preceding


def since_step(at: datetime, step: timedelta) -> timedelta:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) % step


def changes(tz: str, start: datetime, end: datetime) -> list[datetime]:
    """The instants, on whole minutes, at which the zone changes its offset."""
    zone, found = ZoneInfo(tz), []
    for hour in range((end - start) // timedelta(hours=1)):
        at = start + timedelta(hours=hour)
        after = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found += [
                at + (minute + 1) * MINUTE
                for minute in range(60)
                if (at + minute * MINUTE).astimezone(zone).utcoffset()
                != (at + (minute + 1) * MINUTE).astimezone(zone).utcoffset()
            ]
    return found
