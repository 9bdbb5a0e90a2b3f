"""The changelog: who, when, from what to what, from which address."""

from typing import Any

import pytest
from django.test import RequestFactory
from simple_history.middleware import HistoryRequestMiddleware

from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket

pytestmark = pytest.mark.django_db


def in_request(user: Any, work: Any, address: str = "203.0.113.7") -> None:
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    request.user = user

    def view(request: Any) -> Any:
        from django.http import HttpResponse

        work()
        return HttpResponse()

    HistoryRequestMiddleware(view)(request)


def test_changes_are_told_newest_first_with_who_and_where(agent: Any) -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()

    def target() -> None:
        with as_of(after(1)):
            ticket.sla.set_target("resolution", after(30), "agreed with the customer")

    in_request(agent, target)
    with as_of(after(2)):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(2))
    changes = ticket.sla.changelog()
    assert [(change.field, change.old, change.new) for change in changes] == [
        ("first_responded_at", None, after(2)),
        ("resolution_target", after(24), after(30)),
        ("resolution_target", None, after(24)),
        ("response_target", None, after(8)),
        ("created_at", None, MONDAY),
    ]
    by_hand = changes[1]
    assert (by_hand.user, by_hand.ip, by_hand.at) == (agent, "203.0.113.7", after(1))
    assert by_hand.reason == "agreed with the customer"
    assert (changes[0].user, changes[0].ip) == (None, None), "outside a request: the system"


def test_what_does_not_touch_the_sla_is_no_change() -> None:
    ticket = Ticket.objects.create()
    before = len(ticket.sla.changelog())
    ticket.title = "Renamed"
    ticket.save()
    assert len(ticket.sla.changelog()) == before


def test_the_number_of_queries_is_constant(
    agent: Any, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    ticket = Ticket.objects.create()
    for hours in range(1, 12):
        in_request(
            agent, lambda hours=hours: ticket.sla.set_target("resolution", after(hours), "again")
        )
    with django_assert_num_queries(1):
        changes = ticket.sla.changelog()
        assert {change.user.username for change in changes if change.user} == {"agent"}
    with django_assert_max_num_queries(2):
        assert len(ticket.sla.timeline()) >= 12


def test_bulk_writes_are_in_the_changelog_with_who_and_where(agent: Any) -> None:
    in_request(agent, lambda: Ticket.objects.bulk_create([Ticket(), Ticket()]))
    in_request(agent, lambda: Ticket.objects.update(status="resolved"))
    for ticket in Ticket.objects.all():
        resolved = ticket.sla.changelog()[0]
        assert (resolved.field, resolved.user, resolved.ip) == ("resolved_at", agent, "203.0.113.7")
        assert ticket.sla_events.filter(actor=agent).count() == 2


def test_the_changelog_of_a_replay_tells_the_times_of_the_replay() -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    assert ticket.history.get().history_date == MONDAY
