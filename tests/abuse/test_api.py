"""The API: bodies and queries of all kinds are answered, by 4xx where they are wrong."""

import json
import random
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.http import urlencode
from rest_framework.test import APIClient

from django_sla.moment import as_of
from tests.abuse.inputs import DEEP, INPUTS, broken, dented, draws, plain
from tests.abuse.measure import undisturbed
from tests.abuse.siege import MOST_OF_AN_ADDRESS, Siege, part, query
from tests.hosts.desk.models import Department, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DUE = (timezone.now() + timedelta(days=1)).isoformat()

HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
"""The refusal of a choice repeats it, and the framework then fails to write its answer: no matter
of an address of ours, only of the ticket's own, which is the host's."""

BODIES: dict[str, dict[str, Any]] = {
    "sla/pause/": {"reason": "Waits"},
    "sla/resume/": {"reason": "Came"},
    "sla/set-target/": {"metric": "resolution", "due": DUE, "reason": "Promised"},
    "sla/clear-target/": {"metric": "resolution", "reason": "A mistake"},
    "sla/waive/": {"metric": "response", "reason": "Away"},
    "": {"title": "Broken", "status": "working", "priority": "high"},
}
QUERIES: dict[str, dict[str, Any]] = {
    "/tickets/": {
        "sla_state": "breached",
        "sla_metric": "response",
        "due_before": DUE,
        "due_after": "2026-01-01T00:00:00Z",
        "ordering": "-sla_due",
        "page": "1",
        "page_size": "20",
    },
    "/tickets/{pk}/": {},
    "/tickets/{pk}/sla/": {},
    "/tickets/{pk}/sla/timeline/": {"page": "1", "page_size": "20"},
    "/tickets/{pk}/sla/changelog/": {"page": "1", "page_size": "20"},
    "/tickets/{pk}/sla/explain/": {"metric": "response"},
    "/compliance/": {
        "by": "priority,month",
        "since": "2026-01-01",
        "until": "2026-03-01T00:00:00+01:00",
        "compare": "true",
        "metrics": "response,resolution",
        "order_by": "-response_met",
        "priority": ["high", "urgent"],
        "department__isnull": "true",
    },
    "/compliance/tickets/": {
        "number": "response_late",
        "page": "1",
        "page_size": "5",
        "department": "1",
    },
    "/time-in-status/": {"since": "2026-01-01", "until": "2026-03-01", "status": "open"},
    "/time-with/": {"by": "department", "since": "2026-01-01", "agent__isnull": "1"},
}


@pytest.fixture
def ticket() -> Ticket:
    with as_of(timezone.now() - timedelta(hours=10)):
        department = Department.objects.create(pk=1, name="Kitchen")
        return Ticket.objects.create(department=department, priority="high")


@pytest.fixture
def client(admin_user: Any) -> APIClient:
    made = APIClient()
    made.force_authenticate(admin_user)
    return made


def sent(client: APIClient, method: str, path: str, body: bytes, kind: str) -> Any:
    return client.generic(method, path, body, content_type=kind)


def encoded(body: Any, chance: random.Random) -> tuple[bytes, str]:
    """The same body as JSON, as a form, or as what somebody takes for one of these."""
    try:
        data = json.dumps(body).encode()
    except (RecursionError, ValueError):
        data = b"[" * DEEP
    if chance.random() < 0.2:
        data = dented(data, chance)
    if isinstance(body, dict) and chance.random() < 0.3:
        return query(body).encode(), FORM
    odd = [
        FORM,
        "text/plain",
        "multipart/form-data; boundary=a",
        "",
        f"{JSON}; q=\0",
    ]
    return data, chance.choice([JSON] * 8 + odd)


def test_bodies(client: APIClient, ticket: Ticket, thousand: int) -> None:
    junk = plain()

    def good(path: str, body: Any) -> Callable[[], Any]:
        method = "POST" if path else "PATCH"
        full, data = f"/tickets/{ticket.pk}/{path}", json.dumps(body).encode()
        return lambda: sent(client, method, full, data, JSON)

    ordinary = {path: good(path, body) for path, body in BODIES.items() if path != "sla/resume/"}
    siege = Siege(ordinary)
    with undisturbed():
        for chance in draws("bodies", thousand):
            path = chance.choice(list(ordinary))
            body, kind = encoded(broken(BODIES[path], chance, junk), chance)
            if not path and HALF_A_CHARACTER.search(body):
                continue
            pk = ticket.pk if chance.random() < 0.95 else part(chance, junk)
            method = "POST" if path else chance.choice(["PUT", "PATCH", "POST", "DELETE"])
            full = f"/tickets/{pk}/{path}"
            siege.ask(path, lambda full=full, m=method, b=body, k=kind: sent(client, m, full, b, k))
    siege.kept()
    assert siege.answers[400] > INPUTS / 4
    assert siege.answers[200] > INPUTS / 50


def test_a_body_that_is_nested_deeply_is_refused(client: APIClient, ticket: Ticket) -> None:
    for data in (b"[" * DEEP, b'{"a":' * DEEP, b"[" * 100_000 + b"]" * 100_000):
        for path in BODIES:
            method = "POST" if path else "PUT"
            response = sent(client, method, f"/tickets/{ticket.pk}/{path}", data, JSON)
            assert response.status_code == 400


def test_queries(client: APIClient, ticket: Ticket, thousand: int) -> None:
    junk = plain()

    def asked(path: str, text: str) -> Any:
        return client.get(path.format(pk=ticket.pk), QUERY_STRING=text)

    siege = Siege(
        {
            path: lambda path=path, given=given: asked(path, urlencode(given, doseq=True))
            for path, given in QUERIES.items()
        }
    )
    with undisturbed():
        for chance in draws("queries", thousand):
            path = chance.choice(list(QUERIES))
            given = broken(QUERIES[path] | {"format": "json"}, chance, junk)
            text = query(given) if isinstance(given, dict) else query({"": given})
            if chance.random() < 0.1:
                text = dented(text.encode(), chance).decode("latin-1")[:MOST_OF_AN_ADDRESS]
            siege.ask(path, lambda path=path, text=text: asked(path, text))
    siege.kept()
    assert siege.answers[400] > INPUTS / 4
    assert siege.answers[200] > INPUTS / 20
