"""What an order asks for: its period, its trend, and what is wrong with it."""

from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from django_sla.reports.letter_words import change, name, percent
from django_sla.reports.ordered import Ordered, period_before, problems
from django_sla.tables.schedule import Order
from tests.conftest import after

PARIS = ZoneInfo("Europe/Paris")


def beginning(kind: str, day: date) -> bool:
    return {
        "day": True,
        "week": day.isoweekday() == 1,
        "month": day.day == 1,
        "quarter": day.day == 1 and day.month in (1, 4, 7, 10),
    }[kind]


@pytest.mark.parametrize("kind", ["day", "week", "month", "quarter"])
def test_the_period_before_a_day_is_the_last_whole_one(kind: str) -> None:
    """Against all days on which one begins, written down."""
    days = [date(2023, 6, 1) + timedelta(days=count) for count in range(1000)]
    begins = [day for day in days if beginning(kind, day)]
    for day in days[300:]:
        first, end = [begin for begin in begins if begin <= day][-2:]
        found = period_before(kind, day, PARIS)
        assert (found.first, found.end) == (first, end)
        assert found.since.astimezone(PARIS).hour == 0


def order(**values: Any) -> Order:
    return Order(**{"model": "desk.Ticket", "zone": "Europe/Paris", **values})


@pytest.mark.parametrize(
    ("kind", "first", "last", "count"),
    [
        ("day", "2026-02-23", "2026-03-08", 14),
        ("week", "2025-W50", "2026-W09", 12),
        ("month", "2025-03", "2026-02", 12),
        ("quarter", "2024-Q1", "2025-Q4", 8),
    ],
)
def test_a_trend_ends_with_the_period(kind: str, first: str, last: str, count: int) -> None:
    day = "2026-03-09" if kind == "day" else "2026-03-08"
    found = Ordered(order(period=kind, day=day, now=after(500).isoformat()), "default")
    parts = found.trend_parts
    assert (parts[0].label, parts[-1].label, len(parts)) == (first, last, count)
    assert parts[-1].period == found.period


@pytest.mark.parametrize(
    ("hours", "grain"),
    [(24, "day"), (48, "day"), (168, "week"), (31 * 24, "week"), (9000, "month")],
)
def test_a_period_by_hand_has_a_trend_that_fits(hours: int, grain: str) -> None:
    since, until = after(0).isoformat(), after(hours).isoformat()
    assert Ordered(order(since=since, until=until), "default").grain == grain


def test_days_are_those_of_the_zone() -> None:
    found = Ordered(order(period="week", day="2026-03-30"), "default")
    assert found.since is not None
    assert found.since.astimezone(UTC).isoformat() == "2026-03-22T23:00:00+00:00"
    assert found.until is not None
    assert found.until.astimezone(UTC).isoformat() == "2026-03-29T22:00:00+00:00", "an hour less"


@pytest.mark.parametrize(
    ("by", "where", "found"),
    [
        ("", {}, {}),
        ("priority,month", {"priority": ["urgent"], "department": None}, {}),
        ("gone", {}, {"by": "'gone' is nothing to group by; there is"}),
        ("priority,agent,month", {}, {"by": "priority, agent, month are too many; at most 2"}),
        ("", {"gone": 1}, {"where": "'gone' is nothing to filter by; there is"}),
        ("gone", {"department": "x"}, {"by": "'gone'", "where": "department: 'x' is none"}),
        ("", {"priority": {"a": 1}}, {}),
    ],
)
def test_problems_are_told_by_field(by: str, where: Any, found: dict[str, str]) -> None:
    said = problems("desk.Ticket", by, where)
    assert said.keys() == found.keys()
    assert all(said[field].startswith(begin) for field, begin in found.items())
    assert problems("desk.Gone", by, where) == {}, "that is told of the model"


def test_numbers_in_words() -> None:
    assert [percent(share) for share in (None, 0, 0.01, 50, 99.99, 100)] == [
        *("—", "0.0 %", "0.1 %", "50.0 %", "99.9 %", "100.0 %")
    ]
    assert change(90.0, 88.75, "points") == {"change": "+1.2 points", "tone": "up"}
    assert change(40, 41, "") == {"change": "−1", "tone": "down"}
    assert change(40.0, 40.04, "points") == {"change": "±0.0 points", "tone": "even"}
    assert change(40.0, None, "points") == {"change": "", "tone": "even"}


def test_names_are_on_one_line_and_not_endless() -> None:
    assert name("a\r\nb\x1b[0m\u202ec") == "a b [0m c"
    assert len(name("x" * 500)) == 80
