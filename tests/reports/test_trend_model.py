"""The model behind forecasts, on weeks that were made up."""

import math
import sys
import warnings
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.exceptions import ForecastNotInstalled
from django_sla.reports.trend_model import MOST, Ahead, TrendModel

WEEK = st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
LONG_AGO = [(0, 0), (0, 0)]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the library warns of would be on the terminal of users."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def ahead(weeks: list[tuple[int, int]], of: int = 20, count: int = 4) -> list[Ahead]:
    return TrendModel(*zip(*weeks, strict=True)).ahead(count, of, 80)


def test_the_same_every_week() -> None:
    for one in ahead([(16, 20)] * 30):
        assert one.expected == pytest.approx(0.8, abs=0.01)
        # What 20 tosses of such a coin give in 80 cases of 100, and no less.
        assert (one.low, one.high) == (0.7, 0.9)


@pytest.mark.parametrize(("kept", "nearly"), [(20, 1), (0, 0)])
def test_all_kept_and_none_kept(kept: int, nearly: float) -> None:
    for one in ahead([(kept, 20)] * 30):
        assert one.expected == pytest.approx(nearly, abs=0.005)
        assert nearly in (one.low, one.high)
        assert one.high - one.low < 0.01


def test_a_trend_goes_on_and_fades() -> None:
    up = [one.expected for one in ahead([(40 + 3 * week // 2, 100) for week in range(30)], 100)]
    assert up[0] > 0.8
    assert up == sorted(up)
    assert up[3] - up[2] < up[1] - up[0]
    down = [one.expected for one in ahead([(95 - 3 * week // 2, 100) for week in range(30)], 100)]
    assert down[0] < 0.55
    assert down == sorted(down, reverse=True)


def test_a_new_level_is_believed_once_it_has_lasted() -> None:
    found = ahead([(90, 100)] * 20 + [(50, 100)] * 10, 100)
    assert found[0].expected == pytest.approx(0.5, abs=0.02)
    assert found[3].high - found[3].low > found[0].high - found[0].low


def test_a_week_of_few_tells_little_and_one_of_none_nothing() -> None:
    busy = [(16, 20)] * 24
    assert ahead([*busy, (0, 1)])[0].expected == pytest.approx(0.8, abs=0.03)
    assert ahead([*busy, *LONG_AGO])[0].expected == pytest.approx(0.8, abs=0.01)
    gaps = [week for one in busy for week in (one, *LONG_AGO)]
    assert ahead(gaps)[0].expected == pytest.approx(0.8, abs=0.01)


def test_more_promises_are_told_of_more_closely() -> None:
    few, many = (ahead([(80, 100)] * 20, of)[0] for of in (5, 500))
    assert few.high - few.low > many.high - many.low
    assert ahead([(80, 100)] * 20, 10 * MOST) == ahead([(80, 100)] * 20, MOST)


def test_the_interval_has_so_many() -> None:
    """Weeks of a desk whose true level wanders: 80 of 100 within it, or a little less, as how much
    it wanders has to be guessed."""
    within = total = 0
    for seed in range(60):
        random, level, weeks = Random(seed), 1.5, []
        for _week in range(41):
            level += random.gauss(0, 0.15)
            share = 1 / (1 + math.exp(-level))
            weeks.append((sum(random.random() < share for _ in range(40)), 40))
        told = ahead(weeks[:40], 40, 1)[0]
        within += told.low <= weeks[40][0] / 40 <= told.high
        total += 1
    assert 0.68 <= within / total <= 0.95


@settings(max_examples=30, deadline=None)
@given(st.lists(WEEK, min_size=1, max_size=30), st.integers(1, 50))
def test_within_bounds_and_always_the_same(weeks: list[tuple[int, int]], of: int) -> None:
    weeks.append((1, 2))
    found = ahead(weeks, of)
    assert all(0 <= one.low <= one.expected <= one.high <= 1 for one in found)
    assert ahead(weeks, of) == found


def test_without_the_package(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.statespace.kalman_smoother", None)
    with pytest.raises(ForecastNotInstalled, match=r'pip install "django-sla\[forecast\]"'):
        TrendModel([1], [2])
