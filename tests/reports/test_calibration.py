"""Chances held against what came, for clocks whose true chances are known."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from django_sla.core.clock import Clock, Target
from django_sla.core.metric import Fact
from django_sla.core.policy import Terms, goals
from django_sla.core.span import Span
from django_sla.reports.calibration import Calibration, Past, calibrated
from tests.conftest import after
from tests.hosts.desk.models import Ticket

TERMS = Terms(name="Desk", goals=goals({"*": {"resolution": "10h"}}))
MEANS = {"high": 4.0, "low": 14.0}
"""Hours that these take on average, as lightbulbs do: an old one is as good as new."""

Run = tuple[float, float, str]
"""When it started, how long it took, and its priority."""


def simulated(count: int, seed: int = 1) -> list[Run]:
    random = Random(seed)
    runs = []
    for number in range(count):
        priority = random.choice(list(MEANS))
        runs.append((number * 0.5, random.expovariate(1 / MEANS[priority]), priority))
    return runs


def past(runs: Sequence[Run], now: float, **fields: Any) -> list[Past]:
    found = []
    for start, took, priority in runs:
        clock = Clock(
            metric="resolution",
            started_at=after(start),
            priority=priority,
            terms=TERMS,
        )
        if start + took <= now:
            clock = clock.stop(after(start + took), Fact.RESOLVED)
        row = Ticket.sla.clock_model.of(replace(clock, **fields), ticket_id=len(found) + 1)
        found.append(Past(row, TERMS))
    return found


def of(runs: Sequence[Run], now: float = 10_000) -> Calibration:
    return calibrated("resolution", past(runs, now), after(now))


def true_chance(priority: str) -> float:
    """That it takes 10 hours and not 5, once it has taken 5."""
    return math.exp(-5 / MEANS[priority])


def test_chances_are_as_they_truly_are() -> None:
    found = of(simulated(4_000))
    assert [(band.low, band.high) for band in found.bands] == [(20, 30), (60, 70)]
    for band, priority in zip(found.bands, MEANS, strict=True):
        assert band.predicted == pytest.approx(100 * true_chance(priority), abs=4)
        assert band.observed == pytest.approx(100 * true_chance(priority), abs=9)
    assert found.count == sum(band.count for band in found.bands)
    assert found.untold == 0
    # Whoever knows which clocks are slow does better than whoever tells all the same.
    assert found.skill is not None
    assert found.skill > 10


def test_the_figures_are_these() -> None:
    runs = simulated(600)
    found = of(runs)
    held, before = runs[480:], runs[:480]
    cut = held[0][0]
    assert found.learnt_until == after(cut)
    # What was known then: of those that still went on, how long they had.
    told, came = [], []
    for _start, took, priority in held:
        if took <= 5:
            continue
        share = 1.0
        alike = [(s, t) for s, t, p in before if p == priority]
        ends = sorted({t for s, t in alike if s + t <= cut and 5 < t <= 10})
        for end in ends:
            there = sum(1 for s, t in alike if t >= end and (s + t <= cut or cut - s >= end))
            share *= 1 - 1 / there
        told.append(share)
        came.append(took > 10)
    assert found.count == len(told)
    # Instants are cut to microseconds.
    assert found.brier == pytest.approx(
        sum((p - b) ** 2 for p, b in zip(told, came, strict=True)) / len(told), abs=1e-6
    )
    due = [(s, t) for s, t, _p in before if s + 10 < cut]
    halfway = [t > 10 or s + t > cut for s, t in due if t > 5]
    rate = sum(halfway) / len(halfway)
    assert found.rate == pytest.approx(100 * rate)
    assert found.brier_of_rate == pytest.approx(
        sum((rate - b) ** 2 for b in came) / len(came), abs=1e-6
    )


def test_nothing_is_learnt_of_what_came_later() -> None:
    """What stopped after the first of the held-back ones started may have stopped at any time."""
    runs = simulated(600)
    cut = runs[480][0]

    def predicted(later: float) -> list[tuple[int, float]]:
        changed = [
            (start, took if start + took <= cut or start >= cut else cut - start + later, priority)
            for start, took, priority in runs
        ]
        return [(band.count, band.predicted) for band in of(changed).bands]

    assert predicted(0.1) == predicted(500)


def test_only_those_that_have_been_due() -> None:
    """A clock that has ended and is not due yet would be one of the quick ones for certain."""
    now = 250.0
    runs = simulated(520)
    asked = [run for run in runs if run[0] + 10 < now]
    held = asked[int(len(asked) * 0.8) :]
    started = [run for run in runs if run[0] <= now]
    found = of(started, now)
    assert found.learnt_until == after(held[0][0])
    assert found.count == sum(1 for _start, took, _priority in held if took > 5)


def test_no_targets_that_people_set() -> None:
    runs = simulated(300)
    target = Target(due=after(1), set_at=after(0))
    found = calibrated("resolution", past(runs, 1_000, target=target), after(1_000))
    assert (found.count, found.learnt_until, found.brier) == (0, None, None)


def test_pauses_do_not_count() -> None:
    """Of a clock that goes on, what was counted of it by then."""
    pause = Span(after(2), after(6))
    one = past([(0, 20, "low")], 100, pauses=(pause,))[0]
    assert one.life(after(5)).time == timedelta(hours=2)
    assert one.life(after(9)).time == timedelta(hours=5)
    assert not one.life(after(9)).ended
    assert (one.life(after(20)).time, one.life(after(20)).ended) == (timedelta(hours=16), True)


def test_too_few() -> None:
    for count in (0, 1, 2, 20):
        found = of(simulated(count))
        assert (found.count, found.bands, found.brier, found.skill) == (0, (), None, None)
    assert found.untold > 0
