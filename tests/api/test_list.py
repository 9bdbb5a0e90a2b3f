"""Lists of tickets: their SLA, filters and ordering, and what a host's serializer takes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.serializers import DateTimeField, ListSerializer, ModelSerializer
from rest_framework.test import APIClient

from django_sla.api import SLAFilter, SLASerializerMixin
from tests.api.conftest import opened
from tests.api.urls import TicketSerializer, TicketViewSet
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.fixture
def client(as_: Callable[..., APIClient]) -> APIClient:
    return as_("superuser")


@pytest.fixture
def tickets(db: None) -> None:
    opened(10, title="Response late")
    opened(30, title="Both late")
    opened(0, title="Fresh")
    opened(0.5, title="Urgent", priority="urgent")
    opened(1, title="Done", status="closed")
    paused = opened(1, title="Waits")
    paused.first_responded_at = timezone.now()
    paused.status = "pending"
    paused.save()


def at(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def titles(client: APIClient, **query: str) -> list[str]:
    response = client.get("/tickets/", query)
    assert response.status_code == 200, response.data
    return [row["title"] for row in response.data["results"]]


def test_by_state(client: APIClient, tickets: None) -> None:
    assert titles(client, sla_state="breached") == ["Response late", "Both late"]
    assert titles(client, sla_state="breached", sla_metric="resolution") == ["Both late"]
    assert titles(client, sla_state="paused") == ["Waits"]
    assert titles(client, sla_state="met", sla_metric="resolution") == ["Done"]
    assert titles(client, sla_state="missed") == []
    assert len(titles(client, sla_metric="resolution")) == 6


def test_by_due(client: APIClient, tickets: None) -> None:
    assert titles(client, due_before=at(0)) == ["Response late", "Both late"]
    assert titles(client, due_before=at(0), sla_metric="resolution") == ["Both late"]
    assert titles(client, due_after=at(-10), due_before=at(1)) == [
        "Response late",
        "Both late",
        "Urgent",
    ]
    assert titles(client, due_after=at(20), sla_metric="resolution") == ["Fresh"]


def test_one_clock_is_due_within_both_bounds(client: APIClient) -> None:
    opened(10, title="Response 2 h ago, resolution in 14 h")
    assert titles(client, due_after=at(0), due_before=at(10)) == []


def test_by_due_first(client: APIClient, tickets: None) -> None:
    first = ["Both late", "Response late", "Urgent", "Fresh"]
    assert titles(client, ordering="sla_due")[:4] == first
    found = titles(client, ordering="-sla_due")
    assert [title for title in found if title in first] == first[::-1]
    assert {*found[4:]} == {"Done", "Waits"}, "what has nothing due comes last"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sla_state", "late"),
        ("sla_state", ""),
        ("sla_state", "breached,paused"),
        ("sla_metric", "nonsense"),
        ("due_before", "tomorrow"),
        ("due_before", "2026-03-02"),
        ("due_before", "2026-03-02T09:00:00"),
        ("due_after", "0001-01-01T00:00:00+14:00"),
        ("due_after", ""),
        ("due_after", "1899-12-31T23:00:00Z"),
        ("due_before", "2200-01-01T00:00:00Z"),
        ("ordering", "title"),
        ("ordering", ""),
        ("page_size", "201"),
    ],
)
def test_bad_parameters(client: APIClient, name: str, value: str) -> None:
    response = client.get("/tickets/", {name: value})
    assert response.status_code == 400
    assert set(response.data) == {name}


def test_what_is_asked_of_one_ticket_is_not_filtered(client: APIClient, ticket: Ticket) -> None:
    assert client.get(f"/tickets/{ticket.pk}/sla/?sla_state=paused").status_code == 200


def test_a_queryset_that_knows_no_clocks(tickets: None) -> None:
    class View:
        filter_backends = [OrderingFilter, SLAFilter]

    def found(**query: str) -> list[str]:
        request = Request(RequestFactory().get("/", query))
        plain = QuerySet(Ticket).order_by("pk")
        return [t.title for t in SLAFilter().filter_queryset(request, plain, View())]

    assert found(sla_state="breached", due_before=at(0)) == ["Response late", "Both late"]
    assert found(ordering="sla_due")[:2] == ["Both late", "Response late"]
    assert len(found(ordering="title")) == 6, "that is for the other backend"
    told = SLAFilter().get_schema_operation_parameters(View())
    assert [one["name"] for one in told] == ["sla_state", "sla_metric", "due_before", "due_after"]


def test_as_many_queries_for_fifty_as_for_one(client: APIClient) -> None:
    def queries(size: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            response = client.get("/tickets/", {"ordering": "sla_due", "page_size": 50})
        assert len(response.data["results"]) == size
        assert "response_state" in response.data["results"][0]["sla"]
        return len(captured)

    opened(1)
    queries(1)  # reads the terms
    assert queries(1) == 3  # how many there are, the page, its clocks
    for hours in range(49):
        opened(hours)
    assert queries(50) == 3


# The host's serializer


@pytest.mark.parametrize(
    ("body", "field", "remedy"),
    [
        ({"resolution_target": at(9)}, "resolution_target", "set-target"),
        ({"resolution_target": None}, "resolution_target", "set-target"),
        ({"resolution_target": "soon"}, "resolution_target", "set-target"),
        ({"resolution_target": "2026-02-30T09:00:00Z"}, "resolution_target", "set-target"),
        ({"created_at": at(-99)}, "created_at", "what happens to the ticket"),
        ({"sla": {"resolved_at": at(1)}}, "sla", "resolved_at: It is read-only"),
        ({"sla": {"response_target": None}}, "sla", "response_target: It is read-only"),
    ],
)
def test_the_six_columns_are_read_only(
    client: APIClient, ticket: Ticket, body: dict[str, Any], field: str, remedy: str
) -> None:
    before = Ticket.objects.values().get()
    response = client.patch(f"/tickets/{ticket.pk}/", {"title": "New", **body}, format="json")
    assert response.status_code == 400
    assert set(response.data) == {field}
    assert remedy in str(response.data)
    assert Ticket.objects.values().get() == before


def test_a_new_ticket_is_sent_without_them(client: APIClient) -> None:
    refused = client.post("/tickets/", {"title": "New", "created_at": at(-1)}, format="json")
    assert set(refused.data) == {"created_at"}
    empty = {"title": "New", "created_at": None, "sla": {"response_target": None}}
    assert client.post("/tickets/", empty, format="json").status_code == 201


def test_what_was_read_can_be_written_back(client: APIClient, ticket: Ticket) -> None:
    document = client.get(f"/tickets/{ticket.pk}/").json()
    assert client.put(f"/tickets/{ticket.pk}/", document, format="json").status_code == 200


def test_a_column_under_another_name(ticket: Ticket) -> None:
    class Renamed(SLASerializerMixin, ModelSerializer):
        due = DateTimeField(source="resolution_target")
        resolved_at = DateTimeField()

        class Meta:
            model = Ticket
            fields = ["title", "due", "resolved_at"]

    serializer = Renamed(ticket, {"title": "New", "due": at(9), "resolved_at": at(-1)})
    assert not serializer.is_valid()
    assert set(serializer.errors) == {"due", "resolved_at"}
    due = ticket.resolution_target.isoformat()
    serializer = Renamed(ticket, {"title": "New", "due": due, "resolved_at": None})
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"title": "New"}
    assert set(serializer.data) == {"title", "due", "resolved_at", "sla"}


def test_an_unknown_field_is_an_error(client: APIClient) -> None:
    for body in ({"title": "New", "titel": "New"}, {"title.de": "Neu"}):
        response = client.post("/tickets/", body, format="json")
        assert response.status_code == 400
        assert set(response.data) == {[*body][-1]}
    form = client.post("/tickets/", {"title": "New", "csrfmiddlewaretoken": "x"})
    assert form.status_code == 201
    assert form.data["sla"]["response_state"] == "on_track"


def test_a_contradiction_is_told(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that writes them by itself."""

    def perform_update(view: Any, serializer: Any) -> None:
        serializer.save(created_at=timezone.now(), resolved_at=timezone.now() - timedelta(hours=9))

    monkeypatch.setattr(TicketViewSet, "perform_update", perform_update)
    ticket = opened(1, status="resolved")
    response = client.patch(f"/tickets/{ticket.pk}/", {"title": "New"}, format="json")
    assert response.status_code == 400
    [(column, [told])] = response.data.items()
    assert (column, told.code) == ("resolved_at", "contradicted")


def test_a_list_serializer_of_the_host(ticket: Ticket) -> None:
    class Own(ListSerializer):
        pass

    class Listed(SLASerializerMixin, ModelSerializer):
        class Meta:
            model = Ticket
            fields = ["title"]
            list_serializer_class = Own

    serializer: Any = Listed(Ticket.objects.all(), many=True)
    assert type(serializer) is Own
    assert serializer.data[0]["sla"]["id"] == ticket.pk


def test_querysets_and_lists(ticket: Ticket) -> None:
    opened(1)
    for some in (Ticket.objects.all(), list(Ticket.objects.all()), Ticket.objects):
        with CaptureQueriesContext(connection) as captured:
            assert len(TicketSerializer(some, many=True).data) == 2
        assert len(captured) <= 2
    assert TicketSerializer([], many=True).data == []
