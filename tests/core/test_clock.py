"""The rule for clocks, against an oracle that counts minutes one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.core.calendar import ALWAYS
from django_sla.core.clock import Lifecycle, advance, run
from django_sla.core.event import Category, Event, Kind
from django_sla.core.explain import Stretch, explain
from django_sla.core.metric import METRICS, Fact, Metric
from django_sla.core.policy import Reopening, Terms, goals
from django_sla.core.verdict import State, due, judge, warn_at

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOALS = goals({"low": {"response": "40m", "resolution": "90m"}, "high": {"resolution": "30m"}})


def at(minute: int) -> datetime:
    return MONDAY + timedelta(minutes=minute)


def terms(rule: Reopening = Reopening.RESUME) -> Terms:
    return Terms(name="Test", goals=GOALS, calendar=ALWAYS, reopening=rule)


def opened(rule: Reopening = Reopening.RESUME) -> Event:
    return Event(kind=Kind.OPENED, at=MONDAY, priority="low", terms=terms(rule))


def told(kind: Kind, minute: int, what: str) -> Event:
    event = Event(kind=kind, at=at(minute))
    if kind is Kind.STATUS_MOVED:
        return replace(event, category=Category(what))
    if kind is Kind.PRIORITY_CHANGED:
        return replace(event, priority=what)
    return event


stories = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.one_of(
            st.tuples(st.just(Kind.STATUS_MOVED), st.sampled_from([c.value for c in Category])),
            st.tuples(st.sampled_from([Kind.AGENT_REPLIED, Kind.REQUESTER_REPLIED]), st.just("")),
            st.tuples(st.sampled_from([Kind.HELD, Kind.RELEASED]), st.just("")),
            st.tuples(st.just(Kind.PRIORITY_CHANGED), st.sampled_from(["low", "high"])),
        ),
    ),
    max_size=12,
    unique_by=lambda step: step[0],
)


def events(story: list, rule: Reopening) -> list[Event]:
    return [opened(rule), *(told(kind, minute, what) for minute, (kind, what) in story)]


def minute_by_minute(story: list, end: int) -> tuple[int, int | None, int | None]:
    """For resuming: minutes that count towards resolution, when it was resolved, and the
    minute of the first reply, from nothing but the definitions."""
    moves = {minute: what for minute, (kind, what) in story if kind is Kind.STATUS_MOVED}
    replies = [minute for minute, (kind, _) in story if kind is Kind.AGENT_REPLIED]
    holds = {minute: kind for minute, (kind, _) in story if kind in (Kind.HELD, Kind.RELEASED)}
    category, held, counted, resolved = "open", False, 0, None
    for minute in range(end):
        was, category = category, moves.get(minute, category)
        if minute in holds:
            held = holds[minute] is Kind.HELD
        if category in ("resolved", "closed"):
            resolved = minute if was not in ("resolved", "closed") else resolved
            held = False
        else:
            resolved = None
        counted += category == "open" and not held
    return counted, resolved, min(replies, default=None)


@given(stories, st.integers(201, 300))
@settings(deadline=None)
def test_agrees_with_counting_minutes(story: list, end: int) -> None:
    lifecycle = run(events(story, Reopening.RESUME))
    counted, resolved, replied = minute_by_minute(story, end)
    verdict = judge(lifecycle.clock("resolution"), at(end))
    assert verdict.elapsed == timedelta(minutes=counted)
    assert lifecycle.resolved_at == (None if resolved is None else at(resolved))
    assert lifecycle.first_responded_at == (None if replied is None else at(replied))
    assert verdict.remaining is not None
    assert verdict.elapsed + verdict.remaining == verdict.clock.goal


@given(stories, st.sampled_from(Reopening), st.randoms())
@settings(deadline=None)
def test_the_order_of_recording_does_not_matter(story: list, rule: Reopening, random) -> None:
    first, *rest = events(story, rule)
    shuffled = list(rest)
    random.shuffle(shuffled)
    assert run([first, *shuffled]) == run([first, *rest]) == run([*shuffled, first])


@given(stories, st.sampled_from(Reopening))
@settings(deadline=None)
def test_advancing_one_by_one_is_the_replay(story: list, rule: Reopening) -> None:
    lifecycle = Lifecycle(metrics=METRICS)
    ordered = sorted(events(story, rule)[1:], key=lambda event: event.at)
    for event in [opened(rule), *ordered]:
        lifecycle = advance(lifecycle, event)
    assert lifecycle == run(events(story, rule))


@given(stories, st.sampled_from(Reopening), st.integers(1, 400))
@settings(deadline=None)
def test_the_explanation_adds_up(story: list, rule: Reopening, end: int) -> None:
    lifecycle = run(events([s for s in story if s[0] < end], rule))
    for clock in lifecycle.clocks:
        explanation = explain(clock.metric, clock, at(end))
        segments, totals = explanation.segments, explanation.totals
        assert explanation.verdict == judge(clock, at(end))
        assert totals[Stretch.COUNTED] == explanation.verdict.elapsed
        end_of_it = clock.stopped_at or at(end)
        assert sum(totals.values(), timedelta(0)) == end_of_it - clock.started_at
        for one, other in pairwise(segments):
            assert one.span.end == other.span.start
        if segments:
            assert segments[0].span.start == clock.started_at
            assert segments[-1].span.end == end_of_it


@given(stories, st.sampled_from(Reopening), st.integers(0, 300))
@settings(deadline=None)
def test_a_state_agrees_with_its_due_instant(story: list, rule: Reopening, now: int) -> None:
    told_so_far = [step for step in story if step[0] <= now]
    for clock in run(events(told_so_far, rule)).clocks:
        verdict = judge(clock, at(now))
        match verdict.state:
            case State.MET:
                assert verdict.due is None or clock.stopped_at <= verdict.due
            case State.MISSED:
                assert clock.stopped_at > verdict.due
            case State.BREACHED:
                assert at(now) > verdict.due
                assert verdict.remaining <= timedelta(0)
            case State.PAUSED:
                assert verdict.due is None
                assert due(clock, column=True) is not None
            case State.AT_RISK | State.ON_TRACK:
                assert at(now) <= verdict.due
                assert (verdict.used >= 0.75) == (verdict.state is State.AT_RISK)
            case State.NONE:
                assert clock.goal is None


@given(stories, st.integers(0, 300))
@settings(deadline=None)
def test_a_breach_is_never_taken_back_by_a_pause(story: list, now: int) -> None:
    lifecycle = run(events([step for step in story if step[0] <= now], Reopening.RESUME))
    if judge(lifecycle.clock("resolution"), at(now)).state is State.BREACHED:
        paused = advance(lifecycle, told(Kind.STATUS_MOVED, now, "paused"))
        later = judge(paused.clock("resolution"), at(now + 1000))
        assert later.state is State.BREACHED
        assert later.due == due(lifecycle.clock("resolution"))


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="at"):
        Event(kind=Kind.OPENED, at=datetime(2026, 3, 2))  # noqa: DTZ001  that is the point


def test_on_the_dot_is_at_risk_and_not_breached() -> None:
    clock = run([opened()]).clock("resolution")
    assert judge(clock, at(90)).state is State.AT_RISK
    assert judge(clock, at(90) + timedelta(microseconds=1)).state is State.BREACHED
    warned = warn_at(clock)
    assert warned == at(0) + timedelta(minutes=67.5)
    assert judge(clock, warned).state is State.AT_RISK
    assert judge(clock, warned - timedelta(microseconds=1)).state is State.ON_TRACK


def test_stopped_on_the_dot_is_met() -> None:
    in_time = run([opened(), told(Kind.STATUS_MOVED, 90, "resolved")])
    assert judge(in_time.clock("resolution"), at(99)).state is State.MET
    late = run([opened(), told(Kind.STATUS_MOVED, 91, "resolved")])
    assert judge(late.clock("resolution"), at(99)).state is State.MISSED


def test_a_clock_that_starts_while_its_ticket_is_paused_starts_paused() -> None:
    patience = Metric(
        name="patience", starts=Fact.FOLLOWED_UP, stops=frozenset({Fact.AGENT_REPLIED}), pauses=True
    )
    story = [
        opened(),
        told(Kind.AGENT_REPLIED, 1, ""),
        told(Kind.STATUS_MOVED, 2, "paused"),
        told(Kind.REQUESTER_REPLIED, 5, ""),
        told(Kind.STATUS_MOVED, 8, "open"),
    ]
    clock = run(story, (patience,)).clock("patience")
    assert clock.started_at == at(5)
    assert judge(clock, at(10)).elapsed == timedelta(minutes=2)


def test_answered_while_resolved_is_answered() -> None:
    story = [
        opened(),
        told(Kind.STATUS_MOVED, 2, "resolved"),
        told(Kind.AGENT_REPLIED, 5, ""),
        told(Kind.STATUS_MOVED, 8, "open"),
    ]
    lifecycle = run(story)
    assert lifecycle.first_responded_at == at(5)
    assert lifecycle.clock("response").stopped_at == at(2)


def test_requester_who_writes_while_resolved_is_owed_an_answer_from_the_reopening() -> None:
    story = [
        opened(),
        told(Kind.AGENT_REPLIED, 1, ""),
        told(Kind.STATUS_MOVED, 2, "resolved"),
        told(Kind.REQUESTER_REPLIED, 5, ""),
    ]
    assert run(story).clock("next_response") is None
    again = run([*story, told(Kind.STATUS_MOVED, 6, "open")])
    assert again.clock("next_response").started_at == at(6)


def test_a_hold_pauses_only_the_metrics_that_pause() -> None:
    lifecycle = run([opened(), told(Kind.HELD, 10, "")])
    assert lifecycle.held
    assert lifecycle.stated_at == at(10)
    assert lifecycle.clock("resolution").paused_at == at(10)
    assert lifecycle.clock("closure").paused_at == at(10)
    assert lifecycle.clock("response").paused_at is None
    released = run([opened(), told(Kind.HELD, 10, ""), told(Kind.RELEASED, 25, "")])
    assert not released.held
    assert released.stated_at == at(25)
    assert due(released.clock("resolution")) == at(90 + 15)


@pytest.mark.parametrize(
    ("story", "counted"),
    [
        # hold around a paused status, a paused status around a hold, and each into the other
        ([("held", 10), ("paused", 20), ("open", 30), ("released", 40)], 10 + 60),
        ([("paused", 10), ("held", 20), ("released", 30), ("open", 40)], 10 + 60),
        ([("held", 10), ("paused", 20), ("released", 30), ("open", 40)], 10 + 60),
        ([("paused", 10), ("held", 20), ("open", 30), ("released", 40)], 10 + 60),
    ],
)
def test_a_hold_and_a_paused_status_count_once(story: list, counted: int) -> None:
    told_so = [
        told(Kind(what), minute, "")
        if what in (Kind.HELD, Kind.RELEASED)
        else told(Kind.STATUS_MOVED, minute, what)
        for what, minute in story
    ]
    clock = run([opened(), *told_so]).clock("resolution")
    assert judge(clock, at(100)).elapsed == timedelta(minutes=counted)
    assert [(pause.start, pause.end) for pause in clock.pauses] == [(at(10), at(40))]


def test_a_clock_that_starts_while_its_ticket_is_held_starts_paused() -> None:
    patience = Metric(
        name="patience", starts=Fact.FOLLOWED_UP, stops=frozenset({Fact.AGENT_REPLIED}), pauses=True
    )
    story = [
        opened(),
        told(Kind.AGENT_REPLIED, 1, ""),
        told(Kind.HELD, 2, ""),
        told(Kind.REQUESTER_REPLIED, 5, ""),
        told(Kind.RELEASED, 8, ""),
    ]
    clock = run(story, (patience,)).clock("patience")
    assert clock.started_at == at(5)
    assert judge(clock, at(10)).elapsed == timedelta(minutes=2)


@pytest.mark.parametrize("done", ["resolved", "closed"])
@pytest.mark.parametrize("rule", Reopening)
def test_resolving_or_closing_ends_a_hold(done: str, rule: Reopening) -> None:
    story = [opened(rule), told(Kind.HELD, 10, ""), told(Kind.STATUS_MOVED, 30, done)]
    lifecycle = run(story)
    assert not lifecycle.held
    assert judge(lifecycle.clock("resolution"), at(90)).elapsed == timedelta(minutes=10)
    again = run([*story, told(Kind.STATUS_MOVED, 50, "open")])
    assert not again.held
    assert again.clock("resolution").paused_at is None


@pytest.mark.parametrize("kind", [Kind.HELD, Kind.RELEASED])
def test_a_hold_told_twice_or_when_all_is_done_changes_no_clock(kind: Kind) -> None:
    done = [opened(), told(Kind.STATUS_MOVED, 10, "resolved")]
    assert run([*done, told(kind, 20, "")]).clocks == run(done).clocks
    assert not run([*done, told(kind, 20, "")]).held
    once = [opened(), *([told(Kind.HELD, 5, "")] if kind is Kind.HELD else [])]
    assert run([*once, told(kind, 20, "")]).clocks == run(once).clocks


# What people do to a clock


def by_hand(kind: Kind, minute: int, **what: object) -> Event:
    return Event(kind=kind, at=at(minute), metric="resolution", **what)  # type: ignore[arg-type]


def test_a_target_by_hand_stands_until_it_is_cleared() -> None:
    story = [opened(), by_hand(Kind.TARGET_SET, 10, due=at(20))]
    clock = run(story).clock("resolution")
    assert clock is not None
    assert clock.target is not None
    assert (clock.target.due, clock.target.set_at) == (at(20), at(10))
    assert due(clock) == at(20)
    clock = run([*story, by_hand(Kind.TARGET_CLEARED, 15)]).clock("resolution")
    assert clock is not None
    assert clock.target is None
    assert due(clock) == at(90)


def test_a_target_by_hand_stands_still_while_its_clock_is_paused() -> None:
    story = [opened(), by_hand(Kind.TARGET_SET, 10, due=at(60)), told(Kind.HELD, 20, "")]
    clock = run(story).clock("resolution")
    verdict = judge(clock, at(50))
    assert (verdict.state, verdict.due) == (State.PAUSED, None)
    assert verdict.remaining == timedelta(minutes=40)
    assert due(clock, column=True) == at(60)
    released = run([*story, told(Kind.RELEASED, 30, "")]).clock("resolution")
    assert due(released) == at(70)
    assert judge(released, at(50)).remaining == timedelta(minutes=20)


def test_a_pause_that_begins_on_the_dot_does_not_move_a_target_by_hand() -> None:
    story = [opened(), by_hand(Kind.TARGET_SET, 10, due=at(60)), told(Kind.HELD, 60, "")]
    assert due(run(story).clock("resolution")) == at(60)
    assert due(run([*story, told(Kind.RELEASED, 80, "")]).clock("resolution")) == at(60)


def test_a_clock_that_stopped_keeps_its_target() -> None:
    resolved = told(Kind.STATUS_MOVED, 5, "resolved")
    story = [opened(), resolved, by_hand(Kind.TARGET_SET, 10, due=at(20))]
    clock = run(story).clock("resolution")
    assert clock is not None
    assert clock.target is None


def test_of_a_metric_that_has_no_clock_nothing_changes() -> None:
    before = run([opened()])
    for kind in (Kind.TARGET_SET, Kind.BREACH_WAIVED):
        event = replace(by_hand(kind, 10, due=at(20)), metric="closure-of-another-kind")
        assert advance(before, event).clocks == before.clocks


def test_a_waiver_is_of_one_clock_and_moves_nothing() -> None:
    before = run([opened()])
    after = advance(before, by_hand(Kind.BREACH_WAIVED, 100))
    assert [clock.waived for clock in after.clocks] == [
        clock.metric == "resolution" for clock in after.clocks
    ]
    assert [due(clock) for clock in after.clocks] == [due(clock) for clock in before.clocks]


def test_a_clock_without_a_goal_has_no_state_and_all_its_time() -> None:
    silent = Terms(name="Silent", goals=())
    clock = run([replace(opened(), terms=silent)]).clock("resolution")
    verdict = judge(clock, at(30))
    assert (verdict.state, verdict.due, verdict.remaining) == (State.NONE, None, None)
    assert verdict.used is None
    assert verdict.elapsed == timedelta(minutes=30)
