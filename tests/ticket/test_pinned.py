"""Which terms a ticket is pinned to, and how the policies in force answer for it."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from django_sla.moment import as_of
from django_sla.tables.policy import Policy
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Project, Ticket

pytestmark = pytest.mark.django_db


def policy(name: str, *, goal: str = "8h", **parts: Any) -> Policy:
    return Policy.objects.create(name=name, goals={"*": {"resolution": goal}}, **parts)


def only(field: str, value: Any) -> list[dict[str, Any]]:
    return [{"field": field, "operator": "is", "value": value}]


def opened(**fields: Any) -> Ticket:
    with as_of(MONDAY):
        return Ticket.objects.create(**fields)


def changed(ticket: Ticket, hours: float, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(ticket, name, value)
    with as_of(after(hours)):
        ticket.save()


# Pinned terms


def test_a_new_ticket_is_pinned_since_its_opening(agent: Any) -> None:
    policy("VIP")
    with as_of(MONDAY):
        ticket = Ticket(title="A ticket")
        ticket._history_user = agent
        ticket.save()
    found = ticket.sla.pinned()
    assert found.terms == ticket.sla.clock("resolution").terms
    assert (found.terms.name, found.since, found.kind) == ("VIP", MONDAY, "opened")
    assert (found.label, found.actor, found.reason) == ("opened", agent, "")


def test_what_keeps_the_terms_does_not_count() -> None:
    ticket = opened()
    changed(ticket, 1, priority="high")
    changed(ticket, 2, status="pending")
    assert ticket.sla.pinned().since == MONDAY


def test_what_changed_the_terms_counts() -> None:
    policy("Moon", conditions=only("project__key", "MOON"))
    ticket = opened()
    changed(ticket, 1, project=Project.objects.create(key="MOON"))
    changed(ticket, 2, priority="high")
    found = ticket.sla.pinned()
    assert (found.terms.name, found.since, found.kind) == ("Moon", after(1), "terms_changed")


def test_terms_that_come_back_count_from_their_return() -> None:
    policy("Urgent", conditions=only("priority", "urgent"))
    ticket = opened()
    changed(ticket, 1, priority="urgent")
    changed(ticket, 2, priority="low")
    found = ticket.sla.pinned()
    assert (found.terms.name, found.since) == ("default", after(2))


def test_an_edited_policy_is_not_what_the_ticket_has() -> None:
    row = policy("VIP")
    ticket = opened()
    row.goals = {"*": {"resolution": "1h"}}
    row.save()
    terms = ticket.sla.pinned().terms
    assert terms == ticket.sla.clock("resolution").terms
    assert terms != ticket.sla.policy_trials(MONDAY)[-1].policy.terms


def test_a_corrected_opening_counts_from_the_correction() -> None:
    ticket = opened()
    changed(ticket, 1, created_at=after(-5))
    assert ticket.sla.pinned().since == after(-5)
    ticket = opened()
    changed(ticket, 5, created_at=after(3))
    assert ticket.sla.pinned().since == after(3)


def test_a_ticket_that_is_not_there_has_none() -> None:
    assert Ticket().sla.pinned() is None


def test_a_ticket_that_is_not_yet_adopted_has_none() -> None:
    [ticket] = QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY)])
    assert ticket.sla.pinned() is None


def test_it_is_one_query() -> None:
    ticket = opened()
    ticket.sla.pinned()
    with CaptureQueriesContext(connection) as captured:
        Ticket(pk=ticket.pk).sla.pinned()
    assert len(captured) == 1


# Trials


def test_policies_are_asked_in_order_up_to_the_one_that_is_for_the_ticket() -> None:
    policy("Moon", order=1, conditions=only("project__key", "MOON"))
    policy("High", order=2, conditions=only("priority", "high"), effective_from=after(5))
    policy("All", order=3)
    policy("Never", order=4)
    ticket = opened(priority="high")
    moon, high, every = ticket.sla.policy_trials(after(4))
    assert (moon.policy.name, moon.effective, moon.matches) == ("Moon", True, False)
    assert [condition.text for condition in moon.failing] == ["project__key is 'MOON'"]
    assert (high.policy.name, high.effective, high.failing) == ("High", False, ())
    assert (every.policy.name, every.matches) == ("All", True)
    assert ticket.sla.policy_trials(after(5))[-1].policy.name == "High"


def test_the_ticket_is_asked_as_it_stands() -> None:
    policy("High", conditions=only("priority", "high"))
    ticket = opened()
    ticket.priority = "high"
    assert ticket.sla.policy_trials()[-1].policy.name == "High"


def test_an_edit_is_known_at_once() -> None:
    ticket = opened()
    assert ticket.sla.policy_trials()[-1].policy.name == "default"
    row = policy("All")
    assert ticket.sla.policy_trials()[-1].policy.name == "All"
    row.delete()
    assert ticket.sla.policy_trials()[-1].policy.name == "default"


def test_the_instant_of_with_verdicts_is_taken() -> None:
    policy("Later", effective_from=after(5))
    opened()
    assert Ticket.objects.with_verdicts(after(4)).get().sla.policy_trials()[-1].policy.name == (
        "default"
    )
    assert Ticket.objects.with_verdicts(after(5)).get().sla.policy_trials()[-1].policy.name == (
        "Later"
    )


def test_trials_are_one_query() -> None:
    for number in range(5):
        policy(f"{number}", order=number, conditions=only("title", "x"))
    ticket = opened()
    ticket.sla.policy_trials()
    with CaptureQueriesContext(connection) as captured:
        ticket.sla.policy_trials()
    assert len(captured) == 1
