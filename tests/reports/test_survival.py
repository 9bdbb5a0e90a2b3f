"""How long things go on, held against the textbook's product."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from django_sla.reports.survival import Survival

HOUR = timedelta(hours=1)
TIMES = st.lists(st.integers(0, 12), max_size=20)


def product(ended: list[int], going_on: list[int], time: int) -> Fraction:
    """Kaplan and Meier, as it is written down: over the times at which something ended, the share
    of those still there that did not."""
    share = Fraction(1)
    for at in set(ended):
        if at <= time:
            there = sum(1 for one in ended + going_on if one >= at)
            share *= 1 - Fraction(ended.count(at), there)
    return share


def survival(ended: list[int], going_on: list[int]) -> Survival:
    return Survival((one * HOUR for one in ended), (one * HOUR for one in going_on))


@given(TIMES, TIMES, st.integers(0, 14))
def test_as_the_product_says(ended: list[int], going_on: list[int], time: int) -> None:
    found = survival(ended, going_on)
    share = product(ended, going_on, time)
    told = found.beyond(time * HOUR)
    if told is None:
        # Nobody saw that far, and something went on to the last.
        assert time > max(ended + going_on, default=-1)
        assert share > 0
    else:
        assert abs(told - share) < 1e-9
    assert found.seen_beyond(time * HOUR) == sum(1 for one in ended + going_on if one > time)
    assert found.ended == len(ended)


@given(TIMES, TIMES, st.lists(st.integers(0, 14), min_size=3, max_size=3).map(sorted))
def test_a_chance_grows_with_time_and_falls_with_the_limit(
    ended: list[int], going_on: list[int], times: list[int]
) -> None:
    found = survival(ended, going_on)
    early, late, limit = (time * HOUR for time in times)
    chances = [found.chance(early, limit), found.chance(late, limit), found.chance(early, late)]
    assert all(chance is None or 0 <= chance <= 1 for chance in chances)
    before, after, nearer = chances
    if before is not None and after is not None:
        assert before <= after + 1e-12
    if before is not None and nearer is not None:
        assert before <= nearer + 1e-12


def test_what_goes_on_makes_things_longer() -> None:
    ended = [1, 2, 3, 4]
    alone, with_others = survival(ended, []), survival(ended, [3, 3, 3, 3])
    assert alone.beyond(3 * HOUR) == 0.25
    assert with_others.beyond(3 * HOUR) == 6 / 8 * 5 / 6
    assert alone.chance(HOUR, 3 * HOUR) == 1 / 3
    assert alone.chance(4 * HOUR, 5 * HOUR) is None  # none took so long
    assert alone.chance(3 * HOUR, 5 * HOUR) == 0
    assert survival([], []).beyond(HOUR) is None
    assert survival([1], [5]).chance(2 * HOUR, 6 * HOUR) is None  # nobody has seen that far
