"""Reports as text."""

import csv
import io
import json
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from django_sla.reports.format import (
    PIECE,
    Column,
    Unit,
    csv_pieces,
    json_pieces,
    to_csv,
    to_json,
    to_table,
)
from tests.conftest import MONDAY

HOUR = timedelta(hours=1)

COLUMNS = [
    Column(name="group", title="Agent", unit=Unit.TEXT, value=lambda row: row.label),
    Column(name="count", title="Tickets", unit=Unit.COUNT, value=lambda row: row.count),
    Column(name="met", title="Response met", unit=Unit.PERCENT, value=lambda row: row.met),
    Column(name="time", title="Average time", unit=Unit.DURATION, value=lambda row: row.time),
    Column(name="more", title="More", unit=Unit.COUNT, value=lambda row: 7, detail=True),
]


def row(label: str, count: int = 0, met: Any = None, time: Any = None) -> SimpleNamespace:
    return SimpleNamespace(label=label, count=count, met=met, time=time)


@dataclass
class Made:
    rows: Any = field(default_factory=list)
    total: Any = field(default_factory=lambda: row("Total", 3, 200 / 3, 2.5 * HOUR))
    columns: Any = field(default_factory=lambda: COLUMNS)
    by: str = "agent"
    since: datetime | None = None
    until: datetime | None = None
    now: datetime = MONDAY


# Tables


def test_a_table_of_short_titles_that_does_not_add_up() -> None:
    assert to_table(Made([row("Ann", 3)], total=None, columns=COLUMNS[:2])) == (
        "Agent  Tickets\n-----  -------\nAnn          3\n"
    )


def test_a_table() -> None:
    made = Made([row("Ann", 12, 97.25, 52 * HOUR + timedelta(seconds=59)), row("Zoë")])
    assert to_table(made) == (
        "Agent  Tickets  Response  Average\n"
        "                     met     time\n"
        "-----  -------  --------  -------\n"
        "Ann         12    97.2 %    2d 4h\n"
        "Zoë          0         —        —\n"
        "-----  -------  --------  -------\n"
        "Total        3    66.7 %   2h 30m\n"
    )


def test_a_table_of_the_total_only() -> None:
    assert to_table(Made()) == (
        "Agent  Tickets  Response  Average\n"
        "                     met     time\n"
        "-----  -------  --------  -------\n"
        "Total        3    66.7 %   2h 30m\n"
    )


def test_nothing_in_a_name_tears_the_table_apart() -> None:
    lines = to_table(Made([row("a\nb\x1b[31m\u2028c", 1)])).splitlines()
    assert lines[3].startswith("a b [31m c        1")
    assert len(lines) == 6


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    lines = to_table(Made([row("日本語", 1), row("e\u0301a", 2), row("abcdef", 3)])).splitlines()
    assert lines[3:6] == [
        "日本語        1         —        —",
        "e\u0301a            2         —        —",
        "abcdef        3         —        —",
    ]


# JSON


def test_json() -> None:
    made = Made([row("Zoë", 1, 100 / 3, timedelta(seconds=5400, microseconds=1))], since=MONDAY)
    with timezone.override(ZoneInfo("America/Toronto")):
        assert json.loads(to_json(made)) == {
            "by": "agent",
            "since": "2026-03-02T04:00:00-05:00",
            "until": None,
            "now": "2026-03-02T04:00:00-05:00",
            "rows": [
                {
                    "group": "Zoë",
                    "count": 1,
                    "met": 33.3333,
                    "time_seconds": 5400.000001,
                    "time_hours": 1.5,
                    "more": 7,
                }
            ],
            "total": {
                "group": "Total",
                "count": 3,
                "met": 66.6667,
                "time_seconds": 9000.0,
                "time_hours": 2.5,
                "more": 7,
            },
        }


def test_json_is_written_for_people_too() -> None:
    lines = to_json(Made([row("Zoë"), row("Ann")])).splitlines()
    assert [line[:21] for line in lines[5:9]] == [
        '  "rows": [',
        '    {"group": "Zoë", ',
        '    {"group": "Ann", ',
        "  ],",
    ]


