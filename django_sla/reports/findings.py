"""What a simulation found of some tickets; what it found of others can be added."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from operator import attrgetter
from typing import Any

from django_sla.reports.outcome import Changed, Row
from django_sla.reports.replay import LATE, Promise

LARGEST = 50
"""How many of the tickets that change are told by their keys: those that are late the most."""


@dataclass(kw_only=True)
class Findings:
    """The sum of two is what would have been found of the tickets of both in one go, where those
    of the second have the higher keys."""

    groups: list[dict[Any, Row]]
    """For each grouping the rows by the keys of its groups."""
    total: Row = field(default_factory=Row)
    seen: int = 0
    """Tickets that have been looked at."""
    changed_tickets: int = 0
    """Those with a promise that is late either now or under the draft."""
    _changed: list[Changed] = field(default_factory=list)

    @classmethod
    def nothing(cls, groupings: int) -> "Findings":
        return cls(groups=[defaultdict(Row) for _ in range(groupings)])

    @property
    def changed(self) -> list[Changed]:
        """Those that are late the most, of what changes; at most ``LARGEST``."""
        return nlargest(LARGEST, self._changed, key=attrgetter("over"))

    def note(self, pk: Any, keys: Sequence[Any], promises: Iterable[Promise]) -> None:
        """A ticket: its key, those of its groups, and its promises."""
        rows = [self.total]
        rows += [found[key] for found, key in zip(self.groups, keys, strict=True)]
        is_changed = False
        for promise in promises:
            for row in rows:
                row.metrics[promise.metric].add(promise)
            if (promise.now.is_ == LATE) != (promise.then.is_ == LATE):
                is_changed = True
                self._keep(_changed(pk, promise))
        for row in rows:
            row.tickets += 1
        self.changed_tickets += is_changed

    def add(self, other: "Findings") -> None:
        self.seen += other.seen
        self.changed_tickets += other.changed_tickets
        self.total.sum(other.total)
        for own, others in zip(self.groups, other.groups, strict=True):
            for key, row in others.items():
                own[key].sum(row)
        for one in other._changed:
            self._keep(one)

    def _keep(self, one: Changed) -> None:
        self._changed.append(one)
        if len(self._changed) >= 2 * LARGEST:
            self._changed = self.changed


def _changed(pk: Any, promise: Promise) -> Changed:
    return Changed(
        pk=pk,
        metric=promise.metric,
        cycle=promise.cycle,
        newly_late=promise.then.is_ == LATE,
        due_now=promise.now.due,
        due_then=promise.then.due,
        over=promise.now.over or promise.then.over,
    )
