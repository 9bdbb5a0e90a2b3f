"""Time in each status, by the clock on the wall."""

from datetime import timedelta
from operator import itemgetter
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.core.event import Kind
from django_sla.moment import as_of
from django_sla.reports.stays import StayRow
from django_sla.reports.time_in_status import TimeInStatusReport
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import BareTicket, ExtendedTicket, WorkflowTicket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def report(queryset: Any = None, *, at: float = 100, **period: Any) -> TimeInStatusReport:
    tickets = Ticket.objects.all() if queryset is None else queryset
    return TimeInStatusReport(tickets, now=after(at), **period)


def hours(**options: Any) -> dict[str, tuple[int, float]]:
    """Tickets and hours by status."""
    return {row.key: (row.tickets, row.total / HOUR) for row in report(**options).rows}


def test_averaged_over_the_tickets_that_were_ever_in_it() -> None:
    moved(moved(moved(opened(), "working", 2), "resolved", 5), "closed", 9)
    moved(opened(90), "resolved", 92)
    found = report()
    assert found.rows == [
        StayRow(key="open", label="Open", tickets=2, total=4 * HOUR),
        StayRow(key="working", label="Working", tickets=1, total=3 * HOUR),
        StayRow(key="resolved", label="Resolved", tickets=2, total=12 * HOUR),
        StayRow(key="closed", label="Closed", tickets=1),
    ]
    assert [row.average for row in found.rows] == [2 * HOUR, 3 * HOUR, 6 * HOUR, 0 * HOUR]
    assert found.total == StayRow(label="Total", tickets=2, total=19 * HOUR)
    assert found.total.average == 9.5 * HOUR


def test_nothing_there() -> None:
    found = report()
    assert found.rows == []
    assert found.total == StayRow(label="Total")
    assert found.total.average is None
    nobodys = report(Ticket.objects.none())
    assert (nobodys.rows, nobodys.total) == ([], StayRow(label="Total"))


def test_several_stays_of_a_ticket_add_up() -> None:
    ticket = moved(moved(opened(), "pending", 1), "open", 3)
    moved(moved(ticket, "pending", 6), "open", 10)
    assert hours() == {"open": (1, 94), "pending": (1, 6)}


def test_closed_counts_until_the_reopening() -> None:
    ticket = moved(moved(opened(), "closed", 1), "open", 4)
    moved(ticket, "closed", 6)
    assert hours() == {"open": (1, 3), "closed": (1, 3)}


def test_opened_in_a_status_that_is_done() -> None:
    opened(status="closed", resolved_at=after(2), closed_at=after(5))
    # Resolved and then closed, under one status.
    assert hours() == {"closed": (1, 5)}


def test_a_stay_of_no_time_is_a_stay() -> None:
    moved(opened(), "working", 0)
    assert hours() == {"open": (1, 0), "working": (1, 100)}


def test_the_correction_of_a_timestamp_ends_no_stay() -> None:
    ticket = moved(opened(), "resolved", 5)
    ticket.resolved_at = after(4)
    with as_of(after(6)):
        ticket.save()
    told = [event.data.get("to") for event in ticket.sla_events.order_by("id")]
    assert told == ["open", "resolved", None]
    assert hours() == {"open": (1, 5), "resolved": (1, 95)}


def test_a_corrected_opening_stands() -> None:
    ticket = moved(opened(10), "working", 20)
    ticket.created_at = after(8)
    ticket.save()
    assert hours() == {"open": (1, 12), "working": (1, 80)}
    ticket.created_at = after(12)
    ticket.save()
    assert hours() == {"open": (1, 8), "working": (1, 80)}


def test_tickets_opened_in_the_period() -> None:
    opened(1)
    opened(3)
    assert hours(since=after(1), until=after(3)) == {"open": (1, 99)}
    assert report(since=after(3), until=after(4)).total.tickets == 1


def test_other_names_and_integers_by_category() -> None:
    with as_of(MONDAY):
        ticket = ExtendedTicket.objects.create(subject="Printer", state=2)
    moved(moved(moved(ticket, 3, 1), 5, 2), 4, 3)
    found = report(ExtendedTicket.objects.all()).rows
    assert [(row.label, row.total) for row in found] == [
        ("2", HOUR),
        ("5", HOUR),
        ("3", HOUR),
        ("4", 0 * HOUR),
    ]


def test_statuses_are_in_the_order_of_their_choices(monkeypatch: Any) -> None:
    moved(moved(opened(), "pending", 1), "resolved", 2)
    choices = [("pending", "Waiting"), ("resolved", "Done"), ("open", "Open")]
    monkeypatch.setattr(Ticket._meta.get_field("status"), "choices", choices)
    assert [row.label for row in report().rows] == ["Waiting", "Done", "Open"]


