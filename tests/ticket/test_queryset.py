"""Questions that read like a sentence, each one query."""

from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.core.verdict import State
from django_sla.exceptions import NaiveDatetime, UnknownTickets
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(agent: Any) -> dict[str, Ticket]:
    """Tickets of medium priority (8 h, 24 h) in every state, seen 20 hours after opening."""
    with as_of(MONDAY):
        names = ("risk", "paused", "met", "missed", "breached")
        tickets = {name: Ticket.objects.create(title=name) for name in names}
    tickets["breached"].priority = "urgent"
    tickets["paused"].status = "pending"
    tickets["met"].status = "resolved"
    with as_of(after(2)):
        for name in ("breached", "paused", "met"):
            tickets[name].save()
        for name in ("risk", "paused", "breached"):
            Comment.objects.create(ticket=tickets[name], author=agent, created_at=after(0.5))
    tickets["missed"].status = "resolved"
    with as_of(after(30)):
        tickets["missed"].save()
    return tickets


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("breached", {"breached"}),
        ("at_risk", {"risk"}),
        ("paused", {"paused"}),
    ],
)
def test_questions(desk: Any, question: str, expected: set[str]) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = getattr(Ticket.objects, question)(now=after(20))
        assert {ticket.title for ticket in found} == expected
    assert len(captured) == 1


def test_states_of_one_metric(desk: Any) -> None:
    missed = Ticket.objects.in_state("missed", "resolution")
    assert {ticket.title for ticket in missed} == {"missed"}
    met = Ticket.objects.in_state(State.MET, "resolution")
    assert {ticket.title for ticket in met} == {"met"}
    with pytest.raises(ValueError, match="late"):
        Ticket.objects.in_state("late")


def test_due_before(desk: Any) -> None:
    found = Ticket.objects.due_before(after(10), "resolution")
    assert {ticket.title for ticket in found} == {"breached"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda tickets, at: tickets.due_before(at),
        lambda tickets, at: tickets.in_state("breached", now=at),
        lambda tickets, at: tickets.breached(now=at),
        lambda tickets, at: tickets.with_verdicts(now=at),
    ],
)
def test_an_instant_without_a_time_zone_is_refused(ask: Any) -> None:
    with pytest.raises(NaiveDatetime, match="has no time zone; pass an aware datetime"):
        ask(Ticket.objects, MONDAY.replace(tzinfo=None))


def test_by_urgency_puts_what_is_due_first_first(desk: Any) -> None:
    titles = [ticket.title for ticket in Ticket.objects.by_urgency()]
    assert titles[:2] == ["breached", "risk"]
    assert set(titles[2:]) == {"paused", "met", "missed"}


def test_with_verdicts_is_one_more_query_whatever_the_number(desk: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            for ticket in Ticket.objects.with_verdicts(after(20)):
                assert ticket.sla.now == after(20)
                assert ticket.sla.response is not None
                assert ticket.sla.resolution.state
        return len(captured)

    few = queries()
    Ticket.objects.bulk_create([Ticket() for _ in range(50)])
    assert queries() == few == 2


def test_the_clocks_are_read_again_after_a_save() -> None:
    with as_of(MONDAY):
        Ticket.objects.create()
    ticket = Ticket.objects.with_verdicts(after(1)).get()
    assert ticket.sla.resolution.state is State.ON_TRACK
    ticket.status = "resolved"
    ticket.save()
    assert ticket.sla.resolution.state is State.MISSED


def test_bulk_create_refuses_what_it_cannot_keep_right() -> None:
    with pytest.raises(UnknownTickets, match="look for the existing ones first"):
        Ticket.objects.bulk_create([Ticket()], ignore_conflicts=True)
    assert Ticket.objects.count() == 0


def test_bulk_create_of_nothing_asks_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Ticket.objects.bulk_create([]) == []


def test_update_of_a_field_that_is_not_there_is_refused_as_by_django() -> None:
    with pytest.raises(FieldDoesNotExist, match="colour"):
        Ticket.objects.update(colour="red")


def test_values_and_slices_still_work(desk: Any) -> None:
    assert len(Ticket.objects.with_verdicts().values_list("pk", flat=True)) == 5
    assert len(Ticket.objects.by_urgency().with_verdicts()[:2]) == 2
    assert Ticket.objects.with_verdicts().count() == 5


def test_where_nothing_is_promised_the_state_is_none(settings: Any) -> None:
    settings.DJANGO_SLA = {"GOALS": {"medium": {"resolution": None}}}
    tickets = [Ticket.objects.create(title=title) for title in ("open", "paused", "stopped")]
    tickets[1].status, tickets[2].status = "pending", "resolved"
    for ticket in tickets:
        ticket.save()
        assert ticket.sla.resolution.state is State.NONE
    assert Ticket.objects.in_state("none", "resolution").count() == 3
    for state in set(State) - {State.NONE}:
        assert not Ticket.objects.in_state(state, "resolution").exists()
    with as_of(after(0)):
        tickets[0].sla.set_target("resolution", after(10**5))
    assert tickets[0].sla.resolution.state is State.ON_TRACK
    assert Ticket.objects.in_state("on_track", "resolution").get() == tickets[0]
