"""The examination as a whole: every look, each on its own, in a flat number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from django_sla.doctor import examination
from django_sla.doctor.finding import Severity
from django_sla.flow.sweep import sweep
from django_sla.models import Policy
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db


def test_a_project_in_order_has_no_findings(settings: Any) -> None:
    Ticket.objects.create()
    sweep(using="default")
    settings.SILENCED_SYSTEM_CHECKS = ["django_sla.W033", "django_sla.W035"]
    assert list(examination.examine([Ticket.sla])) == []


def test_what_cannot_be_looked_at_does_not_stop_the_rest(monkeypatch: Any) -> None:
    QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY)])

    def broken_look(using: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM not_migrated_yet")
        return []

    monkeypatch.setattr(examination, "OF_DATABASE", (broken_look,))
    found = list(examination.examine([Ticket.sla]))
    [missed] = [finding for finding in found if finding.what == "Could not look for: broken look."]
    assert missed.severity is Severity.ERROR
    assert "not_migrated_yet" in missed.cause
    assert any("no events" in finding.what for finding in found)


def test_the_number_of_queries_does_not_grow_with_the_tickets(agent: Any) -> None:
    Policy.objects.create(name="Ops", goals={"high": {"response": "1h"}})

    def queries(tickets: int) -> int:
        rows = [Ticket.objects.create(status="working") for _ in range(tickets)]
        rows += QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY) for _ in rows])
        Comment.objects.bulk_create(
            [Comment(ticket=ticket, author=agent, created_at=after(1)) for ticket in rows]
        )
        UUIDTicket.objects.create(status="parked")
        with CaptureQueriesContext(connection) as captured:
            found = list(examination.examine([Ticket.sla, UUIDTicket.sla]))
        assert len(found) > 4
        return len(captured)

    queries(1)
    assert queries(2) == queries(20)


def test_nothing_is_written(agent: Any) -> None:
    Ticket.objects.create()
    QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY, priority="urgent")])
    with CaptureQueriesContext(connection) as captured:
        list(examination.examine([Ticket.sla], everything=True))
    verbs = {query["sql"].split()[0] for query in captured}
    assert verbs <= {"SELECT", "SAVEPOINT", "RELEASE", "SHOW", "PRAGMA"}, verbs
