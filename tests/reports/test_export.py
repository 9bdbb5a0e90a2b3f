"""Reports that a browser saves as files."""

import asyncio
import csv
import io
import json
from email.message import Message
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from openpyxl import load_workbook

from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.export import FORMATS, safe_name, streamed
from django_sla.reports.format import PIECE, Column, Unit
from django_sla.reports.tickets import TicketList
from tests.conftest import MONDAY
from tests.hosts.desk.models import Ticket
from tests.reports.desk import opened


def numbers(count: int) -> Any:
    return SimpleNamespace(
        by="none",
        since=None,
        until=None,
        now=MONDAY,
        columns=[Column(name="it", title="It", unit=Unit.VALUE, value=lambda row: row)],
        rows=range(count),
        total=None,
    )


def called(response: Any) -> str | None:
    """How a browser calls the file."""
    message = Message()
    message["Content-Disposition"] = response.headers["Content-Disposition"]
    assert message.get_content_disposition() == "attachment"
    return message.get_filename()


@pytest.mark.django_db
@pytest.mark.parametrize("format", FORMATS)
def test_tickets_as_a_file(format: str) -> None:
    opened(title="=Zoë")
    opened(title="Ann")
    response = streamed(TicketList(Ticket.objects.all()), "tickets", format)
    assert response.streaming
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert called(response) == f"tickets.{format}"
    content = response.getvalue()
    match format:
        case "csv":
            assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
            rows = list(csv.reader(io.StringIO(content.decode())))
            assert [row[1] for row in rows] == ["title", "'=Zoë", "Ann"]
        case "json":
            assert response.headers["Content-Type"] == "application/json"
            assert [row["title"] for row in json.loads(content)["rows"]] == ["=Zoë", "Ann"]
        case "xlsx":
            assert response.headers["Content-Type"].endswith("spreadsheetml.sheet")
            sheet = load_workbook(io.BytesIO(content)).active
            assert [cell.value for cell in sheet["B"]] == ["title", "=Zoë", "Ann"]


@pytest.mark.django_db
@pytest.mark.parametrize("format", FORMATS)
def test_a_report_as_a_file(format: str) -> None:
    opened()
    report = ComplianceReport(Ticket.objects.all(), by="priority")
    assert len(streamed(report, "compliance", format).getvalue()) > 100


def test_it_comes_in_pieces() -> None:
    assert len(list(streamed(numbers(3 * PIECE), "x"))) == 4


def test_half_a_character_spoils_nothing() -> None:
    made = numbers(0)
    made.rows = ["a\ud800b"]
    assert streamed(made, "x").getvalue() == b"it\r\na?b\r\n"


def test_an_asynchronous_server_gets_pieces_too() -> None:
    """Django would gather all of it first, and warn."""
    read = []

    def rows() -> Any:
        for number in range(3 * PIECE):
            read.append(number)
            yield number

    async def first() -> tuple[bytes, int, bytes]:
        made = numbers(0)
        made.rows = rows()
        pieces = aiter(streamed(made, "x"))
        begin = await anext(pieces)
        seen = len(read)
        return begin, seen, b"".join([piece async for piece in pieces])

    begin, seen, rest = asyncio.run(first())
    assert begin.startswith(b"it\r\n0\r\n")
    assert seen <= PIECE
    assert rest.endswith(f"{3 * PIECE - 1}\r\n".encode())


@pytest.mark.django_db
def test_an_asynchronous_server_reads_from_the_database() -> None:
    opened(title="Ann")

    async def whole() -> bytes:
        response = await sync_to_async(streamed)(TicketList(Ticket.objects.all()), "x")
        return b"".join([piece async for piece in response])

    assert b",Ann," in async_to_sync(whole)()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("tickets", "tickets.csv"),
        ("tickets.csv", "tickets.csv"),
        ("../../etc/passwd", "_.._etc_passwd.csv"),
        ("C:\\x", "C__x.csv"),
        ('a"; filename="b.exe', "a_; filename=_b.exe.csv"),
        ("a\r\nSet-Cookie: x=y", "a__Set-Cookie_ x=y.csv"),
        ("\u202egpj.exe", "_gpj.exe.csv"),
        ("Büro März", "Büro März.csv"),
        ("", "export.csv"),
        (" . ", "export.csv"),
        ("x" * 500, "x" * 150 + ".csv"),
    ],
)
def test_names_of_files(given: str, name: str) -> None:
    assert safe_name(given, "csv") == name
    response = streamed(numbers(0), given)
    assert "\n" not in response.headers["Content-Disposition"]
    assert called(response) == name


def test_an_unknown_format() -> None:
    with pytest.raises(ValueError, match="'pdf' is none; there is csv, json, xlsx"):
        streamed(numbers(0), "x", "pdf")
