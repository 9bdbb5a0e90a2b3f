"""The day-walk, written once: opening hours in a zone, compiled into cumulative sums.

Instants here are timedeltas since EPOCH: the cheapest thing to compare, add and search.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django_sla.core.errors import CalendarError, NoOpenTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""What a table can grow to cover, so that nothing runs on towards the year 9999."""

ZERO = timedelta(0)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
TICK = timedelta.resolution
LOWEST = datetime.min.replace(tzinfo=UTC) - EPOCH
HIGHEST = datetime.max.replace(tzinfo=UTC) - EPOCH + TICK
"""All the time that there is: what a calendar covers that needs no walk."""

Piece = tuple[timedelta, timedelta]
"""Part of a local date that is open, from and to, since its midnight; never past 24 hours."""


class Table(NamedTuple):
    """Open time in ``[opens[0], opens[-1])``, made for searching.

    From an instant to the open time before it: ``i = bisect_right(opens, instant)`` is 0 before
    the table and ``len(shifts)`` after it, else it is ``instant - shifts[i]``, and no more than
    ``ends[i]``. From open time to an instant: ``open_time + shifts[i]``, where ``i`` is found in
    ``ends``.
    """

    opens: list[timedelta]
    """The beginning of the table, the opening instants, the end of the table."""
    shifts: list[timedelta]
    """For each but the last of ``opens``: that instant less the open time before it. One more in
    front, so that an index found in ``opens`` fits."""
    ends: list[timedelta]
    """For each of ``shifts``: the open time until it closes. Zero in front."""

    def covers(self, *instants: timedelta) -> bool:
        opens = self.opens
        return bool(opens) and opens[0] <= min(instants) and max(instants) < opens[-1]

    def spans(self, start: timedelta, end: timedelta) -> Iterator[tuple[timedelta, timedelta]]:
        """What is open in ``[start, end)``, which the table covers."""
        opens, shifts, ends = self
        for i in range(bisect_right(opens, start), len(shifts)):
            if opens[i - 1] >= end:
                break
            opened, closed = max(start, opens[i - 1]), min(end, shifts[i] + ends[i])
            if opened < closed:
                yield opened, closed


NOTHING = Table([], [], [])


class Timeline:
    """The table of a calendar, which grows to cover what is asked.

    Readers take ``table`` without a lock: it is replaced as a whole and never changed. It only
    ever grows, so that whoever made it grow finds it large enough.
    """

    def __init__(
        self, zone: ZoneInfo, week: Sequence[Sequence[Piece]], dates: Mapping[int, Sequence[Piece]]
    ) -> None:
        """``week`` has the pieces of each weekday, Monday first; ``dates`` has them for the dates
        that differ, by days since 1970-01-01. Pieces are sorted, and may overlap.
        """
        self._zone, self._week, self._dates = zone, week, dates
        self._growing = Lock()
        if not dates and all(list(pieces) == [(ZERO, DAY)] for pieces in week):
            # Around the clock, on whatever clock: one opening, for as long as there is time.
            self._low, self._high = LOWEST, HIGHEST
            self.table = Table([LOWEST, HIGHEST], [LOWEST, LOWEST], [ZERO, HIGHEST - LOWEST])
        else:
            self._low, self._high = _start(FIRST_YEAR), _start(LAST_YEAR + 1)
            self.table = NOTHING

    def cover(self, *instants: timedelta) -> None:
        """Grow to cover the instants, and a year or two around them.

        Raises:
            CalendarError: one of them lies outside the years that a table can cover.
        """
        if self.table.covers(*instants):
            return
        with self._growing:
            if self.table.covers(*instants):
                return  # thanks to another thread
            opens = self.table.opens
            for instant in instants:
                if not self._low <= instant < self._high:
                    raise CalendarError(
                        "%(instant)s is outside the years %(first)d to %(last)d that this "
                        "calendar covers",
                        instant=_say(instant),
                        **self._years(),
                    )
            first, last = _year(min(instants)) - 1, _year(max(instants)) + 2
            if opens:
                first, last = min(first, _year(opens[0])), max(last, _year(opens[-1]) - 1)
            self._compile(first, last)

    def extend(self, table: Table, instant: timedelta, duration: timedelta) -> None:
        """Grow to twice the size of ``table``, where open time ran out after ``instant``, or
        before it if ``duration`` is negative.

        Raises:
            NoOpenTime: there are not that many years.
        """
        with self._growing:
            if self.table is not table:
                return  # thanks to another thread
            opens = table.opens
            first, last = _year(opens[0]), _year(opens[-1] - TICK)
            if duration > ZERO:
                # Open time is no longer than elapsed time, so this saves a search in vain.
                possible = opens[-1] < self._high and duration < self._high - instant
                last += last - first + 1
            else:
                possible = opens[0] > self._low and -duration <= instant - self._low
                first -= last - first + 1
            if not possible:
                raise NoOpenTime(
                    "from %(instant)s there is no open time of %(duration)s in the years "
                    "%(first)d to %(last)d that this calendar covers",
                    instant=_say(instant),
                    duration=str(duration),
                    **self._years(),
                )
            self._compile(first, last)

    def _compile(self, first: int, last: int) -> None:
        low, high = _start(max(first, FIRST_YEAR)), _start(min(last, LAST_YEAR) + 1)
        self.table = compile_table(self._zone, self._week, self._dates, low, high)

    def _years(self) -> dict[str, Any]:
        return {"first": _year(self._low), "last": _year(self._high - TICK)}


