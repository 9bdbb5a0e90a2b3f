"""What if: real tickets judged under draft policies, as if these had been in force all along."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from heapq import nlargest
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.core.policy import Terms
from django_sla.flow.judging import Judge
from django_sla.reports.base import PeriodReport
from django_sla.reports.grouping import NONE, PRIORITY, groupings, names
from django_sla.reports.outcome import Changed, Comparison, Row
from django_sla.reports.replay import LATE, Promise, Replay
from django_sla.tables.effective import Policies

BATCH = 2_000
LARGEST = 50
"""How many of the tickets that change are told by their keys: those that are late the most."""

Watch = Callable[["Simulation"], bool]
"""Called after each batch; True stops it."""


class Simulation(PeriodReport):
    """The tickets opened in a period, judged under draft policies.

    A draft chooses by what a ticket is now, its present priority, project and so on, and its terms
    hold from the opening on. What happened stays as it was: when there was a reply, what was
    paused, what was promised by hand. Nothing is written.

    :meth:`run` goes through the tickets in batches, whose number decides neither the number of
    queries for each nor the memory that it takes.
    """

    seen = 0
    """Tickets that have been looked at."""
    changed_tickets = 0
    """Those with a promise that is late either now or under the draft."""
    is_cut = False
    """Whether ``newest`` left some out."""
    is_stopped = False
    """Whether ``watch`` stopped it."""

    def __init__(
        self,
        queryset: QuerySet[Any],
        policies: Policies,
        *,
        groups: Iterable[str] | None = None,
        only: Iterable[str] = (),
        newest: int | None = None,
        effective: datetime | None = None,
        **period: Any,
    ):
        """
        Args:
            queryset, period: as for :class:`PeriodReport`, without ``by``.
            policies: the draft, see ``reports.draft``; or those in force.
            groups: what to compare by, each by itself; by default the priority and each
                dimension.
            only: names of policies: only tickets that the draft gives one of them.
            newest: only so many, and those opened at the same instant as the last of them.
            effective: the instant at which policies have to be effective; by default now.

        Raises:
            NaiveDatetime, ValueError: as :class:`PeriodReport`; or a group is nothing to group by.
        """
        super().__init__(queryset, by=NONE, **period)
        self.using = queryset.db
        own = names(self.sla)
        if groups is None:
            groups = [name for name in own if name == PRIORITY or name in self.sla.dimensions]
        self.group_names = tuple(name for name in groups if name != NONE)
        for name in self.group_names:
            if name not in own:
                raise ValueError(f"by: {name!r} is nothing to group by; there is {', '.join(own)}")
        self.groupings = groupings(self.sla, self.group_names, self.tz)
        self.only = frozenset(only)
        self.newest = newest
        self.total = Row(label=_("Total"))
        self._judge = Judge(
            sla=self.sla, policies=policies, now=effective or self.now, using=self.using
        )
        self._replay = Replay(sla=self.sla, now=self.now, using=self.using)
        self._rows: list[dict[Any, Row]] = [defaultdict(Row) for _name in self.group_names]
        self._changed: list[Changed] = []
        self._least = timedelta(0)

    def count(self) -> int:
        """How many tickets there are to look at."""
        found = self.tickets.count()
        return found if self.newest is None else min(found, self.newest)

    def run(self, watch: Watch | None = None) -> "Simulation":
        """Look at all of them, or until ``watch`` says to stop."""
        tickets = self._limited()
        for batch in self._batches(tickets):
            self._add(batch)
            self.seen += len(batch)
            if watch is not None and watch(self):
                self.is_stopped = True
                break
        self._changed = _largest(self._changed)
        return self

    @property
    def changed(self) -> list[Changed]:
        """Those that are late the most, of what changes; at most ``LARGEST``."""
        return self._changed

    def by_group(self, name: str = NONE) -> Comparison:
        """What was found, by one of ``group_names``, or in total by ``none``."""
        rows: list[Row] = []
        if name != NONE:
            place = self.group_names.index(name)
            found = self._rows[place]
            for key, label in self.groupings[place].labelled(found, self.all_tickets):
                row = found[key]
                row.key, row.label = key, label
                rows.append(row)
        order = [metric for metric in _ORDER if metric in self.total.metrics]
        order += sorted(self.total.metrics.keys() - set(order))
        metrics = {metric: self.total.metrics[metric] for metric in order}
        total = Row(label=_("Total"), tickets=self.total.tickets, metrics=metrics)
        return Comparison(
            by=name, since=self.since, until=self.until, now=self.now, rows=rows, total=total
        )

    def _limited(self) -> QuerySet[Any]:
        tickets = self.tickets
        if self.newest is None:
            return tickets
        newest = tickets.order_by("-created_at").values_list("created_at", flat=True)
        oldest = list(newest[self.newest - 1 : self.newest + 1])
        self.is_cut = len(oldest) == 2
        return tickets.filter(created_at__gte=oldest[0]) if oldest else tickets

    def _batches(self, tickets: QuerySet[Any]) -> Iterator[list[tuple[Any, ...]]]:
        groups = {f"sla_group_{i}": g.of_tickets() for i, g in enumerate(self.groupings)}
        rows = tickets.annotate(**groups).order_by("pk").values_list("pk", *groups)
        last = None
        while True:
            left = rows if last is None else rows.filter(pk__gt=last)
            batch = list(left[:BATCH])
            if batch:
                yield batch
            if len(batch) < BATCH:
                return
            last = batch[-1][0]

    def _add(self, batch: list[tuple[Any, ...]]) -> None:
        choices = self._judge.choices([row[0] for row in batch])
        terms: Mapping[Any, Terms] = {
            pk: terms
            for pk, (terms, _priority) in choices.items()
            if not self.only or terms.name in self.only
        }
        groups = {pk: keys for pk, *keys in batch}
        for pk, promises in self._replay.promises(terms):
            rows = [self.total]
            rows += [found[key] for found, key in zip(self._rows, groups[pk], strict=True)]
            is_changed = False
            for promise in promises:
                for row in rows:
                    row.metrics[promise.metric].add(promise)
                if (promise.now.is_ == LATE) != (promise.then.is_ == LATE):
                    is_changed = True
                    self._note(pk, promise)
            for row in rows:
                row.tickets += 1
            self.changed_tickets += is_changed

    def _note(self, pk: Any, promise: Promise) -> None:
        over = promise.now.over or promise.then.over
        if over <= self._least:
            return
        self._changed.append(
            Changed(
                pk=pk,
                metric=promise.metric,
                cycle=promise.cycle,
                newly_late=promise.then.is_ == LATE,
                due_now=promise.now.due,
                due_then=promise.then.due,
                over=over,
            )
        )
        if len(self._changed) >= 2 * LARGEST:
            self._changed = _largest(self._changed)
            self._least = self._changed[-1].over


_ORDER = ("response", "resolution", "next_response", "closure")


def _largest(changed: list[Changed]) -> list[Changed]:
    return nlargest(LARGEST, changed, key=attrgetter("over"))
