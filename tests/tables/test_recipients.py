"""Whom a name in an escalation stands for."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla import registry
from django_sla.tables.recipients import (
    is_declared,
    is_known,
    known_recipients,
    problem_with,
    resolve,
    resolve_apart,
)
from tests.hosts.assets.models import AssetTicket, Site
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

Who = Callable[..., Any]


@pytest.fixture
def person() -> Who:
    return get_user_model().objects.create_user


@pytest.fixture
def also(monkeypatch: pytest.MonkeyPatch) -> Who:
    """Names for whom tickets of the desk and of assets stand, besides what they declare."""

    def also(model: Any = Ticket, **names: Any) -> None:
        monkeypatch.setattr(model.sla, "recipients", dict(model.sla.recipients) | names)

    monkeypatch.setattr(registry, "recipients", {})
    return also


def told(name: str, ticket: Any) -> list[str]:
    return resolve(name, ticket, type(ticket).sla)


def test_the_assignee_is_who_the_ticket_says(person: Who) -> None:
    agent = person("agent")
    assert told("assignee", Ticket.objects.create(assignee=agent)) == [f"user:{agent.pk}"]
    assert told("assignee", Ticket.objects.create()) == []


def test_a_path_goes_across_relations_and_leads_nowhere_quietly(also: Who, person: Who) -> None:
    also(AssetTicket, manager="site__manager")
    boss = person("boss")
    home, away = Site.objects.create(manager=boss), Site.objects.create()
    sites = [home, away, None]
    tickets = [AssetTicket.objects.create(site=site) for site in sites]
    assert [told("manager", ticket) for ticket in tickets] == [[f"user:{boss.pk}"], [], []]


def test_a_path_may_lead_to_many(also: Who, person: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    also(friends="watchers")
    ones = [person(f"{number}") for number in range(2)]
    everybody = property(lambda ticket: get_user_model().objects.order_by("username"))
    monkeypatch.setattr(Ticket, "watchers", everybody, raising=False)
    found = told("friends", Ticket.objects.create())
    assert found == [f"user:{one.pk}" for one in ones]


def test_many_to_many_is_all_of_them(also: Who, person: Who) -> None:
    group = Group.objects.create(name="Watchers")
    for name in ("a", "b"):
        person(name).groups.add(group)
    also(watchers=lambda ticket: group.user_set)
    assert len(told("watchers", Ticket.objects.create())) == 2


@pytest.mark.parametrize("registered", [True, False])
def test_a_callable_gives_one_or_many_people_or_addresses(
    registered: bool, also: Who, person: Who
) -> None:
    one = person("one")
    gone = person("gone", is_active=False)
    answers: dict[Any, list[str]] = {
        one: [f"user:{one.pk}"],
        "ops@example.com": ["ops@example.com"],
        None: [],
        "": [],
        gone: [],
        (one, "ops@example.com", None, one, ("a@example.com",)): [
            f"user:{one.pk}",
            "ops@example.com",
            "a@example.com",
        ],
    }
    ticket = Ticket.objects.create()
    for answer, expected in answers.items():

        def who(asked: Any, answer: Any = answer) -> Any:
            assert asked is ticket
            return answer

        if registered:
            registry.recipients.clear()
            registry.register_recipients("duty", who)
        else:
            also(duty=who)
        assert told("duty", ticket) == expected


def test_a_group_is_its_active_members(person: Who) -> None:
    managers = Group.objects.create(name="Managers")
    ones = [person("a"), person("b", is_active=False), person("c")]
    for one in ones:
        one.groups.add(managers)
    ticket = Ticket.objects.create()
    assert set(told("group:Managers", ticket)) == {f"user:{ones[0].pk}", f"user:{ones[2].pk}"}
    Group.objects.create(name="Nobody")
    assert told("group:Nobody", ticket) == []


def test_who_is_inactive_is_not_told(person: Who) -> None:
    assert told("assignee", Ticket.objects.create(assignee=person("a", is_active=False))) == []


def test_an_address_is_itself() -> None:
    assert told("ops@example.com", Ticket.objects.create()) == ["ops@example.com"]


def test_another_kind_of_ticket_may_have_nobody_of_that_name(also: Who) -> None:
    assert told("assignee", UUIDTicket.objects.create()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("boss", "'boss' is nobody; there is assignee"),
        ("group:Gone", "there is no group 'Gone'"),
        ("ops@", "'ops@' is nobody"),
    ],
)
def test_a_name_for_nothing_is_told(name: str, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        told(name, Ticket.objects.create())


def test_what_is_registered_goes_before_what_a_model_declares(also: Who) -> None:
    registry.register_recipients("assignee", lambda ticket: "duty@example.com")
    assert told("assignee", Ticket.objects.create()) == ["duty@example.com"]


def test_what_is_known(also: Who) -> None:
    Group.objects.create(name="Managers")
    registry.register_recipients("duty", lambda ticket: [])
    also(lead="assignee")
    assert known_recipients() == ["assignee", "duty", "lead"]
    known = ("duty", "lead", "group:Managers", "ops@example.com")
    assert [is_known(name) for name in known] == [True] * 4
    unknown = ("boss", "group:", "group:Gone", "managers", "Lead", "ops@", "")
    assert [is_known(name) for name in unknown] == [False] * 7
    with CaptureQueriesContext(connection) as captured:
        assert is_declared("group:Gone")
        assert not is_declared("boss")
    assert not captured.captured_queries


# Where there is no ticket


def test_apart_from_tickets_there_are_groups_users_and_addresses(person: Who) -> None:
    ada, gone = person("ada"), person("gone", is_active=False)
    Group.objects.create(name="Managers").user_set.add(ada, gone)
    Group.objects.create(name="Empty")
    assert resolve_apart("group:Managers", "default") == [f"user:{ada.pk}"]
    assert resolve_apart("user:ada", "default") == [f"user:{ada.pk}"]
    assert resolve_apart("user:gone", "default") == []
    assert resolve_apart("group:Empty", "default") == []
    assert resolve_apart("boss@example.com", "default") == ["boss@example.com"]
    for name in ("assignee", "group:Gone", "user:nobody", "boss", ""):
        with pytest.raises(LookupError):
            resolve_apart(name, "default")


def test_what_is_wrong_with_a_name_apart_from_tickets(person: Who) -> None:
    person("ada")
    assert [problem_with(name) for name in ("user:ada", "boss@example.com")] == ["", ""]
    assert "is somebody of a ticket" in problem_with("assignee")
    for name in ("group:Gone", "user:nobody", "boss", "a@example.com\nBcc: b@example.com"):
        assert problem_with(name).startswith("Nobody knows “")
    for name in ("", None, 3, ["user:ada"]):
        assert problem_with(name).startswith("Expected a name")
