"""Thresholds of clocks, held against a walk that counts minute by minute."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.core.calendar import Calendar
from django_sla.core.clock import Clock, Target
from django_sla.core.escalation import parse_when
from django_sla.core.event import Kind
from django_sla.core.metric import Fact
from django_sla.core.policy import Policy, Terms
from django_sla.core.span import Span
from django_sla.core.threshold import first_at, next_at, thresholds
from django_sla.core.verdict import deadlines
from tests.core import oracle

ZERO, MINUTE, HOUR, DAY = timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

NINE = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""Monday, nine o'clock in Toronto; the clocks there change on Sunday."""

OFFICE: oracle.Written = {
    "tz": "America/Toronto",
    "hours": {day: [("09:00", "12:00"), ("13:00", "17:00")] for day in oracle.WEEKDAYS[:5]},
    "holidays": [date(2026, 3, 5)],
}
NIGHTS: oracle.Written = {
    "tz": "America/Toronto",
    "hours": {day: [("22:00", "06:30")] for day in oracle.WEEKDAYS},
}
ALWAYS: oracle.Written = {
    "tz": "UTC",
    "hours": {day: [("00:00", "24:00")] for day in oracle.WEEKDAYS},
}
CALENDARS = {"office": OFFICE, "nights": NIGHTS, "always": ALWAYS}

WHENS = ["at_risk", "due", "1%", "50%", "75%", "120%", "3h before", "30m before", "45m after"]


def rows(*whens: str, metric: str = "*") -> list[dict[str, Any]]:
    return [
        {"metric": metric, "when": when, "channel": "email", "to": ["assignee"]} for when in whens
    ]


def terms(
    *whens: str, goal: str = "8h", calendar: oracle.Written = OFFICE, at_risk: int = 75
) -> Terms:
    return Policy.build(
        "Test",
        {"*": {"resolution": goal}},
        calendar=Calendar(**calendar),
        at_risk=at_risk,
        escalations=rows(*whens),
    ).terms


def clock(*whens: str, **parts: Any) -> Clock:
    of_terms = {name: parts.pop(name) for name in ("goal", "calendar", "at_risk") if name in parts}
    return Clock(
        **{
            "metric": "resolution",
            "started_at": NINE,
            "terms": terms(*whens, **of_terms),
            "priority": "low",
            **parts,
        }
    )


def hours(count: float) -> datetime:
    return NINE + count * HOUR


def told(found: Clock) -> list[tuple[str, float]]:
    """What escalations call each threshold, and when it is, in hours from nine o'clock."""
    return [(one.when, (one.at - NINE) / HOUR) for one in thresholds(found)]


# By the clock on the wall


def test_a_clock_comes_to_be_at_risk_and_is_breached() -> None:
    assert told(clock()) == [("at_risk", 7), ("due", 25)]
    warned, breached = thresholds(clock())
    assert (warned.kind, breached.kind) == (Kind.TARGET_WARNED, Kind.TARGET_BREACHED)
    assert warned.due == breached.due == breached.at == hours(25)
    assert warned.escalations == breached.escalations == ()


def test_escalations_are_in_counted_time_from_the_start_or_the_due_instant() -> None:
    found = clock("50%", "1h before", "1h after", "150%")
    assert told(found) == [
        ("50%", 5),  # lunch does not count
        ("at_risk", 7),
        ("1h before", 8),
        ("due", 25),
        ("1h after", 26),
        ("150%", 30),  # nor does it on the next day
    ]
    assert all(one.due == hours(25) for one in thresholds(found))
    kinds = [one.kind for one in thresholds(found)]
    assert kinds.count(Kind.ESCALATED) == 4


def test_whom_to_tell_stands_with_the_instant() -> None:
    found = clock("due", "at_risk", "60m after", "1h after", "100%")
    every = found.terms.escalations if found.terms else ()
    due, risk, late, later, again = every
    assert [one.escalations for one in thresholds(found)] == [(risk,), (due, again), (late, later)]


def test_only_the_escalations_of_the_metric() -> None:
    policy = Policy.build(
        "Test",
        {"*": {"resolution": "8h", "closure": "8h"}},
        escalations=rows("1h after", "due", metric="closure"),
    )
    found = clock(terms=policy.terms)
    assert [one.when for one in thresholds(found)] == ["at_risk", "due"]
    assert not any(one.escalations for one in thresholds(found))
    assert [one.when for one in thresholds(replace(found, metric="closure"))] == [
        "at_risk",
        "due",
        "1h after",
    ]


