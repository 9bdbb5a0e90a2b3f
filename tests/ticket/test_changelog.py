"""The changelog: who, when, from what to what, from which address."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import RequestFactory
from simple_history.middleware import HistoryRequestMiddleware

from django_sla.flow.writing import shortened
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import (
    ExtendedTicket,
    LedgerTicket,
    OwnTicket,
    SharedTicket,
    SharedTicketProxy,
    SpecialTicket,
    UUIDTicket,
)

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
    with django_assert_num_queries(2):
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


# What a person does that no column shows


def test_what_changes_no_column_is_told_with_who_where_and_why(agent: Any) -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()

    def by_hand() -> None:
        ticket.sla.pause("the vendor is asked")
        ticket.sla.waive("resolution", "the customer was away")
        ticket.sla.set_target("closure", after(99), "agreed")
        ticket.sla.set_target("response", ticket.response_target, "as it was")

    with as_of(after(1)):
        in_request(agent, by_hand)
    changes = ticket.sla.changelog()[:4]
    assert [(c.kind, c.metric, c.label, c.new, c.reason) for c in changes] == [
        ("target_set", "response", "target set by hand · Response", after(8), "as it was"),
        ("target_set", "closure", "target set by hand · Closure", after(99), "agreed"),
        (
            "breach_waived",
            "resolution",
            "breach waived · Resolution",
            None,
            "the customer was away",
        ),
        ("held", "", "put on hold", None, "the vendor is asked"),
    ]
    assert {(c.at, c.field, c.old, c.user, c.ip) for c in changes} == {
        (after(1), "", None, agent, "203.0.113.7")
    }
    rows = list(ticket.history.order_by("history_id"))[1:]
    assert [row.history_change_reason for row in rows] == [c.reason for c in reversed(changes)]
    assert {(row.history_user, row.client_ip) for row in rows} == {(agent, "203.0.113.7")}


def test_at_its_own_instant_each_row_knows_its_event(agent: Any) -> None:
    """Without ``as_of``: the row of the history and the event have the same instant."""
    ticket = Ticket.objects.create()
    in_request(agent, lambda: ticket.sla.pause("first"), "203.0.113.1")
    in_request(agent, lambda: ticket.sla.resume("second"), "203.0.113.2")
    done = [(c.kind, c.ip) for c in ticket.sla.changelog() if c.kind]
    assert done == [("released", "203.0.113.2"), ("held", "203.0.113.1")]
    instants = set(ticket.history.values_list("history_date", flat=True))
    recorded = ticket.sla_events.exclude(kind="opened").values_list("recorded_at", flat=True)
    assert set(recorded) < instants


def test_what_a_column_shows_is_told_once() -> None:
    ticket = Ticket.objects.create()
    opened_at, told = ticket.created_at, len(ticket.sla.changelog())
    ticket.sla.set_target("resolution", opened_at + timedelta(hours=30), "agreed")
    ticket.resolution_target = opened_at + timedelta(hours=31)
    ticket.save()
    ticket.sla.clear_target("resolution", "no longer")
    changes = ticket.sla.changelog()
    assert [change.field for change in changes[:-told]] == ["resolution_target"] * 3
    assert ticket.sla_events.filter(kind__startswith="target").count() == 3


def test_a_release_and_the_target_that_it_moves_are_told_in_this_order() -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    with as_of(after(1)):
        ticket.sla.pause("the vendor is asked")
    with as_of(after(3)):
        ticket.sla.resume("answered")
    moved, released, *_ = ticket.sla.changelog()
    assert (moved.field, moved.new, moved.reason) == ("resolution_target", after(26), "answered")
    assert (released.kind, released.label) == ("released", "released from hold")
    assert ticket.history.count() == 3


def test_a_long_reason_is_whole_in_the_event_and_shortened_in_the_history() -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    long = "a reason " * 34
    assert len(long) > 300
    ticket.sla.set_target("resolution", after(30), long)
    ticket.sla.pause(long)
    for row in ticket.history.all()[:2]:
        assert len(row.history_change_reason) == 100
        assert row.history_change_reason == long[:99] + "…"
    assert {event.data["reason"] for event in ticket.sla_events.exclude(kind="opened")} == {long}
    assert ticket.sla.changelog()[0].reason == long
    ticket.sla.resume("r" * 100)
    assert ticket.history.latest().history_change_reason == "r" * 100


def test_a_history_that_takes_any_reason_has_it_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Ticket.history.model._meta.get_field("history_change_reason"), "max_length", None
    )
    assert shortened("r" * 300, Ticket) == "r" * 300


@pytest.mark.parametrize(
    "model",
    [UUIDTicket, OwnTicket, SharedTicket, SharedTicketProxy, SpecialTicket, ExtendedTicket],
)
def test_every_kind_of_host_has_it_in_its_own_history(model: Any, agent: Any) -> None:
    ticket = model.objects.create()
    with as_of(ticket.created_at + timedelta(hours=1)):
        in_request(agent, lambda: ticket.sla.pause("the vendor is asked"))
    with as_of(ticket.created_at + timedelta(hours=4)):
        in_request(agent, lambda: ticket.sla.resume("answered"))
    assert ticket.resolution_target == model.objects.get().resolution_target
    manager = getattr(model, model._meta.simple_history_manager_attribute)
    reasons = list(manager.order_by("history_id").values_list("history_change_reason", flat=True))
    assert reasons[1:] == ["the vendor is asked", "answered"]
    moved, released, held, *_ = ticket.sla.changelog()
    assert (moved.field, released.kind, held.kind) == ("resolution_target", "released", "held")
    assert {change.user for change in (moved, released, held)} == {agent}
    addresses = {None} if model is OwnTicket else {"203.0.113.7"}
    assert {change.ip for change in (moved, released, held)} == addresses


def test_a_history_that_knows_people_by_their_names_tells_who(agent: Any) -> None:
    ticket = LedgerTicket.objects.create()
    with as_of(after(10**5)):
        in_request(agent, lambda: LedgerTicket.objects.update(status="resolved"))
    resolved = LedgerTicket.objects.get().sla.changelog()[0]
    assert (resolved.field, resolved.user) == ("resolved_at", agent)
    assert ticket.history.latest().history_user_id == "agent"


def test_a_history_whose_rows_were_cleaned_away_still_tells_of_it(agent: Any) -> None:
    ticket = Ticket.objects.create()
    in_request(agent, lambda: ticket.sla.waive("response", "the line was down"))
    ticket.history.latest().delete()
    waived = ticket.sla.changelog()[0]
    assert (waived.kind, waived.user, waived.ip) == ("breach_waived", agent, None)


def test_a_reply_that_changes_no_column_is_no_change(agent: Any) -> None:
    ticket = Ticket.objects.create()
    for hours in (1, 2):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(hours))
    assert ticket.history.count() == 2
