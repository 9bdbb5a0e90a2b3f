"""Many rows at once are the rows that they would be one by one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from django_sla.core.event import Event, Kind
from django_sla.models import Terms
from django_sla.tables import insert as module
from django_sla.tables.clock import IDENTITY
from django_sla.tables.insert import insert
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

MANY = module.FEW + 5


def clocks(ticket: Any, **values: Any) -> list[Any]:
    """A row for each metric, each with values of all kinds and with none."""
    model = Ticket.sla.clock_model
    rows = [model(ticket=ticket, metric=f"metric {n}", started_at=after(n)) for n in range(MANY)]
    for row in rows[::2]:
        row.pauses = [[MONDAY.isoformat(), after(1).isoformat()]]
        row.stopped_at, row.elapsed, row.waived = after(2), timedelta(seconds=1.5), True
        row.stopped_by, row.terms_id = "'q' {text}, \\", "f" * 32
        row.priority = "naïve"[:10]
    for row in rows:
        row.__dict__.update(values)
    return rows


def said(rows: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "id"} for row in rows.order_by("id").values()]


@pytest.fixture
def ticket() -> Any:
    Terms.objects.create(fingerprint="f" * 32, document={})
    ticket = Ticket.objects.create()
    ticket.sla_clocks.all().delete()
    return ticket


def test_many_are_written_as_few_are(ticket: Any, monkeypatch: Any) -> None:
    insert(clocks(ticket), "default")
    many = said(ticket.sla_clocks)
    ticket.sla_clocks.all().delete()
    monkeypatch.setattr(module, "FEW", MANY)
    insert(clocks(ticket), "default")
    assert said(ticket.sla_clocks) == many
    assert [row["metric"] for row in many] == [f"metric {n}" for n in range(MANY)]
    assert many[0]["stopped_by"] == "'q' {text}, \\"


def test_rows_that_are_there_take_the_new_content(ticket: Any) -> None:
    insert(clocks(ticket), "default")
    insert(clocks(ticket, due_at=after(9)), "default", IDENTITY)
    assert ticket.sla_clocks.count() == ticket.sla_clocks.filter(due_at=after(9)).count() == MANY


def test_what_lasts_stays_as_it_was(ticket: Any) -> None:
    insert(clocks(ticket, watched_from=MONDAY), "default")
    insert(clocks(ticket, watched_from=after(9)), "default", IDENTITY)
    assert set(ticket.sla_clocks.values_list("watched_from", flat=True)) == {MONDAY}


def test_of_some_that_are_there_and_some_that_are_not_all_are_there(ticket: Any) -> None:
    rows = clocks(ticket, due_at=after(9))
    insert(rows, "default")
    expected = said(ticket.sla_clocks)
    ticket.sla_clocks.filter(metric__in=["metric 3", "metric 4"]).delete()
    ticket.sla_clocks.update(due_at=None, pauses=[], terms=None, stopped_by="")
    insert(rows, "default", IDENTITY)
    found = sorted(said(ticket.sla_clocks), key=lambda row: row["started_at"])
    assert found == expected


def test_a_text_that_is_too_long_is_refused_and_not_cut_off(ticket: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite knows no lengths")
    with pytest.raises(DataError), transaction.atomic():
        insert(clocks(ticket, priority="p" * 61), "default")


def test_an_unsaved_event_is_an_instance_like_others(agent: Any, ticket: Any) -> None:
    event = Ticket.sla.event_model.of(
        Event(kind=Kind.OPENED, at=MONDAY), recorded_at=MONDAY, actor_id=agent.pk
    )
    assert (event.pk, event.ticket_id, event._state.adding) == (None, None, True)
    assert event.actor == agent
    event.ticket = ticket
    event.save()
    assert Ticket.sla.event_model.objects.get(pk=event.pk).actor == agent
