"""``manage.py sla_simulate``: its options, what it says, and how it ends."""

import csv
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from django_sla import registry
from django_sla.flow.policy_export import export
from django_sla.models import Calendar, Policy
from django_sla.reports import findings, simulate
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

Run = Callable[..., str]


@pytest.fixture
def sla_simulate(monkeypatch: Any) -> Run:
    """Run the command where the desk's is the only ticket model."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})

    def run(*arguments: str) -> str:
        output = io.StringIO()
        call_command("sla_simulate", "--now", after(100).isoformat(), *arguments, stdout=output)
        return output.getvalue()

    return run


@pytest.fixture
def draft(tmp_path: Path) -> str:
    """A file with tighter goals than those that the tickets were promised."""
    goals = {"*": {"response": "9h", "resolution": "9h"}}
    desk = Policy.objects.create(name="Desk", goals=goals)
    moved(opened(priority="low"), "resolved", 5)
    moved(opened(priority="urgent"), "resolved", 8)
    desk.goals = {"*": {"response": "9h", "resolution": "6h"}}
    desk.save()
    path = tmp_path / "policies.json"
    path.write_text(export("default"), "utf-8")
    desk.goals = goals
    desk.save()
    return str(path)


def test_a_file_as_a_table(sla_simulate: Run, draft: str) -> None:
    lines = sla_simulate(draft).splitlines()
    assert lines[0].startswith("2 tickets, of which 1 would have been met or missed otherwise.")
    cells = {line.split()[0]: line.split() for line in lines if line.strip()}
    nothing = ["100.0", "%", "100.0", "%", "0", "0"]
    assert cells["Urgent"] == ["Urgent", "1", *nothing, "100.0", "%", "0.0", "%", "1", "0"]
    assert cells["Low"] == ["Low", "1", *nothing, *nothing]
    assert cells["Total"] == ["Total", "2", *nothing, "100.0", "%", "50.0", "%", "1", "0"]
    key = Ticket.objects.get(priority="urgent").pk
    assert lines[-1] == (
        f"  desk.Ticket {key} resolution: 2026-03-02 18:00 -> 2026-03-02 15:00, late by 2h"
    )


def test_as_json_and_csv(sla_simulate: Run, draft: str) -> None:
    found = json.loads(sla_simulate(draft, "--format", "json", "--by", "none"))
    assert (found["looked_at"], found["changed_tickets"], found["complete"]) == (2, 1, True)
    assert found["total"]["resolution_late_then"] == 1
    [change] = found["largest_changes"]
    assert (change["newly"], change["late_seconds"]) == ("missed", 7200)
    cut = json.loads(sla_simulate(draft, "--format", "json", "--newest", "1"))
    assert cut["by"] == "priority"
    rows = list(csv.DictReader(io.StringIO(sla_simulate(draft, "--format", "csv"))))
    assert [row["group"] for row in rows] == ["Urgent", "Low", "Total"]
    assert [row["resolution_newly_late"] for row in rows] == ["1", "0", "1"]


def test_without_a_file_the_policies_in_force(sla_simulate: Run, draft: str) -> None:
    assert sla_simulate().startswith("2 tickets, of which 0 ")


def test_only_some_policies_and_a_period(sla_simulate: Run, draft: str) -> None:
    office = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    assert sla_simulate("--policy", "Desk").startswith("2 tickets")
    assert sla_simulate("--policy", "default").startswith("0 tickets")
    assert sla_simulate("--since", "2026-03-03").startswith("0 tickets")
    with pytest.raises(CommandError, match="no policy has the calendar 'Office'"):
        sla_simulate("--calendar", "Office")
    desk = Policy.objects.get()
    desk.calendar = office
    desk.save()
    assert sla_simulate("--calendar", "Office").startswith("2 tickets")
    # Also where a file gives it other hours.
    file = Path(draft)
    file.write_text(export("default").replace("17:00", "16:00"), "utf-8")
    assert sla_simulate(draft, "--calendar", "Office").startswith("2 tickets")


def test_suggestions(sla_simulate: Run, draft: str) -> None:
    said = sla_simulate("--suggest")
    assert "Resolution, urgent: 1 stopped" in said
    assert "  90 % took 8h at most; 8h would have been met by 100.0 %" in said
    rows = json.loads(sla_simulate("--suggest", "--format", "json"))
    assert len(rows) == 2 * 2 * 4
    assert {row["target"] for row in rows if row["priority"] == "low"} == {"5h"}
    assert len(sla_simulate("--suggest", "--format", "csv").splitlines()) == 17
    assert "No clock" in sla_simulate("--suggest", "--since", "2026-03-03")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.json"], "FILE: .*no.json"),
        (["--policy", "Dsek"], 'no policy .Dsek.. Did you mean "Desk"'),
        (["--calendar", "Office"], "no calendar 'Office'"),
        (["--by", "colour"], "--by: 'colour' is nothing to group by"),
        (["--since", "2026-03-03", "--until", "2026-03-02"], "is not before --until"),
        (["--newest", "0"], "--newest: expected"),
        (["--workers", "0"], "--workers: expected a number from 1 to 61"),
        (["--workers", "62"], "--workers: expected a number from 1 to 61"),
        (["--suggest", "--policy", "Desk"], "takes no policies"),
    ],
)
def test_what_is_wrong_is_told(
    sla_simulate: Run, draft: str, arguments: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        sla_simulate(*arguments)


def test_a_file_from_the_input(
    sla_simulate: Run, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(draft).open(encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert sla_simulate("-") == sla_simulate(draft)


def test_a_file_that_is_none_is_refused(sla_simulate: Run, tmp_path: Path) -> None:
    path = tmp_path / "policies.json"
    path.write_text("{}", "utf-8")
    with pytest.raises(CommandError, match="version"):
        sla_simulate(str(path))


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.thorough)])
@pytest.mark.django_db(transaction=True)
def test_whoever_asks_to_stop_gets_what_is_there_and_an_exit_code(
    sla_simulate: Run, draft: str, monkeypatch: pytest.MonkeyPatch, capsys: Any, workers: str
) -> None:
    monkeypatch.setattr(simulate, "BATCH", 1)
    add = findings.Findings.add

    def interrupted(self: Any, other: Any) -> None:
        add(self, other)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(findings.Findings, "add", interrupted)
    with pytest.raises(SystemExit) as ended:
        sla_simulate(draft, "--workers", workers)
    assert ended.value.code == 128 + signal.SIGTERM
    assert "Stopped: tickets looked at: 1" in capsys.readouterr().err
    assert active_children() == []


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_several_workers_say_the_same(
    sla_simulate: Run, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "BATCH", 1)
    for form in ("table", "json", "csv"):
        arguments = (draft, "--by", "department", "--format", form)
        assert sla_simulate(*arguments, "--workers", "2") == sla_simulate(*arguments)


class Fatal:
    """Ends the process that reads it."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_is_told(
    sla_simulate: Run, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "BATCH", 1)
    monkeypatch.setitem(connections["default"].settings_dict, "FATAL", Fatal())
    with pytest.raises(CommandError, match="--workers: a process ended before its work was done"):
        sla_simulate(draft, "--workers", "2")
    assert active_children() == []


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_what_a_worker_cannot_do_is_told_once(
    sla_simulate: Run, draft: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setattr(simulate, "BATCH", 1)
    desk = Policy.objects.get()
    desk.goals = {"*": {"resolution": "3650d"}}
    desk.calendar = Calendar.objects.create(
        name="Rare", tz="UTC", hours={"mon": [["09:00", "10:00"]]}
    )
    desk.save()
    with pytest.raises(CommandError, match="A deadline cannot be told"):
        sla_simulate("--workers", "2")
    changed = override_settings(DJANGO_SLA={"AT_RISK": 60})
    with changed, pytest.raises(CommandError, match="'default' of code or the settings is not"):
        sla_simulate("--workers", "2")
    assert capfd.readouterr().err == ""
