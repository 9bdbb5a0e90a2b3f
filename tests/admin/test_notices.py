"""The outbox in the admin: what was told to whom, what was not and why, and once more."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_sla.flow import deliver as delivering
from django_sla.models import Notice
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

LIST = "/admin/django_sla/notice/"
OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}
RESOLUTION = {"*": {"resolution": "8h"}}
EVIL = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create_user(
        "ada", first_name="Ada", last_name="Lovelace", email="ada@example.com"
    )


def notice(**values: Any) -> Notice:
    number = Notice.objects.count()
    return Notice.objects.create(
        **{
            "key": f"key-{number}",
            "kind": "target_breached",
            "channel": "email",
            "model": "desk.Ticket",
            "ticket": "1",
            "metric": "resolution",
            "when": "due",
            "at": after(8),
            **values,
        }
    )


def page(client: Client, path: str = LIST, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def client_with(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("person", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def send_again(client: Client, *notices: Notice) -> Any:
    data = {"action": "send_again", "_selected_action": [str(one.pk) for one in notices]}
    return client.post(LIST, data, follow=True)


# The list


def test_a_notice_in_words(admin_client: Client, ada: Any) -> None:
    policy({**OPS, "to": ["assignee"]}, goals=RESOLUTION)
    ticket = opened(title="Printer on fire", assignee=ada)
    swept(0)
    swept(9)
    Recorder.fails[:] = [ConnectionError("refused")]
    with at(9):
        delivering.deliver(using="default")
        said = page(admin_client)
    url = reverse("admin:desk_ticket_change", args=[ticket.pk])
    assert f'<a href="{url}">Printer on fire</a>' in said
    assert ">Ada Lovelace</span>" in said
    assert "ada@example.com" not in said
    assert ">Breached</span>" in said
    assert ">Resolution</span>" in said
    assert '<span class="sla-badge sla-badge--on_track">Waiting</span>' in said
    assert "next try" in said
    assert "ConnectionError: refused" in said


@pytest.mark.parametrize(
    ("recipient", "words"),
    [
        ("ops@example.com", "ops@example.com"),
        ("user:987654", "user 987654, who is gone"),
        ("user:nonsense", "user nonsense, who is gone"),
        ("to:duty", "“duty”, whoever that is"),
        ("", "—"),
        (EVIL, "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
)
def test_recipients_in_words(admin_client: Client, recipient: str, words: str) -> None:
    notice(recipient=recipient)
    assert f'<span class="sla-list__line">{words}</span>' in page(admin_client)


def test_a_user_without_a_full_name(admin_client: Client) -> None:
    user = get_user_model().objects.create_user("grace")
    notice(recipient=f"user:{user.pk}")
    assert ">grace</span>" in page(admin_client)


@pytest.mark.parametrize(
    ("model", "ticket"),
    [
        ("desk.Ticket", "987654"),  # gone
        ("desk.Ticket", "nonsense"),
        ("desk.Gone", "1"),
        ("variety.UUIDTicket", "2"),  # not in the admin
    ],
)
def test_a_ticket_that_cannot_be_shown(admin_client: Client, model: str, ticket: str) -> None:
    notice(model=model, ticket=ticket)
    assert f'<td class="field-shown_ticket">{model} {ticket}</td>' in page(admin_client)


def test_a_ticket_that_the_user_may_not_see() -> None:
    ticket = Ticket.objects.create(title="A secret")
    notice(ticket=str(ticket.pk))
    said = page(client_with("view_notice"))
    assert "A secret" not in said
    assert f"desk.Ticket {ticket.pk}" in said


def test_an_escalation_says_when(admin_client: Client) -> None:
    notice(kind="escalated", when="1h after")
    assert ">1h after it was due</span>" in page(admin_client)


def test_each_standing_has_a_colour_and_a_word(admin_client: Client) -> None:
    for standing in ("waiting", "sent", "moot", "dead"):
        notice(standing=standing, tries=10)
    said = page(admin_client)
    for colour, word in (
        ("on_track", "Waiting"),
        ("met", "Sent"),
        ("paused", "No longer needed"),
        ("missed", "Given up"),
    ):
        assert f'<span class="sla-badge sla-badge--{colour}">{word}</span>' in said
    assert said.count("10 tries") == 4


def test_the_number_of_queries_does_not_grow(admin_client: Client) -> None:
    def queries(number: int) -> int:
        for _ in range(number):
            user = get_user_model().objects.create_user(f"user-{get_user_model().objects.count()}")
            notice(ticket=str(Ticket.objects.create().pk), recipient=f"user:{user.pk}")
        with CaptureQueriesContext(connection) as captured:
            page(admin_client)
        return len(captured)

    queries(1)
    assert queries(1) == queries(15)


def test_filters(admin_client: Client) -> None:
    notice(recipient="first@example.com", standing="dead", channel="note")
    notice(recipient="second@example.com", standing="sent", kind="target_warned")

    def found(**query: str) -> set[str]:
        said = page(admin_client, **query)
        return {name for name in ("first", "second") if f"{name}@example.com" in said}

    assert found() == {"first", "second"}
    assert found(standing__exact="dead") == {"first"}
    assert found(channel="note") == {"first"}
    assert found(channel="email") == {"second"}
    assert found(kind__exact="target_warned") == {"second"}
    said = page(admin_client)
    for channel in ("email", "note", "machine", "signal"):
        assert f"?channel={channel}" in said


def test_filters_where_the_setting_is_wrong(admin_client: Client) -> None:
    with override_settings(DJANGO_SLA={"CHANNELS": 3}):
        assert "?channel=signal" in page(admin_client)


def test_search(admin_client: Client, ada: Any) -> None:
    notice(recipient=f"user:{ada.pk}", ticket="17", problem="problem one")
    notice(recipient="ops@example.com", ticket="170", problem="problem two")

    def found(term: str) -> set[str]:
        said = page(admin_client, q=term)
        return {name for name in ("one", "two") if f"problem {name}" in said}

    assert found(" 17 ") == {"one"}
    assert found("ops@") == {"two"}
    assert found("lovelace") == {"one"}
    assert found("ADA@example") == {"one"}
    assert found("nobody") == set()
    assert found(" ") == {"one", "two"}


# A single one


def test_the_page_of_a_notice(admin_client: Client, ada: Any) -> None:
    ticket = Ticket.objects.create(title="Printer on fire")
    problem = f"{EVIL}\n" + "Very long. " * 30
    one = notice(key="the-key", ticket=str(ticket.pk), recipient=f"user:{ada.pk}", problem=problem)
    said = page(admin_client, f"{LIST}{one.pk}/change/")
    assert "the-key" in said
    assert "Printer on fire" in said
    assert "Ada Lovelace" in said
    assert said.count("Very long.") == 30
    assert EVIL not in said
    assert page(admin_client).count("Very long.") < 15, "the list has the beginning"


def test_it_is_only_read(admin_client: Client) -> None:
    one = notice()
    assert admin_client.post(f"{LIST}{one.pk}/change/", {"recipient": "x"}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{one.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Notice.objects.get().recipient == ""


def test_who_may_see_it() -> None:
    """Addresses are personal data."""
    one = notice(recipient="ops@example.com")
    client = client_with("view_sweep", "retry_notice")
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{one.pk}/change/").status_code == 403


# Once more


def test_what_was_given_up_is_sent_again(admin_client: Client, admin_user: Any) -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(0)
    swept(9)
    Recorder.fails[:] = [ConnectionError("refused")]
    Notice.objects.update(tries=delivering.TRIES)
    with at(9):
        delivering.deliver(using="default")
    one = Notice.objects.get()
    assert one.standing == "dead"
    assert told(send_again(admin_client, one)) == ["1 notice will be sent again."]
    one.refresh_from_db()
    assert (one.standing, one.problem) == ("waiting", "")
    delivering.deliver(using="default")
    assert [message.key for message in Recorder.said] == [one.key]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        admin_user,
        str(one.pk),
        "Sent again.",
    )


def test_others_are_left_as_they_are(admin_client: Client) -> None:
    some = [notice(standing=standing) for standing in ("waiting", "sent", "moot", "dead", "dead")]
    assert told(send_again(admin_client, *some)) == [
        "2 notices will be sent again.",
        "3 notices were left as they are: only those given up are sent again.",
    ]
    standings = Notice.objects.order_by("pk").values_list("standing", flat=True)
    assert list(standings) == ["waiting", "sent", "moot", "waiting", "waiting"]
    assert LogEntry.objects.count() == 2
    assert told(send_again(admin_client, some[1])) == [
        "1 notice was left as it is: only those given up are sent again."
    ]


def test_many_at_once(admin_client: Client, monkeypatch: Any) -> None:
    from django_sla.admin import notices

    monkeypatch.setattr(notices, "BATCH", 2)
    some = [notice(standing="dead") for _number in range(5)]
    assert told(send_again(admin_client, *some)) == ["5 notices will be sent again."]
    assert set(Notice.objects.values_list("standing", flat=True)) == {"waiting"}


def test_without_the_permission_there_is_no_such_action() -> None:
    one = notice(standing="dead")
    client = client_with("view_notice")
    assert "send_again" not in page(client)
    send_again(client, one)
    assert Notice.objects.get().standing == "dead"
    get_user_model().objects.get(username="person").user_permissions.add(
        Permission.objects.get(codename="retry_notice")
    )
    assert "send_again" in page(client)
    send_again(client, one)
    assert Notice.objects.get().standing == "waiting"


def test_a_get_sends_nothing(admin_client: Client) -> None:
    one = notice(standing="dead")
    admin_client.get(LIST, {"action": "send_again", "_selected_action": one.pk})
    assert Notice.objects.get().standing == "dead"
