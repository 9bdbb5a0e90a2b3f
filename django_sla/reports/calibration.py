"""How right chances were: those that would have been told of clocks whose end is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django_sla.core.policy import Terms
from django_sla.core.verdict import counted
from django_sla.reports.experience import Experience, Life

HELD_BACK = 0.2
"""The share of the clocks that chances are tried on: those that started last."""

AT = 0.5
"""When in their life they are asked for: once this share of the goal has been counted."""

BANDS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """The clocks whose chance was told as between two numbers. All in percent."""

    low: int
    high: int
    count: int
    predicted: float
    """Their chances, on average."""
    observed: float
    """How many breached."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Of one metric, on clocks that were held back.

    Those that started last and have been due are asked about when half of their goal had been
    counted and they were open still. What is told of them is learnt from what was known when the
    first of them started.
    """

    metric: str
    learnt_until: datetime | None
    """None where there was nothing to hold back."""
    count: int
    """How many clocks a chance was told of."""
    untold: int
    """Of how many none could be told."""
    bands: Sequence[Band]
    """Those that have any, from 0 on."""
    brier: float | None
    """The mean square of chance less outcome, as shares: 0 is a prophet. None without any."""
    brier_of_rate: float | None
    """The same had all been told the share of earlier ones that breached, ``rate``."""
    rate: float | None
    """Percent of the clocks that had been due before, and were open at that point, that breached;
    None where there were none."""

    @property
    def skill(self) -> float | None:
        """How much of the error of telling the rate is gone, in percent; negative where chances
        are the worse guess."""
        if self.brier is None or not self.brier_of_rate:
            return None
        return 100 * (1 - self.brier / self.brier_of_rate)


class Past:
    """A clock's row, and what was known of it at an instant."""

    def __init__(self, row: Any, terms: Terms):
        self.row, self.terms = row, terms

    @property
    def goal(self) -> timedelta | None:
        """What its terms allow; None where a person set its target, or nothing was promised."""
        row = self.row
        return None if row.target_due else self.terms.goal(row.metric, row.priority)

    def stopped_by(self, at: datetime) -> bool:
        return self.row.stopped_at is not None and self.row.stopped_at <= at

    def was_due(self, at: datetime) -> bool:
        return self.row.due_at is not None and self.row.due_at < at

    def took_longer(self, than: timedelta, at: datetime) -> bool:
        """Whether it was open beyond so much counted time, of one that was due."""
        return not self.stopped_by(at) or self.row.elapsed > than

    def life(self, at: datetime) -> Life:
        """As it was known."""
        ended = self.stopped_by(at)
        time = self.row.elapsed if ended else counted(self._clock(), at)
        return Life(self.terms, self.row.metric, self.row.priority, time, ended)

    def _clock(self) -> Any:
        return self.row.value({self.row.terms_id: self.terms})


def calibrated(metric: str, past: Iterable[Past], now: datetime) -> Calibration:
    """``past``: the clocks of the metric, whenever they stopped or not."""
    clocks = sorted(past, key=lambda one: one.row.started_at)
    starts = [one.row.started_at for one in clocks if one.was_due(now) and one.goal]
    if len(starts) < 2:
        return _told(metric, None, [], 0, None)
    cut = starts[min(int(len(starts) * (1 - HELD_BACK)), len(starts) - 1)]
    before = [one for one in clocks if one.row.started_at < cut]
    experience = Experience(one.life(cut) for one in before)
    told: list[tuple[float, bool]] = []
    untold = 0
    for one, breached in _halfway([one for one in clocks if one.row.started_at >= cut], now):
        goal = one.goal
        assert goal is not None
        row = one.row
        chance = experience.chance(one.terms, row.metric, row.priority, goal * AT, goal)
        if chance is None:
            untold += 1
        else:
            told.append((chance, breached))
    earlier = [breached for _one, breached in _halfway(before, cut)]
    return _told(metric, cut, told, untold, _mean(earlier) if earlier else None)


def _halfway(clocks: Iterable[Past], at: datetime) -> list[tuple[Past, bool]]:
    """Those that had been due by then and were open when half of their goal had been counted, each
    with whether it breached."""
    return [
        (one, one.took_longer(one.goal, at))
        for one in clocks
        if one.goal and one.was_due(at) and one.took_longer(one.goal * AT, at)
    ]


def _told(
    metric: str,
    cut: datetime | None,
    told: Sequence[tuple[float, bool]],
    untold: int,
    rate: float | None,
) -> Calibration:
    of_rate = None
    if rate is not None and told:
        of_rate = _mean((rate - breached) ** 2 for _chance, breached in told)
    return Calibration(
        metric=metric,
        learnt_until=cut,
        count=len(told),
        untold=untold,
        bands=tuple(_bands(told)),
        brier=_mean((chance - breached) ** 2 for chance, breached in told) if told else None,
        brier_of_rate=of_rate,
        rate=None if rate is None else 100 * rate,
    )


def _bands(told: Iterable[tuple[float, bool]]) -> Iterable[Band]:
    def place(one: tuple[float, bool]) -> int:
        return min(int(one[0] * BANDS), BANDS - 1)

    width = 100 // BANDS
    for number, some in groupby(sorted(told), key=place):
        found = list(some)
        yield Band(
            low=number * width,
            high=(number + 1) * width,
            count=len(found),
            predicted=100 * _mean(chance for chance, _breached in found),
            observed=100 * _mean(breached for _chance, breached in found),
        )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
