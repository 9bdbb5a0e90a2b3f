"""Reports as workbooks; needs the extra ``xlsx``."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, tzinfo
from decimal import Decimal
from math import isfinite
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils import timezone

from django_sla.core.inert import inert
from django_sla.exceptions import XLSXNotInstalled
from django_sla.reports.format import Column, Report, Unit, all_rows, fields

ROWS = 1_048_576
"""Of a sheet, the line of names among them. More go on in another sheet."""

LENGTH = 32_767
"""Of a text, in units of UTF-16, as a spreadsheet counts. What is longer is cut."""

DIGITS = 10**15
"""From here on a spreadsheet rounds whole numbers. They are written as text, for they are keys."""

BLOCK = 64 * 1024
"""Bytes that are read at once."""

# What XML cannot hold, and half characters.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xlsx_pieces(report: Report) -> Iterator[bytes]:
    """A workbook in pieces, once all of it has been written to a temporary file. Datetimes are
    local, and their column says of which zone; that of the call.

    Raises:
        XLSXNotInstalled: the package is not there.
    """
    with ExitStack() as failing:
        file = failing.enter_context(TemporaryFile())
        _write(report, file, timezone.get_current_timezone())
        file.seek(0)
        failing.pop_all()
    return _blocks(file)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


def _write(report: Report, file: IO[bytes], zone: tzinfo) -> None:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise XLSXNotInstalled from None

    names = list(_names(report.columns, zone))
    read = [field for _, field in fields(report.columns)]
    book = Workbook(write_only=True)
    try:
        cells, written = _Cells(book, names, zone), 1
        for row in all_rows(report):
            if written == ROWS:
                cells, written = _Cells(book, names, zone), 1
            cells.write([field(row) for field in read])
            written += 1
        book.save(file)
    except BaseException:
        _forget(book)
        raise


def _names(columns: Iterable[Column], zone: tzinfo) -> Iterator[str]:
    """What the columns are called, those of datetimes with their zone."""
    for column in columns:
        for name, _ in fields([column]):
            yield f"{name} ({zone})" if column.unit is Unit.INSTANT else name


def _forget(book: Any) -> None:
    """Delete the temporary files of the sheets, which otherwise stay until the process ends."""
    for sheet in book.worksheets:
        if not sheet.closed:
            sheet.close()
        with suppress(FileNotFoundError):
            sheet._writer.cleanup()


class _Cells:
    """A sheet that is being written, line by line."""

    def __init__(self, book: Any, names: Sequence[str], zone: tzinfo):
        from openpyxl.cell import WriteOnlyCell

        self._make = WriteOnlyCell
        self._zone = zone
        self._sheet = book.create_sheet(f"Sheet{len(book.worksheets) + 1}")
        self._sheet.freeze_panes = "A2"
        self.write(names)

    def write(self, values: Iterable[Any]) -> None:
        self._sheet.append([self._cell(value) for value in values])

    def _cell(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, datetime):
            local = value.astimezone(self._zone)
            # A spreadsheet counts days from 1900 on.
            past = local.year < 1900
            return local.isoformat() if past else local.replace(tzinfo=None)
        if isinstance(value, float | Decimal):
            return value if isfinite(value) else None
        if isinstance(value, int) and abs(value) < DIGITS:
            return int(value)
        return self._text(str(value))

    def _text(self, value: str) -> Any:
        text = cut(_UNWRITABLE.sub("\ufffd", value))
        if not text.startswith("#") and inert(text) == text:
            return text
        # openpyxl would make a formula or an error of some of these.
        cell = self._make(self._sheet, text)
        cell.data_type = "s"
        # Nor does it become one where somebody edits the cell.
        cell.quotePrefix = True
        return cell


def cut(text: str) -> str:
    """As much of a text as a cell holds."""
    if len(text) <= LENGTH // 2:
        return text
    return text.encode("utf-16-le")[: 2 * LENGTH].decode("utf-16-le", "ignore")
