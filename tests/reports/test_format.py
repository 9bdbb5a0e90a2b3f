"""Reports as text."""

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from django_sla.reports.format import Column, Unit, inert, to_csv, to_json, to_table
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
    rows: list[Any] = field(default_factory=list)
    total: Any = field(default_factory=lambda: row("Total", 3, 200 / 3, 2.5 * HOUR))
    columns: Any = field(default_factory=lambda: COLUMNS)
    by: str = "agent"
    since: datetime | None = None
    until: datetime | None = None
    now: datetime = MONDAY


# Tables


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
    assert '      "group": "Zoë",\n' in to_json(Made([row("Zoë")]))


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


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\tx",
        "\rx",
        "\nx",
        "\0x",
        "\0",
        "\x1b[1m",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM",
        "﹦1",
        " =1",
        "\u00a0=1",
        "\u3000＝1",
        "\ufeff=1",
        "\u200b\u200b+1",
        "  \t@x",
        " \0-1",
    ],
)
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "Ann", "a=1", "1-2", "'=1", "—", " x", "日本", "(none)"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("number", [0, -1, -1.5, None])
def test_numbers_stay_numbers(number: Any) -> None:
    assert inert(number) is number


def test_dates_are_in_the_current_zone() -> None:
    made = Made(since=datetime(2026, 7, 1, tzinfo=UTC), until=datetime(2026, 8, 1, tzinfo=UTC))
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        found = json.loads(to_json(made))
    assert (found["since"], found["until"]) == (
        "2026-07-01T09:00:00+09:00",
        "2026-08-01T09:00:00+09:00",
    )
