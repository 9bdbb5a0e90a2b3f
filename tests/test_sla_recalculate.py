"""``manage.py sla_recalculate``: what it says, what it takes, how it is stopped."""

import os
import signal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_sla.flow import recalculate
from django_sla.models import Calendar, Policy, Recalculation
from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Policy:
    """A policy that was edited, and three open tickets that keep what it said before."""
    policy = Policy.objects.create(name="Desk", goals={"*": {"resolution": "8h"}})
    for _ in range(3):
        with as_of(after(0)):
            Ticket.objects.create()
    policy.goals = {"*": {"resolution": "4h"}}
    policy.save()
    return policy


def run(*arguments: str, hours: float = 1, **options: Any) -> str:
    out = StringIO()
    with as_of(after(hours)):
        call_command("sla_recalculate", *arguments, stdout=out, **options)
    return out.getvalue()


def targets() -> set[Any]:
    return set(Ticket.objects.values_list("resolution_target", flat=True))


def test_it_says_what_changes_and_changes_it(desk: Policy) -> None:
    said = run("--reason", "New contract")
    first = Ticket.objects.first()
    assert said.splitlines()[:5] == [
        "3 open tickets, of which 3 would get other terms.",
        "Deadlines: 3 tickets earlier, 0 later.",
        "Breaches: 0 tickets would become breached, 0 stop being.",
        "The largest moves:",
        f"  desk.Ticket {first.pk} resolution: 2026-03-02 17:00 -> 2026-03-02 13:00, 4h earlier",
    ]
    assert said.splitlines()[-1] == "3 tickets have new terms."
    assert targets() == {after(4)}
    assert first.history.latest().history_change_reason == "New contract"


def test_a_dry_run_changes_nothing_and_can_be_applied(desk: Policy) -> None:
    said = run("--dry-run")
    number = Recalculation.objects.get().pk
    assert said.endswith(f"Nothing was changed.\nTo apply it: sla_recalculate --resume {number}\n")
    assert targets() == {after(8)}
    assert run("--resume", str(number)) == "3 tickets have new terms.\n"
    assert targets() == {after(4)}


def test_where_nothing_would_change_it_says_so(desk: Policy) -> None:
    run()
    assert run() == "3 open tickets, of which 0 would get other terms.\n"


def test_only_some_policies(desk: Policy) -> None:
    assert "which 0 would" in run("--policy", "default", "--dry-run")
    assert "which 3 would" in run("--policy", "default", "--policy", "Desk", "--dry-run")


def test_only_those_of_a_calendar(desk: Policy) -> None:
    calendar = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    with pytest.raises(CommandError, match="no policy has the calendar 'Office'"):
        run("--calendar", "Office")
    desk.calendar = calendar
    desk.save()
    assert "which 3 would" in run("--calendar", "Office")


def test_only_those_opened_since(desk: Policy) -> None:
    assert "0 open tickets" in run("--since", "2026-03-03")
    assert "3 open tickets" in run("--since", "2026-03-02")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", "Dsek"], r"--policy: there is no policy 'Dsek'\. Did you mean \"Desk\"\?"),
        (["--calendar", "Office"], r"--calendar: there is no calendar 'Office'\. There is none\."),
        (["--since", "soon"], "--since: 'soon' is not a date"),
        (["--resume", "77"], "--resume: there is no recalculation 77"),
    ],
)
def test_what_it_refuses(desk: Policy, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)
    assert targets() == {after(8)}


def test_what_is_at_its_end_does_not_go_on(desk: Policy) -> None:
    run()
    number = Recalculation.objects.get().pk
    with pytest.raises(CommandError, match=f"recalculation {number} is at its end"):
        run("--resume", str(number))


def test_one_in_parts_goes_on_and_a_part_does_not(
    desk: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculate, "BATCH", 1)
    with as_of(after(1)):
        whole = recalculate.split(recalculate.start(using="default"), 2)
    part = whole.parts.first()
    with pytest.raises(CommandError, match=f"there is no recalculation {part.pk}"):
        run("--resume", str(part.pk))
    assert "3 tickets have new terms." in run("--resume", str(whole.pk))
    assert targets() == {after(4)}


def test_an_edit_in_between_asks_for_another_look(desk: Policy) -> None:
    run("--dry-run")
    desk.at_risk = 50
    desk.save()
    with pytest.raises(CommandError, match="look again"):
        run("--resume", str(Recalculation.objects.get().pk))


def test_a_signal_ends_it_after_the_batch_and_it_goes_on(
    desk: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculate, "BATCH", 1)
    out = StringIO()
    change = recalculate.change

    def change_and_ask_to_stop(*args: Any) -> None:
        change(*args)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(recalculate, "change", change_and_ask_to_stop)
    with pytest.raises(SystemExit) as stopped, as_of(after(1)):
        call_command("sla_recalculate", stdout=out)
    number = Recalculation.objects.get().pk
    assert stopped.value.code == 128 + signal.SIGTERM
    assert out.getvalue().endswith(f"Stopped. To go on: sla_recalculate --resume {number}\n")
    assert sorted(Ticket.objects.values_list("resolution_target", flat=True)) == [
        after(4),
        after(8),
        after(8),
    ]
    monkeypatch.undo()
    assert run("--resume", str(number)) == "3 tickets have new terms.\n"
    assert targets() == {after(4)}


def test_a_signal_ends_a_look_that_then_goes_on(
    desk: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculate, "BATCH", 1)
    out = StringIO()
    count = recalculate.count

    def count_and_ask_to_stop(*args: Any) -> None:
        count(*args)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(recalculate, "count", count_and_ask_to_stop)
    with pytest.raises(SystemExit) as stopped, as_of(after(1)):
        call_command("sla_recalculate", stdout=out)
    number = Recalculation.objects.get().pk
    assert stopped.value.code == 128 + signal.SIGINT
    assert out.getvalue() == f"Stopped. To go on: sla_recalculate --resume {number}\n"
    assert targets() == {after(8)}
    monkeypatch.undo()
    assert run("--resume", str(number)).startswith("3 open tickets, of which 3 would")
    assert targets() == {after(4)}


def test_other_terms_with_the_same_deadlines_move_nothing(desk: Policy) -> None:
    run()
    desk.at_risk = 50
    desk.save()
    assert run().splitlines() == [
        "3 open tickets, of which 3 would get other terms.",
        "Deadlines: 0 tickets earlier, 0 later.",
        "Breaches: 0 tickets would become breached, 0 stop being.",
        "3 tickets have new terms.",
    ]


def test_quiet(desk: Policy) -> None:
    assert run(verbosity=0) == ""
    assert targets() == {after(4)}
