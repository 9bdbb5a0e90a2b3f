"""Policies in a file: there and back again, what is touched, and what is refused."""

import copy
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_sla.exceptions import InvalidPolicyFile
from django_sla.flow import policy_document
from django_sla.flow.policy_export import export
from django_sla.flow.policy_file import Action, Loading, load
from django_sla.tables import edition
from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy
from tests.hosts.desk.models import Project

pytestmark = pytest.mark.django_db

OFFICE: dict[str, Any] = {
    "tz": "America/Toronto",
    "hours": {"mon": [["09:00", "12:30"], ["13:30", "17:30"]], "fri": [["22:00", "06:00"]]},
    "holidays": {"2026-12-25": "Christmas Day", "2026-12-28": ""},
    "special_days": {"2026-12-24": [["09:00", "12:00"]]},
}
VIP: dict[str, Any] = {
    "name": "VIP",
    "enabled": True,
    "order": 1,
    "fallback": False,
    "conditions": [
        {"field": "project__key", "operator": "is", "value": "MOON"},
        {"field": "title", "operator": "not_empty"},
    ],
    "goals": {"urgent": {"response": "15m"}, "*": {"response": "1h", "resolution": "1d 4h"}},
    "calendar": "Office",
    "reopening": "restart",
    "at_risk": 50,
    "escalations": [
        {"metric": "response", "when": "30m before", "channel": "email", "to": ["assignee"]},
        {
            "metric": "*",
            "when": "due",
            "channel": "email",
            "to": ["lead", "ops@example.com"],
            "in_hours": True,
            "enabled": False,
        },
    ],
    "effective_from": "2026-01-01T00:00:00+00:00",
    "effective_until": None,
}
REST: dict[str, Any] = {
    "name": "Rest",
    "enabled": True,
    "order": 0,
    "fallback": True,
    "conditions": [],
    "goals": {"*": {"resolution": "7d"}},
    "calendar": None,
    "reopening": "",
    "at_risk": None,
    "escalations": None,
    "effective_from": None,
    "effective_until": None,
}


def document(**parts: Any) -> dict[str, Any]:
    whole = {"version": 1, "calendars": {"Office": OFFICE}, "policies": [VIP, REST]}
    return copy.deepcopy(whole | parts)


def loaded(found: Any, **options: Any) -> Loading:
    data = found if isinstance(found, bytes) else json.dumps(found).encode()
    return load(data, using="default", **options)


def actions(loading: Loading) -> dict[str, str]:
    return {
        change.row.name: change.action.value for change in (*loading.calendars, *loading.policies)
    }


def wrong(found: Any) -> list[str]:
    """What is said to be wrong with a file, of which nothing is taken."""
    before = export("default"), edition.read("default")
    with pytest.raises(InvalidPolicyFile) as raised:
        loaded(found)
    assert (export("default"), edition.read("default")) == before
    assert str(raised.value).startswith("The policy file is wrong, and nothing was changed:\n  ")
    return [str(problem) for problem in raised.value.problems]


# There and back again


def test_what_is_written_is_loaded_and_written_again() -> None:
    Project.objects.create(key="MOON")
    loaded(document())
    project = Project.objects.get().pk
    policy = Policy.objects.get(name="VIP")
    policy.conditions = [{"field": "project", "operator": "in", "value": [project]}]
    policy.save()
    first = export("default")
    Policy.objects.all().delete()
    Calendar.objects.all().delete()
    loaded(first.encode())
    assert export("default") == first


def test_the_file_says_what_the_rows_say() -> None:
    loaded(document())
    office, vip = Calendar.objects.get(), Policy.objects.get(name="VIP")
    assert office.document() == OFFICE
    assert vip.calendar == office
    assert vip.conditions == VIP["conditions"]
    assert vip.goals == VIP["goals"]
    assert (vip.order, vip.reopening, vip.at_risk) == (1, "restart", 50)
    assert vip.escalations == VIP["escalations"]
    assert Policy.objects.get(name="Rest").escalations is None
    assert vip.effective_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert json.loads(export("default")) == document()


def test_the_order_of_keys_is_that_of_the_reader() -> None:
    goals = {"*": {"resolution": "2d"}, "low": {"resolution": "1d", "response": "1h"}}
    loaded(document(policies=[VIP | {"goals": goals | {"urgent": {"response": "5m"}}}]))
    text = export("default")
    assert text.index('"urgent"') < text.index('"low"') < text.index('"*"')
    assert '"low": {"response": "1h", "resolution": "1d"}' in text
    assert text.index('"mon"') < text.index('"fri"')
    assert text.index("2026-12-25") < text.index("2026-12-28")


