"""The geometry of the charts."""

import itertools
import re
from datetime import UTC, date

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_sla.reports.calendar_period import Bucket, Period, buckets
from django_sla.views.dashboard.charts import Lines, Series, count_scale, lines, percent_scale

JANUARY = Period(first=date(2026, 1, 1), end=date(2026, 2, 1), tz=UTC)
DAYS = buckets(JANUARY, "day")


def chart(
    *series: list[float | None], parts: tuple[Bucket, ...] = DAYS, **options: object
) -> Lines:
    named = [Series(name=f"Line {n}", values=values) for n, values in enumerate(series)]
    given: dict[str, object] = {"scale": [0.0, 50.0, 100.0], "text": str, **options}
    return lines("A chart", parts, named, **given)  # type: ignore[arg-type]


def test_points_lie_within_the_axes() -> None:
    found = chart([float(n * 3) for n in range(31)])
    xs = [float(point.x) for point in found.lines[0].points]
    ys = [float(point.y) for point in found.lines[0].points]
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)
    assert float(found.left) < xs[0] < xs[-1] < float(found.right)
    assert ys[0] == float(found.bottom)
    assert float(found.heights[0].at) == float(found.bottom)
    assert found.lines[0].points[1].title == "2026-01-02 · Line 0: 3.0"


def test_a_gap_is_a_gap() -> None:
    found = chart([10, None, 20, 30], parts=DAYS[:4])
    assert re.sub(r"[\d. ]+", "", found.lines[0].path) == "MML"
    assert [point.title[:10] for point in found.lines[0].points] == [
        "2026-01-01",
        "2026-01-03",
        "2026-01-04",
    ]


def test_no_value_draws_nothing() -> None:
    found = chart([None, None], parts=DAYS[:2])
    assert (found.lines[0].path, found.lines[0].points) == ("", [])


def test_values_beyond_the_scale_stay_at_its_edge() -> None:
    found = chart([-5, 500], parts=DAYS[:2])
    assert [point.y for point in found.lines[0].points] == [
        found.heights[0].at,
        found.heights[-1].at,
    ]


def test_labels_are_few_and_the_last_part_has_one() -> None:
    found = chart([1.0] * 31)
    assert len(found.parts) <= 7
    assert found.parts[0].label == "31 Jan"
    assert [mark.is_spare for mark in found.parts[:3]] == [False, True, False]


def test_from_right_to_left_time_runs_that_way() -> None:
    with translation.override("ar"):
        found = chart([1.0] * 3, parts=DAYS[:3])
    xs = [float(point.x) for point in found.lines[0].points]
    assert xs == sorted(xs, reverse=True)
    assert found.is_mirrored


def test_numbers_are_those_of_svg_in_every_language() -> None:
    with translation.override("de"):
        found = chart([1.5] * 31, rules=[(33.3, "Rule")])
    for number in (found.lines[0].points[3].x, found.rules[0].at):
        assert re.fullmatch(r"\d+(\.\d)?", number)


@pytest.mark.parametrize(
    ("values", "objective", "scale"),
    [
        ([97.0, 99.0], 95, [90, 92, 94, 96, 98, 100]),
        ([84.0], 95, [80, 85, 90, 95, 100]),
        ([60.0, None], 95, [50, 60, 70, 80, 90, 100]),
        ([42.4], 95, [40, 60, 80, 100]),
        ([0.0], 95, [0, 25, 50, 75, 100]),
        ([100.0], 99.5, [90, 92, 94, 96, 98, 100]),
        ([], 10, [0, 25, 50, 75, 100]),
    ],
)
def test_a_scale_for_percentages(
    values: list[float | None], objective: float, scale: list[float]
) -> None:
    assert percent_scale(values, objective) == scale


@given(st.lists(st.floats(0, 100)), st.floats(1, 99.9))
def test_it_has_room_for_all_of_them(values: list[float], objective: float) -> None:
    scale = percent_scale(values, objective)
    assert scale[0] <= min([*values, objective])
    assert scale[-1] == 100
    assert 3 <= len(scale) <= 7


@given(st.floats(0, 1e7))
def test_a_scale_for_counts(most: float) -> None:
    scale = count_scale(most)
    assert scale[0] == 0
    assert scale[-1] >= most
    assert 2 <= len(scale) <= 7
    assert len({b - a for a, b in itertools.pairwise(scale)}) == 1
    assert all(height == int(height) for height in scale)
