"""``import_incidents``: what it makes of good rows, and how it speaks of bad ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.example.desk import Desk

pytestmark = pytest.mark.thorough

COLUMNS = (
    "number",
    "incident_state",
    "opened_at",
    "sys_updated_at",
    "priority",
    "sys_updated_by",
    "caller_id",
    "assigned_to",
    "assignment_group",
    "category",
    "subcategory",
)
HEADER = ",".join(COLUMNS)
Write = Callable[[str | bytes], Path]


def row(
    number: str = "INC0000001",
    state: str = "New",
    at: str = "01-03-2016 09:00",
    priority: str = "3 - Moderate",
    opened: str = "01-03-2016 09:00",
    assignee: str = "?",
) -> str:
    who = ("Updated by 1", "Caller 2", assignee, "Group 3", "Category 4", "Subcategory 5")
    return ",".join((number, state, opened, at, priority, *who))


def csv(*rows: str) -> str:
    return "\n".join((HEADER, *rows, ""))


LIFE = (
    row(state="New", at="01-03-2016 09:05"),
    row(state="Active", at="01-03-2016 10:00", assignee="Resolver 6"),
    row(state="Awaiting User Info", at="01-03-2016 11:00", assignee="Resolver 6"),
    row(state="Active", at="01-03-2016 14:00", priority="2 - High", assignee="Resolver 6"),
    row(state="Resolved", at="01-03-2016 15:00", priority="2 - High", assignee="Resolver 6"),
    row(state="Closed", at="02-03-2016 15:00", priority="2 - High", assignee="Resolver 6"),
)

OTHER = (
    row("INC0000002", "New", "03-03-2016 09:00", opened="03-03-2016 09:00"),
    row("INC0000002", "Resolved", "03-03-2016 12:00", opened="03-03-2016 09:00"),
)


def tickets(desk: Desk) -> list[tuple[str, ...]]:
    """In UTC; São Paulo is three hours behind in March."""
    return desk.select(
        "SELECT number, status, priority, created_at, first_responded_at, resolved_at, closed_at "
        "FROM desk_ticket ORDER BY number"
    )


def test_a_life_is_played_at_its_own_times(desk: Desk, export: Write) -> None:
    said = desk.manage("import_incidents", export(csv(*LIFE, *OTHER)))
    assert "2 incidents, 8 events in " in said
    assert "events/s" in said
    day = "2016-03-0"
    assert tickets(desk) == [
        (
            *("INC0000001", "closed", "high", f"{day}1 12:00:00", f"{day}1 13:00:00"),
            *(f"{day}1 18:00:00", f"{day}2 18:00:00"),
        ),
        # Never active: resolving it was the answer.
        (
            *("INC0000002", "resolved", "medium", f"{day}3 12:00:00", f"{day}3 15:00:00"),
            *(f"{day}3 15:00:00", None),
        ),
    ]


def test_the_pause_moves_the_target(desk: Desk, export: Write) -> None:
    desk.manage("import_incidents", export(csv(*LIFE)))
    # Opened 09:00, 8 hours for a high priority, 3 hours paused; in UTC.
    assert desk.select("SELECT resolution_target FROM desk_ticket") == [("2016-03-01 23:00:00",)]


def test_changes_carry_their_instants_and_their_authors(desk: Desk, export: Write) -> None:
    desk.manage("import_incidents", export(csv(*LIFE)))
    assert desk.select(
        "SELECT history_date, username FROM desk_historicalticket"
        " LEFT JOIN auth_user ON auth_user.id = history_user_id WHERE status = 'closed'"
    ) == [("2016-03-02 18:00:00", "updated-by-1")]
    assert desk.select(
        "SELECT username, is_staff, internal FROM desk_comment"
        " JOIN auth_user ON auth_user.id = author_id"
    ) == [("resolver-6", 1, 0)]


def test_rows_are_put_in_order_and_not_before_the_opening(desk: Desk, export: Write) -> None:
    early = row(state="Active", at="29-02-2016 09:00")
    desk.manage("import_incidents", export(csv(LIFE[5], LIFE[4], early)))
    ((_, status, _, created, answered, *_),) = tickets(desk)
    assert status == "closed"
    assert answered == created


def test_a_second_run_adds_nothing(desk: Desk, export: Write) -> None:
    file = export(csv(*LIFE, *OTHER))
    desk.manage("import_incidents", file)
    before = desk.count("desk_ticketslaevent"), desk.count("desk_historicalticket")
    said = desk.manage("import_incidents", file)
    assert "0 incidents, 0 events" in said
    assert "2 incidents here already" in said
    assert (desk.count("desk_ticketslaevent"), desk.count("desk_historicalticket")) == before


def test_a_bad_row_keeps_its_whole_incident_out(desk: Desk, export: Write) -> None:
    no_time = "expected a time as DD-MM-YYYY HH:MM"
    bad = {
        row("INC1", state="Gone"): "incident_state: expected one of New, Active",
        row("INC2", priority="5 - Planning"): "priority: expected one of 1 - Critical",
        row("INC3", at="2016-03-01 09:00"): f"sys_updated_at: {no_time}",
        row("INC4", at="31-02-2016 09:00"): f"sys_updated_at: {no_time}",
        row("INC5", at="01-03-0001 09:00"): f"sys_updated_at: {no_time}",
        row("INC6", opened="?"): f"opened_at: {no_time}",
        row("INC7") + ",one more": "another number of cells",
        "INC8,New": "another number of cells",
        row(""): "number: expected 1 to 20 characters",
        row("I" * 21): "number: expected 1 to 20 characters",
    }
    rows = []
    for line in bad:
        number = line.partition(",")[0]
        rows += [row(number, "New"), line, row(number, "Active")]
    said = desk.manage("import_incidents", export(csv(*rows, *OTHER)))
    for place, reason in enumerate(bad.values()):
        assert f"line {3 + 3 * place}: {reason}" in said
    assert "1 incident, 2 events" in said
    assert f"{len(bad)} incidents not imported" in said
    assert [number for number, *_ in tickets(desk)] == ["INC0000002"]
    assert desk.count("desk_comment") == 1


def test_rows_of_one_incident_that_are_apart(desk: Desk, export: Write) -> None:
    said = desk.manage("import_incidents", export(csv(*LIFE[:3], *OTHER, *LIFE[3:])))
    assert "line 7: INC0000001 again" in said
    assert "1 incident, 2 events" in said
    assert "1 incident not imported" in said
    assert [number for number, *_ in tickets(desk)] == ["INC0000002"]


def test_what_is_no_export(desk: Desk, tmp_path: Path) -> None:
    contents: dict[str | bytes, str] = {
        "": "The file is empty",
        HEADER.replace("priority", "urgency"): "Missing columns: priority",
        csv(*LIFE).replace(",", ";"): "separated by commas",
        "Lorem ipsum\n": "Missing columns: number, incident_state",
        csv(*LIFE).encode("utf-16"): "not text in utf-8",
        b"PK\x03\x04\x14\x00\x06\x00\xff\xfe": "not text in utf-8",
        csv(*LIFE, row(assignee="José")).encode("latin-1"): "not text in utf-8",
        csv(*LIFE, '"' + "x" * 200_000): "field larger than field limit",
    }
    calls = []
    for index, content in enumerate(contents):
        path = tmp_path / f"{index}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        calls.append([str(path)])
    for said, reason in zip(refusals(desk, calls), contents.values(), strict=True):
        assert ".csv: " in said
        assert reason in said
    assert desk.count("desk_ticket") == 0


def test_options(desk: Desk, export: Write) -> None:
    file = str(export(csv(row(assignee="José")).encode("latin-1")))
    zone, encoding, missing = refusals(
        desk,
        [[file, "--time-zone", "Mars"], [file, "--encoding", "latin-9000"], [f"{file}.not"]],
    )
    assert "not a zone" in zone
    assert "unknown encoding" in encoding
    assert "No such file" in missing
    desk.manage("import_incidents", file, "--encoding", "latin-1", "--time-zone", "Asia/Tokyo")
    assert desk.select("SELECT created_at FROM desk_ticket") == [("2016-03-01 00:00:00",)]


def test_a_refusal_is_told_without_a_traceback(desk: Desk, tmp_path: Path) -> None:
    said = desk.manage("import_incidents", tmp_path, ok=False)
    assert "Is a directory" in said


def refusals(desk: Desk, calls: list[list[str]]) -> list[str]:
    """What the command says to each of these; in one process, which is quicker."""
    program = (
        "from django.core.management import CommandError, call_command\n"
        f"for call in {calls!r}:\n"
        "    try:\n"
        "        call_command('import_incidents', *call)\n"
        "    except CommandError as error:\n"
        "        print('REFUSED', error)\n"
    )
    return desk.manage("shell", "-c", program).split("REFUSED")[1:]
