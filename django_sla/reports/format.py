"""Reports as text: a table for people, JSON and CSV for programs."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from django.utils import timezone

from django_sla.core.duration import format_short

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
    """Left out of tables."""


class Report(Protocol):
    """What can be written: every report of this package."""

    by: str
    since: datetime | None
    until: datetime | None
    now: datetime

    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def rows(self) -> Sequence[Any]: ...
    @property
    def total(self) -> Any: ...


def to_table(report: Report) -> str:
    """Aligned text, the total below a line. Durations are cut to two units, as in "2d 4h"."""
    columns = [column for column in report.columns if not column.detail]
    titles = [str(column.title).partition(" ")[::2] for column in columns]
    heads = [[title[line] for title in titles] for line in (0, 1)]
    body = [[_shown(column, row) for column in columns] for row in report.rows]
    foot = [_shown(column, report.total) for column in columns]
    texts = [column.unit is Unit.TEXT for column in columns]
    widths = [max(map(width, cells)) for cells in zip(*heads, *body, foot, strict=True)]
    lines = [_line(cells, widths, texts) for cells in (*heads, *body, foot)]
    rule = "  ".join("-" * width for width in widths)
    lines.insert(len(heads), rule)
    if body:
        lines.insert(-1, rule)
    return "\n".join(lines) + "\n"


def to_json(report: Report) -> str:
    """An object: ``by``, ``since``, ``until``, ``now`` (ISO 8601 in the current time zone),
    ``rows`` and ``total``. Durations are given in seconds and in hours."""
    document = {
        "by": report.by,
        "since": _iso(report.since),
        "until": _iso(report.until),
        "now": _iso(report.now),
        "rows": [_record(report.columns, row) for row in report.rows],
        "total": _record(report.columns, report.total),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_csv(report: Report) -> str:
    """A line of names, one for each row, and the total. Nothing in it is taken for a formula."""
    records = [_record(report.columns, row) for row in (*report.rows, report.total)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(map(inert, records[0]))
    writer.writerows([inert(value) for value in record.values()] for record in records)
    return text.getvalue()


FORMATS: dict[str, Callable[[Report], str]] = {
    "table": to_table,
    "json": to_json,
    "csv": to_csv,
}


def inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    A text gets an apostrophe in front if it begins with ``=``, ``+``, ``-``, ``@`` or one of
    their wide forms, be it behind blanks, or with a control character.
    """
    if not isinstance(value, str):
        return value
    visible = value.lstrip("".join(filter(_is_blank, value)))
    formula = unicodedata.normalize("NFKC", visible[:1]) in ("=", "+", "-", "@")
    control = unicodedata.category(value[:1] or " ") == "Cc"
    return f"'{value}" if formula or control else value


def _is_blank(character: str) -> bool:
    """Spaces of all kinds, control characters, and what has no width."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def _record(columns: Iterable[Column], row: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column in columns:
        value = column.value(row)
        if column.unit is Unit.DURATION:
            seconds = None if value is None else value.total_seconds()
            record[f"{column.name}_seconds"] = seconds
            record[f"{column.name}_hours"] = None if seconds is None else round(seconds / 3600, 4)
        elif column.unit is Unit.PERCENT:
            record[column.name] = None if value is None else round(value, 4)
        elif column.unit is Unit.TEXT:
            record[column.name] = str(value)
        else:
            record[column.name] = value
    return record


def _shown(column: Column, row: Any) -> str:
    value = column.value(row)
    if value is None:
        return NOTHING
    if column.unit is Unit.PERCENT:
        return f"{value:.1f} %"
    if isinstance(value, timedelta):
        return format_short(value)
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


def _iso(instant: datetime | None) -> str | None:
    return timezone.localtime(instant).isoformat() if instant else None
