"""Tickets as a report of one row each."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from django_sla.exceptions import NaiveDatetime
from django_sla.moment import as_of
from django_sla.reports import tickets as module
from django_sla.reports.format import csv_pieces, fields, to_csv, to_json
from django_sla.reports.tickets import TicketList
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Department, Ticket
from tests.hosts.variety.models import (
    BareTicket,
    ExtendedTicket,
    SharedTicket,
    SpecialTicket,
    UUIDTicket,
)
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

NOW = after(40)

DAILY = {
    "CALENDARS": {"daily": {"tz": "UTC", "hours": {"mon-fri": [("09:00", "17:00")]}}},
    "CALENDAR": "daily",
}


def records(queryset: Any, **options: Any) -> list[dict[str, Any]]:
    made = TicketList(queryset, **{"now": NOW, **options})
    read = list(fields(made.columns))
    return [{name: field(row) for name, field in read} for row in made.rows]


def all_kinds(agent: Any) -> None:
    """Tickets in every state there is."""
    moved(answered(opened(title="met"), agent, 2), "resolved", 10)
    moved(opened(title="missed", priority="urgent"), "resolved", 30)
    opened(39.5, title="on track", priority="low")
    opened(20.5, title="at risk")
    opened(title="breached", priority="urgent")
    moved(opened(title="paused", priority="low"), "pending", 5)
    moved(moved(opened(title="resumed"), "pending", 2), "open", 30)
    moved(moved(moved(opened(title="reopened"), "resolved", 5), "open", 8), "closed", 38)
    moved(opened(title="breached, then paused", priority="urgent"), "pending", 20)
    by_hand = opened(title="by hand")
    with as_of(after(1)):
        by_hand.sla.set_target("resolution", after(6), "promised")
    moved(by_hand, "resolved", 7)
    waived = opened(title="waived", priority="urgent")
    with as_of(after(30)):
        waived.sla.waive("resolution", "storm")
    opened(title="no goal", priority="whatever")


@pytest.mark.parametrize("business_hours", [False, True])
def test_a_row_says_what_the_ticket_says(agent: Any, settings: Any, business_hours: bool) -> None:
    if business_hours:
        settings.DJANGO_SLA = DAILY
    all_kinds(agent)
    found = records(Ticket.objects.all())
    tickets = list(Ticket.objects.order_by("pk"))
    assert [row["key"] for row in found] == [ticket.pk for ticket in tickets]
    states = set()
    for row, ticket in zip(found, tickets, strict=True):
        said = f"{ticket}: {row}"
        assert row["title"] == ticket.title
        for name in module.COLUMNS:
            assert row[name] == getattr(ticket, name), said
        for metric in ("response", "resolution"):
            verdict = ticket.sla.verdict(metric, NOW)
            states.add(verdict.state.value)
            clock = verdict.clock
            assert clock is not None
            assert row[f"{metric}_state"] == verdict.state.value, said
            assert row[f"{metric}_due"] == verdict.due, said
            assert row[f"{metric}_elapsed_seconds"] == verdict.elapsed.total_seconds(), said
            left = None if verdict.remaining is None else verdict.remaining.total_seconds()
            assert row[f"{metric}_remaining_seconds"] == left, said
            assert row[f"{metric}_policy"] == (clock.terms and clock.terms.name), said
            assert row[f"{metric}_waived"] is clock.waived, said
    assert states >= {"on_track", "at_risk", "breached", "paused", "met", "missed"} - (
        {"at_risk"} if business_hours else set()
    )


def test_names_of_the_columns() -> None:
    [names] = csv.reader(io.StringIO(to_csv(TicketList(Ticket.objects.all()))))
    assert names[:10] == [
        "key",
        "title",
        "priority",
        "status",
        "created_at",
        "response_target",
        "resolution_target",
        "first_responded_at",
        "resolved_at",
        "closed_at",
    ]
    assert names[10:18] == [
        "response_state",
        "response_due",
        "response_elapsed_seconds",
        "response_elapsed_hours",
        "response_remaining_seconds",
        "response_remaining_hours",
        "response_policy",
        "response_waived",
    ]
    assert [name.replace("resolution", "response") for name in names[18:]] == names[10:18]


def test_other_metrics(agent: Any) -> None:
    ticket = opened()
    [row] = records(Ticket.objects.all(), metrics=["closure"])
    assert [name for name in row if name.endswith("_state")] == ["closure_state"]
    assert row["closure_state"] == "none"
    assert row["closure_elapsed_seconds"] is None
    assert row["closure_waived"] is False
    assert row["key"] == ticket.pk


def test_the_latest_cycle_counts(settings: Any) -> None:
    settings.DJANGO_SLA = {"REOPENING": "restart"}
    ticket = opened(priority="urgent")
    moved(moved(ticket, "resolved", 30), "open", 39)
    [row] = records(Ticket.objects.all())
    assert row["resolution_state"] == "on_track"
    assert row["resolution_elapsed_hours"] == 1


def test_two_queries_for_each_piece(agent: Any, monkeypatch: Any) -> None:
    all_kinds(agent)
    records(Ticket.objects.all())  # terms are known from now on
    count = Ticket.objects.count()
    monkeypatch.setattr(module, "CHUNK", 5)
    with CaptureQueriesContext(connection) as queries:
        found = records(Ticket.objects.all())
    assert [row["key"] for row in found] == sorted(row["key"] for row in found)
    assert len(found) == count
    # And one that finds the end.
    assert len(queries) == 2 * -(-count // 5) + 1


def test_filters_hold_and_the_order_is_that_of_the_keys(agent: Any, monkeypatch: Any) -> None:
    all_kinds(agent)
    monkeypatch.setattr(module, "CHUNK", 2)
    breached = Ticket.objects.breached(now=NOW).order_by("-title")
    keys = [row["key"] for row in records(breached)]
    assert keys == sorted(ticket.pk for ticket in breached)
    assert len(keys) > 3


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_a_ticket_that_is_found_several_times_comes_once(
    agent: Any, monkeypatch: Any, chunk: int
) -> None:
    for _ in range(3):
        ticket = opened()
        for hours in (1, 2, 3):
            Comment.objects.create(ticket=ticket, author=agent, created_at=after(hours))
    monkeypatch.setattr(module, "CHUNK", chunk)
    found = records(Ticket.objects.filter(comments__author=agent))
    assert len(found) == 3


def test_rows_begin_anew_each_time() -> None:
    opened()
    made = TicketList(Ticket.objects.all())
    assert len(list(made.rows)) == len(list(made.rows)) == 1


def test_keys_that_are_no_numbers(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    with as_of(MONDAY):
        made = [UUIDTicket.objects.create(priority="urgent") for _ in range(5)]
    found = records(UUIDTicket.objects.all())
    assert {row["key"] for row in found} == {ticket.pk for ticket in made}
    assert len(found) == 5
    assert {row["resolution_state"] for row in found} == {"breached"}
    document = json.loads(to_json(TicketList(UUIDTicket.objects.all())))
    assert {row["key"] for row in document["rows"]} == {str(ticket.pk) for ticket in made}


def test_a_child_of_somebody_elses_ticket() -> None:
    with as_of(MONDAY):
        ExtendedTicket.objects.create(subject="Printer", urgency=1)
    [row] = records(ExtendedTicket.objects.all())
    assert (row["title"], row["priority"], row["status"]) == ("Printer", 1, 1)
    assert row["resolution_state"] == "breached"


def test_a_kind_of_ticket() -> None:
    with as_of(MONDAY):
        special = SpecialTicket.objects.create(priority="urgent")
    for model in (SpecialTicket, SharedTicket):
        [row] = records(model.objects.all())
        assert (row["key"], row["resolution_state"]) == (special.pk, "breached")


def test_a_ticket_without_status_and_priority() -> None:
    BareTicket.objects.create()
    [row] = records(BareTicket.objects.all())
    assert (row["title"], row["priority"], row["status"]) == ("Bare", None, None)


def test_a_ticket_that_nothing_is_known_of() -> None:
    QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY)])
    [row] = records(Ticket.objects.all())
    assert (row["response_state"], row["response_policy"]) == ("none", None)
    assert row["created_at"] == MONDAY


def test_values_are_what_people_call_them() -> None:
    opened(priority="urgent", status="working")
    [row] = records(Ticket.objects.all())
    assert (row["priority"], row["status"]) == ("Urgent", "Working")


def test_a_relation_is_what_its_row_is_called(monkeypatch: Any) -> None:
    it = Department.objects.create(name="=IT")
    opened(department=it)
    opened()
    monkeypatch.setattr(Ticket.sla, "status", "department")
    made = TicketList(Ticket.objects.all(), now=NOW)
    list(made.rows)
    with CaptureQueriesContext(connection) as queries:
        rows = list(made.rows)
    assert [row[3] for row in rows] == ["=IT", None]
    assert len(queries) == 3


def test_hostile_texts_are_inert_and_numbers_are_not_touched() -> None:
    opened(title="=HYPERLINK(1)", priority="urgent")
    opened(title="-5")
    _, first, second = csv.reader(io.StringIO(to_csv(TicketList(Ticket.objects.all(), now=NOW))))
    assert (first[1], second[1]) == ("'=HYPERLINK(1)", "'-5")
    assert first[15] == "-39.0"


def test_language_and_zone_are_those_of_the_call(monkeypatch: Any) -> None:
    monkeypatch.setattr(
        Ticket, "__str__", lambda _: f"{translation.get_language()} {timezone.localtime(NOW):%H}"
    )
    opened()
    with translation.override("de"), timezone.override(ZoneInfo("Asia/Tokyo")):
        pieces = csv_pieces(TicketList(Ticket.objects.all(), now=NOW))
    before = translation.get_language()
    _, row = csv.reader(io.StringIO("".join(pieces)))
    assert row[1] == "de 10"
    assert row[4] == "2026-03-02T18:00:00+09:00"
    assert translation.get_language() == before


def test_what_is_refused() -> None:
    with pytest.raises(NaiveDatetime):
        TicketList(Ticket.objects.all(), now=datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="sliced"):
        TicketList(Ticket.objects.all()[:5])


def test_now_is_read_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    for _ in range(4):
        opened()
    made = TicketList(Ticket.objects.all())
    [age, *others] = [row[12] for row in made.rows]
    assert others == [age] * 3
    assert age > timedelta(0)
    assert made.now.tzinfo is UTC or made.now.utcoffset() == timedelta(0)


def test_a_ticket_that_is_deleted_meanwhile_ends_nothing(monkeypatch: Any) -> None:
    made = [opened() for _ in range(5)]
    monkeypatch.setattr(module, "CHUNK", 2)
    rows = TicketList(Ticket.objects.all()).rows
    keys = [next(rows)[0]]
    made[3].delete()
    keys += [row[0] for row in rows]
    assert keys == [ticket.pk for ticket in [*made[:3], made[4]] if ticket.pk]
    assert all(a < b for a, b in pairwise(keys))
