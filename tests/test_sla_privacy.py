"""``manage.py sla_privacy``, and how much of an address is written down at all."""

import os
import signal
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import RequestFactory, override_settings
from django.utils import timezone
from simple_history.models import HistoricalRecords

from django_sla.doctor.privacy import unpurged
from django_sla.flow import privacy
from django_sla.models import Feed, Notice, Recalculation
from django_sla.tables.event import ERASED
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import LedgerTicket, ScatteredTicket

pytestmark = pytest.mark.django_db

FROM = "203.0.113.77"


@pytest.fixture
def as_agent(agent: Any) -> Any:
    """What is done in the test is done by the agent, from an address."""
    request = RequestFactory().post("/", REMOTE_ADDR=FROM)
    request.user = agent
    HistoricalRecords.context.request = request
    yield agent
    if hasattr(HistoricalRecords.context, "request"):  # the middleware takes it away, too
        del HistoricalRecords.context.request


def run(*args: Any) -> str:
    out = StringIO()
    call_command("sla_privacy", *args, stdout=out)
    return out.getvalue()


def worked_on(agent: Any) -> Any:
    """A ticket that the agent answered, waived and resolved."""
    ticket = Ticket.objects.create(assignee=agent)
    Comment.objects.create(ticket=ticket, author=agent, created_at=timezone.now())
    ticket.sla.waive("resolution", "Ada was on holiday")
    ticket.status = "resolved"
    ticket.save()
    return ticket


def addresses(ticket: Any) -> set[str | None]:
    return set(ticket.history.values_list("client_ip", flat=True))


# How much is written down


@pytest.mark.parametrize(
    ("kept", "found"), [("full", FROM), ("masked", "203.0.113.0"), ("none", None)]
)
def test_as_much_of_an_address_as_the_setting_says(as_agent: Any, kept: str, found: Any) -> None:
    with override_settings(DJANGO_SLA={"CLIENT_IP": kept}):
        ticket = Ticket.objects.create()
        Ticket.objects.filter(pk=ticket.pk).update(priority="high")
    assert addresses(ticket) == {found}


# Purging


def aged(ticket: Any, days: int) -> None:
    ticket.history.update(history_date=timezone.now() - timedelta(days=days))


def test_addresses_go_when_they_have_had_their_time(as_agent: Any) -> None:
    old, new = worked_on(as_agent), worked_on(as_agent)
    aged(old, 181)
    aged(new, 179)
    assert "HistoricalTicket: addresses" in run("--purge", "--dry-run")
    assert addresses(old) == {FROM}, "a dry run changes nothing"
    run("--purge")
    assert addresses(old) == {None}
    assert addresses(new) == {FROM}
    assert old.history.first().history_user == as_agent, "who it was stays"
    assert run("--purge") == "", "there is nothing left"