def test_rows_of_a_file_take_one_line_each() -> None:
    loaded(document())
    lines = [line.strip() for line in export("default").splitlines()]
    assert '{"field": "project__key", "operator": "is", "value": "MOON"},' in lines
    assert '"mon": [["09:00", "12:30"], ["13:30", "17:30"]],' in lines
    assert '"2026-12-25": "Christmas Day",' in lines
    assert (
        '{"metric": "*", "when": "due", "channel": "email", "to": ["lead", "ops@example.com"], '
        '"in_hours": true, "enabled": false}'
    ) in lines


def test_instants_are_written_in_utc() -> None:
    loaded(document(policies=[VIP | {"effective_from": "2026-01-01T02:00:00+02:00"}]))
    assert '"effective_from": "2026-01-01T00:00:00+00:00"' in export("default")


def test_an_empty_database_is_an_empty_file() -> None:
    assert json.loads(export("default")) == {"version": 1, "calendars": {}, "policies": []}


def test_writing_is_a_constant_number_of_queries() -> None:
    def queries(count: int) -> int:
        names = [f"Policy {number}" for number in range(count)]
        loaded(document(policies=[VIP | {"name": name} for name in names]), prune=True)
        with CaptureQueriesContext(connection) as captured:
            export("default")
        return len(captured)

    assert queries(1) == queries(10) == 2


def test_what_is_not_said_is_the_default() -> None:
    loaded({"version": 1, "calendars": {}, "policies": [{"name": "A", "goals": REST["goals"]}]})
    found = Policy.objects.get()
    assert (found.enabled, found.order, found.fallback, found.conditions) == (True, 0, False, [])
    assert (found.calendar, found.reopening, found.at_risk) == (None, "", None)
    assert found.escalations is None


def test_nobody_is_told_is_not_what_the_settings_say() -> None:
    loaded(document(policies=[VIP | {"escalations": []}]))
    assert Policy.objects.get().escalations == []
    assert '"escalations": [],' in export("default")
    loading = loaded(document(policies=[VIP | {"escalations": None}]))
    assert loading.policies[0].fields == ("escalations",)
    assert Policy.objects.get().escalations is None


# What is touched


def test_what_is_as_the_file_says_is_not_touched() -> None:
    loaded(document())
    before = edition.read("default")
    loading = loaded(document())
    assert actions(loading) == {"Office": "leave", "VIP": "leave", "Rest": "leave"}
    assert edition.read("default") == before
    assert [row.history.count() for row in Policy.objects.all()] == [1, 1]
    assert Calendar.objects.get().history.count() == 1


def test_only_what_differs_is_saved() -> None:
    loaded(document())
    office = OFFICE | {"holidays": {"2026-12-25": "Christmas"}}
    changed = VIP | {"goals": {"*": {"response": "2h"}}, "at_risk": None}
    loading = loaded(document(calendars={"Office": office}, policies=[changed, REST]))
    assert actions(loading) == {"Office": "change", "VIP": "change", "Rest": "leave"}
    assert loading.calendars[0].fields == ("holidays",)
    assert loading.policies[0].fields == ("goals", "at_risk")
    assert Policy.objects.get(name="VIP").goals == {"*": {"response": "2h"}}
    assert Policy.objects.get(name="Rest").history.count() == 1
    assert Policy.objects.get(name="VIP").history.first().history_change_reason == (
        "Loaded from a file"
    )


def test_another_way_to_say_the_same_is_no_change() -> None:
    loaded(document())
    said = VIP | {
        "goals": {"*": {"resolution": "28h", "response": "60m"}, "URGENT": {"response": "PT15M"}},
        "escalations": [
            {"channel": "email", "to": "assignee", "when": "0.5h Before", "metric": "response"},
            VIP["escalations"][1] | {"when": "100%", "to": ["lead", "lead", "ops@example.com"]},
        ],
        "effective_from": "2026-01-01T05:00:00+05:00",
    }
    assert actions(loaded(document(policies=[said, REST])))["VIP"] == "leave"


