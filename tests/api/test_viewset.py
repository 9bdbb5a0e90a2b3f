"""The addresses below ``{id}/sla/``: their answers, and what they refuse."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from django_sla.api import SLAThrottle
from django_sla.moment import as_of
from tests.api.conftest import opened
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import UUIDTicket

NOBODY = "5f2b7c1e-0d5e-4b0f-9a55-3f1f6d1c2a77"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]

DUE = (timezone.now() + timedelta(days=1)).isoformat()


@pytest.fixture
def client(as_: Callable[..., APIClient]) -> APIClient:
    return as_("superuser", REMOTE_ADDR="192.0.2.7")


def get(client: APIClient, ticket: Any, path: str = "", **query: Any) -> Any:
    return client.get(f"/tickets/{ticket.pk}/sla/{path}", query)


def post(client: APIClient, ticket: Any, path: str, **body: Any) -> Any:
    return client.post(f"/tickets/{ticket.pk}/sla/{path}/", body, format="json")


def test_the_sla_of_a_ticket(client: APIClient, people: Any) -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create(priority="high", requester=people["requester"])
    with as_of(after(1.25)):
        Comment.objects.create(ticket=ticket, author=people["agent"], created_at=after(1.25))
    with as_of(after(22.75)):
        ticket.refresh_from_db()
        ticket.status = "resolved"
        ticket.save()
    with timezone.override("America/Toronto"):
        found = get(client, ticket).json()
    assert found == {
        "id": ticket.pk,
        "created_at": "2026-03-02T04:00:00-05:00",
        "response_target": "2026-03-02T08:00:00-05:00",
        "resolution_target": "2026-03-02T12:00:00-05:00",
        "first_responded_at": "2026-03-02T05:15:00-05:00",
        "resolved_at": "2026-03-03T02:45:00-05:00",
        "closed_at": None,
        "response_state": "met",
        "response_time_hours": 1.25,
        "response_remaining_hours": 2.75,
        "resolution_state": "missed",
        "resolution_time_hours": 22.75,
        "resolution_remaining_hours": -14.75,
        "policy": "default",
        "hold": None,
    }


def test_a_hold(client: APIClient, ticket: Ticket) -> None:
    before = timezone.now()
    hold = post(client, ticket, "pause", reason="  Waits for a part ").data["hold"]
    assert (hold["actor"], hold["reason"]) == ("superuser", "Waits for a part")
    assert before <= datetime.fromisoformat(hold["at"]) <= timezone.now()
    assert get(client, ticket).data["resolution_state"] == "paused"
    answer = post(client, ticket, "resume").data
    assert (answer["hold"], answer["resolution_state"]) == (None, "on_track")


def test_a_target(client: APIClient, ticket: Ticket) -> None:
    before = get(client, ticket).data["resolution_target"]
    answer = post(client, ticket, "set-target", metric="resolution", due=DUE, reason="Agreed").data
    assert datetime.fromisoformat(answer["resolution_target"]) == datetime.fromisoformat(DUE)
    answer = post(client, ticket, "clear-target", metric="resolution").data
    assert answer["resolution_target"] == before


def test_a_waiver(client: APIClient, ticket: Ticket) -> None:
    assert post(client, ticket, "waive", metric="response", reason="Away").status_code == 200
    assert Ticket.objects.get().sla.clock("response").waived


def test_who_did_it_where_no_middleware_tells(
    client: APIClient, ticket: Ticket, people: Any, settings: Any
) -> None:
    settings.MIDDLEWARE = []
    assert post(client, ticket, "pause", reason="x").data["hold"]["actor"] == "superuser"


def test_the_timeline(client: APIClient, ticket: Ticket) -> None:
    post(client, ticket, "set-target", metric="resolution", due=DUE, reason="Agreed")
    page = get(client, ticket, "timeline/").json()
    assert page["count"] == 3
    first, breach, target = page["results"]
    assert (first["kind"], first["actor"], first["metric"], first["due"]) == (
        "opened",
        None,
        "",
        None,
    )
    assert (breach["kind"], breach["metric"], breach["at"]) == (
        "target_breached",
        "response",
        breach["due"],
    )
    assert (target["actor"], target["reason"]) == ("superuser", "Agreed")
    assert datetime.fromisoformat(target["due"]) == datetime.fromisoformat(DUE)


def test_the_changelog(client: APIClient, as_: Callable[..., APIClient], ticket: Ticket) -> None:
    post(client, ticket, "set-target", metric="resolution", due=DUE, reason="Agreed")
    changed = get(client, ticket, "changelog/").json()["results"][0]
    assert (changed["field"], changed["user"], changed["reason"]) == (
        "resolution_target",
        "superuser",
        "Agreed",
    )
    assert datetime.fromisoformat(changed["new"]) == datetime.fromisoformat(DUE)
    hidden = get(as_("agent"), ticket, "changelog/").json()["results"][0]
    assert changed == hidden | {"ip": changed["ip"]}


def test_an_explanation(client: APIClient, ticket: Ticket) -> None:
    found = get(client, ticket, "explain/").json()
    assert (found["metric"], found["state"], found["allowed_hours"]) == (
        "resolution",
        "on_track",
        24.0,
    )
    assert found["totals_hours"]["counted"] == pytest.approx(10, abs=0.1)
    assert [segment["stretch"] for segment in found["segments"]] == ["counted"]
    assert found["left_out"] == 0
    assert get(client, ticket, "explain/", metric="response").json()["state"] == "breached"
    assert get(client, ticket, "explain/", metric="closure").json()["metric"] == "closure"


# Refusals


@pytest.mark.parametrize(
    ("status", "path", "body", "code", "field"),
    [
        ("open", "resume", {}, "not_on_hold", ""),
        ("closed", "pause", {"reason": "x"}, "ticket_done", ""),
        ("open", "waive", {"metric": "next_response", "reason": "x"}, "no_clock", "metric"),
        ("resolved", "clear-target", {"metric": "resolution"}, "clock_stopped", "metric"),
        ("resolved", "set-target", {"metric": "response", "due": DUE}, "clock_stopped", "metric"),
    ],
)
def test_what_cannot_be_done_to_the_ticket(
    client: APIClient, status: str, path: str, body: dict[str, str], code: str, field: str
) -> None:
    ticket = opened(1, status=status)
    events = ticket.sla_events.count()
    response = post(client, ticket, path, **body)
    assert response.status_code == 409
    assert (response.data["code"], response.data["field"]) == (code, field)
    assert response.data["detail"]
    assert response.data["remedy"]
    assert ticket.sla_events.count() == events


def test_a_second_hold(client: APIClient, ticket: Ticket) -> None:
    post(client, ticket, "pause", reason="x")
    response = post(client, ticket, "pause", reason="x")
    assert (response.status_code, response.data["code"]) == (409, "already_on_hold")


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("pause", {}, {"reason"}),
        ("pause", {"reason": " "}, {"reason"}),
        ("pause", {"reason": "x" * 1001}, {"reason"}),
        ("pause", {"reason": "a\0b"}, {"reason"}),
        ("pause", {"reason": ["x"]}, {"reason"}),
        ("pause", {"reason": 0}, {"reason"}),
        ("resume", {"reason": True}, {"reason"}),
        ("resume", {"reason": None}, {"reason"}),
        ("pause", {"reason": "x", "until": DUE}, {"until"}),
        ("resume", {"metric": "response"}, {"metric"}),
        ("waive", {"reason": "x"}, {"metric"}),
        ("waive", {"metric": "response"}, {"reason"}),
        ("waive", {"metric": "nonsense", "reason": "x"}, {"metric"}),
        ("waive", {"metric": 1, "reason": "x"}, {"metric"}),
        ("clear-target", {}, {"metric"}),
        ("clear-target", {"metric": "response", "due": DUE}, {"due"}),
        ("set-target", {"metric": "response"}, {"due"}),
        ("set-target", {"metric": "response", "due": "soon"}, {"due"}),
        ("set-target", {"metric": "response", "due": None}, {"due"}),
        ("set-target", {"metric": "response", "due": 1772442000}, {"due"}),
        ("set-target", {"metric": "response", "due": "2036-03-02"}, {"due"}),
        ("set-target", {"metric": "response", "due": "2030-03-02T09:00:00"}, {"due"}),
        ("set-target", {"metric": "response", "due": "2020-03-02T09:00:00Z"}, {"due"}),
        ("set-target", {"metric": "response", "due": "2199-03-02T09:00:00Z"}, {"due"}),
        ("set-target", {"metric": "response", "due": "0001-01-01T00:00:00+14:00"}, {"due"}),
        ("set-target", {"metric": "response", "due": "9999-12-31T23:59:59-14:00"}, {"due"}),
        ("set-target", {"metric": "response", "due": DUE, "now": DUE}, {"now"}),
    ],
)
def test_bad_input(
    client: APIClient, ticket: Ticket, path: str, body: dict[str, Any], fields: set[str]
) -> None:
    events = ticket.sla_events.count()
    response = post(client, ticket, path, **body)
    assert response.status_code == 400, response.data
    assert set(response.data) == fields
    assert ticket.sla_events.count() == events


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null", "{", ""])
def test_what_is_no_object(client: APIClient, ticket: Ticket, body: str) -> None:
    path = f"/tickets/{ticket.pk}/sla/pause/"
    assert client.post(path, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("explain/", {"metric": "nonsense"}, 400),
        ("explain/", {"metric": ""}, 400),
        ("explain/", {"metrics": "response"}, 400),
        ("explain/", {"format": "json"}, 200),
        ("timeline/", {"page_size": "200"}, 200),
        ("timeline/", {"page_size": "201"}, 400),
        ("timeline/", {"page_size": "0"}, 400),
        ("timeline/", {"page_size": "-1"}, 400),
        ("timeline/", {"page_size": "٣"}, 400),
        ("timeline/", {"page_size": "9" * 5000}, 400),
        ("timeline/", {"page": "2"}, 404),
        ("changelog/", {"page_size": "many"}, 400),
    ],
)
def test_bad_parameters(
    client: APIClient, ticket: Ticket, path: str, query: dict[str, str], status: int
) -> None:
    assert get(client, ticket, path, **query).status_code == status


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 30, "%00", NOBODY])
@pytest.mark.parametrize("base", ["tickets", "uuid"])
def test_no_such_ticket(client: APIClient, base: str, pk: str) -> None:
    assert client.get(f"/{base}/{pk}/sla/").status_code == 404
    response = client.post(f"/{base}/{pk}/sla/pause/", {"reason": "x"}, format="json")
    assert response.status_code == 404


def test_pages(client: APIClient, ticket: Ticket) -> None:
    for _ in range(2):
        post(client, ticket, "pause", reason="x")
        post(client, ticket, "resume")
    page = get(client, ticket, "timeline/", page_size=4, page=2).json()
    assert (page["count"], len(page["results"]), page["next"]) == (6, 2, None)


def test_keys_that_are_uuids(client: APIClient) -> None:
    ticket = opened(1, model=UUIDTicket)
    assert json.loads(json.dumps(ticket.sla.as_dict()))["id"] == str(ticket.pk)
    found = client.get(f"/uuid/{ticket.pk}/sla/").json()
    assert found["id"] == str(ticket.pk)
    response = client.post(f"/uuid/{ticket.pk}/sla/pause/", {"reason": "x"}, format="json")
    assert response.json()["id"] == str(ticket.pk)
    assert client.get("/uuid/").json()["results"][0]["sla"]["id"] == str(ticket.pk)


def test_how_often(client: APIClient, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(
        SLAThrottle, "THROTTLE_RATES", {"sla_write": "1/hour", "sla_read": "2/hour"}
    )
    found = [post(client, ticket, path, reason="x").status_code for path in ("pause", "resume")]
    assert found == [200, 429]
    assert [get(client, ticket).status_code for _ in range(3)] == [200, 200, 429]
    assert {client.get("/tickets/").status_code for _ in range(5)} == {200}
    assert {client.get("/compliance/").status_code for _ in range(5)} == {200}
    cache.clear()


@pytest.mark.parametrize(("path", "most"), [("", 3), ("timeline/", 3), ("changelog/", 4)])
def test_queries(client: APIClient, ticket: Ticket, path: str, most: int) -> None:
    get(client, ticket)  # reads the terms
    with CaptureQueriesContext(connection) as few:
        get(client, ticket, path)
    for _ in range(5):
        post(client, ticket, "pause", reason="x")
        post(client, ticket, "resume")
    with CaptureQueriesContext(connection) as many:
        get(client, ticket, path)
    assert len(many) == len(few) <= most
