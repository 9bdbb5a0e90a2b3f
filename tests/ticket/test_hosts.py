"""The mixin on every kind of host."""

import copy
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from django_sla import registry
from django_sla.core.verdict import State
from django_sla.exceptions import ContradictedTimestamp
from django_sla.flow import lock
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import (
    BareTicket,
    ExtendedTicket,
    LedgerTicket,
    LedgerTicketProxy,
    OwnTicket,
    OwnTicketQuerySet,
    SharedTicket,
    SharedTicketProxy,
    SpecialTicket,
    UUIDTicket,
    WorkflowTicket,
)
from tests.hosts.vendor.models import VendorFollowUp, VendorTicket

pytestmark = pytest.mark.django_db

COLUMNS = {
    "created_at",
    "response_target",
    "resolution_target",
    "first_responded_at",
    "resolved_at",
    "closed_at",
}


def resolve(ticket: Any, hours: float = 2) -> Any:
    ticket.status = "resolved"
    with as_of(after(hours)):
        ticket.save()
    return type(ticket).objects.get(pk=ticket.pk)


def test_the_mixin_adds_exactly_six_columns() -> None:
    columns = {field.name for field in BareTicket._meta.concrete_fields}
    assert columns == COLUMNS | {"id", "title"}


@pytest.mark.parametrize("model", [Ticket, UUIDTicket, SharedTicket, OwnTicket, WorkflowTicket])
def test_companions_have_a_real_foreign_key(model: Any) -> None:
    for companion, name in (
        (model.sla.event_model, "sla_events"),
        (model.sla.clock_model, "sla_clocks"),
    ):
        key = companion._meta.get_field("ticket")
        assert key.remote_field.model is model
        assert key.remote_field.related_name == name
        assert key.db_constraint
        assert companion._meta.app_label == model._meta.app_label
        assert companion.__module__ == model.__module__


def test_two_ticket_models_side_by_side_do_not_mix() -> None:
    with as_of(MONDAY):
        one, other = Ticket.objects.create(), UUIDTicket.objects.create()
    resolve(one)
    assert one.sla_events.count() == 2
    assert other.sla_events.count() == 1
    assert Ticket.sla is not UUIDTicket.sla
    assert {Ticket, UUIDTicket} <= set(registry.tickets)


def test_a_uuid_key() -> None:
    with as_of(MONDAY):
        one, other = UUIDTicket.objects.create(), UUIDTicket.objects.create()
    assert isinstance(one.pk, uuid.UUID)
    assert resolve(one).resolved_at == after(2)
    now = after(50)
    assert list(UUIDTicket.objects.breached(now=now)) == [other]
    assert set(UUIDTicket.objects.exclude(sla_clocks__metric="closure")) == {one, other}
    made = UUIDTicket.objects.bulk_create([UUIDTicket(), UUIDTicket()])
    assert all(ticket.sla_clocks.count() == 2 for ticket in made)


def test_a_custom_user_answers(agent: Any) -> None:
    assert isinstance(agent.pk, uuid.UUID)
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(1))
    assert ticket.sla_events.get(kind="agent_replied").actor == agent


def test_a_host_keeps_its_own_created_at_history_and_manager() -> None:
    with as_of(MONDAY):
        ticket = OwnTicket.objects.create(priority="urgent")
    assert OwnTicket._meta.get_field("created_at").auto_now_add
    row = OwnTicket.objects.mine().get()
    assert isinstance(OwnTicket.objects.all(), OwnTicketQuerySet)
    assert row.created_at != MONDAY, "Django's own stamp, which as_of does not govern"
    assert row.response_target - row.created_at == row.sla.response.clock.goal
    assert row.sla.response.clock.started_at == row.created_at
    first = OwnTicket.history.get()
    assert (first.history_type, first.response_target) == ("+", row.response_target)
    assert not hasattr(first, "client_ip")
    assert ticket.sla.changelog()


