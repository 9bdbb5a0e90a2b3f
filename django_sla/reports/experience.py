"""How long tickets take, by how like each other they are."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from django_sla.core.policy import Terms
from django_sla.reports.survival import Survival

ENOUGH = 30
"""Clocks that have stopped. Fewer of a kind say nothing, and a wider kind is asked."""

SEEN = 10
"""Clocks that went on for longer than the one that is asked about. Fewer of a kind say nothing
either."""


class Life(NamedTuple):
    """A clock as far as it is known."""

    terms: Terms
    metric: str
    priority: str
    time: timedelta
    """What was counted of it."""
    ended: bool
    """Whether it stopped then, or goes on."""


class Experience:
    """What the lives of some clocks say of others.

    Alike are clocks of one metric, under the same hours, of the same priority and policy. Where
    there are too few, those of all policies, and then those of all priorities. Under other hours
    an hour is another time, so such clocks are never asked.
    """

    def __init__(self, lives: Iterable[Life]):
        by_terms: dict[tuple[Hashable, ...], list[Life]] = defaultdict(list)
        for life in lives:
            by_terms[id(life.terms), life.metric, life.priority].append(life)
        by_kind: dict[tuple[Hashable, ...], list[Life]] = defaultdict(list)
        for some in by_terms.values():
            for kind in _kinds(some[0].terms, some[0].metric, some[0].priority):
                by_kind[kind] += some
        self._survivals = {
            kind: Survival(
                (life.time for life in some if life.ended),
                (life.time for life in some if not life.ended),
            )
            for kind, some in by_kind.items()
        }

    def chance(
        self, terms: Terms, metric: str, priority: str, so_far: timedelta, limit: timedelta
    ) -> float | None:
        """That a clock which has counted ``so_far`` counts more than ``limit`` before it stops,
        from 0 to 1; None where too few like it ever took so long."""
        for kind in _kinds(terms, metric, priority):
            survival = self._survivals.get(kind)
            if survival is None or survival.ended < ENOUGH or survival.seen_beyond(so_far) < SEEN:
                continue
            chance = survival.chance(so_far, limit)
            if chance is not None:
                return chance
        return None


def _kinds(terms: Terms, metric: str, priority: str) -> Iterator[tuple[Hashable, ...]]:
    """What a clock is one of, the closest kind first."""
    yield metric, terms.calendar, priority, terms.name
    yield metric, terms.calendar, priority
    yield metric, terms.calendar