def test_at_risk_from_the_due_instant_on_is_no_threshold_of_its_own() -> None:
    assert told(clock(at_risk=100)) == [("due", 25)]
    found = clock("due", "at_risk", at_risk=100)
    assert found.terms is not None
    assert [one.escalations for one in thresholds(found)] == [found.terms.escalations]


def test_stopped_on_the_dot_is_no_breach() -> None:
    on_the_dot = clock("1h after", stopped_at=hours(25))
    assert thresholds(on_the_dot) == ()
    assert first_at(on_the_dot, *deadlines(on_the_dot)) is None
    late = clock("1h after", stopped_at=hours(26))
    assert first_at(late, *deadlines(late)) == next_at(late) == hours(25)


def test_the_first_of_all_is_known_without_escalations() -> None:
    of_another = replace(clock("50%"), metric="response")
    plain = clock()
    assert first_at(plain, hours(25), hours(7)) == hours(7)
    assert first_at(plain, hours(25), None) == hours(25)
    assert first_at(plain, None, None) is None
    assert first_at(of_another, None, None) is None
    assert first_at(replace(plain, terms=None), None, None) is None
    only = Policy.build(
        "Test", {"*": {"resolution": "8h"}}, escalations=rows("50%", metric="resolution")
    )
    found = replace(plain, terms=only.terms)
    assert first_at(found, *deadlines(found)) == NINE + 4 * HOUR
    assert thresholds(found)[0].escalations == only.terms.escalations


def test_of_a_target_by_hand_without_terms_there_is_the_breach_alone() -> None:
    set_by_hand = clock(terms=None, target=Target(due=hours(3), set_at=NINE))
    assert told(set_by_hand) == [("due", 3)]


def test_what_lies_before_the_start_never_comes() -> None:
    assert told(clock("30m before", "15m before", goal="15m")) == [
        ("at_risk", 11.25 / 60),
        ("due", 0.25),
    ]


def test_what_lies_beyond_all_calendars_stops_nobody() -> None:
    forever = "2000000w after"
    assert told(clock(forever, "999999999d after")) == told(clock())
    assert told(clock(forever, "1000%", goal="3650d"))[-1][0] == "due"


def test_nothing_is_promised_and_nothing_comes() -> None:
    assert thresholds(clock("due", metric="response")) == ()
    assert thresholds(clock(terms=None)) == ()
    assert next_at(clock(terms=None)) is None


def test_a_pause_moves_what_has_not_come() -> None:
    found = clock("50%", pauses=(Span(hours(1), hours(2)),))
    assert told(found) == [("50%", 6), ("at_risk", 8), ("due", 26)]


def test_while_a_pause_goes_on_nothing_comes() -> None:
    paused = clock("10%", "90%", paused_at=hours(7.5))
    assert told(paused) == []
    assert told(paused.resume(hours(25))) == [
        ("10%", 0.8),
        ("at_risk", 7),
        ("90%", 25.7),
        ("due", 26.5),
    ]


def test_breached_it_stays_breached_and_later_ones_wait_for_the_end_of_the_pause() -> None:
    paused = clock("1h after", paused_at=hours(25.5))
    assert told(paused) == [("at_risk", 7), ("due", 25)]
    assert told(paused.resume(hours(28))) == [("at_risk", 7), ("due", 25), ("1h after", 28.5)]


def test_of_a_clock_that_has_stopped_only_its_breach() -> None:
    late = clock("50%", "due").stop(hours(26), Fact.RESOLVED)
    assert told(late) == [("due", 25)]
    assert told(clock("50%", "due").stop(hours(25), Fact.RESOLVED)) == []  # on the dot


def test_a_target_set_by_hand_is_what_escalations_are_about() -> None:
    by_hand = clock("1h before", "1h after", target=Target(due=hours(8), set_at=hours(2)))
    assert told(by_hand) == [("at_risk", 6.25), ("1h before", 7), ("due", 8), ("1h after", 25)]