def test_what_is_refused_after_django_stamped_it_leaves_nothing() -> None:
    with as_of(MONDAY), pytest.raises(ContradictedTimestamp, match="resolved_at"):
        OwnTicket.objects.create(status="resolved", resolved_at=after(1))
    assert OwnTicket.objects.count() == OwnTicket.history.count() == 0


def test_a_mixin_and_its_host_in_different_apps() -> None:
    with as_of(MONDAY):
        ticket = SharedTicket.objects.create()
    assert ticket._meta.app_label == "variety"
    assert resolve(ticket).sla.resolution.state is State.MET


def test_a_special_kind_of_ticket_has_the_events_of_the_ticket() -> None:
    with as_of(MONDAY):
        ticket = SpecialTicket.objects.create()
    assert resolve(ticket).resolved_at == after(2)
    assert SpecialTicket not in registry.tickets
    assert SharedTicket.objects.get().sla_events.count() == 2
    with as_of(after(3)):
        SpecialTicket.objects.update(status="open")
    assert SharedTicket.objects.get().resolved_at is None
    assert list(SpecialTicket.objects.breached(now=after(90))) == [ticket]


def test_a_proxy_is_the_same_ticket() -> None:
    with as_of(MONDAY):
        ticket = SharedTicketProxy.objects.create()
    assert resolve(ticket).resolved_at == after(2)
    assert [change.field for change in ticket.sla.changelog()][:1] == ["resolved_at"]
    assert SharedTicket.objects.get().sla_events.count() == 2
    ticket.delete()
    assert SharedTicket.history.first().history_type == "-"


def test_a_proxy_of_a_host_with_its_own_history_is_in_it() -> None:
    with as_of(MONDAY):
        ticket = LedgerTicketProxy.objects.create()
    resolve(ticket)
    ticket.delete()
    rows = LedgerTicket.history.order_by("history_date").values_list("history_type", flat=True)
    assert list(rows) == ["+", "~", "-"]


def test_a_key_that_the_host_chooses() -> None:
    with as_of(MONDAY):
        Ticket(pk=4711).save()
    assert Ticket.objects.get(pk=4711).resolution_target == after(24)


def test_a_ticket_that_was_deleted_and_is_saved_all_the_same_is_opened_again() -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    Ticket.objects.all().delete()
    with as_of(after(1)):
        ticket.save()
    assert Ticket.objects.get().sla_events.get().kind == "opened"
    assert ticket.sla_clocks.count() == 2


def test_a_save_of_no_fields_saves_nothing(django_assert_num_queries: Any) -> None:
    ticket = Ticket.objects.create()
    ticket.status = "resolved"
    with django_assert_num_queries(0):
        ticket.save(update_fields=[])
    assert Ticket.objects.get().status == "open"


def test_a_copy_starts_anew() -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create(priority="urgent")
    resolve(ticket)
    twin = copy.copy(ticket)
    twin.pk, twin._state.adding, twin.status = None, True, "open"
    with as_of(after(10)):
        twin.save()
    assert (twin.created_at, twin.resolution_target) == (after(10), after(14))
    assert twin.resolved_at is None
    assert twin.sla.clocks != ticket.sla.clocks
    assert not twin.sla_events.filter(kind="target_set").exists()


def test_bulk_create_where_django_stamps_the_creation() -> None:
    made = OwnTicket.objects.bulk_create([OwnTicket(priority="urgent"), OwnTicket()])
    for ticket in OwnTicket.objects.filter(pk__in=[ticket.pk for ticket in made]):
        clock = ticket.sla.resolution.clock
        assert clock.started_at == ticket.created_at
        assert ticket.resolution_target == ticket.created_at + clock.goal
        assert ticket.history.get().resolution_target == ticket.resolution_target


@pytest.mark.django_db(transaction=True)
def test_the_parent_saved_outside_any_transaction() -> None:
    lock._statement.cache_clear()
    with as_of(MONDAY):
        ticket = ExtendedTicket.objects.create(subject="Extended")
    lock._statement.cache_clear()
    parent = VendorTicket.objects.get(pk=ticket.pk)
    parent.state = 3
    parent.save()
    assert ExtendedTicket.objects.get().resolved_at is not None


