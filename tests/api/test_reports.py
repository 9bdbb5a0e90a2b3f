"""Reports: whose tickets they count, and how much they answer."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from django_sla.api import ComplianceReportView, SLAThrottle
from django_sla.moment import as_of
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.format import to_json
from tests.api.conftest import opened
from tests.api.urls import Compliance
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.fixture
def client(as_: Callable[..., APIClient]) -> APIClient:
    return as_("superuser")


def test_whose_tickets_has_to_be_said() -> None:
    class Everybody(ComplianceReportView):
        pass

    for view in (ComplianceReportView, Everybody):
        with pytest.raises(ImproperlyConfigured, match=rf"{view.__name__}: override get_queryset"):
            view.as_view()
    with pytest.raises(ImproperlyConfigured, match="override get_queryset"):
        Everybody().get_queryset()


def test_the_numbers_are_those_of_the_report(client: APIClient, ticket: Ticket) -> None:
    opened(30, priority="urgent")
    now = timezone.now()
    with timezone.override("America/Toronto"):
        found = client.get("/compliance/", {"by": "priority"}).json()
        since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
        report = ComplianceReport(
            Ticket.objects.all(), by="priority", since=since, until=until, now=until
        )
        assert found == json.loads(to_json(report))
    assert until - since == timedelta(days=30)
    assert abs(until - now) < timedelta(minutes=1)
    assert [row["group"] for row in found["rows"]] == ["Urgent", "Medium"]
    assert found["total"]["tickets"] == 2
    assert found["since"][-6:] in ("-05:00", "-04:00")


def test_a_period(client: APIClient) -> None:
    for hours in (-1, 0, 14.5, 23, 24):
        with as_of(after(hours)):
            Ticket.objects.create()

    def counted(since: str, until: str) -> int:
        response = client.get("/compliance/", {"since": since, "until": until})
        count: int = response.json()["total"]["tickets"]
        return count

    start, end = MONDAY.isoformat(), after(24).isoformat()
    assert counted(start, end) == 3
    assert counted("2026-03-02", "2026-03-03") == 3
    with timezone.override("Pacific/Auckland"):
        assert counted("2026-03-02", "2026-03-03") == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "nonsense"}, "by"),
        ({"by": ""}, "by"),
        ({"since": "yesterday"}, "since"),
        ({"since": ""}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "2026-03-02T09:00:00"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"until": "9999-12-31"}, "until"),
        ({"since": "2026-03-02", "until": "2026-03-02"}, "since"),
        ({"since": "2026-03-03", "until": "2026-03-02"}, "since"),
        ({"since": "2025-01-01", "until": "2026-01-03"}, "since"),
        ({"group": "priority"}, "group"),
    ],
)
def test_bad_parameters(client: APIClient, query: dict[str, str], field: str) -> None:
    response = client.get("/compliance/", query)
    assert response.status_code == 400, response.data
    assert set(response.data) == {field}


def test_the_longest_period(client: APIClient) -> None:
    longest = {"since": "2025-01-01", "until": "2026-01-02"}
    assert client.get("/compliance/", longest).status_code == 200
    longer = client.get("/compliance/", longest | {"until": "2026-01-03"})
    assert "366 days" in str(longer.data["since"])


def test_the_names_are_told(client: APIClient) -> None:
    assert "department" in str(client.get("/compliance/", {"by": "x"}).data["by"])


def test_the_most_groups(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for priority in ("low", "high"):
        opened(1, priority=priority)
    monkeypatch.setattr(Compliance, "max_groups", 1)
    assert set(client.get("/compliance/", {"by": "priority"}).data) == {"by"}
    assert client.get("/compliance/").status_code == 200


def test_how_often(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SLAThrottle, "THROTTLE_RATES", {"sla_report": "1/hour"})
    assert [client.get("/compliance/").status_code for _ in range(2)] == [200, 429]


def test_as_many_queries_for_fifty_as_for_one(client: APIClient) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/compliance/", {"by": "priority"}).status_code == 200
        return len(captured)

    opened(1)
    few = queries()
    for number in range(49):
        opened(number, priority=["low", "high", "urgent"][number % 3])
    assert queries() == few


def test_nothing_can_be_written(client: APIClient) -> None:
    response: Any = client.post("/compliance/", {}, format="json")
    assert response.status_code == 405


# Filters, groups, orders


def labels(response: Any) -> list[str]:
    return [row["group"] for row in response.json()["rows"]]


@pytest.fixture
def four(ticket: Ticket, people: dict[str, Any]) -> None:
    """Of the kitchen medium, breached; of nobody urgent twice, one assigned, and low."""
    opened(1, priority="urgent", assignee=people["agent"])
    opened(2, priority="urgent")
    opened(3, priority="low")


def test_filters(client: APIClient, ticket: Ticket, four: None) -> None:
    def counted(**query: Any) -> int:
        found: int = client.get("/compliance/", query).json()["total"]["tickets"]
        return found

    assert counted() == 4
    assert counted(priority="urgent") == 2
    assert counted(priority=["urgent", "low"]) == 3
    assert counted(department=ticket.department_id) == 1
    assert counted(department__isnull="true") == 3
    assert counted(department=ticket.department_id, department__isnull="true") == 4
    assert counted(department__isnull="false") == 4
    assert counted(department=999999) == 0
    assert counted(priority="urgent", agent__isnull="1") == 1


@pytest.mark.parametrize("path", ["/compliance/", "/time-in-status/", "/time-with/"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"department": "x"}, "department"),
        ({"department": ""}, "department"),
        ({"department": "9" * 30}, "department"),
        ({"priority": "\0"}, "priority"),
        ({"department__isnull": "perhaps"}, "department__isnull"),
        ({"title": "x"}, "title"),
        ({"title__isnull": "true"}, "title__isnull"),
    ],
)
def test_bad_filters(client: APIClient, path: str, query: dict[str, str], field: str) -> None:
    by = {"by": "agent"} if path == "/time-with/" else {}
    response = client.get(path, {**by, **query})
    assert response.status_code == 400
    assert set(response.data) == {field}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"compare": "perhaps"}, "compare"),
        ({"metrics": "response,joy"}, "metrics"),
        ({"metrics": ""}, "metrics"),
        ({"order_by": "joy"}, "order_by"),
        ({"by": "priority,day,month"}, "by"),
    ],
)
def test_bad_parameters_of_compliance(client: APIClient, query: Any, field: str) -> None:
    response = client.get("/compliance/", query)
    assert response.status_code == 400
    assert set(response.data) == {field}


def test_two_groups_and_an_order(client: APIClient, four: None) -> None:
    found = client.get("/compliance/", {"by": "priority,department"}).json()
    assert [(row["group"], row["subgroup"]) for row in found["rows"]] == [
        ("Urgent", "(none)"),
        ("Medium", "Kitchen"),
        ("Low", "(none)"),
    ]
    asked = {"by": "priority", "order_by": "-tickets"}
    assert labels(client.get("/compliance/", asked))[0] == "Urgent"
    assert labels(client.get("/compliance/", {**asked, "order_by": "tickets"}))[-1] == "Urgent"
    # Those that have no such figure are the last, whichever way.
    for order in ("response_compliance", "-response_compliance"):
        assert labels(client.get("/compliance/", {**asked, "order_by": order}))[-1] == "Low"


def test_metrics_and_the_period_before(client: APIClient, four: None) -> None:
    found = client.get("/compliance/", {"metrics": "closure", "compare": "true"}).json()["total"]
    assert "closure_met" in found
    assert "response_met" not in found
    assert [name for name in found if name.startswith("tickets_")]


def test_the_tickets_behind_a_number(
    client: APIClient, four: None, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind(**query: Any) -> list[int]:
        response = client.get("/compliance/tickets/", query)
        assert response.status_code == 200, response.data
        return [found["id"] for found in response.json()["results"]]

    total = client.get("/compliance/").json()["total"]
    for number in ("tickets", "open", "response_breached", "breached", "at_risk"):
        assert len(behind(number=number)) == total[number], number
    assert ticket.pk in behind(number="response_late")
    assert behind(number="response_late", department=ticket.department_id) == [ticket.pk]
    assert len(behind(number="tickets", page_size=3)) == 3
    assert len(behind(number="tickets", page_size=3, page=2)) == 1
    found = client.get("/compliance/tickets/", {"number": "response_late"}).json()["results"][0]
    assert found | {"hold": None} == client.get(f"/tickets/{found['id']}/sla/").json() | found


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "number"), ({"number": "joy"}, "number"), ({"number": "tickets", "by": "day"}, "by")],
)
def test_no_such_number(client: APIClient, query: dict[str, str], field: str) -> None:
    response = client.get("/compliance/tickets/", query)
    assert response.status_code == 400
    assert set(response.data) == {field}


def test_as_many_queries_for_a_page_of_one_as_of_fifty(client: APIClient) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/compliance/tickets/", {"number": "tickets"}).status_code == 200
        return len(captured)

    opened(1)
    few = queries()
    for number in range(30):
        opened(number)
    assert queries() == few


def test_time_in_status_and_with_each(client: APIClient, ticket: Ticket, four: None) -> None:
    status = client.get("/time-in-status/").json()
    assert [(row["group"], row["tickets"]) for row in status["rows"]] == [("Open", 4)]
    agents = client.get("/time-with/", {"by": "agent"}).json()
    assert {row["group"]: row["tickets"] for row in agents["rows"]} == {"agent": 1, "(none)": 3}
    only = client.get("/time-with/", {"by": "department", "department": ticket.department_id})
    assert labels(only) == ["Kitchen"]
    for query in ({}, {"by": "joy"}, {"by": "month"}):
        assert set(client.get("/time-with/", query).data) == {"by"}
