"""Verdicts: a clock judged at an instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django_sla.core.clock import Clock
from django_sla.core.span import Span

ZERO = timedelta(0)


class State(StrEnum):
    """How a clock stands."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    """Still open, past due."""
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    """Stopped late."""
    NONE = "none"
    """Nothing was promised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A clock judged at an instant."""

    clock: Clock | None
    """None where the metric never started."""
    state: State
    due: datetime | None = None
    """The instant by which the clock must stop; None without a goal, and while it is paused
    and not yet breached."""
    elapsed: timedelta = ZERO
    """Counted time so far: the calendar open and the clock not paused."""
    remaining: timedelta | None = None
    """Counted time left; negative when overdue, None without a goal."""

    @property
    def late(self) -> bool:
        """Breached or missed."""
        return self.state in (State.BREACHED, State.MISSED)

    @property
    def used(self) -> float | None:
        """The share of the allowed time that has gone: 0.75 is three quarters; None without a
        goal. More than 1 when overdue."""
        if self.remaining is None:
            return None
        allowed = self.elapsed + self.remaining
        return self.elapsed / allowed if allowed > ZERO else 1.0


NO_CLOCK = Verdict(clock=None, state=State.NONE)


def judge(clock: Clock | None, now: datetime) -> Verdict:
    """Judge a clock at ``now`` (aware), under the terms that it is pinned to."""
    if clock is None:
        return NO_CLOCK
    deadline = due(clock)
    end = clock.stopped_at or now
    elapsed = counted(clock, end)
    if not clock.promised:
        return Verdict(clock=clock, state=State.NONE, elapsed=elapsed)
    return Verdict(
        clock=clock,
        state=_state(clock, deadline, now),
        due=deadline,
        elapsed=elapsed,
        remaining=_remaining(clock, elapsed, end),
    )


def _state(clock: Clock, deadline: datetime | None, now: datetime) -> State:
    if clock.stopped_at is not None:
        late = deadline is not None and clock.stopped_at > deadline
        return State.MISSED if late else State.MET
    if deadline is not None and now > deadline:
        return State.BREACHED
    if clock.paused_at is not None:
        return State.PAUSED
    warning = warn_at(clock)
    return State.AT_RISK if warning is not None and now >= warning else State.ON_TRACK


def due(clock: Clock, *, column: bool = False) -> datetime | None:
    """The earliest instant at which counted time reaches the goal; None if it never does.

    So a pause before it moves it by the business time paused, and one that begins after it
    moves nothing. With ``column``, what a ticket shows while its clock is paused: the due
    instant as it was when the pause began.
    """
    if clock.target is not None:
        return _by_hand(clock, column)
    goal = clock.goal
    return None if goal is None else _reach(clock, goal, column)


def warn_at(clock: Clock) -> datetime | None:
    """The instant from which an open clock is at risk; None while it is paused before that,
    and without a goal."""
    deadline = due(clock)
    if deadline is None or clock.terms is None:
        return None
    allowed = clock.goal if clock.target is None else counted(clock, deadline)
    assert allowed is not None
    return _reach(clock, allowed * clock.terms.at_risk / 100, column=False)


def counted(clock: Clock, until: datetime) -> timedelta:
    """Time between the start and ``until`` with the calendar open and the clock not paused."""
    between = clock.calendar.between
    total, cursor = ZERO, clock.started_at
    for pause in clock.pauses:
        if pause.start >= until:
            break
        total += between(cursor, pause.start)
        cursor = pause.end
    end = until if clock.paused_at is None else min(until, clock.paused_at)
    return total + between(cursor, end) if end > cursor else total


def _reach(clock: Clock, goal: timedelta, column: bool) -> datetime | None:
    """The earliest instant at which counted time is ``goal``."""
    calendar = clock.calendar
    cursor, left = clock.started_at, goal
    for pause in clock.pauses:
        before = calendar.between(cursor, pause.start)
        if before >= left:
            break
        left -= before
        cursor = pause.end
    else:
        paused_at = None if column else clock.paused_at
        if paused_at is not None and calendar.between(cursor, paused_at) < left:
            return None
    return calendar.add(cursor, left)


def _by_hand(clock: Clock, column: bool) -> datetime | None:
    """A target set by hand, moved by the pauses that came after it was set."""
    assert clock.target is not None
    deadline = clock.target.due
    for pause in clock.pauses:
        if pause.start >= deadline:
            return deadline
        if pause.end > clock.target.set_at:
            start = max(pause.start, clock.target.set_at)
            deadline = clock.calendar.add(deadline, clock.calendar.between(start, pause.end))
    paused = clock.paused_at is not None and clock.paused_at < deadline
    return None if paused and not column else deadline


def _remaining(clock: Clock, elapsed: timedelta, end: datetime) -> timedelta | None:
    if clock.target is not None:
        deadline = due(clock, column=True)
        assert deadline is not None
        start = end if clock.paused_at is None else min(end, clock.paused_at)
        return clock.calendar.between(start, deadline)
    goal = clock.goal
    return None if goal is None else goal - elapsed


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


def explain(clock: Clock, now: datetime) -> tuple[Segment, ...]:
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
    segments = []
    for span, stretch in _stretches(clock, end):
        if stretch is not Stretch.COUNTED:
            segments.append(Segment(span=span, stretch=stretch))
            continue
        cursor = span.start
        for pause in pauses:
            part = span & pause
            if part is None:
                continue
            if cursor < part.start:
                segments.append(Segment(span=Span(cursor, part.start), stretch=stretch))
            segments.append(Segment(span=part, stretch=Stretch.PAUSED))
            cursor = part.end
        if cursor < span.end:
            segments.append(Segment(span=Span(cursor, span.end), stretch=stretch))
    return tuple(segments)


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