def test_a_target_set_by_hand_for_when_nobody_works() -> None:
    by_hand = clock("1h before", "1h after", target=Target(due=hours(10), set_at=hours(2)))
    assert told(by_hand) == [("at_risk", 6.25), ("1h before", 7), ("due", 10), ("1h after", 25)]


def test_a_target_set_by_hand_that_has_passed_already() -> None:
    by_hand = clock("at_risk", "30m after", target=Target(due=hours(-1), set_at=hours(2)))
    assert told(by_hand) == [("due", -1), ("30m after", 0.5)]
    assert first_at(by_hand, *deadlines(by_hand)) == hours(-1)


# Keys


def test_a_key_says_which_threshold_it_is() -> None:
    assert [one.key(clock("1h after")) for one in thresholds(clock("1h after"))] == [
        "resolution:1:at_risk:20260302T210000.000000Z",
        "resolution:1:due:20260303T150000.000000Z",
        "resolution:1:1h after:20260303T160000.000000Z",
    ]


def test_a_key_is_the_same_in_every_zone_and_another_for_each_metric_cycle_and_instant() -> None:
    found = thresholds(clock())[1]
    toronto = replace(found, at=found.at.astimezone(ZoneInfo("America/Toronto")))
    assert toronto.key(clock()) == found.key(clock())
    others = [
        found.key(clock(cycle=2)),
        found.key(clock(metric="closure")),
        replace(found, at=found.at + timedelta(microseconds=1)).key(clock()),
    ]
    assert len({found.key(clock()), *others}) == 4


def test_a_key_fits_where_keys_are_kept() -> None:
    """120 characters of an event's key, 40 of a metric's name."""
    policy = Policy.build(
        "Test",
        {"*": {"m" * 40: "1h"}},
        escalations=rows("32000d 23h 59m 59.999999s after"),
    )
    found = clock(metric="m" * 40, cycle=32767, terms=policy.terms)
    assert max(len(one.key(found)) for one in thresholds(found)) <= 120


# What holds for every clock

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
WALKED = 50 * DAY


