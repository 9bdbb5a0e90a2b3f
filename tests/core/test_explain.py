"""Explanations of clocks: what counted, what did not, and that it adds up."""

from datetime import UTC, datetime, timedelta

import pytest

from django_sla.core.calendar import Calendar
from django_sla.core.clock import Clock, Lifecycle, Target, run
from django_sla.core.event import Category, Event, Kind
from django_sla.core.explain import Stretch, explain, segments
from django_sla.core.policy import Terms, goals
from django_sla.core.span import Span
from django_sla.core.verdict import NO_CLOCK, judge
from tests.conftest import MONDAY, after

HOUR = timedelta(hours=1)

OFFICE = Calendar("America/Toronto", {"mon-fri": [("09:00", "17:00")]}, holidays=["2026-03-04"])
TERMS = Terms(name="Office", goals=goals({"*": {"resolution": "8h"}}), calendar=OFFICE)

NINE = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""Monday, nine o'clock in Toronto."""


def hours(count: float) -> datetime:
    return NINE + count * HOUR


def clock(**parts: object) -> Clock:
    return Clock(**{"metric": "resolution", "started_at": NINE, "terms": TERMS, **parts})


def stretches(found: Clock, now: datetime) -> list[tuple[str, float, float]]:
    """Each stretch with its beginning and end, in hours from nine o'clock."""
    return [
        (s.stretch.value, (s.span.start - NINE) / HOUR, (s.span.end - NINE) / HOUR)
        for s in segments(found, now)
    ]


def test_every_stretch_is_of_one_kind_and_they_leave_no_gap() -> None:
    paused = clock(pauses=(Span(hours(2), hours(30)),))
    assert stretches(paused, hours(75)) == [
        ("counted", 0, 2),
        ("paused", 2, 8),
        ("closed", 8, 24),  # the night, though paused as well
        ("paused", 24, 30),
        ("counted", 30, 32),
        ("closed", 32, 48),
        ("holiday", 48, 56),
        ("closed", 56, 72),
        ("counted", 72, 75),
    ]


def test_a_holiday_of_a_desk_that_never_closes_is_no_closing_time() -> None:
    day_and_night = Calendar("UTC", {"mon-sun": [("00:00", "24:00")]}, holidays=["2026-03-03"])
    terms = Terms(name="Always", goals=TERMS.goals, calendar=day_and_night)
    assert stretches(clock(terms=terms), hours(48)) == [
        ("counted", 0, 10),
        ("holiday", 10, 34),
        ("counted", 34, 48),
    ]


def test_totals_are_sums_of_each_kind() -> None:
    explanation = explain("resolution", clock(pauses=(Span(hours(2), hours(30)),)), hours(75))
    assert explanation.totals == {
        Stretch.COUNTED: 7 * HOUR,
        Stretch.CLOSED: 48 * HOUR,
        Stretch.HOLIDAY: 8 * HOUR,
        Stretch.PAUSED: 12 * HOUR,
    }
    assert sum(explanation.totals.values(), timedelta(0)) == 75 * HOUR
    assert explanation.totals[Stretch.COUNTED] == explanation.verdict.elapsed


def test_it_names_the_policy_the_zone_and_what_was_allowed() -> None:
    explanation = explain("resolution", clock(), hours(1))
    assert explanation.metric == "resolution"
    assert explanation.clock == clock()
    assert explanation.verdict == judge(clock(), hours(1))
    assert explanation.policy == "Office"
    assert explanation.tz == "America/Toronto"
    assert explanation.allowed == 8 * HOUR


def test_what_is_allowed_by_a_target_set_by_hand_is_the_counted_time_until_then() -> None:
    by_hand = clock(target=Target(due=hours(25), set_at=NINE))
    assert explain("resolution", by_hand, hours(2)).allowed == 9 * HOUR


def test_a_stopped_clock_is_explained_to_its_stop() -> None:
    stopped = clock(stopped_at=hours(3))
    explanation = explain("resolution", stopped, hours(100))
    assert explanation.segments[-1].span.end == hours(3)
    assert explanation.totals[Stretch.COUNTED] == 3 * HOUR


def test_a_pause_that_goes_on_is_explained_until_now() -> None:
    assert stretches(clock(paused_at=hours(1)), hours(3)) == [("counted", 0, 1), ("paused", 1, 3)]


def test_without_a_goal_nothing_is_allowed() -> None:
    explanation = explain("response", clock(metric="response"), hours(3))
    assert explanation.allowed is None
    assert explanation.totals[Stretch.COUNTED] == 3 * HOUR


def test_without_terms_there_is_no_policy_and_the_zone_is_utc() -> None:
    explanation = explain("resolution", clock(terms=None), hours(3))
    assert explanation.policy is None
    assert explanation.tz == "UTC"


def test_without_a_clock_there_is_nothing_to_explain() -> None:
    explanation = explain("closure", None, NINE)
    assert explanation.verdict == NO_CLOCK
    assert explanation.segments == ()
    assert not any(explanation.totals.values())
    assert (explanation.clock, explanation.tz, explanation.policy) == (None, None, None)
    assert explanation.allowed is None


def test_an_hour_that_the_clocks_repeat_counts_twice() -> None:
    night = Calendar("America/Toronto", {"sun": [("00:00", "03:00")]})
    terms = Terms(name="Night", goals=goals({"*": {"resolution": "8h"}}), calendar=night)
    start = datetime(2026, 11, 1, 4, tzinfo=UTC)  # midnight; at two it is one o'clock again
    found = explain("resolution", clock(started_at=start, terms=terms), start + 6 * HOUR)
    assert found.totals[Stretch.COUNTED] == 4 * HOUR
    assert found.totals[Stretch.CLOSED] == 2 * HOUR


def story(*events: Event) -> Lifecycle:
    opened = Event(kind=Kind.OPENED, at=MONDAY, priority="medium", terms=TERMS)
    return run([opened, *events])


@pytest.mark.parametrize("release", [True, False])
def test_a_hold_and_a_paused_status_are_one_pause(release: bool) -> None:
    told = [
        Event(kind=Kind.HELD, at=after(6)),
        Event(kind=Kind.STATUS_MOVED, at=after(7), category=Category.PAUSED),
    ]
    if release:
        told.append(Event(kind=Kind.RELEASED, at=after(8)))
        told.append(Event(kind=Kind.STATUS_MOVED, at=after(9), category=Category.OPEN))
    found = explain("resolution", story(*told).clock("resolution"), after(10))
    totals = found.totals
    assert totals[Stretch.CLOSED] == 5 * HOUR  # from nine UTC to nine in Toronto
    assert totals[Stretch.COUNTED] == (2 if release else 1) * HOUR
    assert totals[Stretch.PAUSED] == (3 if release else 4) * HOUR
