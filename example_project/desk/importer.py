"""Reads the export of a ServiceNow desk: one row for each change of an incident."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from itertools import groupby

from .models import Status, Ticket
from .play import Incident, Person, Player, Step

COLUMNS = (
    "number",
    "incident_state",
    "priority",
    "opened_at",
    "sys_updated_at",
    "sys_updated_by",
    "caller_id",
    "assigned_to",
    "assignment_group",
    "category",
    "subcategory",
)
STATES = {
    "New": Status.NEW,
    "Active": Status.ACTIVE,
    "Awaiting User Info": Status.AWAITING_USER,
    "Awaiting Problem": Status.AWAITING_PROBLEM,
    "Awaiting Vendor": Status.AWAITING_VENDOR,
    "Awaiting Evidence": Status.AWAITING_EVIDENCE,
    "Resolved": Status.RESOLVED,
    "Closed": Status.CLOSED,
}
PRIORITIES = {
    "1 - Critical": Ticket.Priority.URGENT,
    "2 - High": Ticket.Priority.HIGH,
    "3 - Moderate": Ticket.Priority.MEDIUM,
    "4 - Low": Ticket.Priority.LOW,
}
TIME_FORMAT = "%d-%m-%Y %H:%M"
YEARS = range(1970, 2100)
REPLY = "First reply. The export says when, but not what it said."
NOBODY = Person(name="Unknown agent", staff=True)

Numbered = tuple[int, dict[str, str]]
"""A row, and the line of the file on which it begins."""

Complain = Callable[[int, str], None]
"""Told the line and the reason of whatever cannot be imported."""


class NotAnExport(Exception):
    """The file as a whole cannot be read; the message says what was expected."""


@dataclass
class Survey:
    """What a first reading of the file finds, before anything is written."""

    rows: int = 0
    scattered: dict[str, int] = field(default_factory=dict)
    """Incidents whose rows do not follow one another, and the line where they begin again."""


@dataclass
class Tally:
    """How far an import has come."""

    rows: int = 0
    """Read."""
    events: int = 0
    """Of these, played."""
    incidents: int = 0
    known: int = 0
    """Incidents left alone because there is a ticket of that number."""
    refused: int = 0
    """Incidents that were complained about, and of which nothing was imported."""


def survey(file: Iterable[str]) -> Survey:
    """Read the file once from end to end.

    Raises:
        NotAnExport: it is no CSV file, or it lacks columns.
    """
    found, seen = Survey(), set()
    for number, group in groupby(_rows(file), key=_number):
        rows = list(group)
        found.rows += len(rows)
        if number in seen:
            found.scattered.setdefault(number, rows[0][0])
        elif number:
            seen.add(number)
    return found


def import_incidents(
    file: Iterable[str], zone: tzinfo, surveyed: Survey, complain: Complain
) -> Iterator[Tally]:
    """Import what ``file`` holds, telling after each incident how far it has come.

    Holds the rows of one incident at a time; an incident is imported whole or not at all.
    """
    tally, player = Tally(), Player()
    for number, group in groupby(_rows(file), key=_number):
        rows = list(group)
        tally.rows += len(rows)
        incident, reasons = _read(number, rows, zone)
        if number in surveyed.scattered:
            line = rows[0][0]
            again = line == surveyed.scattered[number]
            reasons = [(line, f"{number} again, apart from its other rows")] if again else []
            tally.refused += again
        elif Ticket.objects.filter(number=number).exists():
            reasons = []
            tally.known += 1
        elif incident is None:
            tally.refused += 1
        else:
            player.play(incident)
            tally.incidents += 1
            tally.events += len(rows)
        for line, reason in reasons:
            complain(line, reason)
        yield tally


def _rows(file: Iterable[str]) -> Iterator[Numbered]:
    reader = csv.DictReader(file)
    try:
        names = reader.fieldnames
        if not names:
            raise NotAnExport("The file is empty.")
        if missing := [name for name in COLUMNS if name not in names]:
            raise NotAnExport(
                f"Missing columns: {', '.join(missing)}. Expected a CSV file, separated by "
                f"commas, whose first line has these names; it begins {','.join(names)[:80]!r}."
            )
        line = reader.line_num + 1
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise NotAnExport(f"Not a CSV file, line {reader.line_num}: {error}.") from error


def _number(numbered: Numbered) -> str:
    return (numbered[1]["number"] or "").strip()


def _read(
    number: str, rows: list[Numbered], zone: tzinfo
) -> tuple[Incident | None, list[tuple[int, str]]]:
    """The incident that the rows tell of, or why they tell of none."""
    reasons = []
    for line, row in rows:
        try:
            _check(number, row)
        except ValueError as error:
            reasons.append((line, str(error)))
    if reasons:
        return None, reasons
    return _incident(number, [row for _, row in rows], zone), []


def _check(number: str, row: dict[str, str]) -> None:
    if None in row or None in row.values():
        raise ValueError("another number of cells than the first line has")
    longest = Ticket._meta.get_field("number").max_length
    if not 0 < len(number) <= longest:
        raise ValueError(f"number: expected 1 to {longest} characters, got {number!r}")
    _of(STATES, row, "incident_state")
    _of(PRIORITIES, row, "priority")
    for column in ("opened_at", "sys_updated_at"):
        _time(row, column)


def _of(table: dict[str, str], row: dict[str, str], column: str) -> str:
    if row[column] not in table:
        raise ValueError(f"{column}: expected one of {', '.join(table)}; got {row[column]!r}")
    return table[row[column]]


def _time(row: dict[str, str], column: str) -> datetime:
    try:
        found = datetime.strptime(row[column], TIME_FORMAT)  # noqa: DTZ007  made aware below
        if found.year in YEARS:
            return found
    except ValueError:
        pass
    raise ValueError(f"{column}: expected a time as DD-MM-YYYY HH:MM; got {row[column]!r}")


def _incident(number: str, rows: list[dict[str, str]], zone: tzinfo) -> Incident:
    # An hour that a clock change repeats is taken for the first of the two (fold=0).
    def at(row: dict[str, str], column: str) -> datetime:
        return _time(row, column).replace(tzinfo=zone)

    rows = sorted(rows, key=lambda row: _time(row, "sys_updated_at"))
    first, opened_at = rows[0], at(rows[0], "opened_at")
    answered = _first_response(rows)
    category = _known(first, "category")
    steps = []
    for row in rows:
        when = max(at(row, "sys_updated_at"), opened_at)
        updater, assignee = _person(row, "sys_updated_by"), _person(row, "assigned_to")
        step = Step(
            at=when,
            by=updater,
            priority=_of(PRIORITIES, row, "priority"),
            assignee=assignee,
            department=_known(row, "assignment_group"),
            status=_of(STATES, row, "incident_state"),
        )
        if row is answered:
            # The reply comes between the two, and may be somebody else's.
            steps.append(replace(step, status=""))
            steps.append(Step(at=when, by=assignee or updater or NOBODY, comment=REPLY))
            step = Step(at=when, by=updater, status=step.status)
        steps.append(step)
    return Incident(
        number=number,
        opened_at=opened_at,
        title=" · ".join(filter(None, (category, _known(first, "subcategory")))) or number,
        priority=_of(PRIORITIES, first, "priority"),
        category=category,
        requester=_person(first, "caller_id", staff=False),
        steps=tuple(steps),
    )


def _first_response(rows: list[dict[str, str]]) -> dict[str, str] | None:
    """The row at which an agent answered: work began, or else the incident was resolved."""
    for state in ("Active", "Resolved"):
        for row in rows:
            if row["incident_state"] == state:
                return row
    return None


def _known(row: dict[str, str], column: str) -> str:
    text = " ".join(row[column].split())
    return "" if text == "?" else text


def _person(row: dict[str, str], column: str, *, staff: bool = True) -> Person | None:
    name = _known(row, column)
    return Person(name=name, staff=staff) if name else None