def test_a_workflow() -> None:
    with as_of(MONDAY):
        ticket = WorkflowTicket.objects.create()
    with as_of(after(2)):
        ticket.wait()
        ticket.save()
    found = report(WorkflowTicket.objects.all(), at=5).rows
    assert [(row.label, row.total) for row in found] == [("open", 2 * HOUR), ("pending", 3 * HOUR)]


def test_a_model_without_a_status_has_no_such_report() -> None:
    with pytest.raises(
        ValueError, match="by: 'status' is nothing to group by; there is policy, day"
    ):
        report(BareTicket.objects.all())


def test_only_the_tickets_of_the_queryset() -> None:
    opened()
    assert report(Ticket.objects.filter(status="closed")).rows == []


# The events of one ticket


def event(kind: Kind, at: float, to: str = "", category: str = "") -> Any:
    return kind, after(at), {"to": to, "category": category} if to else {}


def stays_of(*events: Any, at: float = 10) -> dict[str, float]:
    """Hours by status, of a ticket that had these events and no others, in this order."""
    ticket = opened()
    ticket.sla_events.all().delete()
    model = Ticket.sla.event_model
    for kind, when, data in events:
        model._base_manager.create(
            ticket=ticket, kind=kind.value, at=when, recorded_at=when, data=data
        )
    found = report(Ticket.objects.filter(pk=ticket.pk), at=at).rows
    assert {row.tickets for row in found} <= {1}
    return {row.key: row.total / HOUR for row in found}


def test_no_move_is_before_the_opening() -> None:
    events = (event(Kind.OPENED, 2, "new"), event(Kind.STATUS_MOVED, 1, "open", "open"))
    assert stays_of(*events) == {"new": 0, "open": 8}


def test_moves_come_in_the_order_of_their_instants_however_they_were_recorded() -> None:
    events = (
        event(Kind.STATUS_MOVED, 5, "done", "resolved"),
        event(Kind.OPENED, 0, "new"),
        event(Kind.STATUS_MOVED, 3, "open", "open"),
    )
    assert stays_of(*events) == {"new": 3, "open": 2, "done": 5}


def test_the_same_status_again_ends_no_stay_but_may_close() -> None:
    events = (
        event(Kind.OPENED, 0, "new"),
        event(Kind.STATUS_MOVED, 3, "done", "resolved"),
        event(Kind.STATUS_MOVED, 4, "done", "closed"),
    )
    assert stays_of(*events[:2]) == {"new": 3, "done": 7}
    assert stays_of(*events) == {"new": 3, "done": 1}


def test_now_before_the_last_move() -> None:
    assert stays_of(event(Kind.OPENED, 5, "new"), at=3) == {"new": 0}


def test_no_opening_no_stay() -> None:
    assert stays_of(event(Kind.STATUS_MOVED, 3, "done", "resolved")) == {}


def test_statuses_differ_by_every_letter() -> None:
    events = (event(Kind.OPENED, 0, "open"), event(Kind.STATUS_MOVED, 1, "Open", "open"))
    assert stays_of(*events) == {"open": 1, "Open": 9}


KINDS = st.sampled_from([Kind.OPENED, Kind.STATUS_MOVED, Kind.STATUS_MOVED, Kind.AGENT_REPLIED])
CATEGORIES = st.sampled_from(["open", "paused", "resolved", "closed"])
EVENTS = st.lists(
    st.builds(event, KINDS, st.integers(0, 9), st.sampled_from(["", "a", "b", "c"]), CATEGORIES),
    max_size=7,
)


def in_plain_python(events: list[Any], now: float) -> dict[str, float]:
    told = [(kind, at, data) for kind, at, data in events if kind is not Kind.AGENT_REPLIED]
    openings = [(at, data.get("to", "")) for kind, at, data in told if kind is Kind.OPENED]
    if not openings:
        return {}
    since, status = openings[-1]
    spent: dict[str, float] = {}
    category = ""
    moves = [(at, data) for kind, at, data in told if kind is Kind.STATUS_MOVED and data]
    for at, data in sorted(moves, key=itemgetter(0)):
        until = max(at, since)
        spent[status] = spent.get(status, 0) + (until - since) / HOUR
        since, status, category = until, data["to"], data["category"]
    end = since if category == "closed" else max(after(now), since)
    spent[status] = spent.get(status, 0) + (end - since) / HOUR
    return spent


@given(EVENTS, st.integers(3, 12))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_database_adds_up_what_python_does(
    events: list[Any], now: int
) -> None:
    with transaction.atomic():
        assert stays_of(*events, at=now) == in_plain_python(events, now)
        transaction.set_rollback(True)


def test_the_number_of_queries_does_not_grow() -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert report().rows
        return len(captured)

    opened()
    one = count()
    for _number in range(20):
        moved(opened(), "pending", 1)
    assert count() == one == 1
