"""What if: real tickets judged under draft policies, as if these had been in force all along."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.reports.base import PeriodReport
from django_sla.reports.examine import Examiner, Range
from django_sla.reports.findings import Findings
from django_sla.reports.grouping import NONE, PRIORITY, names
from django_sla.reports.outcome import Changed, Comparison, Row
from django_sla.reports.workers import in_order
from django_sla.tables.effective import Policies
from django_sla.tables.ranges import cuts

BATCH = 2_000

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
                said = _("by: %(name)r is nothing to group by; there is %(known)s")
                raise ValueError(said % {"name": name, "known": ", ".join(own)})
        self.newest = newest
        self._examiner = Examiner(
            tickets=self.tickets,
            policies=policies,
            group_names=self.group_names,
            only=frozenset(only),
            now=self.now,
            effective=effective or self.now,
            tz=self.tz,
        )
        self.groupings = self._examiner.groupings
        self._found = Findings.nothing(len(self.groupings))

    def count(self) -> int:
        """How many tickets there are to look at."""
        found = self.tickets.count()
        return found if self.newest is None else min(found, self.newest)

    def run(self, watch: Watch | None = None, *, workers: int = 1) -> "Simulation":
        """Look at all of them, or until ``watch`` says to stop, with so many processes.

        Raises:
            CalendarError: a deadline cannot be told.
            CannotShare, BrokenProcessPool: with several processes only; see ``reports.workers``.
        """
        tickets = self._limited()
        pieces = list(pairwise([None, *cuts(tickets, "pk", BATCH), None]))
        with closing(self._findings(tickets, pieces, workers)) as found:
            for findings in found:
                self._found.add(findings)
                if watch is not None and watch(self):
                    self.is_stopped = True
                    break
        return self

    def _findings(
        self, tickets: QuerySet[Any], pieces: list[Range], workers: int
    ) -> Generator[Findings, None, None]:
        examine = replace(self._examiner, tickets=tickets)
        if workers == 1 or len(pieces) == 1:
            yield from map(examine, pieces)
        else:
            yield from in_order(examine, pieces, workers)

    @property
    def seen(self) -> int:
        """Tickets that have been looked at."""
        return self._found.seen

    @property
    def changed_tickets(self) -> int:
        """Those with a promise that is late either now or under the draft."""
        return self._found.changed_tickets

    @property
    def total(self) -> Row:
        return self._found.total

    @property
    def changed(self) -> list[Changed]:
        """Those that are late the most, of what changes; at most ``findings.LARGEST``."""
        return self._found.changed

    def by_group(self, name: str = NONE) -> Comparison:
        """What was found, by one of ``group_names``, or in total by ``none``."""
        rows: list[Row] = []
        if name != NONE:
            place = self.group_names.index(name)
            found = self._found.groups[place]
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


_ORDER = ("response", "resolution", "next_response", "closure")
