"""The percentiles of the database against those of a sorted list."""

from datetime import timedelta
from fractions import Fraction
from math import ceil
from random import Random
from statistics import median
from typing import Any

import pytest
from django.db.models import F

from django_sla.reports.spread import Spread, spreads
from tests.hosts.desk.models import Ticket
from tests.reports.desk import answered, opened

pytestmark = pytest.mark.django_db

CLOCKS = Ticket.sla.clock_model._base_manager


def stopped(times: list[int], agent: Any, priority: str = "medium") -> None:
    """Response clocks of so many microseconds."""
    for time in times:
        answered(opened(priority=priority), agent, time / 3_600_000_000)


def expected(times: list[int]) -> Spread:
    ordered = sorted(times)

    def rank(percent: int) -> timedelta:
        return timedelta(microseconds=ordered[ceil(Fraction(percent * len(ordered), 100)) - 1])

    middle = timedelta(microseconds=ordered[(len(ordered) - 1) // 2])
    middle = (middle + timedelta(microseconds=ordered[len(ordered) // 2])) / 2
    assert abs(middle / timedelta(microseconds=1) - median(ordered)) <= 0.5
    return Spread(median=middle, p90=rank(90), p95=rank(95))


def found(*apart: str) -> Any:
    rows = CLOCKS.filter(metric="response", elapsed__isnull=False)
    return spreads(rows, apart, {"counted": F("elapsed")})


@pytest.mark.parametrize("size", [1, 2, 3, 9, 10, 11, 19, 20, 21, 40])
def test_nearest_rank(size: int, agent: Any) -> None:
    times = [Random(size * 10 + n).randrange(1, 30) for n in range(size)]
    stopped(times, agent)
    assert found("metric") == {("response",): {"counted": expected(times)}}


def test_each_group_by_itself(agent: Any) -> None:
    stopped([1, 2, 3, 4], agent)
    stopped([10, 20, 30], agent, priority="high")
    assert found("metric", "ticket__priority") == {
        ("response", "medium"): {"counted": expected([1, 2, 3, 4])},
        ("response", "high"): {"counted": expected([10, 20, 30])},
    }


def test_nothing_there() -> None:
    assert found("metric") == {}
