"""Reports as workbooks, read back with openpyxl."""

import errno
import io
import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from django_sla.exceptions import XLSXNotInstalled
from django_sla.reports import xlsx
from django_sla.reports.format import Column, Unit
from django_sla.reports.xlsx import LENGTH, cut, xlsx_pieces
from tests.conftest import MONDAY


def report(*values: Any, unit: Unit = Unit.VALUE, rows: Any = None) -> Any:
    """One column, a row for each value."""
    return SimpleNamespace(
        by="none",
        since=None,
        until=None,
        now=MONDAY,
        columns=[Column(name="it", title="It", unit=unit, value=lambda row: row)],
        rows=values if rows is None else rows,
        total=None,
    )


def written(made: Any) -> bytes:
    return b"".join(xlsx_pieces(made))


def book(made: Any) -> Any:
    return load_workbook(io.BytesIO(written(made)))


def cells(made: Any) -> list[Any]:
    return [row[0] for row in book(made).active.iter_rows()][1:]


def test_a_line_of_names_stays_in_sight() -> None:
    sheet = book(report("Ann")).active
    assert sheet["A1"].value == "it"
    assert sheet.freeze_panes == "A2"


def test_without_rows_there_are_the_names() -> None:
    assert [cell.value for cell in book(report()).active["A"]] == ["it"]


@pytest.mark.parametrize(
    "text", ["=1+1", "=", "+1", "-1.5", "@SUM(A1)", "\t=1", " ＝1", "#N/A", "#REF!", "12", "TRUE"]
)
def test_a_text_is_a_text(text: str) -> None:
    [cell] = cells(report(text))
    assert (cell.data_type, cell.value) == ("s", text)


def test_a_formula_stays_a_text_where_somebody_edits_it() -> None:
    dangerous, plain = cells(report("=1+1", "Ann"))
    assert dangerous.quotePrefix
    assert not plain.quotePrefix


def test_the_row_after_a_formula_is_no_formula() -> None:
    values = ["=1", "Ann", -1, "#N/A", None, True, "=2"]
    assert [(cell.data_type, cell.value) for cell in cells(report(*values))] == [
        ("s", "=1"),
        ("s", "Ann"),
        ("n", -1),
        ("s", "#N/A"),
        ("n", None),
        ("b", True),
        ("s", "=2"),
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(), max_size=20))
@example(["=1", "\0", "\ud800", "\uffff", "a\x0bb"])
def test_no_text_becomes_anything_else_or_spoils_the_file(texts: list[str]) -> None:
    found = cells(report(*texts))
    assert {cell.data_type for cell in found if cell.value is not None} <= {"s"}
    for cell, text in zip(found, texts, strict=True):
        held = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
        # XML knows one line end.
        assert (cell.value or "") == held.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("number", [0, 7, -1.5, 0.1, 999_999_999_999_999])
def test_numbers_stay_numbers(number: float) -> None:
    [cell] = cells(report(number))
    assert (cell.data_type, cell.value) == ("n", number)


def test_a_key_that_a_spreadsheet_would_round_is_a_text() -> None:
    [cell] = cells(report(1_234_567_890_123_456_789))
    assert (cell.data_type, cell.value) == ("s", "1234567890123456789")


def test_what_is_no_number_is_empty() -> None:
    found = cells(report(float("nan"), float("-inf"), 1))
    assert [cell.value for cell in found] == [None, None, 1]


def test_datetimes_are_local_and_say_of_which_zone() -> None:
    with timezone.override(ZoneInfo("America/Toronto")):
        sheet = book(report(MONDAY, None, unit=Unit.INSTANT)).active
    assert sheet["A1"].value == "it (America/Toronto)"
    assert sheet["A2"].is_date
    assert sheet["A2"].value == datetime(2026, 3, 2, 4)  # noqa: DTZ001
    assert sheet["A3"].value is None


def test_a_datetime_from_before_there_were_spreadsheets_is_a_text() -> None:
    [cell] = cells(report(datetime(1899, 12, 31, 12, tzinfo=UTC), unit=Unit.INSTANT))
    assert (cell.data_type, cell.value) == ("s", "1899-12-31T12:00:00+00:00")


def test_a_long_text_is_cut() -> None:
    [cell] = cells(report("=" + "x" * 40_000))
    assert cell.value == "=" + "x" * (LENGTH - 1)


@pytest.mark.parametrize("length", [16_383, 16_384, 20_000])
def test_a_spreadsheet_counts_in_halves_of_what_is_beyond_the_first_plane(length: int) -> None:
    assert len(cut("😀" * length)) == min(length, LENGTH // 2)


def test_what_a_sheet_cannot_hold_goes_on_in_another(monkeypatch: Any) -> None:
    monkeypatch.setattr(xlsx, "ROWS", 3)
    for count, sheets in ((2, [[0, 1]]), (5, [[0, 1], [2, 3], [4]])):
        made = book(report(*range(count)))
        assert made.sheetnames == [f"Sheet{n}" for n in range(1, len(sheets) + 1)]
        found = [[cell.value for cell in sheet["A"]] for sheet in made]
        assert found == [["it", *rows] for rows in sheets]


def test_the_rows_of_a_sheet_are_as_many_as_there_can_be() -> None:
    assert xlsx.ROWS == 2**20


def test_texts_are_not_gathered() -> None:
    """Shared strings would be kept in memory until the end."""
    with ZipFile(io.BytesIO(written(report("Ann", "Ben")))) as parts:
        assert b"Ann" in parts.read("xl/worksheets/sheet1.xml")
        assert "xl/sharedStrings.xml" not in parts.namelist()


def test_nothing_is_left_of_one_that_fails(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(xlsx, "ROWS", 3)

    def rows() -> Any:
        yield from range(5)
        assert list(tmp_path.iterdir())
        raise LookupError("the database is away")

    with pytest.raises(LookupError):
        xlsx_pieces(report(rows=rows()))
    assert list(tmp_path.iterdir()) == []
    written(report("Ann"))
    assert list(tmp_path.iterdir()) == []


class Full(io.BytesIO):
    """A file on a disk that has room for the beginning alone."""

    is_full = False

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 10_000 and not self.is_full:
            self.is_full = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


# The archive is closed in vain once more when it is forgotten.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nothing_is_left_where_the_disk_is_full(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(xlsx, "TemporaryFile", Full)
    random = Random(1)
    with pytest.raises(OSError, match="No space left"):
        xlsx_pieces(report(*(random.randbytes(100).hex() for _ in range(500))))
    assert list(tmp_path.iterdir()) == []


def test_without_the_package(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(XLSXNotInstalled, match=r'pip install "django-sla\[xlsx\]"'):
        xlsx_pieces(report())
