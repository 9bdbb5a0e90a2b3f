"""Policies that people edit: what is refused, how it is written, and what becomes of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.migrations import Migration
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

from django_sla import registry
from django_sla.core.calendar import ALWAYS
from django_sla.core.calendar import Calendar as CalendarValue
from django_sla.core.condition import EVERY_TICKET
from django_sla.core.errors import PolicyError
from django_sla.core.policy import Policy as PolicyValue
from django_sla.core.policy import Reopening, Source
from django_sla.models import Calendar, Policy
from django_sla.tables import edition
from django_sla.tables.policy import known_priorities
from tests.hosts.assets.models import AssetTicket
from tests.hosts.desk.models import Project, Ticket
from tests.hosts.variety.models import ExtendedTicket, UUIDTicket
from tests.integrations.test_request import serve
from tests.test_docs import DOCS, blocks

pytestmark = pytest.mark.django_db

GOALS = {"urgent": {"response": "1h", "resolution": "4h"}}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def policy(**fields: Any) -> Policy:
    return Policy(**{"name": "Gold", "goals": GOALS, **fields})


def refused(**fields: Any) -> dict[str, list[str]]:
    """The messages by field; nothing is saved, and no new edition made."""
    before = edition.read("default"), Policy.objects.count(), Policy.history.count()
    with pytest.raises(ValidationError) as caught:
        policy(**fields).save()
    assert (edition.read("default"), Policy.objects.count(), Policy.history.count()) == before
    return caught.value.message_dict


@pytest.fixture
def only() -> Iterator[Any]:
    """Make these the only ticket models."""
    kept = dict(registry.tickets)

    def leave(*models: Any) -> None:
        registry.tickets.clear()
        registry.tickets.update({model: kept[model] for model in models})

    yield leave
    registry.tickets.clear()
    registry.tickets.update(kept)


# The name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "This field cannot be blank."),
        ("  ", "This field cannot be blank."),
        (None, "This field cannot be null."),
        ("x" * 81, "Ensure this value has at most 80 characters (it has 81)."),
        (" Default", "This is the name of the built-in policy; take another."),
    ],
)
def test_a_name_that_cannot_be(name: Any, message: str) -> None:
    assert refused(name=name) == {"name": [message]}


def test_a_name_that_is_taken_in_the_database() -> None:
    policy().save()
    assert refused(name=" Gold") == {"name": ["Policy with this Name already exists."]}


def test_a_name_that_is_taken_in_the_settings(settings: Any) -> None:
    settings.DJANGO_SLA = {"POLICIES": [{"name": "Gold", "goals": {}}]}
    assert refused() == {"name": ["A policy of the settings has this name; take another."]}


def test_a_name_that_is_taken_in_code() -> None:
    registry.register_policy(PolicyValue.build("Gold", GOALS))
    try:
        assert refused() == {"name": ["A policy of the code has this name; take another."]}
    finally:
        registry.unregister_policy("Gold")


# Goals


@pytest.mark.parametrize(
    ("goals", "message"),
    [
        ({}, "Give at least one goal."),
        ({"urgent": {}}, "Give at least one goal."),
        (
            {"urgent": {"response": "soon"}},
            '["urgent"]["response"]: \'soon\' is not a duration; '
            'write it as "4h", "1d 2h 30m" or "PT4H30M" (units: w, d, h, m, s).',
        ),
        (
            {"urgent": {"response": 60}},
            '["urgent"]["response"]: 60 is not a duration: a number has no unit; '
            'write it as "4h", "1d 2h 30m" or "PT4H30M" (units: w, d, h, m, s).',
        ),
        (
            {"urgent": {"response": "0m"}},
            '["urgent"]["response"]: expected a duration longer than nothing, got \'0m\'.',
        ),
        (
            {"urgent": {"response": "3654d"}},
            '["urgent"]["response"]: expected a duration of at most ten years, got \'3654d\'.',
        ),
        (
            {"urgent": {"response": None}},
            '["urgent"]["response"]: None is not a duration; '
            'write it as "4h", "1d 2h 30m" or "PT4H30M" (units: w, d, h, m, s).',
        ),
        (
            {"urgent": "1h"},
            '["urgent"]: expected a table such as {"response": "1h", "resolution": "4h"}, '
            "got '1h'.",
        ),
        (
            ["1h"],
            'expected a table such as {"urgent": {"response": "1h"}}, got [\'1h\'].',
        ),
        (
            {"urgent": {"response": "1h"}, "Urgent": {"response": "2h"}},
            "[\"Urgent\"]: the priority 'urgent' is given twice.",
        ),
        ({" ": {"response": "1h"}}, '[" "]: a priority must be a text or a number.'),
        ({"urgent": {"respones": "1h"}}, '“respones” is no metric. Did you mean "response"?'),
        ({"urgent": {"zzz": "1h"}}, "“zzz” is no metric."),
    ],
)
def test_goals_that_cannot_be(goals: Any, message: str) -> None:
    assert refused(goals=goals) == {"goals": [message]}


def test_a_priority_that_no_ticket_has(only: Any) -> None:
    only(Ticket, AssetTicket)
    assert refused(goals={"critical": {"response": "1h"}, "urgent": {"response": "1h"}}) == {
        "goals": ["No ticket has the priority “critical”; there is urgent, high, medium, low."]
    }


def test_everything_that_is_wrong_with_goals_is_told_at_once() -> None:
    found = refused(goals={"a": {"response": "x"}, "b": {"response": "y"}})
    assert len(found["goals"]) == 2


# Fallback, period, conditions, the rest


def test_there_is_one_fallback() -> None:
    first = policy(name="Everybody", fallback=True)
    first.save()
    assert refused(fallback=True) == {
        "fallback": ["“Everybody” is the fallback; only one policy can be."]
    }
    first.save()
    first.fallback = False
    first.save()
    policy(fallback=True).save()


def test_a_fallback_is_for_every_ticket_at_any_time() -> None:
    title = [{"field": "title", "operator": "is", "value": "a"}]
    assert refused(fallback=True, conditions=title, effective_from=MONDAY) == {
        "fallback": [
            "A fallback is for every ticket; take its conditions away.",
            "A fallback is always effective; take its dates away.",
        ]
    }
    assert list(refused(fallback=True, effective_until=MONDAY)) == ["fallback"]


@pytest.mark.parametrize("end", [MONDAY, MONDAY - timedelta(microseconds=1)])
def test_an_end_that_is_not_after_the_beginning(end: datetime) -> None:
    assert refused(effective_from=MONDAY, effective_until=end) == {
        "effective_until": ["The end must be later than the beginning."]
    }


@pytest.mark.parametrize("name", ["effective_from", "effective_until"])
def test_an_instant_without_a_time_zone(name: str) -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001  that is the point
    other = {"effective_from": "effective_until", "effective_until": "effective_from"}[name]
    for given in (naive, "2026-03-02 00:00"):
        assert refused(**{name: given, other: MONDAY}) == {
            name: ["2026-03-02 00:00:00 has no time zone; give one."]
        }


@pytest.mark.parametrize("name", ["effective_from", "effective_until"])
def test_something_that_is_no_instant(name: str) -> None:
    other = {"effective_from": "effective_until", "effective_until": "effective_from"}[name]
    found = refused(**{name: "soon", other: MONDAY})
    assert list(found) == [name]
    assert found[name][0].startswith("“soon” value has an invalid format.")


def test_instants_may_be_given_as_text() -> None:
    found = policy(effective_from="2026-03-02T09:00:00+01:00")
    found.save()
    assert found.effective_from == MONDAY - timedelta(hours=1)


@pytest.mark.parametrize(
    ("at_risk", "message"),
    [
        (0, "Ensure this value is greater than or equal to 1."),
        (101, "Ensure this value is less than or equal to 100."),
        ("most", "“most” value must be an integer."),
    ],
)
def test_at_risk_is_a_percentage(at_risk: Any, message: str) -> None:
    assert refused(at_risk=at_risk) == {"at_risk": [message]}


def test_a_rule_for_reopening_that_is_unknown() -> None:
    assert refused(reopening="again") == {"reopening": ["Value 'again' is not a valid choice."]}


def test_an_order_is_a_number() -> None:
    assert refused(order=-1) == {"order": ["Ensure this value is greater than or equal to 0."]}


def test_a_calendar_that_does_not_exist() -> None:
    assert refused(calendar_id=99) == {
        "calendar": ["calendar instance with id 99 is not a valid choice."]
    }


def test_conditions_are_checked_with_the_number_of_the_row() -> None:
    rows = [
        {"field": "title", "operator": "is", "value": "a"},
        {"field": "titel", "operator": "is", "value": "a"},
    ]
    assert refused(conditions=rows) == {
        "conditions": ['Condition 2: No ticket has a field “titel”. Did you mean "title"?']
    }
    assert refused(conditions="title is a") == {
        "conditions": ["Expected a list of conditions, got 'title is a'."]
    }


def test_conditions_that_can_never_match_are_refused() -> None:
    rows = [{"field": "title", "operator": "is", "value": value} for value in "ab"]
    assert refused(conditions=rows) == {
        "conditions": ["No ticket can match: “title” cannot have two values."]
    }


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = refused(
        name="default",
        goals={},
        conditions=[{}],
        fallback=True,
        effective_from=MONDAY,
        effective_until=MONDAY,
        at_risk=0,
        reopening="again",
        order="first",
    )
    assert sorted(found) == [
        "at_risk",
        "conditions",
        "effective_until",
        "fallback",
        "goals",
        "name",
        "order",
        "reopening",
    ]


def test_a_change_that_is_refused_changes_nothing() -> None:
    kept = Policy.objects.create(name="Gold", goals=GOALS)
    before = edition.read("default")
    kept.goals = {}
    for write in (kept.save, lambda: kept.save(update_fields=["order"])):
        with pytest.raises(ValidationError):
            write()
    assert Policy.objects.get().goals == GOALS
    assert kept.history.count() == 1
    assert edition.read("default") == before


# Warnings


def test_goals_that_shrink_while_the_priority_sinks_are_a_warning(only: Any) -> None:
    only(Ticket)
    found = policy(
        goals={
            "urgent": {"response": "2h", "resolution": "1d"},
            "high": {"response": "1h", "resolution": "2d"},
            "low": {"response": "1h", "resolution": "2d"},
            "*": {"response": "1m"},
        }
    )
    found.save()
    assert list(found.warnings()) == [
        "The goals for response are shorter for a lower priority: urgent 2h, high 1h, low 1h."
    ]


def test_goals_that_grow_or_stay_are_no_warning() -> None:
    found = policy(goals={"urgent": {"response": "1h"}, "low": {"response": "1h"}})
    found.save()
    assert not list(found.warnings())


def test_a_metric_of_ones_own_is_warned_about_too(only: Any) -> None:
    only(Ticket)
    found = policy(goals={"high": {"closure": "1w"}, "low": {"closure": "1d"}})
    found.save()
    assert list(found.warnings()) == [
        "The goals for closure are shorter for a lower priority: high 7d, low 1d."
    ]


def test_priorities_that_do_not_ship_may_be_listed_either_way(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(Ticket)
    field = Ticket._meta.get_field("priority")
    for listed in (["p1", "p2", "p3"], ["p3", "p2", "p1"]):
        monkeypatch.setattr(field, "choices", [(value, value) for value in listed])
        found = policy(goals={p: {"response": f"{p[1]}h"} for p in listed})
        found.full_clean()
        assert not list(found.warnings())
        found.goals["p2"]["response"] = "9h"
        assert len(list(found.warnings())) == 1


# Which priorities there are


def test_priorities_are_those_of_the_choices_as_policies_name_them(
    only: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    only(Ticket, AssetTicket)
    assert known_priorities() == ("urgent", "high", "medium", "low")
    settings.DJANGO_SLA = {"PRIORITIES": {"Medium": "normal"}}
    assert known_priorities() == ("urgent", "high", "normal", "low")
    assert refused(goals={"medium": {"response": "1h"}}) == {
        "goals": ["No ticket has the priority “medium”; there is urgent, high, normal, low."]
    }
    monkeypatch.setattr(ExtendedTicket._meta.get_field("urgency"), "choices", [(1, "1"), (9, "9")])
    only(ExtendedTicket)
    assert known_priorities() == ("urgent", "9")
    assert list(refused(goals={"1": {"response": "1h"}})) == ["goals"]
    policy(goals={"9": {"response": "1h"}, "*": {"response": "2h"}}).save()


def test_where_some_model_takes_any_priority_any_will_do(only: Any) -> None:
    only(Ticket, UUIDTicket)
    assert known_priorities() == ()
    policy(goals={"critical": {"response": "1h"}}).save()


# How it is written


def test_it_is_written_in_one_way() -> None:
    project = Project.objects.create(key="OPS")
    found = policy(
        name=" Gold ",
        goals={
            "URGENT": {"response": "60m", "resolution": "240m"},
            "low": {},
            "*": {"response": "PT1H30M"},
        },
        conditions=[
            {"field": "project", "value": "ops"},
            {"field": "title", "operator": "empty", "value": ""},
        ],
    )
    found.save()
    found.refresh_from_db()
    assert found.name == str(found) == "Gold"
    assert found.goals == {
        "urgent": {"response": "1h", "resolution": "4h"},
        "*": {"response": "1h 30m"},
    }
    assert found.conditions == [
        {"field": "project", "operator": "is", "value": project.pk, "label": "OPS"},
        {"field": "title", "operator": "empty"},
    ]


def test_saved_again_it_is_the_same() -> None:
    project = Project.objects.create(key="OPS")
    found = policy(conditions=[{"field": "project", "operator": "in", "value": [project.pk]}])
    found.save()
    before = json.dumps([found.goals, found.conditions], sort_keys=True)
    found.save()
    found.refresh_from_db()
    assert json.dumps([found.goals, found.conditions], sort_keys=True) == before


# Its value


def test_what_it_does_not_say_is_as_the_settings_say(settings: Any) -> None:
    settings.DJANGO_SLA = {
        "CALENDARS": {"office": {"tz": "Asia/Tokyo"}},
        "CALENDAR": "office",
        "AT_RISK": 50,
    }
    found = policy()
    found.save()
    value = found.value(registry.policies()[-1])
    assert (value.name, value.source, value.when) == ("Gold", Source.DATABASE, EVERY_TICKET)
    assert value.terms.calendar == CalendarValue("Asia/Tokyo")
    assert value.terms.at_risk == 50
    assert value.terms.reopening is Reopening.RESUME
    assert value.origin("calendar") is Source.SETTINGS
    assert value.origin("at_risk") is Source.SETTINGS
    assert value.origin("reopening") is Source.DEFAULT
    assert value.origin("goals.urgent.response") is Source.DATABASE


def test_what_it_says_is_its_own(settings: Any) -> None:
    settings.DJANGO_SLA = {"AT_RISK": 50, "REOPENING": "keep"}
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})
    found = policy(
        calendar=office,
        at_risk=90,
        reopening="restart",
        effective_from=MONDAY,
        effective_until=MONDAY + timedelta(days=1),
    )
    found.save()
    value = Policy.objects.get().value(registry.policies()[-1])
    assert value.terms.calendar == CalendarValue("UTC", hours={"mon": [("09:00", "17:00")]})
    assert (value.terms.at_risk, value.terms.reopening) == (90, Reopening.RESTART)
    assert (value.effective_from, value.effective_until) == (MONDAY, MONDAY + timedelta(days=1))
    assert {value.origin(key) for key in ("calendar", "at_risk", "reopening")} == {Source.DATABASE}


def test_a_value_that_was_written_past_the_validation_is_an_error() -> None:
    policy().save()
    for fields in (
        {"at_risk": 0},
        {"reopening": "again"},
        {"goals": {"urgent": {"response": "soon"}}},
        {"conditions": [{"field": "title"}]},
    ):
        Policy.objects.update(**fields)
        with pytest.raises((PolicyError, ValueError, KeyError)):
            Policy.objects.get().value(registry.policies()[-1])
        Policy.objects.update(at_risk=None, reopening="", goals=GOALS, conditions=[])
    value = Policy.objects.get().value(registry.policies()[-1])
    assert value.terms.calendar == ALWAYS


# What becomes of it


def test_every_change_is_in_the_history_with_who_and_from_where() -> None:
    ada = get_user_model().objects.create_user("ada", is_staff=True)
    found = serve(lambda: Policy.objects.create(name="Gold", goals=GOALS), ada)

    def change() -> None:
        found.at_risk = 60
        found.save()

    serve(change, ada, "198.51.100.9")
    found.delete()
    rows = Policy.history.order_by("history_id")
    assert [(row.history_type, row.history_user, row.client_ip) for row in rows] == [
        ("+", ada, "203.0.113.7"),
        ("~", ada, "198.51.100.9"),
        ("-", None, None),
    ]
    assert [row.at_risk for row in rows] == [None, 60, 60]
    assert rows[1].goals == GOALS


@pytest.mark.parametrize("model", [Policy, Calendar])
def test_the_model_of_its_history_is_where_it_says(model: Any) -> None:
    """Or ``manage.py shell`` complains in every project, and nothing of it can be pickled."""
    history = model.history.model
    assert import_string(f"{history.__module__}.{history.__name__}") is history


def test_every_way_to_write_makes_a_new_edition(tmp_path: Any) -> None:
    seen = [edition.read("default")]
    assert seen == [edition.NONE], "nothing was ever edited"

    def is_new() -> bool:
        seen.append(edition.read("default"))
        return seen[-1] not in seen[:-1]

    found = Policy.objects.create(name="Gold", goals=GOALS)
    assert is_new()
    found.save()
    assert is_new()
    Policy.objects.update(enabled=False)
    assert is_new()
    Policy.objects.filter(name="Nobody").update(enabled=False)
    assert is_new(), "needless, and harmless"
    found.enabled = True
    Policy.objects.bulk_update([found], ["enabled"])
    assert is_new()
    Policy.objects.bulk_create([policy(name="Silver")])
    assert is_new()
    Policy.objects.get_or_create(name="Bronze", defaults={"goals": GOALS})
    assert is_new()
    Policy.objects.get_or_create(name="Bronze")
    assert not is_new(), "nothing was written"
    fixture = tmp_path / "policies.json"
    fixture.write_text(serializers.serialize("json", Policy.objects.all()), "utf-8")
    Policy.objects.filter(name="Silver").delete()
    assert is_new()
    found.delete()
    assert is_new()
    call_command("loaddata", str(fixture), stdout=StringIO())
    assert is_new()
    assert Policy.objects.count() == 3


def test_a_token_never_comes_back_with_a_fixture(tmp_path: Any) -> None:
    """What this process has read under a token may be other than what the fixture brings."""
    Policy.objects.create(name="Gold", goals=GOALS)
    then = edition.read("default")
    fixture = tmp_path / "everything.json"
    rows = [*Policy.objects.all(), edition.Edition.objects.get()]
    fixture.write_text(serializers.serialize("json", rows), "utf-8")
    Policy.objects.create(name="Silver", goals=GOALS)
    call_command("loaddata", str(fixture), stdout=StringIO())
    assert edition.read("default") != then


def migrated(apps: Apps, *steps: tuple[Migration, bool]) -> str:
    """The edition after a run of ``migrate`` with these steps, which come backwards if True."""
    post_migrate.send(
        django_apps.get_app_config("django_sla"),
        app_config=django_apps.get_app_config("django_sla"),
        verbosity=0,
        interactive=False,
        using="default",
        apps=apps,
        plan=steps,
    )
    return edition.read("default")


def test_a_migration_makes_a_new_edition() -> None:
    """It may have written policies through models of its own, which send us no signals."""
    step = (Migration("0009_policies", "desk"), False)
    assert migrated(django_apps) == edition.NONE, "nothing was migrated"
    first = migrated(django_apps, step)
    assert first != edition.NONE
    assert migrated(django_apps, step) not in (first, edition.NONE)


def test_a_migration_that_takes_our_tables_away_asks_for_none_of_them() -> None:
    assert migrated(Apps(), (Migration("0001_initial", "django_sla"), True)) == edition.NONE


def test_the_documentation_shows_what_can_be_saved() -> None:
    for key in ("OPS", "NET"):
        Project.objects.create(key=key)
    shown = [
        block.text
        for block in blocks(DOCS / "how-to" / "policies.md", "python")
        if "Policy.objects.create" in block.text
    ]
    names: dict[str, Any] = {}
    for text in shown:
        exec(text, names)
    assert {found.name for found in Policy.objects.all()} == {"Operations", "Operations 2027"}
    found = Policy.objects.get(name="Operations")
    assert [row["label"] for row in found.conditions if "label" in row] == ["OPS, NET"]
    assert names["office"].value().is_open(MONDAY.replace(hour=15))


def test_the_permissions_are_there() -> None:
    found = Permission.objects.filter(content_type__app_label="django_sla")
    assert {"apply_policy", "waive_breach", "view_ip", "change_policy", "view_calendar"} <= set(
        found.values_list("codename", flat=True)
    )


def test_policies_are_listed_in_the_order_in_which_they_are_asked() -> None:
    policy(name="C", order=0, fallback=True).save()
    for name, order in (("B", 2), ("A", 2), ("D", 1)):
        policy(name=name, order=order).save()
    assert [found.name for found in Policy.objects.all()] == ["D", "A", "B", "C"]
