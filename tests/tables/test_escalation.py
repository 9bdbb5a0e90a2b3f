"""Escalations as rows: what is refused, and how they are worded."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from django_sla.models import Policy
from django_sla.tables.escalation import clean, clean_row, in_words, listed, states

pytestmark = pytest.mark.django_db

DUE: dict[str, Any] = {"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}
OPS = {"ops": {"backend": "django_sla.channels.Channel"}}


def refused(row: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as raised:
        clean_row(row)
    error = raised.value
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def test_a_row_is_written_in_one_way() -> None:
    typed = {"when": " 30M Before", "channel": "email", "to": "assignee", "in_hours": False}
    assert clean_row(typed) == DUE | {"when": "30m before"}


def test_what_is_wrong_is_told_by_key() -> None:
    assert refused(DUE | {"when": "soon"})["when"][0].startswith('Expected "at_risk", "due", a')
    assert refused(DUE | {"to": 7}) == {"to": ['Expected a list such as ["assignee"], got 7']}
    assert refused(DUE | {"metric": "reponse", "channel": "fax"}) == {
        "metric": ['“reponse” is no metric. Did you mean "response"?'],
        "channel": ["There is no channel “fax”; there is email."],
    }
    assert refused(DUE | {"whom": "lead"})[""][0].startswith("Whom: there is no such key; the keys")
    assert refused("due")[""][0].startswith('Expected {"when": …, "channel": …, "to": […]}, got')


def test_whom_is_told_depends_on_the_channel(settings: Any) -> None:
    settings.DJANGO_SLA = {"CHANNELS": OPS}
    assert clean_row(DUE | {"channel": "ops", "to": []})["to"] == []
    assert list(refused(DUE | {"channel": "ops"})) == ["to"]
    assert refused(DUE | {"to": []}) == {"to": ["Say whom the channel “email” should tell."]}
    assert refused(DUE | {"to": ["boss"]})["to"][0].startswith("Nobody knows “boss”.")


def test_one_that_is_off_may_tell_whomever() -> None:
    off = {"enabled": False}
    assert clean_row(DUE | off | {"to": ["boss"]})["to"] == ["boss"]
    assert list(refused(DUE | off | {"channel": "fax"})) == ["channel"]


def test_of_many_it_is_told_which() -> None:
    with pytest.raises(ValidationError) as raised:
        clean([DUE, DUE | {"to": [], "metric": "x"}, DUE | {"channel": "fax"}])
    assert raised.value.messages == [
        "Escalation 2: “x” is no metric.",
        "Escalation 2: Say whom the channel “email” should tell.",
        "Escalation 3: There is no channel “fax”; there is email.",
    ]
    for nonsense in ("due", {"when": "due"}, 7):
        with pytest.raises(ValidationError, match="Expected a list of escalations"):
            clean(nonsense)


def test_a_policy_checks_and_writes_its_escalations() -> None:
    policy = Policy(name="VIP", goals={"*": {"response": "1h"}})
    policy.escalations = [DUE | {"when": "100%", "to": "assignee"}, DUE | {"enabled": False}]
    policy.full_clean()
    assert policy.escalations == [DUE, DUE | {"enabled": False}]
    policy.escalations = [DUE | {"to": []}]
    with pytest.raises(ValidationError) as raised:
        policy.save()
    assert raised.value.message_dict == {
        "escalations": ["Escalation 1: Say whom the channel “email” should tell."]
    }


WORDS = [
    (DUE, "Any metric, when due: email to assignee"),
    (DUE | {"when": "at risk", "to": []}, "Any metric, when at risk: email"),
    (
        DUE | {"metric": "next_response", "when": "80%", "to": ["lead", "group:Night shift"]},
        "Next response, at 80 % of the goal: email to lead, the group Night shift",
    ),
    (
        DUE | {"when": "90m before", "in_hours": True, "to": "a@example.com"},
        "Any metric, 1h 30m before it is due: email to a@example.com, in business hours",
    ),
    ({"when": "1d after", "channel": "ops"}, "Any metric, 1d after it was due: ops"),
]


@pytest.mark.parametrize(("row", "words"), WORDS)
def test_an_escalation_is_worded(row: dict[str, Any], words: str) -> None:
    assert in_words(row) == words
    assert listed([row, row | {"enabled": False}]) == [words, f"{words} (off)"]
    assert states([row]) == {words: "on"}
    assert states([row | {"enabled": False}]) == {words: "off"}


def test_none_of_them_says_so() -> None:
    assert listed([]) == ["nobody is told"]
    assert states([]) == {}


@pytest.mark.parametrize("row", ["due", 7, None, {"when": "soon"}, {}, DUE | {"to": 7}])
def test_what_was_written_past_the_validation_is_listed_as_it_is(row: Any) -> None:
    assert listed([row]) == [str(row)]
    assert list(states([row])) == [str(row)]