def test_a_label_that_changed_is_no_change_and_is_told() -> None:
    project = Project.objects.create(key="MOON")
    row = {"field": "project", "operator": "is", "value": project.pk, "label": "MOON"}
    mooning = document(policies=[VIP | {"conditions": [row]}])
    assert loaded(mooning).warnings == []
    Project.objects.update(key="MARS")
    loading = loaded(mooning)
    assert actions(loading)["VIP"] == "leave"
    assert loading.warnings == [
        "policies[0].conditions[0]: the file calls it 'MOON', here it is 'MARS'."
    ]


def test_a_related_row_may_be_given_by_its_name() -> None:
    project = Project.objects.create(key="MOON")
    row = {"field": "project", "operator": "is", "value": "moon"}
    named = document(policies=[VIP | {"conditions": [row]}])
    loaded(named)
    assert Policy.objects.get().conditions == [
        {"field": "project", "operator": "is", "value": project.pk, "label": "MOON"}
    ]
    assert actions(loaded(named))["VIP"] == "leave"


def test_goals_that_shrink_are_told() -> None:
    goals = {"urgent": {"response": "2h"}, "low": {"response": "1h"}}
    (warning,) = loaded(document(policies=[VIP | {"goals": goals}])).warnings
    assert warning.startswith("policies[0]: The goals for response are shorter for a lower")


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    Policy.objects.create(name="Old", goals={"*": {"response": "1h"}})
    before = edition.read("default")
    dry = loaded(document(), dry_run=True, prune=True)
    assert edition.read("default") == before
    assert [row.name for row in Policy.objects.all()] == ["Old"]
    assert actions(dry) == {"Office": "add", "VIP": "add", "Rest": "add", "Old": "delete"}
    assert actions(loaded(document(), prune=True)) == actions(dry)


def test_what_the_file_does_not_have_stays() -> None:
    loaded(document())
    loading = loaded(document(calendars={}, policies=[]))
    assert actions(loading) == {"Office": "keep", "VIP": "keep", "Rest": "keep"}
    assert Policy.objects.count() == 2


