"""Escalations: when they are, how they are written, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sla.core.errors import PolicyError, say
from django_sla.core.escalation import (
    DEFAULT_ESCALATIONS,
    KEYS,
    Escalation,
    When,
    escalation,
    parse_when,
    written,
)
from django_sla.core.policy import Policy, Terms, goals

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

ROW: dict[str, Any] = {"when": "due", "channel": "email", "to": ["assignee"]}


def refusal(row: dict[str, Any]) -> str:
    """What is said of a row that is refused, by either reader."""
    said = set()
    for read in (escalation, written):
        with pytest.raises(PolicyError) as raised:
            read(row)
        said.add(str(raised.value))
    (message,) = said
    return message


# When


@pytest.mark.parametrize(
    ("text", "when", "again"),
    [
        ("at_risk", When(), "at_risk"),
        (" At Risk ", When(), "at_risk"),
        ("due", When(percent=100), "due"),
        ("DUE", When(percent=100), "due"),
        ("100%", When(percent=100), "due"),
        ("80%", When(percent=80), "80%"),
        (" 080 % ", When(percent=80), "80%"),
        ("1%", When(percent=1), "1%"),
        ("1000%", When(percent=1000), "1000%"),
        ("30m before", When(offset=-30 * MINUTE), "30m before"),
        ("90m After", When(offset=90 * MINUTE), "1h 30m after"),
        ("1d 2h  before", When(offset=-26 * HOUR), "1d 2h before"),
        ("PT4H30M after", When(offset=4.5 * HOUR), "4h 30m after"),
        (f"{'due':250}", When(percent=100), "due"),
        ("0.5s before", When(offset=timedelta(seconds=-0.5)), "0.5s before"),
    ],
)
def test_an_instant_is_read_and_written_in_one_way(text: str, when: When, again: str) -> None:
    assert parse_when(text) == when
    assert str(when) == again
    assert parse_when(again) == when
    assert parse_when(when) is when


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "risk", "%", "0%", "1001%", "99999999%", "-5%", "80.5%", "8٠%",
        "before", "30m", "30mbefore", "0m before", "-30m before", "30m before due", "1h after 2h",
        None, 80, ["due"], {"percent": 80},
    ],
)  # fmt: skip
def test_what_is_no_instant_is_told_what_to_write(text: Any) -> None:
    with pytest.raises(PolicyError) as raised:
        parse_when(text)
    assert str(raised.value) == (
        'when: expected "at_risk", "due", a percentage of the goal from 1 to 1000 such as "80%", '
        f'or a time such as "30m before" or "1h after", got {text!r}'
    )


def test_a_duration_that_cannot_be_read_is_told_as_one() -> None:
    with pytest.raises(PolicyError, match=r"^when: '30 parsecs' is not a duration; write it as"):
        parse_when("30 parsecs before")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("due", 8), ("80%", 6.4), ("150%", 12), ("30m before", 7.5), ("1h after", 9)],
)
def test_it_is_the_counted_time_by_then(text: str, hours: float) -> None:
    assert parse_when(text).counted(8 * HOUR) == hours * HOUR


def test_there_may_not_be_as_much_time_before_the_due_instant() -> None:
    assert parse_when("9h before").counted(8 * HOUR) == -HOUR


def test_the_due_instant_and_being_at_risk_are_known() -> None:
    assert [parse_when(text).is_due for text in ("due", "100%", "99%", "at_risk", "1h after")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert When(offset=timedelta(0)).is_due
    assert [parse_when(text).is_at_risk for text in ("at_risk", "75%", "due")] == [
        True, False, False,
    ]  # fmt: skip


# A row of a document


def test_what_a_row_does_not_say() -> None:
    assert escalation({"when": "due", "channel": "ops"}) == Escalation(
        metric="*", when=When(percent=100), channel="ops", to=(), in_hours=False
    )


def test_whom_is_named_once_and_in_order() -> None:
    found = escalation(ROW | {"to": ["lead", " assignee ", "lead"]})
    assert found.to == ("lead", "assignee")
    assert escalation(ROW | {"to": "lead"}) == escalation(ROW | {"to": ("lead",)})


def test_one_that_is_switched_off_is_kept_as_such() -> None:
    row = ROW | {"when": "60m before", "enabled": False}
    assert escalation(row) == escalation(ROW | {"when": "1h before"})
    assert written(row) == {
        "metric": "*",
        "when": "1h before",
        "channel": "email",
        "to": ["assignee"],
        "enabled": False,
    }


def test_it_is_for_one_metric_or_for_every_one() -> None:
    every, one = escalation(ROW), escalation(ROW | {"metric": "response"})
    assert every.is_for("response")
    assert every.is_for("closure")
    assert one.is_for("response")
    assert not one.is_for("closure")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"whom": "lead"}, "whom: there is no such key; the keys are " + ", ".join(KEYS)),
        ({"x" * 250: 1}, f"{'x' * 250}: there is no such key; the keys are " + ", ".join(KEYS)),
        ({"x" * 251: 1}, f"{say('x' * 251)}: there is no such key; the keys are {', '.join(KEYS)}"),
        ({7: 1}, "7: there is no such key; the keys are " + ", ".join(KEYS)),
        ({"in_hours": "yes"}, "in_hours: expected True or False, got 'yes'"),
        ({"in_hours": None}, "in_hours: expected True or False, got None"),
        ({"enabled": 0}, "enabled: expected True or False, got 0"),
        ({"to": None}, 'to: expected a list such as ["assignee"], got None'),
        ({"to": ""}, "to: expected a list such as [\"assignee\"], got ''"),
        ({"to": [""]}, "to: expected a list such as [\"assignee\"], got ['']"),
        ({"to": ["lead", 7]}, "to: expected a list such as [\"assignee\"], got ['lead', 7]"),
        ({"to": {"lead"}}, "to: expected a list such as [\"assignee\"], got {'lead'}"),
        ({"to": ["x" * 251]}, f"to: {'x' * 20}... has more than 250 characters"),
        ({"to": ["a\0"]}, "to: expected a list such as [\"assignee\"], got ['a\\x00']"),
        ({"to": ["a\ud800"]}, "to: expected a list such as [\"assignee\"], got ['a\\ud800']"),
        ({"channel": "a\nb"}, "channel: expected a name, got 'a\\nb'"),
        ({"metric": ""}, "metric: expected a name, got ''"),
        ({"metric": None}, "metric: expected a name, got None"),
        ({"channel": " "}, "channel: expected a name, got ' '"),
        ({"channel": ["email"]}, "channel: expected a name, got ['email']"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_key(change: dict[str, Any], message: str) -> None:
    assert refusal(ROW | change) == message


def test_the_longest_name_is_taken() -> None:
    assert escalation(ROW | {"to": ["x" * 250]}).to == ("x" * 250,)


@pytest.mark.parametrize("enabled", [True, False])
def test_one_that_is_switched_off_is_checked_all_the_same(enabled: bool) -> None:
    assert refusal(ROW | {"when": "soon", "enabled": enabled}).startswith("when: expected")


def test_a_row_has_to_say_when_and_by_which_channel() -> None:
    assert refusal({"channel": "email"}).startswith('when: expected "at_risk"')
    assert refusal({"when": "due"}) == "channel: expected a name, got None"


letters = st.characters(codec="utf-8", exclude_categories=["Cc"])
names = st.text(letters, min_size=1, max_size=20).filter(str.strip)
offsets = st.timedeltas(timedelta(microseconds=1), timedelta(days=9999))
whens = st.one_of(
    st.just(When()),
    st.integers(1, 1000).map(lambda percent: When(percent=percent)),
    offsets.map(lambda offset: When(offset=offset)),
    offsets.map(lambda offset: When(offset=-offset)),
)


@given(whens)
def test_every_instant_comes_back_from_its_text(when: When) -> None:
    assert parse_when(str(when)) == when


@given(names, whens, names, st.lists(names), st.booleans(), st.booleans())
def test_a_row_is_written_in_one_way_and_comes_back(
    metric: str, when: When, channel: str, to: list[str], in_hours: bool, enabled: bool
) -> None:
    row = {"metric": metric, "when": str(when), "channel": channel, "to": to}
    row |= {"in_hours": in_hours, "enabled": enabled}
    kept = json.loads(json.dumps(written(row)))
    assert written(kept) == kept
    assert list(kept) == [key for key in KEYS if key in kept]
    found = escalation(kept)
    assert found == escalation(row)
    assert (found.when, found.in_hours) == (when, in_hours)
    assert kept.get("enabled", True) == enabled
    assert written(found.to_dict()) == found.to_dict()
    terms = Terms(name="Test", goals=goals({"*": {"response": "1h"}}), escalations=(found,))
    again = Terms.from_dict(json.loads(json.dumps(terms.to_dict())))
    assert again == terms
    assert again.fingerprint == terms.fingerprint


def test_what_ships_is_switched_off_and_written_as_it_is_kept() -> None:
    assert [row["enabled"] for row in DEFAULT_ESCALATIONS] == [False, False]
    assert [written(row) for row in DEFAULT_ESCALATIONS] == list(DEFAULT_ESCALATIONS)


# Of a policy


def test_a_policy_takes_rows_and_values_and_leaves_out_what_is_switched_off() -> None:
    table = {"*": {"response": "1h"}}
    value = Escalation(when=When(), channel="ops")
    off = ROW | {"when": "80%", "enabled": False}
    policy = Policy.build("Test", table, escalations=[off, ROW, value])
    assert policy.terms.escalations == (escalation(ROW), value)
    assert policy.switched_off == (escalation(off),)
    assert policy.escalations == [written(ROW), value.to_dict(), written(off)]
    with pytest.raises(PolicyError, match=r"^when: expected"):
        Policy.build("Test", table, escalations=[ROW | {"when": "soon"}])


def test_terms_say_whom_a_metric_is_escalated_to() -> None:
    response, every = ROW | {"metric": "response"}, ROW | {"when": "80%"}
    table = {"*": {"response": "1h", "closure": "1d"}}
    terms = Policy.build("Test", table, escalations=[response, every]).terms
    assert terms.escalations_of("response") == (escalation(response), escalation(every))
    assert terms.escalations_of("closure") == (escalation(every),)


def test_terms_without_escalations_have_the_fingerprint_that_they_had_before() -> None:
    """Another one would leave every open ticket on terms that nobody chose."""
    terms = Policy.build("Test", {"*": {"response": "1h"}}).terms
    assert "escalations" not in terms.to_dict()
    assert terms.fingerprint == "30828054b3cd9cfa67c6273b491e0943"
    assert Policy.build("Test", {"*": {"response": "1h"}}, escalations=[ROW]).terms != terms
