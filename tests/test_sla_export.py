"""``manage.py sla_export``, and files of ``sla_report``: what they hold, and that nothing
half-written is left."""

import csv
import io
import json
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from django_sla import registry
from django_sla.reports import tickets as module
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

NOW = after(40).isoformat()

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(monkeypatch: Any) -> Run:
    """Run a command where the desk's is the only ticket model: exit status, output, errors."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})

    def run(*arguments: Any, stderr: Any = None) -> tuple[int, str, str]:
        output, errors = io.StringIO(), stderr or io.StringIO()
        status = 0
        try:
            call_command(*map(str, arguments), stdout=output, stderr=errors)
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        return status, output.getvalue(), errors.getvalue()

    return run


def titles(text: str) -> list[str]:
    return [row[1] for row in csv.reader(io.StringIO(text, newline=""))][1:]


def test_all_tickets_as_csv_on_the_output(run: Run) -> None:
    moved(opened(title="Zoë, the first"), "resolved", 3)
    opened(title="=1")
    status, said, errors = run("sla_export", "--now", NOW)
    assert (status, errors) == (0, "")
    assert titles(said) == ["Zoë, the first", "'=1"]


def test_json(run: Run) -> None:
    opened(priority="urgent")
    document = json.loads(run("sla_export", "--format", "json", "--now", NOW)[1])
    [row] = document["rows"]
    assert (row["resolution_state"], row["resolution_remaining_hours"]) == ("breached", -36)
    assert (document["by"], document["total"]) == ("ticket", None)


def test_a_period(run: Run) -> None:
    for hours in (0, 24, 48):
        opened(hours, title=str(hours))
    since, until = after(24).isoformat(), after(48).isoformat()
    assert titles(run("sla_export", "--since", since)[1]) == ["24", "48"]
    assert titles(run("sla_export", "--until", until)[1]) == ["0", "24"]
    assert titles(run("sla_export", "--since", since, "--until", until)[1]) == ["24"]
    with pytest.raises(CommandError, match="is not before --until"):
        run("sla_export", "--since", until, "--until", since)


def test_metrics(run: Run) -> None:
    opened()
    names = run("sla_export", "--metric", "closure", "--metric", "response")[1].split(",")
    assert [name for name in names if name.endswith("_state")] == [
        "closure_state",
        "response_state",
    ]
    with pytest.raises(CommandError, match="invalid choice"):
        run("sla_export", "--metric", "nonsense")


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_a_file(run: Run, tmp_path: Path, format: str) -> None:
    opened(title="Zoë")
    path = tmp_path / f"tickets.{format}"
    path.write_text("what was there")
    path.chmod(0o640)
    status, said, errors = run("sla_export", "--format", format, "--output", path)
    assert (status, said, errors) == (0, "", "")
    assert os.listdir(tmp_path) == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    match format:
        case "csv":
            assert titles(path.read_text("utf-8")) == ["Zoë"]
        case "json":
            assert json.loads(path.read_text("utf-8"))["rows"][0]["title"] == "Zoë"
        case "xlsx":
            assert load_workbook(path).active["B2"].value == "Zoë"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_one_that_fails_leaves_what_was_there(
    run: Run, tmp_path: Path, monkeypatch: Any, format: str
) -> None:
    for _ in range(3):
        opened()
    monkeypatch.setattr(module, "CHUNK", 1)
    path = tmp_path / "tickets"
    path.write_text("what was there")
    seen = []

    def broken(ticket: Ticket) -> str:
        seen.append(os.listdir(tmp_path))
        if len(seen) == 3:
            raise LookupError("nothing to call it")
        return "A ticket"

    monkeypatch.setattr(Ticket, "__str__", broken)
    with pytest.raises(LookupError):
        run("sla_export", "--format", format, "--output", path)
    assert seen[-1] != ["tickets"]
    assert os.listdir(tmp_path) == ["tickets"]
    assert path.read_text() == "what was there"


@pytest.mark.parametrize(("signum", "format"), [(signal.SIGINT, "csv"), (signal.SIGTERM, "xlsx")])
def test_one_that_is_stopped_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: Any, signum: int, format: str
) -> None:
    for _ in range(3):
        opened()
    monkeypatch.setattr(module, "CHUNK", 1)
    asked: list[int] = []

    def stopping(ticket: Ticket) -> str:
        asked.append(ticket.pk)
        if len(asked) == 2:
            os.kill(os.getpid(), signum)
        return "A ticket"

    monkeypatch.setattr(Ticket, "__str__", stopping)
    path = tmp_path / "tickets"
    status, said, errors = run("sla_export", "--format", format, "--output", path)
    assert (status, said) == (128 + signum, "")
    assert errors == f"Stopped; no {path}.\n"
    assert len(asked) == 2
    assert os.listdir(tmp_path) == []


def test_a_terminal_is_told_how_far_it_is(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    for _ in range(3):
        opened()
    monkeypatch.setattr(module, "CHUNK", 2)
    path = tmp_path / "tickets.csv"
    said = run("sla_export", "--output", path, stderr=Terminal())[2]
    assert "2 of 3 tickets, " in said
    assert "3 of 3 tickets, " in said
    assert run("sla_export", "--output", path, "--verbosity", 0, stderr=Terminal())[2] == ""


def test_a_workbook_is_no_text(run: Run) -> None:
    for command in ("sla_export", "sla_report"):
        with pytest.raises(CommandError, match="xlsx is no text; name a file with --output"):
            run(command, "--format", "xlsx")


@pytest.mark.parametrize("command", ["sla_export", "sla_report"])
def test_without_the_package(run: Run, monkeypatch: Any, tmp_path: Path, command: str) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(CommandError, match=r'pip install "django-sla\[xlsx\]"'):
        run(command, "--format", "xlsx", "--output", tmp_path / "x.xlsx")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", ["sla_export", "sla_report"])
def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path, command: str) -> None:
    with pytest.raises(CommandError, match=r"--output: .*nowhere/x: No such file"):
        run(command, "--output", tmp_path / "nowhere" / "x")


def test_a_link_stays_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "there" / "tickets.csv")
    run("sla_export", "--output", link)
    assert link.is_symlink()
    assert link.read_text().startswith("key,title,")


def test_a_pipe_is_written_to(run: Run, tmp_path: Path) -> None:
    opened(title="Ann")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()), daemon=True)
    reader.start()
    run("sla_export", "--output", pipe)
    reader.join(timeout=10)
    assert titles(found[0]) == ["Ann"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("format", ["table", "csv", "json", "xlsx"])
def test_a_report_goes_to_a_file(run: Run, tmp_path: Path, format: str) -> None:
    opened(priority="urgent")
    path = tmp_path / f"report.{format}"
    status, said, errors = run("sla_report", "--format", format, "--output", path, "--now", NOW)
    assert (status, said, errors) == (0, "", "")
    if format == "xlsx":
        sheet = load_workbook(path).active
        assert [cell.value for cell in sheet["A"]][1:] == ["Urgent", "Total"]
    else:
        shown = run("sla_report", "--format", format, "--now", NOW)[1]
        assert path.read_bytes().decode() == shown
