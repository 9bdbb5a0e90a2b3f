"""Tickets of django-import-export, with the real package."""

import importlib
import json
import sys
from typing import Any

import pytest
import tablib
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from import_export.fields import Field

from django_sla.exceptions import ImportExportNotInstalled
from django_sla.integrations.import_export import TicketSLAResource, VerdictField
from django_sla.moment import as_of
from django_sla.tables.columns import COLUMNS
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db


class TicketResource(TicketSLAResource):
    class Meta:
        model = Ticket


class FewResource(TicketSLAResource):
    class Meta:
        model = Ticket
        fields = ("id", "title", "status", "resolution_state")
        export_order = ("title", "resolution_state")


class BoldResource(TicketSLAResource):
    """Says that timestamps are its own."""

    resolved_at = Field(attribute="resolved_at", column_name="done")
    closed_at = Field(attribute="closed_at", column_name="closed_at")

    class Meta:
        model = Ticket


class BulkResource(TicketSLAResource):
    class Meta:
        model = Ticket
        use_bulk = True


def exported(resource: Any, queryset: Any = None) -> list[dict[str, Any]]:
    with as_of(after(40)):
        return resource().export(queryset).dict


def imported(resource: Any, *rows: dict[str, Any], hours: float = 50) -> Any:
    dataset = tablib.Dataset(headers=list(rows[0]))
    for row in rows:
        dataset.append(list(row.values()))
    with as_of(after(hours)):
        return resource().import_data(dataset, raise_errors=True)


def test_an_export_has_what_is_promised(agent: Any) -> None:
    moved(answered(opened(title="Zoë"), agent, 2), "resolved", 10)
    opened(priority="urgent")
    stopped, breached = exported(TicketResource)
    assert (stopped["title"], stopped["response_state"]) == ("Zoë", "met")
    assert stopped["created_at"] == "2026-03-02T09:00:00+00:00"
    assert stopped["first_responded_at"] == "2026-03-02T11:00:00+00:00"
    assert stopped["closed_at"] == ""
    assert stopped["resolution_elapsed_hours"] == 10
    assert stopped["resolution_waived"] is False
    assert breached["resolution_state"] == "breached"
    assert breached["resolution_due"] == "2026-03-02T13:00:00+00:00"
    assert breached["resolution_remaining_hours"] == -36
    assert breached["resolution_policy"] == stopped["response_policy"] != ""


def test_it_says_what_the_ticket_says() -> None:
    ticket = moved(opened(priority="urgent"), "pending", 2)
    [row] = exported(TicketResource)
    with as_of(after(40)):
        said = Ticket.objects.get(pk=ticket.pk).sla.as_dict()
    for name in COLUMNS:
        assert row[name] == (said[name] or "")
    for metric in ("response", "resolution"):
        assert row[f"{metric}_state"] == said[f"{metric}_state"]
        assert row[f"{metric}_remaining_hours"] == said[f"{metric}_remaining_hours"]


def test_a_ticket_without_clocks() -> None:
    QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY)])
    [row] = exported(TicketResource)
    told = [row[f"resolution_{what}"] for what in ("state", "due", "elapsed_hours", "policy")]
    assert told == ["none", "", "", ""]
    assert row["resolution_waived"] is False


def test_the_number_of_queries_does_not_grow() -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            opened()
        exported(TicketResource)
        with CaptureQueriesContext(connection) as queries:
            exported(TicketResource)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_plain_queryset_will_do() -> None:
    opened(priority="urgent")
    [row] = exported(TicketResource, QuerySet(Ticket))
    assert row["resolution_state"] == "breached"


def test_a_policy_is_no_formula(settings: Any) -> None:
    policy = {"name": "=cmd", "goals": {"*": {"resolution": "1h"}}}
    settings.DJANGO_SLA = {"POLICIES": [policy]}
    opened()
    [row] = exported(TicketResource)
    assert row["resolution_policy"] == "'=cmd"


def test_some_of_the_columns() -> None:
    opened(title="Ann")
    [row] = exported(FewResource)
    assert {"resolution_state", "title"} <= set(row)
    assert not {"response_state", "created_at", "resolution_due"} & set(row)


def test_other_metrics() -> None:
    class ClosureResource(TicketSLAResource):
        closure_state = VerdictField("closure", "state")

        class Meta:
            model = Ticket

    opened()
    assert exported(ClosureResource)[0]["closure_state"] == "none"


@pytest.mark.parametrize("resource", [TicketResource, BoldResource, BulkResource])
def test_an_import_writes_no_sla_column(resource: Any) -> None:
    ticket = opened(title="before")
    before = {name: getattr(ticket, name) for name in COLUMNS}
    wrong = dict.fromkeys([*COLUMNS, "done", "resolution_due"], "2020-01-01 00:00:00")
    wrong |= {"resolution_state": "met", "resolution_waived": "1"}
    row = {"id": ticket.pk, "title": "after", "priority": "medium", "status": "open"}
    result = imported(resource, row | wrong)
    assert not result.has_errors()
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.title == "after"
    assert {name: getattr(ticket, name) for name in COLUMNS} == before
    assert ticket.sla.resolution.state == "breached" or ticket.sla.resolution.due is not None


@pytest.mark.parametrize("resource", [TicketResource, BulkResource])
def test_an_import_is_recorded_as_any_change(resource: Any) -> None:
    ticket = opened()
    rows = [
        {"id": ticket.pk, "title": "old", "priority": "medium", "status": "resolved"},
        {"id": "", "title": "new", "priority": "urgent", "status": "open"},
    ]
    result = imported(resource, *rows)
    assert not result.has_errors()
    assert {row.import_type for row in result.rows} == {"update", "new"}
    ticket.refresh_from_db()
    assert ticket.resolved_at == after(50)
    assert ticket.sla.resolution.state == "missed"
    new = Ticket.objects.get(title="new")
    assert new.created_at == after(50)
    assert new.resolution_target == after(54)
    assert [event.kind for event in new.sla_events.all()] == ["opened"]


def test_an_export_can_be_imported_again() -> None:
    for title in ("one", "two"):
        moved(opened(title=title), "pending", 2)
    rows = exported(TicketResource)
    events = Ticket.sla.event_model.objects.count()
    before = list(Ticket.objects.order_by("pk").values())
    with as_of(after(60)):
        dataset = tablib.Dataset().load(json.dumps(rows), format="json")
        result = TicketResource().import_data(dataset, raise_errors=True)
    assert not result.has_errors()
    assert Ticket.sla.event_model.objects.count() == events
    assert list(Ticket.objects.order_by("pk").values()) == before


def test_the_page_of_an_import_does_not_offer_them() -> None:
    names = {field.column_name for field in TicketResource().get_user_visible_fields()}
    assert not names & {*COLUMNS, "resolution_state"}
    assert {"title", "status"} <= names


def test_without_the_package(monkeypatch: Any) -> None:
    name = "django_sla.integrations.import_export"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "import_export.fields", None)
    with pytest.raises(ImportExportNotInstalled, match=r"django-sla\[import-export\]"):
        importlib.import_module(name)