def test_json_has_null_where_there_is_nothing_to_divide() -> None:
    (found,) = json.loads(to_json(Made([row("Zoë")])))["rows"]
    assert (found["met"], found["time_seconds"], found["time_hours"]) == (None, None, None)


# CSV


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv() -> None:
    made = Made([row("Zoë, the agent", 1, 50.0, -HOUR), row('=HYPERLINK("x")')])
    assert read(to_csv(made)) == [
        ["group", "count", "met", "time_seconds", "time_hours", "more"],
        ["Zoë, the agent", "1", "50.0", "-3600.0", "-1.0", "7"],
        ['\'=HYPERLINK("x")', "0", "", "", "", "7"],
        ["Total", "3", "66.6667", "9000.0", "2.5", "7"],
    ]
    assert to_csv(made).startswith("group,count,met,time_seconds,time_hours,more\r\n")


@pytest.mark.parametrize("number", [0, -1, -1.5, Decimal("-2.50")])
def test_numbers_stay_numbers(number: Any) -> None:
    made = Made([row("Ann", number)])
    assert read(to_csv(made))[1][1] == str(number)
    assert json.loads(to_json(made))["rows"][0]["count"] == float(number)


def test_a_text_that_looks_like_a_number_is_a_text() -> None:
    assert read(to_csv(Made([row("-1.5")])))[1][0] == "'-1.5"


def test_what_is_no_number_is_left_out() -> None:
    made = Made([row("Ann", float("nan")), row("Ben", float("inf"))])  # type: ignore[arg-type]
    assert [line[1] for line in read(to_csv(made))[1:3]] == ["", ""]
    assert [found["count"] for found in json.loads(to_json(made))["rows"]] == [None, None]


def test_truth_and_other_values() -> None:
    key = UUID("00000000-0000-0000-0000-0000000000ff")
    made = Made([row("Ann", True), row("Ben", key)])  # type: ignore[arg-type]
    assert [line[1] for line in read(to_csv(made))[1:3]] == ["true", str(key)]
    assert [found["count"] for found in json.loads(to_json(made))["rows"]] == [True, str(key)]


def test_a_million_rows_are_never_there_at_once() -> None:
    alive = weakref.WeakSet[Any]()
    most = 0

    class Row(SimpleNamespace):
        __hash__ = object.__hash__

    def rows() -> Iterator[Any]:
        nonlocal most
        for number in range(3_000):
            found = Row(label="Ann", count=number, met=None, time=None)
            alive.add(found)
            most = max(most, len(alive))
            yield found

    for pieces in (csv_pieces, json_pieces):
        assert sum(len(piece) for piece in pieces(Made(rows()))) > 30_000
    assert most <= 2 * PIECE


def test_rows_that_do_not_add_up_have_no_total() -> None:
    made = Made([row("Ann")], total=None)
    assert len(read(to_csv(made))) == 2
    assert json.loads(to_json(made))["total"] is None


def test_json_without_rows() -> None:
    assert json.loads(to_json(Made(total=None)))["rows"] == []


def test_instants_are_in_the_zone_of_the_call() -> None:
    """Where a response is streamed, the zone of the request is over."""
    column = Column(name="at", title="At", unit=Unit.INSTANT, value=lambda row: row.at)
    made = Made([SimpleNamespace(at=MONDAY)], total=None, columns=[column])
    with timezone.override(ZoneInfo("America/Toronto")):
        texts, documents = csv_pieces(made), json_pieces(made)
    assert read("".join(texts)) == [["at"], ["2026-03-02T04:00:00-05:00"]]
    assert json.loads("".join(documents))["rows"] == [{"at": "2026-03-02T04:00:00-05:00"}]


def test_dates_are_in_the_current_zone() -> None:
    made = Made(since=datetime(2026, 7, 1, tzinfo=UTC), until=datetime(2026, 8, 1, tzinfo=UTC))
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        found = json.loads(to_json(made))
    assert (found["since"], found["until"]) == (
        "2026-07-01T09:00:00+09:00",
        "2026-08-01T09:00:00+09:00",
    )
