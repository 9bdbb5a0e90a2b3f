"""What each kind of event does to a lifecycle, one by one, with every part of the clocks."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from django_sla.core.clock import Clock, Lifecycle, advance, run
from django_sla.core.event import Category, Event, Kind
from django_sla.core.metric import Fact
from django_sla.core.policy import Reopening, Terms, goals
from django_sla.core.span import Span
from tests.core.test_clock import at

TERMS = Terms(name="Gold", goals=goals({"*": {"response": "40m", "resolution": "90m"}}))
OTHERS = Terms(name="Silver", goals=goals({"*": {"resolution": "3h"}}))


def opened(minute: int = 0, **what: Any) -> Event:
    return Event(kind=Kind.OPENED, at=at(minute), **{"priority": "low", "terms": TERMS} | what)


def replied(minute: int) -> Event:
    return Event(kind=Kind.AGENT_REPLIED, at=at(minute))


def asked(minute: int) -> Event:
    return Event(kind=Kind.REQUESTER_REPLIED, at=at(minute))


def moved(minute: int, category: str) -> Event:
    return Event(kind=Kind.STATUS_MOVED, at=at(minute), category=Category(category))


def clock(lifecycle: Lifecycle, metric: str = "resolution") -> Clock:
    found = lifecycle.clock(metric)
    assert found is not None
    return found


def stopped(lifecycle: Lifecycle) -> dict[str, tuple[datetime | None, Fact | None]]:
    return {one.metric: (one.stopped_at, one.stopped_by) for one in lifecycle.clocks}


RUNS = (None, None)


# A clock by itself


def running(**what: Any) -> Clock:
    return Clock(metric="resolution", started_at=at(0), **what)


def test_a_pause_that_goes_on_begins_when_it_began() -> None:
    assert running().pause(at(5)).pause(at(9)).paused_at == at(5)


def test_a_pause_of_no_length_is_none() -> None:
    assert running().pause(at(5)).resume(at(5)) == running()
    assert running().pause(at(5)).resume(at(4)) == running()
    assert running().resume(at(5)) == running()


def test_a_stop_ends_the_pause() -> None:
    found = running(pauses=(Span(at(1), at(2)),)).pause(at(5)).stop(at(9), Fact.RESOLVED)
    assert found == running(
        pauses=(Span(at(1), at(2)), Span(at(5), at(9))),
        stopped_at=at(9),
        stopped_by=Fact.RESOLVED,
    )


def test_one_that_is_reopened_goes_on_under_what_holds_now() -> None:
    done = running(terms=TERMS, priority="low").stop(at(5), Fact.RESOLVED)
    assert done.reopen(at(9), OTHERS, "high") == running(
        pauses=(Span(at(5), at(9)),), terms=OTHERS, priority="high"
    )


# Opening


def test_opening_starts_what_begins_with_it() -> None:
    lifecycle = run([opened()])
    assert lifecycle.opened_at == at(0)
    assert (lifecycle.priority, lifecycle.terms) == ("low", TERMS)
    assert lifecycle.clocks == tuple(
        Clock(metric=metric, started_at=at(0), terms=TERMS, priority="low")
        for metric in ("response", "resolution", "closure")
    )


def test_a_correction_of_the_opening_starts_all_over() -> None:
    lifecycle = run([opened(), opened(7, priority=None, terms=OTHERS)])
    assert lifecycle.opened_at == at(7)
    assert [one.started_at for one in lifecycle.clocks] == [at(7)] * 3
    assert {(one.cycle, one.priority, one.terms) for one in lifecycle.clocks} == {(1, "", OTHERS)}


def test_what_is_stamped_before_the_opening_happens_at_it() -> None:
    lifecycle = run([opened(10), replied(3)])
    assert lifecycle.first_responded_at == at(10)
    assert clock(lifecycle, "response").stopped_at == at(10)
    assert advance(Lifecycle(), replied(3)).first_responded_at == at(3)


# Replies


def test_the_first_reply_stops_the_response_and_nothing_else() -> None:
    lifecycle = run([opened(), replied(5), replied(9)])
    assert lifecycle.first_responded_at == at(5)
    assert stopped(lifecycle) == {
        "response": (at(5), Fact.AGENT_REPLIED),
        "resolution": RUNS,
        "closure": RUNS,
    }


def test_before_the_first_reply_no_other_is_owed() -> None:
    before = run([opened()])
    after = advance(before, asked(5))
    assert (after.clocks, after.unanswered) == (before.clocks, False)


def test_each_question_that_is_answered_is_a_cycle() -> None:
    lifecycle = run([opened(), replied(1)])
    assert lifecycle.unanswered is False
    seen = []
    for minute in (10, 20, 30):
        lifecycle = advance(lifecycle, asked(minute))
        lifecycle = advance(lifecycle, asked(minute + 1))
        assert lifecycle.unanswered is True
        lifecycle = advance(lifecycle, replied(minute + 5))
        assert lifecycle.unanswered is False
        seen.append(clock(lifecycle, "next_response"))
    assert [(one.cycle, one.started_at, one.stopped_at) for one in seen] == [
        (1, at(10), at(15)),
        (2, at(20), at(25)),
        (3, at(30), at(35)),
    ]
    assert {(one.terms, one.priority, one.stopped_by) for one in seen} == {
        (TERMS, "low", Fact.AGENT_REPLIED)
    }


def test_a_reply_to_what_was_resolved_is_owed_no_more_after_a_reopening() -> None:
    resolved = [opened(), moved(5, "resolved")]
    assert clock(run(resolved), "response").stopped_by is Fact.RESOLVED
    lifecycle = run([*resolved, replied(8), moved(9, "open")])
    assert stopped(lifecycle)["response"] == (at(5), Fact.AGENT_REPLIED)
    again = run([*resolved, moved(9, "open")])
    assert stopped(again)["response"] == RUNS


# Statuses


def test_resolved_stops_all_but_the_closure() -> None:
    lifecycle = run([opened(), replied(1), asked(2), moved(5, "resolved"), moved(8, "resolved")])
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (at(5), None)
    assert lifecycle.unanswered is False
    assert stopped(lifecycle) == {
        "response": (at(1), Fact.AGENT_REPLIED),
        "resolution": (at(5), Fact.RESOLVED),
        "closure": RUNS,
        "next_response": (at(5), Fact.RESOLVED),
    }


@pytest.mark.parametrize("before", [[], [moved(5, "resolved")]])
def test_closed_stops_the_closure_too(before: list[Event]) -> None:
    lifecycle = run([opened(), *before, moved(8, "closed"), moved(9, "closed")])
    resolved = at(5) if before else at(8)
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (resolved, at(8))
    assert stopped(lifecycle) == {
        "response": (resolved, Fact.RESOLVED),
        "resolution": (resolved, Fact.RESOLVED),
        "closure": (at(8), Fact.CLOSED),
    }


def test_what_moves_between_open_statuses_neither_resolves_nor_closes() -> None:
    lifecycle = run([opened(), moved(5, "open"), moved(6, "paused"), moved(7, "open")])
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (None, None)
    assert set(stopped(lifecycle).values()) == {RUNS}
    assert clock(lifecycle, "closure").pauses == (Span(at(6), at(7)),)


# Reopening


def reopened(rule: Reopening, *moves: Event) -> Lifecycle:
    return run([opened(terms=replace(TERMS, reopening=rule)), replied(1), *moves])


def test_resumed_what_was_closed_goes_on() -> None:
    lifecycle = reopened(Reopening.RESUME, moved(5, "closed"), moved(9, "open"))
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (None, None)
    for metric in ("resolution", "closure"):
        found = clock(lifecycle, metric)
        assert (found.cycle, found.pauses) == (1, (Span(at(5), at(9)),))
        assert (found.stopped_at, found.stopped_by) == RUNS
    assert clock(lifecycle, "response").stopped_at == at(1)


def test_back_from_closed_to_resolved_only_the_closure_goes_on() -> None:
    lifecycle = reopened(Reopening.RESUME, moved(5, "closed"), moved(9, "resolved"))
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (at(5), None)
    assert stopped(lifecycle)["resolution"] == (at(5), Fact.RESOLVED)
    assert stopped(lifecycle)["closure"] == RUNS


def test_from_resolved_the_closure_never_stopped() -> None:
    lifecycle = reopened(Reopening.RESUME, moved(5, "resolved"), moved(9, "open"))
    assert clock(lifecycle, "closure").pauses == ()
    assert clock(lifecycle, "resolution").pauses == (Span(at(5), at(9)),)


def test_restarted_it_begins_another_cycle() -> None:
    moves = [moved(5, "closed"), moved(9, "open"), moved(12, "closed"), moved(20, "open")]
    lifecycle = reopened(Reopening.RESTART, *moves)
    found = [one for one in lifecycle.clocks if one.metric == "closure"]
    assert [(one.cycle, one.started_at, one.stopped_at) for one in found] == [
        (1, at(0), at(5)),
        (2, at(9), at(12)),
        (3, at(20), None),
    ]
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (None, None)


def test_kept_the_first_resolution_stands() -> None:
    lifecycle = reopened(Reopening.KEEP, moved(5, "closed"), moved(9, "open"), moved(12, "closed"))
    assert (lifecycle.resolved_at, lifecycle.closed_at) == (at(5), at(5))
    assert stopped(lifecycle)["closure"] == (at(5), Fact.CLOSED)
    assert [one.cycle for one in lifecycle.clocks] == [1, 1, 1]


def test_without_terms_it_goes_on() -> None:
    lifecycle = run([opened(terms=None), moved(5, "resolved"), moved(9, "open")])
    assert clock(lifecycle).pauses == (Span(at(5), at(9)),)


@pytest.mark.parametrize(("back", "owed"), [("open", at(9)), ("resolved", None)])
def test_what_was_asked_meanwhile_is_owed_from_the_reopening(
    back: str, owed: datetime | None
) -> None:
    lifecycle = reopened(Reopening.RESUME, moved(5, "closed"), asked(7), moved(9, back))
    found = lifecycle.clock("next_response")
    assert (found.started_at if found else None) == owed


def test_where_nothing_was_asked_a_reopening_owes_nothing() -> None:
    lifecycle = reopened(Reopening.RESUME, moved(5, "closed"), moved(9, "open"))
    assert lifecycle.clock("next_response") is None


# Terms, priorities, and what only notes that time passed


def test_other_terms_are_those_of_open_clocks() -> None:
    changed = Event(kind=Kind.TERMS_CHANGED, at=at(9), terms=OTHERS)
    lifecycle = run([opened(), replied(5), changed])
    assert (lifecycle.terms, lifecycle.priority, lifecycle.stated_at) == (OTHERS, "low", at(9))
    assert {one.metric: (one.terms, one.priority) for one in lifecycle.clocks} == {
        "response": (TERMS, "low"),
        "resolution": (OTHERS, "low"),
        "closure": (OTHERS, "low"),
    }


def test_another_priority_is_that_of_open_clocks() -> None:
    changed = Event(kind=Kind.PRIORITY_CHANGED, at=at(9), priority="high")
    lifecycle = run([opened(), replied(5), changed])
    assert (lifecycle.terms, lifecycle.priority, lifecycle.stated_at) == (TERMS, "high", at(9))
    assert {one.metric: (one.terms, one.priority) for one in lifecycle.clocks} == {
        "response": (TERMS, "low"),
        "resolution": (TERMS, "high"),
        "closure": (TERMS, "high"),
    }


@pytest.mark.parametrize("kind", [Kind.TARGET_WARNED, Kind.TARGET_BREACHED, Kind.ESCALATED])
def test_that_time_passed_is_noted_and_changes_nothing(kind: Kind) -> None:
    before = run([opened()])
    assert advance(before, Event(kind=kind, at=at(9), metric="resolution")) == before


@pytest.mark.parametrize("kind", [Kind.TARGET_SET, Kind.BREACH_WAIVED])
def test_what_is_done_to_no_metric_changes_no_clock(kind: Kind) -> None:
    before = run([opened()])
    assert advance(before, Event(kind=kind, at=at(9), due=at(20))).clocks == before.clocks