def test_pruned_it_goes() -> None:
    loaded(document())
    spare = Calendar.objects.create(name="Spare", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    loading = loaded(document(calendars={}, policies=[VIP]), prune=True)
    assert actions(loading) == {
        "Office": "keep",  # VIP uses it
        "Spare": "delete",
        "VIP": "leave",
        "Rest": "delete",
    }
    assert [row.name for row in Policy.objects.all()] == ["VIP"]
    assert [row.name for row in Calendar.objects.all()] == ["Office"]
    deleted = Policy.history.get(name="Rest", history_type="-")
    assert deleted.history_change_reason == "Loaded from a file"
    assert Calendar.history.filter(id=spare.pk, history_type="-").exists()


def test_a_policy_may_use_a_calendar_that_is_there() -> None:
    loaded(document())
    loaded(document(calendars={}, policies=[REST | {"calendar": "Office"}]))
    assert Policy.objects.get(name="Rest").calendar == Calendar.objects.get()


def test_another_policy_becomes_the_fallback() -> None:
    loaded(document())
    swapped = [
        VIP | {"fallback": True, "conditions": [], "effective_from": None},
        REST | {"fallback": False},
    ]
    loaded(document(policies=swapped))
    assert Policy.objects.get(fallback=True).name == "VIP"


def test_a_pruned_fallback_makes_room() -> None:
    loaded(document())
    loaded(document(policies=[REST | {"name": "New"}]), prune=True)
    assert Policy.objects.get().name == "New"


# What is refused


def test_a_fallback_that_stays_makes_no_room() -> None:
    loaded(document())
    assert wrong(document(policies=[REST | {"name": "New"}])) == [
        "policies[0].fallback: 'Rest' is the fallback; only one policy can be."
    ]


def test_it_is_all_or_nothing() -> None:
    bad = VIP | {"name": "Bad", "goals": {"urgent": {"response": "soon"}}}
    (said,) = wrong(document(policies=[VIP, bad]))
    assert said.startswith("policies[1].goals.urgent.response: ")
    assert "soon" in said
    assert not Calendar.objects.exists()


def test_everything_that_is_wrong_is_told_at_once() -> None:
    office = OFFICE | {"tz": "Toronto", "hours": {"mon": [["9", "17:00"]]}, "open": True}
    vip = VIP | {"at_risk": 0, "calendar": "Ofice", "goals": {"soon": {"reply": "1h"}}}
    rest = REST | {"name": "VIP", "order": -1, "conditions": [VIP["conditions"][0]]}
    found = wrong(document(calendars={"Office": office}, policies=[vip, rest]))
    assert [said.partition(": ")[0] for said in found] == [
        "calendars.Office.open",
        "calendars.Office.tz",
        "calendars.Office.hours",
        "policies[0].calendar",
        "policies[0].at_risk",
        "policies[0].goals",
        "policies[1].name",
        "policies[1].order",
        "policies[1].fallback",
    ]


WRONG: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    # The file
    (lambda d: d.update(version=2), "version: expected 1, the one version that is known here, got"),
    (lambda d: d.update(version=True), "version: expected 1, the one version that is known here,"),
    (lambda d: d.pop("version"), 'file: "version" is missing.'),
    (lambda d: d.pop("policies"), 'file: "policies" is missing.'),
    (lambda d: d.update(policy=[]), 'policy: there is no such key. Did you mean "policies"?'),
    (lambda d: d.update(policies={}), "policies: expected a list such as"),
    (
        lambda d: d.update(calendars=[], policies=[]),
        "calendars: expected a table such as",
    ),
    # A calendar
    (lambda d: d["calendars"].update(Office=None), "calendars.Office: expected a table such as"),
    (lambda d: d["calendars"]["Office"].pop("tz"), 'calendars.Office: "tz" is missing.'),
    (lambda d: d["calendars"]["Office"].pop("hours"), 'calendars.Office: "hours" is missing.'),
    (
        lambda d: d["calendars"]["Office"].update(tz="Toronto"),
        "calendars.Office.tz: unknown time zone 'Toronto'; did you mean 'America/Toronto'?",
    ),
    (
        lambda d: d["calendars"]["Office"].update(hours=[]),
        "calendars.Office.hours: expected an object, got [].",
    ),
    (
        lambda d: d["calendars"]["Office"].update(hours={}, special_days={}),
        "calendars.Office.hours: no weekday has a span, so it would never open; give one.",
    ),
    (
        lambda d: d["calendars"]["Office"]["holidays"].update({"2026-02-30": ""}),
        "calendars.Office.holidays: '2026-02-30' is not a date; write it as \"2026-12-25\".",
    ),
    (
        lambda d: d["calendars"]["Office"]["holidays"].update({"2026-02-03": 7}),
        "calendars.Office.holidays.2026-02-03: expected the name of the holiday,",
    ),
    (
        lambda d: d["calendars"].update({"always": OFFICE}),
        "calendars.always.name: This is the name of the built-in calendar; take another.",
    ),
    (
        lambda d: d["calendars"].update({"A calendar": OFFICE | {"tz": 7}}),
        'calendars["A calendar"].tz: expected a text, got 7.',
    ),
    (
        lambda d: d["calendars"].update({" Office": OFFICE}),
        "calendars[\" Office\"].name: 'Office' is there twice.",
    ),
    # A policy
    (lambda d: d["policies"].append("VIP"), "policies[2]: expected a table such as"),
    (lambda d: d["policies"][0].pop("name"), 'policies[0]: "name" is missing.'),
    (lambda d: d["policies"][0].pop("goals"), 'policies[0]: "goals" is missing.'),
    (lambda d: d["policies"][0].update(name=" "), "policies[0].name: This field cannot be blank."),
    (lambda d: d["policies"][0].update(name=["VIP"]), "policies[0].name: expected a text, got"),
    (lambda d: d["policies"][0].update(name="x" * 81), "policies[0].name: Ensure this value has"),
    (lambda d: d["policies"][1].update(name="VIP"), "policies[1].name: 'VIP' is there twice."),
    (lambda d: d["policies"][0].update(enabled=1), "policies[0].enabled: expected true or false"),
    (lambda d: d["policies"][0].update(order=1.5), "policies[0].order: expected a whole number"),
    (lambda d: d["policies"][0].update(order=True), "policies[0].order: expected a whole number"),
    (lambda d: d["policies"][0].update(order=10**30), "policies[0].order: Ensure this value is"),
    (lambda d: d["policies"][0].update(at_risk=101), "policies[0].at_risk: Ensure this value is"),
    (lambda d: d["policies"][0].update(at_risk="50"), "policies[0].at_risk: expected a whole perc"),
    (lambda d: d["policies"][0].update(reopening="no"), "policies[0].reopening: Value 'no' is not"),
    (
        lambda d: d["policies"][0].update(calendar="Ofice"),
        "policies[0].calendar: there is no calendar 'Ofice'. Did you mean \"Office\"?",
    ),
    (
        lambda d: d["policies"][0].update(effective_from="2026-01-01T00:00:00"),
        "policies[0].effective_from: expected an instant with its offset, such as 2026-03-31T18:",
    ),
    (
        lambda d: d["policies"][0].update(effective_from="0001-01-01T00:00:00+14:00"),
        "policies[0].effective_from: expected an instant with its offset",
    ),
    (
        lambda d: d["policies"][0].update(effective_until="2025-12-31T00:00:00Z"),
        "policies[0].effective_until: The end must be later than the beginning.",
    ),
    (lambda d: d["policies"][0].update(goals={}), "policies[0].goals: Give at least one goal."),
    (
        lambda d: d["policies"][0].update(goals={"*": "1h"}),
        "policies[0].goals.*: expected a table such as",
    ),
    (
        lambda d: d["policies"][0].update(goals={"*": {"response": 60}}),
        "policies[0].goals.*.response: ",
    ),
    (
        lambda d: d["policies"][0].update(goals={"*": {"reponse": "1h"}}),
        "policies[0].goals: “reponse” is no metric. Did you mean",
    ),
    (
        lambda d: d["policies"][0].update(conditions={}),
        "policies[0].conditions: expected a list of conditions, got",
    ),
    (
        lambda d: d["policies"][0]["conditions"][0].update(field="projcet"),
        "policies[0].conditions[0].field: No ticket has a field “projcet”.",
    ),
    (
        lambda d: d["policies"][0]["conditions"][0].update(operator="at_least"),
        "policies[0].conditions[0].operator: This field can be compared with:",
    ),
    (
        lambda d: d["policies"][0]["conditions"][0].update(field="project", value="Pluto"),
        "policies[0].conditions[0].value: There is no project “Pluto”; give its key, or a name",
    ),
    (
        lambda d: d["policies"][0]["conditions"][0].update(colour="red"),
        "policies[0].conditions[0].colour: there is no such key.",
    ),
    (
        lambda d: (
            d["policies"][0]["conditions"][1].update(operator="empty")
            or d["policies"][0]["conditions"].append({"field": "title", "operator": "not_empty"})
        ),
        "policies[0].conditions: No ticket can match:",
    ),
    # Its escalations
    (
        lambda d: d["policies"][0].update(escalations={}),
        "policies[0].escalations: expected a list of escalations, or null for what the settings",
    ),
    (
        lambda d: d["policies"][0].update(escalations=["due"]),
        "policies[0].escalations[0]: expected a table such as",
    ),
    (
        lambda d: d["policies"][0]["escalations"][0].update(whom="lead"),
        "policies[0].escalations[0].whom: there is no such key.",
    ),
    (
        lambda d: d["policies"][0]["escalations"][1].update(when="soon"),
        'policies[0].escalations[1].when: Expected "at_risk", "due", a percentage of the goal',
    ),
    (
        lambda d: d["policies"][0]["escalations"][0].update(metric="reponse"),
        'policies[0].escalations[0].metric: “reponse” is no metric. Did you mean "response"?',
    ),
    (
        lambda d: d["policies"][0]["escalations"][1].update(channel="pager"),
        "policies[0].escalations[1].channel: There is no channel “pager”; there is email.",
    ),
    (
        lambda d: d["policies"][0]["escalations"][0].update(to=[]),
        "policies[0].escalations[0].to: Say whom the channel “email” should tell.",
    ),
    (
        lambda d: d["policies"][0]["escalations"][1].update(enabled=True),
        "policies[0].escalations[1].to: Nobody knows “lead”. There is assignee, a group such as",
    ),
    (
        lambda d: d["policies"][0]["escalations"][1].update(enabled="yes"),
        "policies[0].escalations[1].enabled: Expected True or False, got 'yes'.",
    ),
    # What no database keeps
    (lambda d: d["policies"][0].update(name="a\0"), "policies[0].name: 'a\\x00' has a character"),
    (lambda d: d["calendars"].update({"\ud800": 1}), "has a character that cannot be stored."),
    (lambda d: d["policies"][0].update(at_risk=float("inf")), "policies[0].at_risk: inf is no num"),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    spoil: Callable[[dict[str, Any]], Any], message: str
) -> None:
    spoiled = document()
    spoil(spoiled)
    found = wrong(spoiled)
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "file: it is not JSON: Expecting value: line 1 column 1"),
        (b"{", "file: it is not JSON: Expecting property name"),
        (b"[]", "file: expected a table such as"),
        (b"\xff\xfe{}", "file: it is not in UTF-8:"),
        (b'{"version": 1, "version": 1}', "file: it is not JSON: 'version' is given twice"),
        (b"1" * 5000, "file: it is not JSON: Exceeds the limit"),
        (b"[" * 100_000, "file: it is nested more than 10 levels deep."),
        (b"[" * 11 + b"]" * 11, "file: it is nested more than 10 levels deep."),
        (b" " * (policy_document.MOST_BYTES + 1), "file: it is larger than 5,000,000 bytes."),
    ],
)
def test_what_is_no_policy_file_is_refused(data: bytes, message: str) -> None:
    (found,) = wrong(data)
    assert found.startswith(message)


