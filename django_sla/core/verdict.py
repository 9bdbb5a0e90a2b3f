"""Verdicts: a clock judged at an instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django_sla.core.clock import Clock
from django_sla.core.policy import Terms

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
    return None if goal is None else reach(clock, goal, column=column)


def warn_at(clock: Clock) -> datetime | None:
    """The instant from which an open clock is at risk; None while it is paused before that,
    and without a goal."""
    return deadlines(clock)[1]


def deadlines(clock: Clock) -> tuple[datetime | None, datetime | None]:
    """What :func:`due` and :func:`warn_at` say, for the price of little more than one."""
    terms = clock.terms
    if terms and not clock.pauses and clock.paused_at is None and clock.target is None:
        return unpaused_deadlines(terms, clock.metric, clock.priority, clock.started_at)
    deadline = due(clock)
    if deadline is None or clock.terms is None:
        return deadline, None
    allowed = allowance(clock, deadline)
    return deadline, reach(clock, allowed * clock.terms.at_risk / 100)


def allowance(clock: Clock, deadline: datetime) -> timedelta:
    """The counted time that a clock has until ``deadline``, its due instant."""
    goal = clock.goal if clock.target is None else None
    return counted(clock, deadline) if goal is None else goal


def unpaused_deadlines(
    terms: Terms, metric: str, priority: str, started_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """The same for a clock that never paused and has no target of its own, which most are."""
    limits = terms.limits(metric, priority)
    if limits is None:
        return None, None
    add = terms.calendar.add
    return add(started_at, limits[0]), add(started_at, limits[1])


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


def reach(clock: Clock, goal: timedelta, *, column: bool = False) -> datetime | None:
    """The earliest instant at which counted time is ``goal``; None where a pause goes on that
    began before. ``column`` as of :func:`due`."""
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


def _remaining(clock: Clock, elapsed: timedelta, end: datetime) -> timedelta:
    if clock.target is not None:
        deadline = due(clock, column=True)
        assert deadline is not None
        start = end if clock.paused_at is None else min(end, clock.paused_at)
        return clock.calendar.between(start, deadline)
    goal = clock.goal
    assert goal is not None  # or nothing would be promised
    return goal - elapsed
