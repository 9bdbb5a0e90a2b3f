"""``manage.py sla_reconcile``: its options, what it says, and how it is stopped."""

import io
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet

from django_sla import registry
from django_sla.flow import reconcile
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import LedgerTicket, UUIDTicket

pytestmark = pytest.mark.django_db

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def sla_reconcile(monkeypatch: Any) -> Run:
    """Run the command where the desk's is the only ticket model: exit status, output, errors."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})

    def run(*arguments: Any, stdout: Any = None) -> tuple[int, str, str]:
        output, errors = stdout or io.StringIO(), io.StringIO()
        status = 0
        try:
            call_command("sla_reconcile", *map(str, arguments), stdout=output, stderr=errors)
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        return status, output.getvalue(), errors.getvalue()

    return run


def old(hours: float = 0, **fields: Any) -> Ticket:
    [ticket] = QuerySet(Ticket).bulk_create([Ticket(created_at=after(hours), **fields)])
    return ticket


def drifted() -> Ticket:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    QuerySet(Ticket).filter(pk=ticket.pk).update(resolution_target=after(1))
    return ticket


def test_tickets_are_adopted_and_drift_is_shown_and_repaired(sla_reconcile: Run) -> None:
    old()
    ticket = drifted()
    status, said, errors = sla_reconcile()
    assert (status, errors) == (0, "")
    assert said.splitlines() == [
        f"desk.Ticket {ticket.pk}: resolution_target: stored 2026-03-02 10:00:00+00:00, "
        "replayed 2026-03-03 09:00:00+00:00",
        "desk.Ticket: 2 tickets looked at; 1 adopted, 1 repaired, 0 cannot be replayed.",
    ]
    assert "0 adopted, 0 repaired" in sla_reconcile()[1]


def test_what_a_column_says_is_told_as_text(sla_reconcile: Run) -> None:
    ticket = drifted()
    QuerySet(Ticket).filter(pk=ticket.pk).update(status="pending", first_responded_at=after(1))
    said = sla_reconcile("--dry-run")[1]
    assert f"desk.Ticket {ticket.pk}: status: stored pending, replayed open\n" in said
    assert "first_responded_at: stored 2026-03-02 10:00:00+00:00, replayed nothing\n" in said


def test_a_dry_run_has_an_exit_status_and_changes_nothing(sla_reconcile: Run) -> None:
    assert sla_reconcile("--dry-run")[0] == 0
    ticket = drifted()
    status, said, _ = sla_reconcile("--dry-run")
    assert status == 1
    assert "0 to be adopted, 1 to be repaired" in said
    sla_reconcile(ticket.pk)
    unknown = old()
    assert sla_reconcile("--dry-run")[0] == 1
    assert unknown.sla_events.count() == 0


def test_one_that_cannot_be_replayed_is_an_error(sla_reconcile: Run) -> None:
    ticket = drifted()
    ticket.sla_events.update(kind="exploded")
    status, said, errors = sla_reconcile("--verbosity", 0)
    assert (status, said) == (1, "")
    assert errors.startswith(f"desk.Ticket {ticket.pk}: cannot be replayed: ValueError: ")


def test_only_the_tickets_that_are_named(sla_reconcile: Run) -> None:
    some, other = drifted(), drifted()
    status, said, _ = sla_reconcile(some.pk)
    assert (status, "1 tickets looked at" in said) == (0, True)
    assert Ticket.objects.get(pk=other.pk).resolution_target == after(1)


def test_adopt_only_and_a_period(sla_reconcile: Run) -> None:
    drifted()
    tickets = [old(hour) for hour in (1, 2, 3)]
    period = ("--since", after(2).isoformat(), "--before", after(3).isoformat())
    assert "1 tickets looked at; 1 adopted" in sla_reconcile("--adopt-only", *period)[1]
    assert tickets[1].sla_events.exists()
    assert "2 tickets looked at; 2 adopted, 0 repaired" in sla_reconcile("--adopt-only")[1]


def test_more_verbosely_every_adopted_ticket_is_named(sla_reconcile: Run) -> None:
    ticket = old()
    line = f"desk.Ticket {ticket.pk}: to be adopted\n"
    assert line in sla_reconcile("--dry-run", "--verbosity", 2)[1]
    assert line not in sla_reconcile("--dry-run")[1]


def test_all_ticket_models_or_one(monkeypatch: Any, sla_reconcile: Run) -> None:
    monkeypatch.setattr(registry, "tickets", {UUIDTicket: UUIDTicket.sla, Ticket: Ticket.sla})
    [ticket] = QuerySet(UUIDTicket).bulk_create([UUIDTicket(created_at=MONDAY)])
    _, said, _ = sla_reconcile("--dry-run")
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "desk.Ticket", "variety.UUIDTicket",
    ]  # fmt: skip
    assert "desk.Ticket" not in sla_reconcile("--model", "variety.uuidticket")[1]
    named = ("--model", "variety.UUIDTicket", ticket.pk)
    assert "1 tickets looked at; 0 adopted" in sla_reconcile(*named)[1]
    with pytest.raises(CommandError, match=r"--model: there are several ticket models"):
        sla_reconcile(ticket.pk)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99"], "desk.Ticket: there is no ticket 99"),
        (["abc"], "desk.Ticket abc: “abc” value must be an integer."),
        (["--batch", "0"], "--batch: expected 1 to 10000, got 0"),
        (["--batch", "many"], "--batch: invalid int value: 'many'"),
        (["--before", "yesterday"], "--before: 'yesterday' is not a date"),
        (["--model", "auth.User"], "--model: 'auth.User' is not a ticket model"),
    ],
)
def test_wrong_arguments(sla_reconcile: Run, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_reconcile(*arguments)
    assert message in str(raised.value)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_batch_and_says_how_to_go_on(
    sla_reconcile: Run, monkeypatch: Any, signum: int
) -> None:
    tickets = [old(hour) for hour in range(6)]
    mend = reconcile.mend
    monkeypatch.setattr(
        reconcile, "mend", lambda *args: (os.kill(os.getpid(), signum), mend(*args))
    )
    before = signal.getsignal(signum)
    status, said, _ = sla_reconcile("--batch", 2)
    assert (status, signal.getsignal(signum)) == (128 + signum, before)
    assert "2 tickets looked at; 2 adopted" in said
    assert said.endswith(
        "Stopped. To go on, run it again with --before 2026-03-02T13:00:00.000001+00:00\n"
    )
    assert [ticket.sla_events.exists() for ticket in tickets] == [False] * 4 + [True] * 2
    monkeypatch.setattr(reconcile, "mend", mend)
    assert "5 tickets looked at; 4 adopted" in sla_reconcile("--before", said.split()[-1])[1]


def test_adoption_that_was_stopped_is_simply_run_again(
    sla_reconcile: Run, monkeypatch: Any
) -> None:
    for hour in range(4):
        old(hour)
    mend = reconcile.mend
    monkeypatch.setattr(
        reconcile, "mend", lambda *args: (os.kill(os.getpid(), signal.SIGINT), mend(*args))
    )
    said = sla_reconcile("--adopt-only", "--batch", 1)[1]
    assert said.endswith("Stopped. To go on, run it again\n")
    monkeypatch.setattr(reconcile, "mend", mend)
    assert "3 tickets looked at; 3 adopted" in sla_reconcile("--adopt-only")[1]


def test_a_stop_between_models_says_which_are_left(sla_reconcile: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "tickets", {UUIDTicket: UUIDTicket.sla, Ticket: Ticket.sla})
    old()
    mend = reconcile.mend
    monkeypatch.setattr(
        reconcile, "mend", lambda *args: (os.kill(os.getpid(), signal.SIGTERM), mend(*args))
    )
    said = sla_reconcile()[1]
    assert said.endswith("Not looked at yet: variety.UUIDTicket. Choose one with --model.\n")


def test_progress_is_shown_on_a_terminal(sla_reconcile: Run) -> None:
    for hour in range(4):
        old(hour)
    said = sla_reconcile("--batch", 3, stdout=Terminal())[1]
    assert "3 of 4 tickets, " in said
    assert "4 of 4 tickets, " in said
    assert " a second, 0 s left" in said
    assert said.split("\033[K")[-1].startswith("desk.Ticket: 4 tickets looked at")
    assert "\r" not in sla_reconcile()[1]
    assert sla_reconcile("--verbosity", 0, stdout=Terminal())[1] == ""


def test_what_the_numbers_do_not_say(sla_reconcile: Run, agent: Any, monkeypatch: Any) -> None:
    watch = registry.watches["desk.comment"]
    timeless = type(watch)(ticket=watch.ticket, author=watch.author, public=watch.public)
    monkeypatch.setattr(registry, "watches", {"desk.comment": timeless})
    Comment.objects.bulk_create(
        [Comment(ticket=old(status="resolved"), author=agent, created_at=after(1))]
    )
    said = sla_reconcile("--dry-run")[1]
    assert "1 of those without events are done, and nothing tells since when" in said
    assert "Comments of desk.Comment are left out" in said


def test_tickets_without_an_instant_of_creation_are_counted(
    sla_reconcile: Run, monkeypatch: Any
) -> None:
    monkeypatch.setattr(registry, "tickets", {LedgerTicket: LedgerTicket.sla})
    QuerySet(LedgerTicket).bulk_create([LedgerTicket(), LedgerTicket(created_at=MONDAY)])
    said = sla_reconcile()[1]
    assert "1 tickets looked at; 1 adopted" in said
    assert "1 tickets are left out, because their created_at is empty: fill it in." in said