def test_the_setting_says_how_long(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    aged(ticket, 10)
    with override_settings(DJANGO_SLA={"RETENTION_DAYS": 9}):
        run("--purge")
    assert addresses(ticket) == {None}


def test_what_is_kept_for_good_is_not_purged() -> None:
    with (
        override_settings(DJANGO_SLA={"RETENTION_DAYS": None}),
        pytest.raises(CommandError, match="keeps addresses for good"),
    ):
        run("--purge")


def notice(standing: str, recipient: str, days: int = 0) -> Notice:
    return Notice.objects.create(
        key=f"{standing}{recipient}{days}",
        kind="target_breached",
        channel="email",
        recipient=recipient,
        model="desk.Ticket",
        ticket="1",
        metric="resolution",
        at=timezone.now(),
        created_at=timezone.now() - timedelta(days=days),
        standing=standing,
        problem="550 <ada@example.com> unknown",
    )


def test_closed_notices_forget_whom_they_were_for() -> None:
    sent, waiting = notice("sent", "user:7", 181), notice("waiting", "user:8", 181)
    recent = notice("dead", "user:9", 1)
    run("--purge")
    for row in (sent, waiting, recent):
        row.refresh_from_db()
    assert (sent.recipient, sent.problem) == (privacy.ERASED_RECIPIENT, "")
    assert waiting.recipient == "user:8", "it is still to be sent"
    assert recent.recipient == "user:9"


def test_revoked_links_go(agent: Any) -> None:
    now = timezone.now()
    Feed.make(agent, now - timedelta(days=400))
    Feed.make(agent, now - timedelta(days=300))
    run("--purge")
    assert Feed.objects.count() == 1


# Erasing


def state(ticket: Any) -> Any:
    clocks = ticket.sla_clocks.order_by("metric").values()
    return Ticket.objects.filter(pk=ticket.pk).values().get(), list(clocks)


def test_a_person_is_erased_and_the_clocks_do_not_move(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    Recalculation.objects.create(actor=as_agent, digest="")
    Feed.make(as_agent, timezone.now())
    waiting, sent = notice("waiting", f"user:{as_agent.pk}"), notice("sent", "AGENT@example.com")
    type(as_agent).objects.filter(pk=as_agent.pk).update(email="agent@example.com")
    before = state(ticket)
    run("--erase", "agent")
    assert state(ticket) == before
    assert not ticket.sla_events.exclude(actor=None).exists()
    assert addresses(ticket) == {None}
    assert set(ticket.history.values_list("history_user", "assignee")) == {(None, None)}
    assert Recalculation.objects.get().actor is None
    assert not Feed.objects.exists()
    for row in (waiting, sent):
        row.refresh_from_db()
        assert row.recipient == privacy.ERASED_RECIPIENT
    assert waiting.standing == "moot", "there is nobody to send it to"
    out = StringIO()
    call_command("sla_reconcile", stdout=out)
    assert "desk.Ticket: 1 tickets looked at; 0 adopted, 0 repaired" in out.getvalue()


def test_somebody_erased_is_not_the_system(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    run("--erase", "agent")
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert {change.user for change in ticket.sla.changelog()} == {ERASED}
    by_people = [entry for entry in ticket.sla.timeline() if entry.kind != "target_warned"]
    assert {str(entry.actor) for entry in by_people} == {"erased person"}


def test_the_admin_shows_that_somebody_was_erased(as_agent: Any, client: Any) -> None:
    ticket = worked_on(as_agent)
    run("--erase", "agent")
    client.force_login(get_user_model().objects.create_superuser("root", password="root"))
    page = client.get(f"/admin/desk/ticket/{ticket.pk}/history/").content.decode()
    assert page.count("erased person") == ticket.history.count()
    assert "System" not in page


def test_what_the_system_did_stays_with_the_system(as_agent: Any) -> None:
    del HistoricalRecords.context.request
    ticket = Ticket.objects.create()
    HistoricalRecords.context.request = RequestFactory().get("/")
    run("--erase", "agent")
    assert {change.user for change in ticket.sla.changelog()} == {None}


def test_what_the_system_did_long_after_somebody_stays_with_the_system(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    run("--erase", "agent")
    later = ticket.history.latest("history_id")
    later.pk = None
    later.history_date += timedelta(hours=1)
    later.response_target = None
    later.save(force_insert=True)
    assert [
        change.user for change in ticket.sla.changelog() if change.at == later.history_date
    ] == [None]


def test_reasons_stay_unless_asked(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    waived = ticket.sla_events.filter(kind="breach_waived")
    run("--erase", "agent")
    assert waived.get().data["reason"] == "Ada was on holiday"


def test_reasons_go_when_asked(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    waived = ticket.sla_events.filter(kind="breach_waived")
    run("--erase", "agent", "--reasons")
    assert "reason" not in waived.get().data
    assert set(ticket.history.values_list("history_change_reason", flat=True)) == {None}


def test_others_are_left_alone(as_agent: Any, requester: Any) -> None:
    ticket = worked_on(as_agent)
    run("--erase", "requester")
    assert addresses(ticket) == {FROM}
    assert ticket.sla_events.filter(actor=as_agent).exists()


def test_somebody_whose_account_is_gone(as_agent: Any) -> None:
    ticket, key = worked_on(as_agent), as_agent.pk
    as_agent.delete()
    assert ticket.history.filter(assignee=key).exists()
    run("--erase", str(key))
    assert not ticket.history.filter(assignee=key).exists()


def test_somebody_by_their_key(as_agent: Any) -> None:
    as_agent.email = "ada@example.com"
    as_agent.save()
    ticket, sent = worked_on(as_agent), notice("sent", "ada@example.com")
    run("--erase", str(as_agent.pk))
    sent.refresh_from_db()
    assert sent.recipient == privacy.ERASED_RECIPIENT, "the address was found by the key"
    assert not ticket.sla_events.exclude(actor=None).exists()


def test_a_requester_in_a_history_that_cannot_be_sealed(agent: Any) -> None:
    ticket = ScatteredTicket.objects.create(requester=agent)
    run("--erase", "agent")
    assert ticket.history.get().requester_id is None


def test_a_history_that_tells_in_its_own_way_who_it_was_is_the_hosts(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    LedgerTicket.objects.create()
    said = run()
    assert "variety.LedgerTicketSLAEvent: who did it" in said
    assert "variety.HistoricalLedgerTicket" not in said
    run("--erase", "agent")
    assert capsys.readouterr().err.splitlines() == [
        "variety.HistoricalLedgerTicket says in its own way who did what: see to it yourself"
    ]


def test_many_rows_in_batches(as_agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "BATCH", 2)
    ticket = worked_on(as_agent)
    number = ticket.sla_events.filter(actor=as_agent).count()
    assert number > 2
    assert f"TicketSLAEvent: who did it: {number} taken away" in run("--erase", "agent")


def test_stopped_it_goes_on_later(as_agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "BATCH", 1)
    ticket = worked_on(as_agent)
    person = privacy.Person.called("agent")
    pieces = [piece for piece in privacy.to_erase(person, "default") if piece.count()]
    assert privacy.work_off(pieces[0], lambda number: True) == 1
    run("--erase", "agent")
    assert not ticket.sla_events.exclude(actor=None).exists()


def test_a_signal_ends_it_after_the_batch(as_agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "BATCH", 1)
    ticket = worked_on(as_agent)
    number = ticket.sla_events.filter(actor=as_agent).count()
    destroy = privacy.destroy

    def destroy_and_ask_to_stop(*args: Any) -> None:
        destroy(*args)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(privacy, "destroy", destroy_and_ask_to_stop)
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("sla_privacy", "--erase", "agent", stdout=out)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert out.getvalue() == (
        "desk.TicketSLAEvent: who did it: 1 taken away\nStopped. To go on, run the same again.\n"
    )
    monkeypatch.undo()
    assert f"desk.TicketSLAEvent: who did it: {number - 1} taken away" in run("--erase", "agent")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--erase", "nobody"], "nobody logs in as 'nobody'"),
        (["--reasons"], "--reasons: belongs to --erase"),
        (["--dry-run"], "--dry-run: belongs to"),
        (["--purge", "--erase", "x"], "not allowed with"),
    ],
)
def test_what_cannot_be(args: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*args)


# What there is


def test_what_is_kept_is_told(as_agent: Any) -> None:
    worked_on(as_agent)
    said = run()
    assert "Addresses are kept: full, 180 days" in said
    assert "desk.HistoricalTicket: addresses:" in said
    assert "desk.TicketSLAEvent: who did it:" in said


def test_the_doctor_says_where_nobody_purges(as_agent: Any) -> None:
    ticket = worked_on(as_agent)
    aged(ticket, 186)
    assert list(unpurged("default")) == [], "a purge may be some days late"
    aged(ticket, 188)
    (found,) = unpurged("default")
    assert found.about == "desk.HistoricalTicket"
    run("--purge")
    assert list(unpurged("default")) == []


def test_the_doctor_misses_no_purge_where_all_is_kept_for_good(as_agent: Any) -> None:
    aged(worked_on(as_agent), 1000)
    assert len(list(unpurged("default"))) == 1
    with override_settings(DJANGO_SLA={"RETENTION_DAYS": None}):
        assert list(unpurged("default")) == []


class Elsewhere:
    """All is in another database."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "elsewhere"

    db_for_write = db_for_read


def test_each_database_is_asked_for_what_is_in_it(as_agent: Any, settings: Any) -> None:
    person, now = privacy.Person.called("agent"), timezone.now()
    pieces = [*privacy.to_purge(now, "default"), *privacy.to_erase(person, "default")]
    settings.DATABASE_ROUTERS = [Elsewhere()]
    assert list(privacy.held("default")) == []
    assert [*privacy.to_purge(now, "default"), *privacy.to_erase(person, "default")] == []
    there = [*privacy.to_purge(now, "elsewhere"), *privacy.to_erase(person, "elsewhere")]
    assert len(there) == len(pieces)
    assert {piece.rows.db for piece in there} == {"elsewhere"}
