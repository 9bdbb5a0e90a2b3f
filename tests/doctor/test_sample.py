"""What the rows of tickets hold that nobody meant, in a sample of bounded size."""

from typing import Any

import pytest
from django.db.models import QuerySet

from django_sla.doctor import sample
from django_sla.doctor.finding import Severity
from django_sla.models import Policy
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import BareTicket, LedgerTicket, UUIDTicket

pytestmark = pytest.mark.django_db


def opened(model: Any = Ticket, **fields: Any) -> Any:
    with as_of(MONDAY):
        return model.objects.create(**fields)


def old(model: Any = Ticket, **fields: Any) -> Any:
    [ticket] = QuerySet(model).bulk_create([model(created_at=MONDAY, **fields)])
    return ticket


def test_statuses_that_are_only_in_the_data() -> None:
    for status in ("open", "escalated", "escalated", "Pending", "parked"):
        opened(UUIDTicket, status=status)
    [found] = sample.unmapped_statuses(UUIDTicket.sla, "default")
    assert found.severity is Severity.WARNING
    assert found.what.endswith("'escalated', 'parked'.")
    assert list(sample.unmapped_statuses(BareTicket.sla, "default")) == []


def test_a_status_that_is_among_the_choices_is_left_to_the_system_check() -> None:
    opened(status="working")
    opened(status="waiting for parts"[:10])
    [found] = sample.unmapped_statuses(Ticket.sla, "default")
    assert found.what.endswith(": 'waiting fo'.")


def test_only_the_newest_are_looked_at(monkeypatch: Any) -> None:
    opened(status="strange")
    opened()
    monkeypatch.setattr(sample, "SAMPLE", 1)
    assert list(sample.unmapped_statuses(Ticket.sla, "default")) == []


def test_priorities_for_which_the_policy_has_no_goal() -> None:
    Policy.objects.create(name="Ops", goals={"high": {"response": "1h"}})
    opened(priority="low")
    [found] = sample.priorities_without_goals(Ticket.sla, "default")
    assert found.severity is Severity.WARNING
    assert "'Ops' has no goal for Response at these priorities: 'low'." in found.what
    assert 'one for "*"' in found.remedy


def test_a_metric_that_a_policy_never_promises_is_no_finding() -> None:
    Policy.objects.create(name="Ops", goals={"*": {"response": "1h"}})
    opened()
    assert list(sample.priorities_without_goals(Ticket.sla, "default")) == []


def test_tickets_without_events(monkeypatch: Any) -> None:
    opened()
    assert list(sample.never_adopted(Ticket.sla, "default")) == []
    for _ in range(3):
        old()
    [found] = sample.never_adopted(Ticket.sla, "default")
    assert found.what.startswith("3 tickets have no events")
    assert found.remedy == "python manage.py sla_reconcile --adopt-only"
    monkeypatch.setattr(sample, "MANY", 2)
    [found] = sample.never_adopted(Ticket.sla, "default")
    assert found.what.startswith("2+ tickets")


def test_tickets_of_which_nobody_knows_when_they_were_opened() -> None:
    QuerySet(LedgerTicket).bulk_create([LedgerTicket(), LedgerTicket()])
    [found] = sample.never_adopted(LedgerTicket.sla, "default")
    assert found.what == "created_at of 2 tickets is empty."
    assert found.cause == "Their clocks cannot start, and sla_reconcile leaves them out."


def test_times_without_a_zone_in_the_database(monkeypatch: Any) -> None:
    opened()
    assert list(sample.naive(Ticket.sla, "default")) == []

    class Rows:
        def order_by(self, *names: str) -> Any:
            return self

        def values_list(self, *names: str) -> Any:
            return [(MONDAY, MONDAY.replace(tzinfo=None), None, None, None, None)]

    monkeypatch.setattr(Ticket.sla, "rows", lambda using: Rows())
    [found] = sample.naive(Ticket.sla, "default")
    assert found.severity is Severity.ERROR
    assert found.what.endswith("response_target.")


def test_tickets_that_are_not_as_their_events_say(monkeypatch: Any) -> None:
    forged, corrupt, _fine = opened(), opened(), opened()
    QuerySet(Ticket).filter(pk=forged.pk).update(response_target=after(1))
    corrupt.sla_events.update(kind="exploded")
    old(resolved_at=after(3))  # and open: nobody adopted it yet
    wrong, broken = sample.out_of_step(Ticket.sla, "default", everything=False)
    assert wrong.severity is broken.severity is Severity.ERROR
    assert wrong.what.endswith(f": {forged.pk} (response_target).")
    assert wrong.remedy == "python manage.py sla_reconcile --model desk.Ticket --dry-run"
    assert f"{corrupt.pk} (ValueError" in broken.what
    monkeypatch.setattr(sample, "REPLAYED", 2)
    assert list(sample.out_of_step(Ticket.sla, "default", everything=False)) == []
    assert len(list(sample.out_of_step(Ticket.sla, "default", everything=True))) == 2
