"""What a page knows of a clock is enough to judge it later without asking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.clock import Clock, Target
from django_sla.core.countdown import AHEAD, SPANS, Countdown, countdown
from django_sla.core.metric import Fact
from django_sla.core.policy import Policy
from django_sla.core.span import Span
from django_sla.core.verdict import State, judge

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFFICE = Calendar(
    "America/Toronto",
    {"mon-fri": [("09:00", "12:30"), ("13:30", "17:00")]},
    holidays=["2026-03-05"],
)


def clock(calendar: Calendar = ALWAYS, goal: str = "8h", **more: object) -> Clock:
    policy = Policy.build("Test", {"*": {"resolution": goal}}, calendar=calendar)
    running = Clock(metric="resolution", started_at=MONDAY, terms=policy.terms, priority="medium")
    return replace(running, **more)  # type: ignore[arg-type]


def told(of: Clock, now: datetime) -> Countdown:
    found = countdown(judge(of, now), now)
    assert found is not None
    return found


def test_it_counts_from_the_instant_at_which_it_was_judged() -> None:
    assert told(clock(), MONDAY + HOUR).now == MONDAY + HOUR


def later(of: Countdown, at: datetime) -> tuple[State, timedelta]:
    """What a page makes of it."""
    counted = timedelta(0)
    for span in of.open:
        counted += max(timedelta(0), min(span.end, at) - span.start)
    if at > of.due:
        state = State.BREACHED
    elif of.warn is not None and at >= of.warn:
        state = State.AT_RISK
    else:
        state = State.ON_TRACK
    return state, of.remaining - counted


PAUSE = Span(MONDAY + HOUR, MONDAY + 3 * HOUR)


@given(
    st.sampled_from([ALWAYS, OFFICE]),
    st.sampled_from(["8s", "30m", "8h", "35h"]),
    st.timedeltas(min_value=PAUSE.end - MONDAY, max_value=AHEAD),
    st.timedeltas(min_value=timedelta(0), max_value=AHEAD),
    st.booleans(),
)
def test_it_goes_on_as_the_server_would(
    calendar: Calendar, goal: str, made: timedelta, passed: timedelta, by_hand: bool
) -> None:
    running = clock(calendar, goal, pauses=(PAUSE,))
    if by_hand:
        running = replace(running, target=Target(due=MONDAY + 30 * HOUR, set_at=MONDAY + 2 * HOUR))
    now = MONDAY + made
    verdict = judge(running, now + passed)
    assert later(told(running, now), now + passed) == (verdict.state, verdict.remaining)


@pytest.mark.parametrize(
    "still",
    [
        clock(paused_at=MONDAY + HOUR),
        clock(paused_at=MONDAY + 9 * HOUR),  # breached before the pause
        clock(stopped_at=MONDAY + HOUR, stopped_by=Fact.RESOLVED),
        clock(metric="response"),
    ],
    ids=["paused", "breached and paused", "stopped", "nothing promised"],
)
def test_what_stands_still_is_not_counted(still: Clock) -> None:
    now = MONDAY + 10 * HOUR
    assert countdown(judge(still, now), now) is None


def test_without_a_clock_nothing_is_counted() -> None:
    assert countdown(judge(None, MONDAY), MONDAY) is None


def test_it_tells_of_a_bounded_time_ahead() -> None:
    assert told(clock(), MONDAY).open == (Span(MONDAY, MONDAY + AHEAD),)
    minutes = [(f"{h:02}:{m:02}", f"{h:02}:{m + 1:02}") for h in range(24) for m in (0, 10, 20)]
    restless = Calendar("UTC", {"mon-sun": minutes})
    assert len(told(clock(restless), MONDAY).open) == SPANS
