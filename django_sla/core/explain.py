"""Explanations: which stretches of a clock's life counted, and why the others did not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django_sla.core.clock import Clock
from django_sla.core.span import Span
from django_sla.core.verdict import ZERO, Verdict, judge


class Stretch(StrEnum):
    """Why a stretch of time counted or did not."""

    COUNTED = "counted"
    CLOSED = "closed"
    """Outside opening hours."""
    HOLIDAY = "holiday"
    """Would have been open but for a holiday."""
    PAUSED = "paused"
    """Open, but the clock stood still."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of a clock's life, all of one kind."""

    span: Span
    stretch: Stretch


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why a clock stands where it does."""

    metric: str
    verdict: Verdict
    segments: tuple[Segment, ...]
    """Every stretch of the clock's life in order, without gaps or overlaps; none where there is
    no clock. Instants are in UTC: show them in ``tz``."""

    @property
    def clock(self) -> Clock | None:
        """None where the metric never started."""
        return self.verdict.clock

    @property
    def allowed(self) -> timedelta | None:
        """The counted time until the due instant; None where nothing is promised."""
        remaining = self.verdict.remaining
        return None if remaining is None else self.verdict.elapsed + remaining

    @property
    def totals(self) -> dict[Stretch, timedelta]:
        """How long each kind of stretch lasted altogether; zero for those that there are none
        of."""
        totals = dict.fromkeys(Stretch, ZERO)
        for segment in self.segments:
            totals[segment.stretch] += segment.span.duration
        return totals

    @property
    def tz(self) -> str | None:
        """The time zone of the clock's calendar; None without a clock."""
        return self.clock.calendar.tz if self.clock else None

    @property
    def policy(self) -> str | None:
        """The name of the policy whose terms the clock is pinned to; None without any."""
        return self.clock.terms.name if self.clock and self.clock.terms else None


def explain(metric: str, clock: Clock | None, now: datetime) -> Explanation:
    """The explanation of a metric's clock, which is None where the metric never started."""
    return Explanation(
        metric=metric,
        verdict=judge(clock, now),
        segments=segments(clock, now) if clock else (),
    )


def segments(clock: Clock, now: datetime) -> tuple[Segment, ...]:
    """The clock's life from its start to its stop (or ``now``), without gaps or overlaps.

    The counted segments add up to ``Verdict.elapsed``. A closed hour inside a pause is
    closed: what is called paused is what the pause kept from counting.
    """
    end = clock.stopped_at or now
    if end <= clock.started_at:
        return ()
    pauses = list(clock.pauses)
    if clock.paused_at is not None and clock.paused_at < end:
        pauses.append(Span(clock.paused_at, end))
    found = []
    for span, stretch in _stretches(clock, end):
        if stretch is not Stretch.COUNTED:
            found.append(Segment(span=span, stretch=stretch))
            continue
        cursor = span.start
        for pause in pauses:
            part = span & pause
            if part is None:
                continue
            if cursor < part.start:
                found.append(Segment(span=Span(cursor, part.start), stretch=stretch))
            found.append(Segment(span=part, stretch=Stretch.PAUSED))
            cursor = part.end
        if cursor < span.end:
            found.append(Segment(span=Span(cursor, span.end), stretch=stretch))
    return tuple(found)


def _stretches(clock: Clock, end: datetime) -> Iterator[tuple[Span, Stretch]]:
    """Open, closed and holiday stretches, as the calendar alone sees them."""
    calendar = clock.calendar
    cursor = clock.started_at
    for span in calendar.spans(clock.started_at, end):
        if cursor < span.start:
            yield from _shut(clock, Span(cursor, span.start))
        yield span, Stretch.COUNTED
        cursor = span.end
    if cursor < end:
        yield from _shut(clock, Span(cursor, end))


def _shut(clock: Clock, gap: Span) -> Iterator[tuple[Span, Stretch]]:
    cursor = gap.start
    for holiday in clock.calendar.without_holidays().spans(gap.start, gap.end):
        if cursor < holiday.start:
            yield Span(cursor, holiday.start), Stretch.CLOSED
        yield holiday, Stretch.HOLIDAY
        cursor = holiday.end
    if cursor < gap.end:
        yield Span(cursor, gap.end), Stretch.CLOSED
