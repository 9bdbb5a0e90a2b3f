"""``manage.py sla_seal``: what was changed behind the program's back shows."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone
from simple_history.models import HistoricalRecords

from django_sla.core.seal import DESTROYED, SALT
from django_sla.exceptions import AppendOnly, SealedAtOnce
from django_sla.flow import seal as sealing
from django_sla.models import Seal
from tests.hosts.desk.models import Comment, Ticket, TicketSLAEvent
from tests.hosts.variety.models import ScatteredTicket

pytestmark = pytest.mark.django_db

History: Any = Ticket.history.model


@pytest.fixture(autouse=True)
def as_agent(agent: Any) -> Iterator[Any]:
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.77")
    request.user = agent
    HistoricalRecords.context.request = request
    yield agent
    if hasattr(HistoricalRecords.context, "request"):  # the middleware takes it away, too
        del HistoricalRecords.context.request


def run(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("sla_seal", *args, stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
    return out.getvalue(), err.getvalue()


def sealed() -> None:
    """Everything that there is now."""
    run()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        run()


def sealed_later() -> None:
    """The same, where something is sealed already."""
    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        sealed()


@pytest.fixture
def ticket(as_agent: Any) -> Any:
    ticket = Ticket.objects.create(assignee=as_agent)
    Comment.objects.create(ticket=ticket, author=as_agent, created_at=timezone.now())
    ticket.sla.waive("resolution", "Ada was on holiday")
    sealed()
    return ticket


def wrong() -> str:
    """What a look finds, without the last line."""
    return "\n".join(run("--verify")[1].splitlines()[:-1])


# What is as it was


def test_all_is_as_it_was_sealed(ticket: Any) -> None:
    out, err = run("--verify")
    rows = TicketSLAEvent.objects.count() + History.objects.count()
    assert f"{rows} rows; of 0 a name" in out
    assert err == ""


def test_a_row_is_sealed_when_its_transaction_is_over_for_sure(as_agent: Any) -> None:
    Ticket.objects.create()
    run()
    run()
    assert not Seal.objects.exclude(records=b"").exists(), "the first run was just now"
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        Ticket.objects.create()
        run()
        assert "2 rows; of 0" in run("--verify")[0], "one event, one row of history"


def test_in_several_seals(monkeypatch: pytest.MonkeyPatch, ticket: Any) -> None:
    monkeypatch.setattr(sealing, "BLOCK", 2)
    for _ in range(5):
        Ticket.objects.create()
    sealed_later()
    assert run("--verify")[1] == ""
    assert Seal.objects.exclude(records=b"").count() > 5


def test_stopped_it_goes_on_later(ticket: Any) -> None:
    Ticket.objects.create()
    later = timezone.now() + timedelta(minutes=30)
    with time_machine.travel(later):
        sealing.seal("default")
    with time_machine.travel(later + timedelta(minutes=11)):
        assert sealing.seal("default", lambda number: True) == 1, "an event"
        assert sealing.seal("default") == 1, "a row of history"
    assert run("--verify")[1] == ""


def test_a_history_whose_keys_have_no_order_is_not_sealed() -> None:
    ScatteredTicket.objects.create()
    sealed()
    assert set(Seal.objects.values_list("model", flat=True)) == {"variety.ScatteredTicketSLAEvent"}


def test_a_column_that_came_later_is_not_sealed(
    as_agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(sealing, "facts_of", lambda model: ["id"])
        Ticket.objects.create()
        sealed()
    History.objects.update(title="Another")
    assert run("--verify")[1] == ""


def test_what_has_gone_with_its_ticket(ticket: Any) -> None:
    ticket.delete()
    out, err = run("--verify")
    assert "3 went with their tickets" in out
    assert err == ""


# What is not


def test_another_fact(ticket: Any) -> None:
    event = ticket.sla_events.get(kind="agent_replied")
    TicketSLAEvent.objects.filter(pk=event.pk).update(at=event.at - timedelta(hours=3))
    assert wrong() == f"default: desk.TicketSLAEvent {event.pk}: changed"


def test_another_fact_in_the_data(ticket: Any) -> None:
    event = ticket.sla_events.get(kind="opened")
    TicketSLAEvent.objects.filter(pk=event.pk).update(data=event.data | {"priority": "low"})
    assert wrong() == f"default: desk.TicketSLAEvent {event.pk}: changed"


def test_another_row_of_history(ticket: Any) -> None:
    row = History.objects.earliest("history_id")
    History.objects.filter(pk=row.pk).update(resolution_target=timezone.now())
    assert wrong() == f"default: desk.HistoricalTicket {row.pk}: changed"


@pytest.mark.parametrize("values", [{"client_ip": "198.51.100.1"}, {"client_ip": None}])
def test_another_address(ticket: Any, values: dict[str, Any]) -> None:
    row = History.objects.earliest("history_id")
    History.objects.filter(pk=row.pk).update(**values)
    assert wrong() == f"default: desk.HistoricalTicket {row.pk}: says another person or address"


def test_another_person(ticket: Any, requester: Any) -> None:
    event = ticket.sla_events.get(kind="agent_replied")
    TicketSLAEvent.objects.filter(pk=event.pk).update(actor=requester)
    assert wrong() == f"default: desk.TicketSLAEvent {event.pk}: says another person or address"


def test_another_reason(ticket: Any) -> None:
    event = ticket.sla_events.get(kind="breach_waived")
    TicketSLAEvent.objects.filter(pk=event.pk).update(data=event.data | {"reason": "Force majeure"})
    assert "says another person" in wrong()


def test_a_row_that_is_gone(ticket: Any) -> None:
    event = ticket.sla_events.get(kind="agent_replied")
    TicketSLAEvent.objects.filter(pk=event.pk).delete()
    assert wrong() == f"default: desk.TicketSLAEvent {event.pk}: removed"


def test_a_row_of_history_that_is_gone(ticket: Any) -> None:
    row = ticket.history.earliest()
    History.objects.filter(pk=row.pk).delete()
    assert wrong() == f"default: desk.HistoricalTicket {row.pk}: removed"


def test_a_row_that_was_added(ticket: Any) -> None:
    Seal.objects.all().delete()
    for _ in range(3):
        Ticket.objects.create()
    middle = TicketSLAEvent.objects.order_by("pk")[1]
    kept = {field.attname: getattr(middle, field.attname) for field in middle._meta.fields}
    TicketSLAEvent.objects.filter(pk=middle.pk).delete()
    sealed()
    TicketSLAEvent.objects.create(**kept)
    assert wrong() == f"default: desk.TicketSLAEvent {middle.pk}: added"


def test_a_seal_that_was_changed(ticket: Any) -> None:
    seal = Seal.objects.exclude(records=b"").earliest("number")
    records = bytearray(seal.records)
    records[-1] ^= 1
    Seal.objects.filter(pk=seal.pk).update(records=bytes(records))
    assert f"seal {seal.number}: the seal itself was changed" in wrong()


def test_a_seal_that_is_cut_short(ticket: Any) -> None:
    seal = Seal.objects.exclude(records=b"").earliest("number")
    Seal.objects.filter(pk=seal.pk).update(records=bytes(seal.records)[:-1])
    assert "the seal itself was changed" in wrong()


def test_a_seal_that_is_missing(ticket: Any) -> None:
    Seal.objects.filter(number=1).delete()
    assert "seal 1: the seal is missing" in wrong()


def test_seals_made_anew_are_another_chain(ticket: Any) -> None:
    digest = Seal.objects.latest("number").digest
    assert run("--verify", "--expect", digest)[1] == ""
    Seal.objects.all().delete()
    TicketSLAEvent.objects.filter(kind="breach_waived").update(kind="held")
    sealed()
    assert run("--verify")[1] == "", "by itself the new chain is whole"
    assert "the chain is another one" in run("--verify", "--expect", digest)[1]


def test_a_column_that_is_gone_cannot_be_checked(ticket: Any) -> None:
    seal = Seal.objects.exclude(records=b"").earliest("number")
    Seal.objects.filter(pk=seal.pk).update(columns=[*seal.columns, "mood"])
    assert "cannot be checked: there is no mood" in wrong()


# What privacy takes away


def test_purging_addresses_leaves_the_chain_whole(ticket: Any) -> None:
    History.objects.update(history_date=timezone.now() - timedelta(days=200))
    Seal.objects.all().delete()
    sealed()
    before = Seal.objects.latest("number").digest
    call_command("sla_privacy", "--purge", verbosity=0)
    assert not History.objects.exclude(client_ip=None).exists()
    out, err = run("--verify", "--expect", before)
    assert err == ""
    assert f"of {History.objects.count()} a name or an address was taken away" in out


def test_the_salt_of_an_address_is_destroyed_and_that_of_the_person_is_not(ticket: Any) -> None:
    History.objects.update(history_date=timezone.now() - timedelta(days=200))
    Seal.objects.all().delete()
    sealed()
    call_command("sla_privacy", "--purge", verbosity=0)
    seal = Seal.objects.exclude(records=b"").get(model="desk.HistoricalTicket")
    assert seal.people[-1] == "client_ip"
    width = SALT * len(seal.people)
    salts = bytes(seal.salts)[:width]
    assert salts[-SALT:] == DESTROYED
    assert DESTROYED not in salts[:-SALT]


def test_after_a_purge_nobody_can_put_an_address_there(ticket: Any) -> None:
    History.objects.update(history_date=timezone.now() - timedelta(days=200))
    Seal.objects.all().delete()
    sealed()
    call_command("sla_privacy", "--purge", verbosity=0)
    row = History.objects.earliest("history_id")
    History.objects.filter(pk=row.pk).update(client_ip="198.51.100.1")
    assert "says another person or address" in wrong()


def test_after_an_erasure_nobody_can_put_another_person_there(ticket: Any, requester: Any) -> None:
    call_command("sla_privacy", "--erase", "agent", verbosity=0)
    row = History.objects.earliest("history_id")
    History.objects.filter(pk=row.pk).update(history_user=requester)
    assert "says another person or address" in wrong()


def test_who_is_not_erased_is_still_held(ticket: Any, requester: Any) -> None:
    """Of a row that names two people, the other one."""
    Ticket.objects.create(assignee=requester)
    sealed_later()
    call_command("sla_privacy", "--erase", "requester", verbosity=0)
    assert run("--verify")[1] == ""
    row = History.objects.latest("history_id")
    assert row.assignee_id is None
    History.objects.filter(pk=row.pk).update(history_user=requester)
    assert wrong() == f"default: desk.HistoricalTicket {row.pk}: says another person or address"


def test_a_salt_destroyed_by_hand_hides_no_change(ticket: Any, requester: Any) -> None:
    for seal in Seal.objects.exclude(records=b""):
        Seal.objects.filter(pk=seal.pk).update(salts=bytes(len(seal.salts)))
    event = ticket.sla_events.get(kind="agent_replied")
    TicketSLAEvent.objects.filter(pk=event.pk).update(actor=requester)
    assert f"desk.TicketSLAEvent {event.pk}: says another person or address" in wrong()


def test_erasing_a_person_leaves_the_chain_whole(ticket: Any) -> None:
    before = Seal.objects.latest("number").digest
    call_command("sla_privacy", "--erase", "agent", "--reasons", verbosity=0)
    out, err = run("--verify", "--expect", before)
    assert err == ""
    assert "of 0 a name" not in out


# How it is run


def test_two_runs_at_once_make_one_chain(ticket: Any) -> None:
    now, first = timezone.now(), Seal.objects.earliest("number")
    rows: Any = Seal._base_manager

    class Late(type(rows.all())):  # type: ignore[misc]
        """Of a run that looked before the other one was done."""

        def last(self) -> Any:
            return first

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(rows), "_queryset_class", Late)
        with pytest.raises(SealedAtOnce):
            sealing._add(History, [], (0, 0), (1, now), now, "default")
    assert run("--verify")[1] == ""


def test_expect_belongs_to_verify() -> None:
    assert "--expect: belongs to --verify" in run("--expect", "abc")[1]


def test_many_findings_are_counted(ticket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django_sla.management.commands import sla_seal

    monkeypatch.setattr(sla_seal, "MOST", 1)
    TicketSLAEvent.objects.update(recorded_at=timezone.now())
    assert "… and 2 more" in run("--verify")[1]


# What cannot be edited at all


def test_an_event_is_neither_changed_nor_deleted(ticket: Any) -> None:
    event = ticket.sla_events.first()
    event.kind = "held"
    with pytest.raises(AppendOnly):
        event.save()
    with pytest.raises(AppendOnly):
        event.delete()
    assert ticket.sla_events.count() == 3


def test_a_ticket_takes_its_events_along(ticket: Any) -> None:
    ticket.delete()
    assert not TicketSLAEvent.objects.exists()


def test_the_admin_edits_no_changelog(
    ticket: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simple_history.admin.SIMPLE_HISTORY_EDIT", True)
    client.force_login(get_user_model().objects.create_superuser("boss"))
    row = ticket.history.earliest("history_id")
    url = f"/admin/desk/ticket/{ticket.pk}/history/{row.pk}/"
    assert b"_change_history" not in client.get(url).content
    assert client.post(url, {"_change_history": "1", "title": "Another"}).status_code == 403
    row.refresh_from_db()
    assert row.title == "A ticket"
