"""Policies: goals, terms, when they are effective, and which one is chosen, and why."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sla.core.calendar import Calendar
from django_sla.core.condition import EVERY_TICKET, Condition, where
from django_sla.core.errors import DurationError, PolicyError
from django_sla.core.policy import (
    DEFAULT_GOALS,
    Goal,
    Policy,
    Reopening,
    Source,
    Terms,
    choose,
    goals,
    trials,
)

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def policy(name: str = "Test", **options: Any) -> Policy:
    return Policy.build(name, {"urgent": {"response": "1h"}}, **options)


# Goals


def test_goals_come_from_a_table_sorted_and_casefolded() -> None:
    assert goals({"URGENT": {"response": "1h"}, "*": {"closure": "2w", "response": HOUR}}) == (
        Goal(metric="closure", priority="*", duration=timedelta(weeks=2)),
        Goal(metric="response", priority="*", duration=HOUR),
        Goal(metric="response", priority="urgent", duration=HOUR),
    )


def test_a_goal_for_a_priority_goes_before_that_for_every_other() -> None:
    terms = Terms(name="Test", goals=goals({"urgent": {"response": "1h"}, "*": {"response": "9h"}}))
    assert terms.goal("response", "urgent") == HOUR
    assert terms.goal("response", "low") == 9 * HOUR
    assert terms.goal("resolution", "urgent") is None
    assert terms.metrics == {"response"}


@pytest.mark.parametrize(
    ("duration", "said"), [("0s", "0s"), (timedelta(0), "0s"), (timedelta(hours=-1), "-1h")]
)
def test_a_goal_of_nothing_is_refused(duration: Any, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.build("Test", {"urgent": {"response": duration}})
    assert str(caught.value) == (f"urgent response: a goal must be longer than nothing, got {said}")


def test_a_goal_that_no_calendar_can_reach_is_refused() -> None:
    Policy.build("Test", {"urgent": {"response": "3653d"}})
    with pytest.raises(PolicyError) as caught:
        Policy.build("Test", {"urgent": {"response": "3654d"}})
    assert str(caught.value) == (
        "urgent response: a goal must not be longer than ten years, got 3654d"
    )


def test_a_goal_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DurationError):
        Policy.build("Test", {"urgent": {"response": "soon"}})


def test_a_row_that_is_no_table_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"urgent: expected a table such as .* got '1h'"):
        Policy.build("Test", {"urgent": "1h"})  # type: ignore[dict-item]


def test_two_goals_for_the_same_are_refused() -> None:
    with pytest.raises(PolicyError, match="Test: two goals for the same metric and priority"):
        Policy.build("Test", {"urgent": {"response": "1h"}, "Urgent": {"response": "2h"}})


# Terms


@pytest.mark.parametrize("at_risk", [0, 101, -5])
def test_at_risk_is_a_percentage(at_risk: int) -> None:
    message = f"at_risk: expected a percentage from 1 to 100, got {at_risk}"
    with pytest.raises(PolicyError, match=message):
        policy(at_risk=at_risk)


def test_an_unknown_rule_for_reopening_names_the_rules() -> None:
    with pytest.raises(
        PolicyError, match="reopening: expected one of 'resume', 'restart', 'keep', got 'again'"
    ):
        policy(reopening="again")


def test_terms_come_back_from_json_with_their_fingerprint() -> None:
    office = Calendar("America/Toronto", hours={"mon-fri": [("09:00", "17:00")]})
    terms = policy(calendar=office, reopening="keep", at_risk=50).terms
    assert terms.reopening is Reopening.KEEP
    again = Terms.from_dict(json.loads(json.dumps(terms.to_dict())))
    assert again == terms
    assert again.fingerprint == terms.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another"},
        {"at_risk": 50},
        {"reopening": Reopening.KEEP},
        {"goals": goals({"urgent": {"response": "61m"}})},
        {"calendar": Calendar("Asia/Tokyo")},
    ],
)
def test_whatever_the_judgement_depends_on_is_in_the_fingerprint(change: dict[str, Any]) -> None:
    terms = policy().terms
    assert replace(terms, **change).fingerprint != terms.fingerprint


def test_which_tickets_it_is_for_and_when_is_not_in_the_fingerprint() -> None:
    other = policy(
        when=where(kind="a"),
        source=Source.DATABASE,
        effective_from=MONDAY,
        effective_until=MONDAY + HOUR,
        origins={"calendar": Source.SETTINGS},
    )
    assert other.terms.fingerprint == policy().terms.fingerprint


# Where a value comes from


def test_a_value_comes_from_the_policy_itself_unless_it_says_otherwise() -> None:
    found = policy(source=Source.DATABASE, origins={"calendar": Source.SETTINGS})
    assert found.origin("calendar") is Source.SETTINGS
    assert found.origin("at_risk") is Source.DATABASE
    assert policy().origin("calendar") is Source.CODE


# Effective


@pytest.mark.parametrize("name", ["effective_from", "effective_until"])
def test_an_instant_without_a_time_zone_is_refused(name: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(**{name: datetime(2026, 3, 2)})  # noqa: DTZ001  that is the point
    assert str(caught.value) == (
        f"{name}: datetime.datetime(2026, 3, 2, 0, 0) has no time zone; pass an aware datetime"
    )


@pytest.mark.parametrize(
    ("at", "effective"),
    [
        (MONDAY - timedelta(microseconds=1), False),
        (MONDAY, True),
        (MONDAY + HOUR - timedelta(microseconds=1), True),
        (MONDAY + HOUR, False),
    ],
)
def test_effective_from_the_first_instant_to_before_the_last(at: datetime, effective: bool) -> None:
    found = policy(effective_from=MONDAY, effective_until=MONDAY + HOUR)
    assert found.is_effective(at) is effective
    assert found.matches({}, at) is effective
    # The same instants, told in another zone.
    elsewhere = timezone(timedelta(hours=-11))
    assert found.is_effective(at.astimezone(elsewhere)) is effective


def test_two_that_meet_leave_no_instant_to_both_or_none() -> None:
    old, new = policy("Old", effective_until=MONDAY), policy("New", effective_from=MONDAY)
    for at in (MONDAY - HOUR, MONDAY, MONDAY + HOUR):
        assert [p.is_effective(at) for p in (old, new)].count(True) == 1


def test_effective_for_ever_where_nothing_is_said() -> None:
    assert policy().is_effective(datetime.min.replace(tzinfo=UTC))
    assert policy(effective_from=MONDAY).is_effective(datetime.max.replace(tzinfo=UTC))


# Chosen


def test_the_first_that_is_effective_and_holds_is_chosen() -> None:
    later = policy("Later", effective_from=MONDAY + HOUR)
    others = policy("Others", when=where(kind="b"))
    first, second = policy("First", when=where(kind="a")), policy("Second")
    found = choose([later, others, first, second], {"kind": "a"}, MONDAY)
    assert found is first
    assert choose([later, others, first, second], {"kind": "a"}, MONDAY + HOUR) is later
    assert choose([later, others], {"kind": "a"}, MONDAY) is None
    assert choose([], {}, MONDAY) is None


def test_a_condition_is_not_asked_where_the_policy_is_not_effective() -> None:
    def never(facts: object) -> bool:
        raise AssertionError("asked in vain")

    unasked = policy(when=Condition("never", frozenset(), never), effective_from=MONDAY + HOUR)
    assert choose([unasked], {}, MONDAY) is None


def test_trials_tell_why_the_earlier_ones_were_not_taken() -> None:
    later = policy("Later", effective_from=MONDAY + HOUR, when=where(kind="b"))
    others = policy("Others", when=where(kind="a") & where(vip=True))
    taken, unasked = policy("Taken"), policy("Unasked")
    found = trials([later, others, taken, unasked], {"kind": "a", "vip": False}, MONDAY)
    assert [trial.policy for trial in found] == [later, others, taken]
    assert [trial.effective for trial in found] == [False, True, True]
    assert [trial.failing for trial in found] == [(where(kind="b"),), (where(vip=True),), ()]
    assert [trial.matches for trial in found] == [False, False, True]


def test_one_that_holds_and_is_not_effective_does_not_match() -> None:
    (trial,) = trials([policy(effective_until=MONDAY)], {}, MONDAY)
    assert trial.failing == ()
    assert not trial.matches


instants = st.integers(0, 3).map(lambda hours: MONDAY + hours * HOUR)
policies = st.lists(
    st.builds(
        policy,
        st.text(max_size=2),
        when=st.sampled_from([EVERY_TICKET, where(a=1), where(a=1, b=1), where(a=1) | where(b=0)]),
        effective_from=st.none() | instants,
        effective_until=st.none() | instants,
    ),
    max_size=6,
)


@given(policies, st.fixed_dictionaries({"a": st.integers(0, 1), "b": st.integers(0, 1)}), instants)
def test_trials_agree_with_choose(asked: list[Policy], facts: dict[str, int], at: datetime) -> None:
    chosen = choose(asked, facts, at)
    found = trials(asked, facts, at)
    assert [trial.policy for trial in found] == asked[: len(found)]
    assert not any(trial.matches for trial in found[:-1])
    if chosen is None:
        assert len(found) == len(asked)
        assert not any(trial.matches for trial in found)
    else:
        assert found[-1].policy is chosen
        assert found[-1].matches
    for trial in found:
        assert trial.effective == trial.policy.is_effective(at)
        assert trial.matches == trial.policy.matches(facts, at)


# What ships


def test_what_ships_can_be_read_and_grows_as_the_priority_sinks() -> None:
    terms = Policy.build("Default", DEFAULT_GOALS).terms
    for metric in ("response", "resolution"):
        given = [terms.goal(metric, priority) for priority in DEFAULT_GOALS]
        assert given == sorted(given, key=lambda goal: goal or timedelta(0))
        assert None not in given
