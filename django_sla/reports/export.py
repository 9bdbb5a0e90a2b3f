"""Reports as files: what goes to a disk or to a browser, a piece at a time."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from django_sla.reports.format import Report, csv_pieces, json_pieces
from django_sla.reports.xlsx import xlsx_pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A kind of file."""

    name: str
    """Also what the names of such files end with."""
    content_type: str
    pieces: Callable[[Report], Iterator[bytes]]
    """Language and time zone are those of the call; rows are read while the pieces are."""


def _encoded(pieces: Callable[[Report], Iterator[str]]) -> Callable[[Report], Iterator[bytes]]:
    def encode(report: Report) -> Iterator[bytes]:
        # Half a character cannot be written; a "?" stands for it.
        return (piece.encode("utf-8", "replace") for piece in pieces(report))

    return encode


FORMATS = {
    format.name: format
    for format in (
        Format(name="csv", content_type="text/csv; charset=utf-8", pieces=_encoded(csv_pieces)),
        Format(name="json", content_type="application/json", pieces=_encoded(json_pieces)),
        Format(
            name="xlsx",
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            pieces=xlsx_pieces,
        ),
    )
}


def available() -> list[str]:
    """The formats that can be written here: a workbook wants the extra ``xlsx``."""
    return [name for name in FORMATS if name != "xlsx" or find_spec("openpyxl")]


def streamed(rows: Report, filename: str, format: str = "csv") -> StreamingHttpResponse:
    """A response that a browser saves as a file, made while it is sent; a workbook is made before.

    Args:
        rows: a report, or a :class:`reports.tickets.TicketList`. Who may see them is not asked
            here.
        filename: what it is called there, with or without the ending. What no file may be called
            is replaced.
        format: one of ``FORMATS``.

    Raises:
        ValueError: there is no such format.
        XLSXNotInstalled: a workbook, and the extra ``xlsx`` is not installed.
    """
    if format not in FORMATS:
        said = _("format: %(name)r is none; there is %(known)s")
        raise ValueError(said % {"name": format, "known": ", ".join(FORMATS)})
    chosen = FORMATS[format]
    response = Streamed(chosen.pieces(rows), content_type=chosen.content_type)
    header = content_disposition_header(True, safe_name(filename, format))
    response.headers["Content-Disposition"] = header or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


class Streamed(StreamingHttpResponse):
    """As Django's, but that it keeps nothing in memory where the server is asynchronous."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: Iterator[Any] = iter(self)

        def following() -> bytes | None:
            return next(pieces, None)

        # In the thread of the view, whose database connection it is.
        read = sync_to_async(following, thread_sensitive=True)
        while (piece := await read()) is not None:
            yield piece


MOST = 150
"""Characters of a file's name, which leaves room for the longest that file systems take."""


def safe_name(filename: str, ending: str) -> str:
    """A name that every system takes for a file of this kind in the directory at hand."""
    name = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in filename)
    name = name.removesuffix(f".{ending}")[:MOST].strip(" .")
    return f"{name or 'export'}.{ending}"