def test_a_child_of_somebody_elses_ticket() -> None:
    with as_of(MONDAY):
        ticket = ExtendedTicket.objects.create(subject="Extended", urgency=1)
    assert ticket.resolution_target == after(4)
    ticket.state = 5
    with as_of(after(1)):
        ticket.save()
    assert ticket.sla.verdict("resolution", after(90)).state is State.PAUSED
    ticket.state = 3
    with as_of(after(2)):
        ticket.save()
    assert ExtendedTicket.objects.get().resolved_at == after(2)
    assert ExtendedTicket.history.count() == 3


def test_third_party_code_that_saves_only_the_parent() -> None:
    with as_of(MONDAY):
        ticket = ExtendedTicket.objects.create(subject="Extended", urgency=3)
    parent = VendorTicket.objects.get(pk=ticket.pk)
    parent.urgency = 1
    with as_of(after(1)):
        parent.save()
    assert ExtendedTicket.objects.get().resolution_target == after(4)
    parent.state = 3
    with as_of(after(2)):
        parent.save()
    assert ExtendedTicket.objects.get().resolved_at == after(2)
    assert list(ticket.sla_events.values_list("kind", flat=True)) == [
        "opened",
        "priority_changed",
        "status_moved",
    ]
    VendorTicket.objects.create(subject="No child, no SLA")
    assert ExtendedTicket.objects.count() == 1


def test_comments_on_somebody_elses_ticket(agent: Any) -> None:
    with as_of(MONDAY):
        ticket = ExtendedTicket.objects.create(subject="Extended")
    plain = VendorTicket.objects.create(subject="No child, no SLA")
    for parent in (VendorTicket.objects.get(pk=ticket.pk), plain):
        for public in (False, True):
            VendorFollowUp.objects.create(
                ticket=parent, user=agent, public=public, date=after(1 + public)
            )
    assert ExtendedTicket.objects.get().first_responded_at == after(2)


def test_a_workflow_needs_no_glue() -> None:
    with as_of(MONDAY):
        ticket = WorkflowTicket.objects.create()
    for hours, step in ((1, ticket.wait), (5, ticket.resolve), (6, ticket.reopen)):
        step()
        with as_of(after(hours)):
            ticket.save()
    row = WorkflowTicket.objects.get()
    assert (row.status, row.resolved_at) == ("open", None)
    assert row.sla.verdict("resolution", after(7)).elapsed.total_seconds() == 2 * 3600


def test_a_model_with_neither_status_nor_priority() -> None:
    ticket = BareTicket.objects.create()
    assert ticket.sla.resolution.state is State.NONE
    assert ticket.sla_clocks.count() == 2, "reports still learn how long it takes"


def test_deleting_a_ticket_deletes_its_companions() -> None:
    ticket = Ticket.objects.create()
    events, clocks = Ticket.sla.event_model.objects, Ticket.sla.clock_model.objects
    ticket.delete()
    assert (events.count(), clocks.count()) == (0, 0)
    assert Ticket.history.latest().history_type == "-"


def test_the_package_itself_needs_no_new_migration() -> None:
    """In a process of its own, because the suite runs without migrations."""
    command = [sys.executable, "-m", "django", "makemigrations", "django_sla"]
    subprocess.run(
        [*command, "--check", "--dry-run", "--settings", "tests.settings"],
        check=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TEST_DB": "sqlite"},
        capture_output=True,
    )


def test_no_companion_is_left_behind_by_migrations() -> None:
    """Models of a migration's state are no ticket models: they subclass no mixin."""
    from django.db.migrations.state import ProjectState

    state = ProjectState.from_apps(Ticket._meta.apps)
    historical = state.apps.get_model("desk", "Ticket")
    assert issubclass(historical, models.Model)
    assert historical not in registry.tickets