def compile_table(
    zone: ZoneInfo,
    week: Sequence[Sequence[Piece]],
    dates: Mapping[int, Sequence[Piece]],
    low: timedelta,
    high: timedelta,
) -> Table:
    opens, closes = [low], [low]
    for start, end, offset in _segments(zone, low, high):
        # Inside a segment the wall clock is UTC plus the offset, no hour is skipped or repeated.
        # What a change of the clocks cuts off falls away here, and is met again if repeated.
        for day in range((start + offset).days, (end + offset).days + 1):
            pieces = dates.get(day)
            if pieces is None:
                pieces = week[(day + 3) % 7]  # 1970-01-01 was a Thursday
            midnight = timedelta(day) - offset
            for opened, closed in pieces:
                opened = max(midnight + opened, start)
                closed = min(midnight + closed, end)
                if opened <= closes[-1]:
                    closes[-1] = max(closes[-1], closed)
                elif opened < closed:
                    opens.append(opened)
                    closes.append(closed)
    shifts, ends, total = [low], [ZERO], ZERO
    for opened, closed in zip(opens, closes, strict=True):
        shifts.append(opened - total)
        total += closed - opened
        ends.append(total)
    return Table([*opens, high], shifts, ends)


def _segments(
    zone: ZoneInfo, low: timedelta, high: timedelta
) -> Iterator[tuple[timedelta, timedelta, timedelta]]:
    """``[low, high)`` cut where the zone's offset from UTC changes: start, end, offset.

    Asked every other day: no zone has changed its offset and back in less than four days.
    """
    start, offset = low, _offset(zone, low)
    before = low
    while before < high:
        after = min(before + 2 * DAY, high)
        if _offset(zone, after) != offset:
            while after - before > SECOND:
                middle = before + (after - before) // (2 * SECOND) * SECOND
                if _offset(zone, middle) == offset:
                    before = middle
                else:
                    after = middle
            yield start, after, offset
            start, offset = after, _offset(zone, after)
        before = after
    yield start, high, offset


def _offset(zone: ZoneInfo, instant: timedelta) -> timedelta:
    offset = (EPOCH + instant).astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _start(year: int) -> timedelta:
    return datetime(year, 1, 1, tzinfo=UTC) - EPOCH


def _year(instant: timedelta) -> int:
    return (EPOCH + instant).year


def _say(instant: timedelta) -> str:
    try:
        return str(EPOCH + instant)
    except OverflowError:
        return "An instant"