@cache
def open_minutes(calendar: str) -> list[bool]:
    """From ``BEGIN`` on, whether each is open."""
    return [
        oracle.is_open(CALENDARS[calendar], BEGIN + number * MINUTE)
        for number in range(WALKED // MINUTE)
    ]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Counts the minutes of a clock; all that happens to it happens on whole minutes."""

    clock: Clock
    calendar: str

    def minutes(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        first = (start - BEGIN) // MINUTE
        for number, is_open in enumerate(open_minutes(self.calendar)[first:], start=first):
            yield BEGIN + number * MINUTE, is_open

    def counts(self, at: datetime) -> bool:
        paused = self.clock.paused_at
        return not any(pause.start <= at < pause.end for pause in self.clock.pauses) and (
            paused is None or at < paused
        )

    def reach(self, counted: timedelta) -> datetime | None:
        left = counted
        if not left:
            return self.clock.started_at
        for at, is_open in self.minutes(self.clock.started_at):
            if is_open and self.counts(at):
                if left <= MINUTE:
                    return at + left
                left -= MINUTE
        return None

    def counted(self, until: datetime) -> timedelta:
        total = ZERO
        for at, is_open in self.minutes(self.clock.started_at):
            if at >= until:
                break
            total += MINUTE * (is_open and self.counts(at))
        return total

    def due(self) -> datetime | None:
        target = self.clock.target
        if target is None:
            return self.reach(self.clock.goal) if self.clock.goal else None
        deadline = target.due
        for pause in self.clock.pauses:
            for at, is_open in self.minutes(pause.start):
                if at >= pause.end:
                    break
                if is_open and at >= target.set_at and pause.start < deadline:
                    deadline = self.after_an_open_minute(deadline)
        paused = self.clock.paused_at
        return None if paused is not None and paused < deadline else deadline

    def after_an_open_minute(self, start: datetime) -> datetime:
        return next(at + MINUTE for at, is_open in self.minutes(start) if is_open)

    def thresholds(self) -> set[tuple[str, datetime]]:
        deadline, terms = self.due(), self.clock.terms
        assert terms is not None
        if deadline is None:
            return set()
        stopped = self.clock.stopped_at
        if stopped is not None:
            return {("due", deadline)} if stopped > deadline else set()
        by_hand = self.clock.target is not None
        allowed = self.counted(deadline) if by_hand else self.clock.goal
        assert allowed is not None
        found: dict[str, datetime | None] = {"due": deadline}
        warning = self.reach(allowed * terms.at_risk / 100)
        if warning is not None and warning < deadline:
            found["at_risk"] = warning
        for text in {str(one.when) for one in terms.escalations} - {"at_risk", "due"}:
            when = parse_when(text)
            percent = ZERO if when.percent is None else allowed * when.percent / 100
            counted = percent if when.offset is None else allowed + when.offset
            found[text] = self.reach(counted) if counted > ZERO else None
        return {(text, at) for text, at in found.items() if at is not None}


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    def later(most: timedelta) -> timedelta:
        return draw(st.integers(0, most // MINUTE)) * MINUTE

    calendar = draw(st.sampled_from(sorted(CALENDARS)))
    start = BEGIN + DAY + later(5 * DAY)
    cuts = sorted(draw(st.sets(st.integers(0, 3 * DAY // MINUTE), max_size=7)))
    instants = [start + number * MINUTE for number in cuts]
    ends = list(zip(instants[::2], instants[1::2], strict=False))
    last = instants[-1] if instants else start
    state = draw(st.sampled_from(["running", "running", "paused", "stopped"]))
    by_hand = draw(st.booleans())
    return Walk(
        calendar=calendar,
        clock=clock(
            *draw(st.lists(st.sampled_from(WHENS), max_size=5)),
            goal=f"{draw(st.integers(1, 30 * 60))}m",
            at_risk=draw(st.integers(1, 100)),
            calendar=CALENDARS[calendar],
            started_at=start,
            pauses=tuple(Span(begin, end) for begin, end in ends),
            paused_at=last + later(DAY) if state == "paused" else None,
            stopped_at=last + later(3 * DAY) if state == "stopped" else None,
            target=Target(due=start - HOUR + later(4 * DAY), set_at=start + later(4 * DAY))
            if by_hand
            else None,
        ),
    )


law = settings(deadline=None, max_examples=80)


@law
@given(walks())
def test_thresholds_are_where_a_walk_by_minutes_comes_to_them(walk: Walk) -> None:
    found = thresholds(walk.clock)
    assert {(one.when, one.at) for one in found} == walk.thresholds()
    assert list(found) == sorted(found, key=lambda one: one.at)
    assert len({one.key(walk.clock) for one in found}) == len(found)


@law
@given(walks())
def test_when_to_look_first_is_the_first_threshold(walk: Walk) -> None:
    found = next_at(walk.clock)
    assert found == min((one.at for one in thresholds(walk.clock)), default=None)
    assert first_at(walk.clock, *deadlines(walk.clock)) == found
    bare = replace(walk.clock, terms=replace(walk.clock.terms, escalations=()))
    assert first_at(bare, *deadlines(bare)) == next_at(bare)


@law
@given(walks(), st.integers(0, 3 * DAY // MINUTE), st.integers(1, DAY // MINUTE))
def test_what_has_passed_keeps_its_key_whatever_pauses_come(
    walk: Walk, wait: int, length: int
) -> None:
    pauses = walk.clock.pauses
    before = replace(walk.clock, paused_at=None, stopped_at=None)
    last = pauses[-1].end if pauses else before.started_at
    if before.target is not None:
        last = max(last, before.target.set_at)
    begin = last + wait * MINUTE
    paused = before.pause(begin)
    after = paused.resume(begin + length * MINUTE)

    def passed(found: Clock) -> set[str]:
        return {one.key(found) for one in thresholds(found) if one.at <= begin}

    assert passed(after) == passed(before)
    assert passed(paused) in (passed(before), set())
    if before.target is None:
        end = begin + length * MINUTE
        assert not [one for one in thresholds(after) if begin < one.at <= end]


def test_the_walk_itself_can_be_trusted() -> None:
    walk = Walk(clock=clock(pauses=(Span(hours(1), hours(2)),)), calendar="office")
    assert walk.reach(4.5 * HOUR) == hours(6.5)
    assert walk.counted(hours(26)) == 8 * HOUR
    with pytest.raises(StopIteration):
        walk.after_an_open_minute(BEGIN + WALKED)
