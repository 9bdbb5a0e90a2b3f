"""Periods of a calendar: where they begin and end, and their parts."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_sla.reports.calendar_period import NAMED, Period, buckets, last, named

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)
"""In Toronto still the last day of February."""

DAYS = st.dates(date(1990, 1, 1), date(2080, 1, 1))


def period(first: str, last: str, tz: ZoneInfo = TORONTO) -> Period:
    end = date.fromisoformat(last) + timedelta(days=1)
    return Period(first=date.fromisoformat(first), end=end, tz=tz)


@pytest.mark.parametrize(
    ("name", "first", "last_day"),
    [
        ("month", "2026-02-01", "2026-02-28"),
        ("last-month", "2026-01-01", "2026-01-31"),
        ("7d", "2026-02-22", "2026-02-28"),
        ("30d", "2026-01-30", "2026-02-28"),
        ("90d", "2025-12-01", "2026-02-28"),
        ("quarter", "2026-01-01", "2026-03-31"),
        ("last-quarter", "2025-10-01", "2025-12-31"),
        ("year", "2026-01-01", "2026-12-31"),
    ],
)
def test_named_periods_are_those_of_the_zone(name: str, first: str, last_day: str) -> None:
    assert named(name, NOW, TORONTO) == period(first, last_day)


def test_every_name_is_tried_above() -> None:
    marks = test_named_periods_are_those_of_the_zone.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(NAMED)


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(ValueError, match="30d"):
        named("fortnight", NOW, TORONTO)


def test_a_period_needs_a_day() -> None:
    with pytest.raises(ValueError, match="first: 2026-01-02 is not before"):
        Period(first=date(2026, 1, 2), end=date(2026, 1, 2), tz=TORONTO)


def test_bounds_are_midnights_of_the_zone() -> None:
    march = period("2026-03-01", "2026-03-31")
    assert march.since == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert march.until == datetime(2026, 4, 1, 4, tzinfo=UTC)


def test_a_day_without_midnight_begins_when_the_clocks_jump() -> None:
    # 2018-11-04 had no 00:00 in São Paulo: 23:59:59 was followed by 01:00:00.
    day = period("2018-11-04", "2018-11-04", ZoneInfo("America/Sao_Paulo"))
    assert day.since == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert day.until - day.since == timedelta(hours=23)


@pytest.mark.parametrize(
    ("first", "last_day", "before"),
    [
        ("2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
        ("2026-03-10", "2026-03-16", ("2026-03-03", "2026-03-09")),
        ("2026-01-01", "2026-12-31", ("2025-01-01", "2025-12-31")),
    ],
)
def test_the_period_before_is_as_long(first: str, last_day: str, before: tuple[str, str]) -> None:
    assert period(first, last_day).previous == period(*before)


def test_what_share_has_passed() -> None:
    week = period("2026-02-22", "2026-02-28")
    assert week.elapsed(week.since - timedelta(days=1)) == 0
    assert week.elapsed(week.since + timedelta(days=3.5)) == 0.5
    assert week.elapsed(week.until + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    ("first", "last_day", "said"),
    [
        ("2026-02-01", "2026-02-28", "February 2026"),
        ("2026-02-03", "2026-02-03", "Feb. 3, 2026"),
        ("2026-02-03", "2026-02-04", "Feb. 3, 2026 – Feb. 4, 2026"),
    ],
)
def test_how_people_write_it(first: str, last_day: str, said: str) -> None:
    assert str(period(first, last_day)) == said


def test_labels_of_parts() -> None:
    year = period("2026-01-01", "2026-12-31")
    assert [b.label for b in buckets(year, "quarter")] == [f"2026-Q{n}" for n in range(1, 5)]
    assert [b.short for b in buckets(year, "quarter")] == [f"Q{n} 2026" for n in range(1, 5)]
    assert [b.short for b in buckets(year, "month")][:2] == ["Jan 2026", "Feb 2026"]
    week = buckets(period("2026-01-01", "2026-01-01"), "week")
    assert [(b.label, b.short) for b in week] == [("2026-W01", "W01")]
    day = buckets(period("2026-01-05", "2026-01-05"), "day")
    assert [(b.label, b.short) for b in day] == [("2026-01-05", "5 Jan")]


def test_short_labels_are_in_the_language_of_whoever_reads() -> None:
    year = period("2026-01-01", "2026-12-31")
    with translation.override("fr"):
        assert [buckets(year, kind)[0].short for kind in ("week", "quarter")] == ["S01", "T1 2026"]
    with translation.override("de"):
        assert buckets(year, "day")[0].short == "1. Jan"


@given(DAYS, st.integers(0, 500), st.sampled_from(["day", "week", "month", "quarter"]))
def test_parts_follow_each_other_and_cover_the_period(first: date, more: int, kind: str) -> None:
    whole = Period(first=first, end=first + timedelta(days=more + 1), tz=TORONTO)
    parts = [bucket.period for bucket in buckets(whole, kind)]
    assert parts[0].first <= whole.first < parts[0].end
    assert parts[-1].first < whole.end <= parts[-1].end
    assert all(a.end == b.first for a, b in itertools.pairwise(parts))


@given(DAYS, st.integers(1, 30), st.sampled_from(["day", "week", "month", "quarter"]))
def test_the_last_so_many_parts(day: date, count: int, kind: str) -> None:
    parts = buckets(last(count, kind, day, TORONTO), kind)
    assert len(parts) == count
    assert parts[-1].period.first <= day < parts[-1].period.end
