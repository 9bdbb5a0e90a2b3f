"""Who may ask for what: every address, and everybody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern
from django.utils import timezone
from rest_framework.test import APIClient

from tests.api.conftest import opened
from tests.api.urls import router, urlpatterns
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]

DUE = (timezone.now() + timedelta(days=1)).isoformat()

READS = ["", "sla/", "sla/timeline/", "sla/changelog/", "sla/explain/"]
CHANGES: dict[str, dict[str, str]] = {
    "sla/pause/": {"reason": "Waits"},
    "sla/resume/": {"reason": "Came"},
    "sla/set-target/": {"metric": "response", "due": DUE},
    "sla/clear-target/": {"metric": "response"},
}
WAIVES = {"sla/waive/": {"metric": "response", "reason": "Away"}}
WRITES = CHANGES | WAIVES

SEE = ["requester", "agent", "manager", "superuser"]
EXPECTED: dict[str, tuple[int, int, int]] = {
    # reading, changing, waiving
    "anonymous": (403, 403, 403),
    "requester": (200, 403, 403),
    "agent of another department": (404, 404, 404),
    "agent": (200, 200, 403),
    "manager": (200, 200, 200),
    "superuser": (200, 200, 200),
}


REPORTS: dict[str, dict[str, str]] = {
    "compliance/": {"by": "department"},
    "compliance/tickets/": {"number": "response_late"},
    "time-in-status/": {},
    "time-with/": {"by": "department"},
}


def test_the_matrix_has_every_address() -> None:
    assert {str(url.pattern) for url in urlpatterns if isinstance(url, URLPattern)} == {*REPORTS}
    paths = {
        str(url.pattern).partition("(?P<pk>[^/.]+)/")[2].rstrip("$")
        for url in router.urls
        if url.name.startswith("ticket-") and "<pk>" in str(url.pattern)
    }
    assert paths == {*READS, *WRITES}


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("path", READS)
def test_reading(ticket: Ticket, as_: Callable[..., APIClient], role: str, path: str) -> None:
    response = as_(role).get(f"/tickets/{ticket.pk}/{path}")
    assert response.status_code == EXPECTED[role][0], response.data


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("path", WRITES)
def test_writing(
    ticket: Ticket, as_: Callable[..., APIClient], people: Any, role: str, path: str
) -> None:
    if path == "sla/resume/":
        ticket.sla.pause("Waits")
    events = ticket.sla_events.count()
    response = as_(role).post(f"/tickets/{ticket.pk}/{path}", WRITES[path], format="json")
    _, changing, waiving = EXPECTED[role]
    assert response.status_code == (waiving if path in WAIVES else changing), response.data
    if response.status_code == 200:
        assert ticket.sla_events.count() == events + 1
        assert ticket.sla_events.latest("id").actor == people[role]
        assert response.data["id"] == ticket.pk
    else:
        assert ticket.sla_events.count() == events
        assert set(response.data) == {"detail"}


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("path", WRITES)
def test_what_only_writes_cannot_be_read(
    ticket: Ticket, as_: Callable[..., APIClient], role: str, path: str
) -> None:
    response = as_(role).get(f"/tickets/{ticket.pk}/{path}")
    assert response.status_code == (403 if role == "anonymous" else 405)


@pytest.mark.parametrize("role", EXPECTED)
def test_the_address_is_for_those_who_may_see_it(
    ticket: Ticket, as_: Callable[..., APIClient], role: str
) -> None:
    response = as_(role).get(f"/tickets/{ticket.pk}/sla/changelog/")
    assert ("'ip'" in str(response.data)) is (role in ("manager", "superuser"))


@pytest.mark.parametrize("role", EXPECTED)
def test_lists_and_numbers_are_of_what_they_see(
    ticket: Ticket, as_: Callable[..., APIClient], role: str
) -> None:
    opened(10, title="Nobody's")
    client = as_(role)
    listed = client.get("/tickets/", {"sla_state": "breached", "ordering": "sla_due"})
    counted = client.get("/compliance/", {"by": "department"})
    if role == "anonymous":
        assert (listed.status_code, counted.status_code) == (403, 403)
        return
    expected = 2 if role == "superuser" else 1 if role in SEE else 0
    assert listed.data["count"] == len(listed.data["results"]) == expected
    assert counted.data["total"]["tickets"] == expected
    assert ("Kitchen" in str(counted.data)) is (role in SEE)


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("path", REPORTS)
def test_reports_are_of_what_they_see(
    ticket: Ticket, as_: Callable[..., APIClient], role: str, path: str
) -> None:
    opened(10, title="Nobody's")
    client = as_(role)
    response = client.get(f"/{path}", REPORTS[path])
    if role == "anonymous":
        assert response.status_code == 403
        assert set(response.data) == {"detail"}
        return
    expected = 2 if role == "superuser" else 1 if role in SEE else 0
    found = response.data
    total = found["count"] if "count" in found else found["total"]["tickets"]
    assert total == expected
    # Nor by a filter.
    filtered = client.get(f"/{path}", {**REPORTS[path], "department": ticket.department_id}).data
    total = filtered["count"] if "count" in filtered else filtered["total"]["tickets"]
    assert total == (role in SEE)
