"""The error budget, by hand: what may be missed, how fast it goes, until when it lasts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sla.reports.budget import ErrorBudget, overspent_from
from django_sla.reports.calendar_period import Period

APRIL = Period(first=date(2026, 4, 1), end=date(2026, 5, 1), tz=UTC)


def budget(*, judged: int, late: int, day: float = 10, objective: float = 95) -> ErrorBudget:
    """So many days into April, which has thirty."""
    now = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(days=day)
    return ErrorBudget(
        metric="response", objective=objective, period=APRIL, now=now, judged=judged, late=late
    )


def test_a_third_of_the_month_stands_for_all_of_it() -> None:
    found = budget(judged=100, late=5)
    assert found.elapsed == pytest.approx(1 / 3)
    assert found.expected == pytest.approx(300)
    assert found.allowed == pytest.approx(15)
    assert found.left == 10
    assert found.spent == pytest.approx(1 / 3)
    assert found.burn == pytest.approx(1)
    assert not found.is_spent
    assert found.runs_out_at is None


def test_twice_as_fast_runs_out_half_way() -> None:
    found = budget(judged=100, late=10)
    assert found.burn == pytest.approx(2)
    assert found.left == 5
    assert found.runs_out_at == datetime(2026, 4, 16, tzinfo=UTC)


def test_spent_is_more_than_all_of_it() -> None:
    assert not budget(judged=100, late=15).is_spent
    over = budget(judged=100, late=16)
    assert over.is_spent
    assert over.left == -1
    assert over.runs_out_at is None


def test_a_period_that_is_over_expects_nothing_more() -> None:
    found = budget(judged=200, late=3, day=40)
    assert (found.elapsed, found.expected, found.allowed) == (1, 200, pytest.approx(10))
    assert found.left == 7
    assert found.runs_out_at is None


@pytest.mark.parametrize("day", [-1, 0])
def test_before_it_begins_there_is_no_budget(day: float) -> None:
    found = budget(judged=0, late=0, day=day)
    assert found.expected is found.allowed is found.left is found.spent is found.burn is None
    assert found.runs_out_at is None


def test_nothing_judged_is_nothing_spent() -> None:
    found = budget(judged=0, late=0)
    assert (found.allowed, found.left, found.burn, found.spent) == (0, 0, None, None)


def test_binary_fractions_take_nothing_away() -> None:
    # 1 - 0.9 is a little less than a tenth.
    assert budget(judged=30, late=0, day=30, objective=90).left == 3


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0.01, 40), st.floats(1, 99.9))
def test_it_runs_out_only_where_it_burns_too_fast(
    judged: int, share: float, day: float, objective: float
) -> None:
    found = budget(judged=judged, late=int(judged * share), day=day, objective=objective)
    if found.runs_out_at is not None:
        assert found.burn is not None
        assert found.burn > 1
        assert found.now <= found.runs_out_at < APRIL.until
        assert not found.is_spent


@pytest.mark.parametrize(
    ("allowed", "late", "place"),
    [
        (3.2, [1, 2, 1, 0], 2),
        (3.2, [1, 2], None),
        (0.0, [0, 1], 1),
        (None, [5], None),
        (3, [], None),
    ],
)
def test_in_which_part_it_was_overspent(allowed: float | None, late: list[int], place: Any) -> None:
    assert overspent_from(allowed, late) == place
