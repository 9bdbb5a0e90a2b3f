"""Reports as text: a table for people, JSON and CSV for programs.

CSV and JSON come in pieces, so that a report whose rows are read one after the other takes no
more memory for a million of them than for a hundred.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice
from math import isfinite
from typing import Any, Protocol

from django.utils import timezone

from django_sla.core.duration import format_short
from django_sla.core.inert import inert

NOTHING = "—"
"""What a table shows where there is nothing to divide."""


class Unit(StrEnum):
    """What the values of a column are, unless they are None."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"
    """0 to 100."""
    DURATION = "duration"
    """A timedelta."""
    INSTANT = "instant"
    """An aware datetime."""
    VALUE = "value"
    """A number, a truth value or a text, told as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One figure of every row."""

    name: str
    """What programs call it. A duration becomes two: ``…_seconds`` and ``…_hours``."""
    title: Any
    """What people call it, perhaps translated."""
    unit: Unit
    value: Callable[[Any], Any]
    """Reads the figure off a row."""
    detail: bool = False
    """Left out of tables, unless they are to have everything."""
    signed: bool = False
    """A change, shown with its sign."""


class Report(Protocol):
    """What can be written: every report of this package."""

    by: str
    since: datetime | None
    until: datetime | None
    now: datetime

    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def rows(self) -> Iterable[Any]: ...
    @property
    def total(self) -> Any:
        """What all rows add up to, shaped like one; None where they do not add up."""


def to_table(report: Report, detail: bool = False) -> str:
    """Aligned text, the total below a line where there is one. Durations are cut to two units, as
    in "2d 4h"."""
    columns = [column for column in report.columns if detail or not column.detail]
    titles = [str(column.title).partition(" ")[::2] for column in columns]
    heads = [[title[line] for title in titles] for line in (0, 1) if any(t[line] for t in titles)]
    body = [[_shown(column, row) for column in columns] for row in report.rows]
    total = [] if report.total is None else [report.total]
    foot = [[_shown(column, row) for column in columns] for row in total]
    texts = [column.unit is Unit.TEXT for column in columns]
    widths = [max(map(width, cells)) for cells in zip(*heads, *body, *foot, strict=True)]
    lines = [_line(cells, widths, texts) for cells in (*heads, *body, *foot)]
    rule = "  ".join("-" * width for width in widths)
    lines.insert(len(heads), rule)
    if body and foot:
        lines.insert(-1, rule)
    return "\n".join(lines) + "\n"


def to_json(report: Report) -> str:
    """An object: ``by``, ``since``, ``until``, ``now`` (ISO 8601 in the current time zone),
    ``rows``, one a line, and ``total``. Durations are given in seconds and in hours."""
    return "".join(json_pieces(report))


def to_csv(report: Report) -> str:
    """A line of names, one for each row, and the total. Nothing in it is taken for a formula."""
    return "".join(csv_pieces(report))


FORMATS: dict[str, Callable[[Report], str]] = {
    "table": to_table,
    "json": to_json,
    "csv": to_csv,
}

Cell = str | int | float | Decimal | datetime | None
"""What a field of a row gives; a truth value is an int to Python. Anything else is told as text."""

PIECE = 500
"""Rows that are told as one piece."""


def json_pieces(report: Report) -> Iterator[str]:
    """What :func:`to_json` gives, in pieces. The time zone is that of the call."""
    zone = timezone.get_current_timezone()
    names, read = zip(*fields(report.columns), strict=True)

    def told(row: Any) -> str:
        cells = (_json_value(field(row), zone) for field in read)
        return json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False)

    instants = (("since", report.since), ("until", report.until), ("now", report.now))
    head = {"by": report.by} | {name: _json_value(at, zone) for name, at in instants}
    opening = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    return _json_pieces(opening, report.rows, report.total, told)


def _json_pieces(
    opening: str, rows: Iterable[Any], total: Any, told: Callable[[Any], str]
) -> Iterator[str]:
    yield f'{opening},\n  "rows": ['
    between = "\n    "
    for some in pieces(rows):
        yield between + ",\n    ".join(map(told, some))
        between = ",\n    "
    end = "" if between == "\n    " else "\n  "
    yield f'{end}],\n  "total": {"null" if total is None else told(total)}\n}}\n'


def csv_pieces(report: Report) -> Iterator[str]:
    """What :func:`to_csv` gives, in pieces. The time zone is that of the call."""
    zone = timezone.get_current_timezone()
    names, read = zip(*fields(report.columns), strict=True)
    records = ([_csv_value(field(row), zone) for field in read] for row in all_rows(report))
    return _csv_pieces(chain([list(map(inert, names))], records))


def _csv_pieces(records: Iterable[list[Any]]) -> Iterator[str]:
    for some in pieces(records):
        text = io.StringIO()
        csv.writer(text).writerows(some)
        yield text.getvalue()


def all_rows(report: Report) -> Iterable[Any]:
    """The rows, and the total where there is one."""
    rows, total = report.rows, report.total
    return rows if total is None else chain(rows, [total])


def pieces(rows: Iterable[Any], size: int = PIECE) -> Iterator[list[Any]]:
    """So many at a time."""
    left = iter(rows)
    while some := list(islice(left, size)):
        yield some


def fields(columns: Iterable[Column]) -> Iterator[tuple[str, Callable[[Any], Cell]]]:
    """What programs get of each row: a name, and how it is read."""
    for column in columns:
        match column.unit:
            case Unit.DURATION:
                yield f"{column.name}_seconds", _seconds(column.value)
                yield f"{column.name}_hours", _hours(column.value)
            case Unit.PERCENT:
                yield column.name, _rounded(column.value)
            case Unit.TEXT:
                yield column.name, _text(column.value)
            case _:
                yield column.name, column.value


def _seconds(value: Callable[[Any], Any]) -> Callable[[Any], Cell]:
    return lambda row: None if (time := value(row)) is None else time.total_seconds()


def _hours(value: Callable[[Any], Any]) -> Callable[[Any], Cell]:
    def read(row: Any) -> Cell:
        time = value(row)
        return None if time is None else round(time.total_seconds() / 3600, 4)

    return read


def _rounded(value: Callable[[Any], Any]) -> Callable[[Any], Cell]:
    return lambda row: None if (share := value(row)) is None else round(share, 4)


def _text(value: Callable[[Any], Any]) -> Callable[[Any], Cell]:
    return lambda row: None if (text := value(row)) is None else str(text)


def _json_value(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _csv_value(value: Any, zone: tzinfo) -> Any:
    if value is None or isinstance(value, str):
        return inert(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, float | Decimal):
        return value if isfinite(value) else None
    return value if isinstance(value, int) else inert(str(value))


def _shown(column: Column, row: Any) -> str:
    value = column.value(row)
    if value is None:
        return NOTHING
    if column.unit is Unit.PERCENT:
        return f"{value:+.1f}" if column.signed else f"{value:.1f} %"
    if isinstance(value, timedelta):
        plus = "+" if column.signed and value > timedelta(0) else ""
        return f"{plus}{format_short(value)}"
    if column.signed:
        return f"{value:+d}"
    return printable(str(value))


def printable(text: str) -> str:
    """A text without line breaks and escape sequences, which would tear a table apart."""
    return "".join(c if c.isprintable() else " " for c in text)


def _line(cells: Sequence[str], widths: Sequence[int], texts: Sequence[bool]) -> str:
    padded = []
    for cell, wide, text in zip(cells, widths, texts, strict=True):
        blank = " " * (wide - width(cell))
        padded.append(cell + blank if text else blank + cell)
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
