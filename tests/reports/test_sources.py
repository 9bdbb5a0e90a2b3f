"""Where does this come from: the policies in force with the source of each value."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from django_sla.core.calendar import Calendar as CalendarValue
from django_sla.core.condition import EVERY_TICKET, Condition, Operator, compare, where
from django_sla.core.escalation import DEFAULT_ESCALATIONS
from django_sla.core.policy import Policy as PolicyValue
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.sources import PolicySources, condition_in_words, describe
from django_sla.tables.calendar import Calendar
from django_sla.tables.condition import read
from django_sla.tables.policy import Policy
from tests.conftest import MONDAY
from tests.hosts.desk.models import Project

pytestmark = pytest.mark.django_db

HOURS = {"mon-fri": [["09:00", "17:00"]]}
SETTING = {
    "CALENDARS": {"business": {"tz": "Europe/Paris", "hours": HOURS}},
    "CALENDAR": "business",
    "GOALS": {"urgent": {"response": "30m"}, "low": {"resolution": None}},
    "POLICIES": [
        {
            "name": "Operations",
            "when": {"project__key": "OPS"},
            "goals": {"*": {"response": "1h"}},
            "at_risk": 50,
        }
    ],
}


@pytest.fixture(autouse=True)
def setting(settings: Any) -> None:
    settings.DJANGO_SLA = SETTING


@pytest.fixture
def in_code() -> Any:
    policy = PolicyValue.build(
        "Coded",
        {"*": {"response": "2h"}},
        when=Condition("the moon is full", frozenset(), lambda facts: False),
        calendar=CalendarValue("Asia/Tokyo", hours={"sat": [("09:00", "12:00")]}),
    )
    register_policy(policy)
    yield policy
    unregister_policy(policy.name)


def described(name: str) -> PolicySources:
    return next(found for found in describe("default", MONDAY) if found.name == name)


def values(found: PolicySources) -> dict[str, tuple[str, str]]:
    """What each value says, and where it comes from."""
    goals = {
        f"{priority}.{metric}": goal
        for priority, row in found.goals.items()
        for metric, goal in row.items()
    }
    parts = {
        "calendar": found.calendar,
        "at_risk": found.at_risk,
        "reopening": found.reopening,
        **goals,
    }
    return {name: (part.text, part.source_name) for name, part in parts.items()}


def test_policies_come_in_the_order_in_which_they_are_asked(in_code: PolicyValue) -> None:
    goals = {"*": {"response": "1h"}}
    Policy.objects.create(name="Second", order=2, goals=goals, conditions=[key_is("A")])
    Policy.objects.create(name="First", order=1, goals=goals, conditions=[key_is("A")])
    Policy.objects.create(name="Last", order=0, goals=goals, fallback=True)
    Policy.objects.create(name="Off", order=0, goals=goals, enabled=False)
    assert [(found.name, found.source_name) for found in describe("default", MONDAY)] == [
        ("First", "database"),
        ("Second", "database"),
        ("Coded", "code"),
        ("Operations", "settings"),
        ("Last", "database"),
        ("default", "default"),
    ]


def key_is(value: str) -> dict[str, str]:
    return {"field": "project__key", "operator": "is", "value": value}


def test_what_the_database_leaves_empty_is_from_the_settings_or_ships() -> None:
    Policy.objects.create(name="VIP", goals={"*": {"response": "1h"}})
    assert values(described("VIP")) == {
        "calendar": ("business, Europe/Paris", "settings"),
        "at_risk": ("75 % of the goal", "default"),
        "reopening": ("the same clock goes on", "default"),
        "*.response": ("1h", "database"),
    }


def test_what_the_database_says_is_from_the_database() -> None:
    office = Calendar.objects.create(name="Office", tz="America/Toronto", hours=HOURS)
    Policy.objects.create(
        name="VIP", goals={"*": {"response": "1h"}}, calendar=office, at_risk=60, reopening="keep"
    )
    assert values(described("VIP")) == {
        "calendar": ("Office, America/Toronto", "database"),
        "at_risk": ("60 % of the goal", "database"),
        "reopening": ("the first resolution stands", "database"),
        "*.response": ("1h", "database"),
    }


def test_a_policy_of_the_settings_takes_what_it_does_not_say_from_the_defaults() -> None:
    assert values(described("Operations")) == {
        "calendar": ("business, Europe/Paris", "settings"),
        "at_risk": ("50 % of the goal", "settings"),
        "reopening": ("the same clock goes on", "default"),
        "*.response": ("1h", "settings"),
    }


def test_the_built_in_policy_says_goal_by_goal_what_the_settings_changed() -> None:
    found = values(described("default"))
    assert found["urgent.response"] == ("30m", "settings")
    assert found["urgent.resolution"] == ("4h", "default")
    assert found["low.response"] == ("1d", "default")
    assert "low.resolution" not in found


def test_code_answers_for_all_that_it_says(in_code: PolicyValue) -> None:
    found = described("Coded")
    assert values(found)["calendar"] == ("Asia/Tokyo", "code")
    assert values(found)["at_risk"] == ("75 % of the goal", "code")
    assert found.conditions == ("the moon is full",)
    assert found.row is None


def test_around_the_clock_is_called_always(settings: Any) -> None:
    settings.DJANGO_SLA = {}
    assert values(described("default"))["calendar"] == ("always", "default")


def test_only_database_policies_have_a_row(in_code: PolicyValue) -> None:
    row = Policy.objects.create(name="VIP", goals={"*": {"response": "1h"}})
    assert described("VIP").row == row
    assert described("Operations").row is None


def test_a_fallback_says_so_and_what_is_behind_everything_is_never_asked() -> None:
    Policy.objects.create(name="Rest", goals={"*": {"response": "1h"}}, fallback=True)
    assert described("Rest").conditions == ("every ticket that no other policy is for",)
    assert described("Rest").is_asked
    assert not described("default").is_asked


def test_effective_dates_are_said_in_the_current_zone_and_whether_they_hold_now() -> None:
    Policy.objects.create(
        name="Spring",
        goals={"*": {"response": "1h"}},
        effective_from=datetime(2026, 3, 20, tzinfo=UTC),
        effective_until=datetime(2026, 6, 21, tzinfo=UTC),
    )
    with timezone.override(ZoneInfo("America/Toronto")):
        assert described("Spring").effective == (
            "from March 19, 2026, 8 p.m. EDT until June 20, 2026, 8 p.m. EDT"
        )
    assert not described("Spring").is_effective
    assert described("Operations").effective == ""
    assert described("Operations").is_effective


# Escalations


DUE = {"metric": "*", "when": "due", "channel": "email", "to": ["assignee", "group:Managers"]}
OFF = {"metric": "response", "when": "30m before", "channel": "email", "to": ["x@example.com"]}
OFF |= {"in_hours": True, "enabled": False}


def told(name: str) -> tuple[list[str], str]:
    found = described(name)
    return found.escalation_lines, found.escalations.source_name


def test_what_ships_is_switched_off_and_says_so() -> None:
    shipped = [
        "Any metric, when at risk: email to assignee (off)",
        "Any metric, when due: email to assignee, lead (off)",
    ]
    Policy.objects.create(name="VIP", goals={"*": {"response": "1h"}})
    assert told("default") == told("Operations") == told("VIP") == (shipped, "default")


def test_those_of_the_settings_are_of_all_policies_that_do_not_say(settings: Any) -> None:
    operations = SETTING["POLICIES"][0] | {"escalations": [OFF]}
    settings.DJANGO_SLA = SETTING | {"ESCALATIONS": [OFF, DUE], "POLICIES": [operations]}
    lines = [
        "Any metric, when due: email to assignee, the group Managers",
        "Response, 30m before it is due: email to x@example.com, in business hours (off)",
    ]
    Policy.objects.create(name="VIP", order=1, goals={"*": {"response": "1h"}})
    assert told("VIP") == told("default") == (lines, "settings")
    assert told("Operations") == (lines[1:], "settings")
    assert described("VIP").as_dict()["escalations"] == {
        "value": [DUE, OFF],
        "source": "settings",
    }


def test_of_the_database_and_of_code(settings: Any) -> None:
    settings.DJANGO_SLA = {"ESCALATIONS": [DUE]}
    told_by_code = PolicyValue.build(
        "Coded", {"*": {"response": "2h"}}, when=where(title="x"), escalations=[OFF]
    )
    register_policy(told_by_code)
    try:
        assert told("Coded")[1] == "code"
        assert told("Coded")[0][0].endswith("(off)")
    finally:
        unregister_policy("Coded")
    row = Policy.objects.create(name="VIP", goals={"*": {"response": "1h"}}, escalations=[])
    assert told("VIP") == (["nobody is told"], "database")
    row.escalations = [OFF | {"to": ["assignee"]}]
    row.save()
    assert told("VIP") == (
        ["Response, 30m before it is due: email to assignee, in business hours (off)"],
        "database",
    )


def test_goals_are_rows_of_priorities_and_columns_of_metrics() -> None:
    goals = {"*": {"response": "1h"}, "urgent": {"next_response": "5m", "resolution": "2h"}}
    Policy.objects.create(name="VIP", goals=goals)
    found = described("VIP")
    assert found.metrics == [
        ("response", "Response"),
        ("resolution", "Resolution"),
        ("next_response", "Next response"),
    ]
    rows = [(name, [goal and goal.text for goal in row]) for name, row in found.goal_rows]
    assert rows == [("Urgent", [None, "2h", "5m"]), ("All others", ["1h", None, None])]
    assert described("Operations").goal_rows[0][0] == "All"


def test_for_programs_all_of_it_is_json() -> None:
    assert described("Operations").as_dict() == {
        "name": "Operations",
        "source": "settings",
        "conditions": ["Project → key is OPS"],
        "effective_from": None,
        "effective_until": None,
        "is_effective": True,
        "is_asked": True,
        "calendar": {
            "value": {
                "name": "business",
                "tz": "Europe/Paris",
                "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
                "holidays": [],
                "special_days": {},
            },
            "source": "settings",
        },
        "at_risk": {"value": 50, "source": "settings"},
        "reopening": {"value": "resume", "source": "default"},
        "escalations": {"value": list(DEFAULT_ESCALATIONS), "source": "default"},
        "goals": {"*": {"response": {"value": "1h", "source": "settings"}}},
    }


def test_it_is_two_queries_whatever_the_number_of_policies() -> None:
    office = Calendar.objects.create(name="Office", tz="America/Toronto", hours=HOURS)
    for number in range(5):
        Policy.objects.create(
            name=f"{number}", goals={"*": {"response": "1h"}}, calendar=office, order=number
        )
    describe("default", MONDAY)
    with CaptureQueriesContext(connection) as captured:
        describe("default", MONDAY)
    assert len(captured) == 2


# Conditions in words

CONDITIONS = [
    (EVERY_TICKET, "every ticket"),
    (where(project__key="OPS"), "Project → key is OPS"),
    (where(priority__in=["urgent", "high"]), "Priority is one of urgent, high"),
    (where(no_such_field=1), "no_such_field is 1"),
    (compare("title", Operator.EMPTY), "Title is empty"),
    (compare("title", Operator.CONTAINS, "fire"), "Title contains fire"),
    (compare("title", Operator.IS, "x", text="it is x"), "it is x"),
    (~where(title="x"), "not title is 'x'"),
    (where(title="x") | where(title="y"), "(title is 'x' or title is 'y')"),
]


@pytest.mark.parametrize(("condition", "text"), CONDITIONS)
def test_a_condition_is_worded(condition: Condition, text: str) -> None:
    assert condition_in_words(condition) == text


def test_a_value_is_called_by_its_label() -> None:
    project = Project.objects.create(key="MOON")
    row = {"field": "project", "operator": "is", "value": project.pk, "label": "MOON"}
    assert condition_in_words(read([row])) == "Project is MOON"


def test_conditions_are_in_the_current_language() -> None:
    with translation.override("de"):
        assert "MOON" in condition_in_words(where(project__key="MOON"))