def test_a_byte_order_mark_does_no_harm() -> None:
    loaded(b"\xef\xbb\xbf" + json.dumps(document()).encode())
    assert Policy.objects.count() == 2


def test_not_more_is_told_than_can_be_read() -> None:
    with pytest.raises(InvalidPolicyFile) as raised:
        loaded(document(policies=[{}] * 100))
    assert len(str(raised.value).splitlines()) == 1 + InvalidPolicyFile.MOST + 1
    assert str(raised.value).endswith("\n  and 150 more")


def test_what_only_the_database_knows_is_told_with_its_place(monkeypatch: Any) -> None:
    def taken(row: Policy, exclude: Any = None) -> None:
        from django.core.exceptions import ValidationError

        if row.name == "Rest":
            raise ValidationError({"name": "Somebody was faster."})

    monkeypatch.setattr(Policy, "validate_unique", taken)
    assert wrong(document()) == ["policies[1].name: Somebody was faster."]
    assert not Policy.objects.exists()


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["MOON", "1h", "urgent", "*", "Office", "is", "2026-12-25", "09:00", "UTC"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = ["title", "project", "assignee", "department__name", "amount", "due", "_meta__label"]
ROWS = st.fixed_dictionaries(
    {"field": st.sampled_from(FIELDS), "operator": st.sampled_from(["is", "in", "at_least"])},
    optional={"value": JSON, "label": JSON},
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    rows = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(deeper for key, inner in rows for deeper in places(inner, (*path, key)))]


def put(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


def nothing_else_happens(found: Any) -> None:
    """Either it is loaded, and can be written and loaded again, or it is refused in words."""
    with transaction.atomic():
        try:
            loaded(found)
        except InvalidPolicyFile as error:
            refused = str(error)
        else:
            refused = ""
            text = export("default")
            assert set(actions(loaded(text.encode())).values()) <= {Action.LEAVE}
            assert export("default") == text
        assert not refused or not Policy.objects.exists()
        assert not refused or len(refused.splitlines()) > 1
        transaction.set_rollback(True)


ANYTHING = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(JSON)
@ANYTHING
def test_any_json_is_refused_in_words(found: Any) -> None:
    nothing_else_happens(found)


@given(st.data())
@ANYTHING
def test_anything_at_any_place_is_loaded_or_refused_in_words(data: st.DataObject) -> None:
    whole = document()
    path = data.draw(st.sampled_from(places(whole)))
    nothing_else_happens(put(whole, path, data.draw(JSON)))


@given(st.lists(ROWS, max_size=3))
@ANYTHING
def test_any_conditions_are_loaded_or_refused_in_words(rows: list[Any]) -> None:
    nothing_else_happens(document(policies=[VIP | {"conditions": rows}]))


ESCALATIONS = st.fixed_dictionaries(
    {},
    optional={
        "metric": st.sampled_from(["*", "response"]) | JSON,
        "when": st.sampled_from(["due", "80%", "1h after", "9999999d before"]) | JSON,
        "channel": st.sampled_from(["email", "pager"]) | JSON,
        "to": st.lists(st.sampled_from(["assignee", "group:Nobody", "a@example.com"]) | JSON),
        "in_hours": st.booleans() | JSON,
        "enabled": st.booleans() | JSON,
    },
)


@given(st.lists(ESCALATIONS, max_size=3))
@ANYTHING
def test_any_escalations_are_loaded_or_refused_in_words(rows: list[Any]) -> None:
    nothing_else_happens(document(policies=[VIP | {"escalations": rows}]))


@given(st.binary(max_size=40))
@ANYTHING
def test_any_bytes_are_refused_in_words(found: bytes) -> None:
    with pytest.raises(InvalidPolicyFile):
        loaded(found)
