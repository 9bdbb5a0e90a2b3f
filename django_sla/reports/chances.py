"""How likely open tickets are to breach, from how long tickets like them took."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from heapq import nlargest
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from django_sla.core.verdict import State, Verdict, judge
from django_sla.reports.base import PeriodReport
from django_sla.reports.calibration import Calibration, Past, calibrated
from django_sla.reports.experience import Experience
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import StateName

DAYS = 180
"""How old the clocks are at most that are learnt from, in days since their start."""

SAMPLE = 2_000
"""Of more clocks of one metric and priority, so many, evenly spread over the time."""

LIKELIEST = 10
"""How many there are in a list."""

CHUNK = 2_000

Watch = Callable[[int], object]
"""Called now and then with how many more open clocks were looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """That an open clock breaches."""

    ticket_id: Any
    metric: str
    priority: str
    state: State
    percent: float
    due: datetime | None
    """None while it is paused."""
    elapsed: timedelta
    remaining: timedelta
    """Counted time that it has left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeliest:
    """Which of the open clocks that are not late are the most likely to be."""

    chances: Sequence[Chance]
    """The likeliest first."""
    open: int
    """How many there are, of which nothing is late."""
    untold: int
    """Of how many nothing can be said, as too few like it took so long."""
    expected: float
    """How many of the others will breach, their chances added up."""


class Chances(PeriodReport):
    """The chances of open clocks, from the clocks of the same tickets that started lately.

    The share of the clocks like it that took longer than it may take, of those that took longer
    than it has taken: S(goal) ÷ S(elapsed), in counted time. Of a clock that is open it is known
    that it takes longer than it has taken, which counts, too. Two queries at most, and three for
    :meth:`likeliest`.
    """

    def __init__(self, queryset: QuerySet[Any], *, days: int = DAYS, **options: Any):
        """
        Args:
            queryset, options: tickets, and ``now`` and ``where`` as for reports.
            days: how far back clocks started that are learnt from.

        Raises:
            NaiveDatetime, ValueError: as reports.
        """
        super().__init__(queryset, **options)
        self.days = days

    def of(self, verdict: Verdict) -> float | None:
        """That the clock of this verdict breaches, from 0 to 1; 1 where it has. None where it has
        stopped, where nothing was promised, and where too few like it ever took so long."""
        clock = verdict.clock
        if clock is None or clock.stopped_at is not None or verdict.remaining is None:
            return None
        if verdict.state is State.BREACHED:
            return 1.0
        if clock.terms is None:
            return None
        allowed = verdict.elapsed + max(verdict.remaining, timedelta(0))
        return self._experience.chance(
            clock.terms, clock.metric, clock.priority, verdict.elapsed, allowed
        )

    def likeliest(
        self, count: int = LIKELIEST, metric: str | None = None, watch: Watch | None = None
    ) -> Likeliest:
        """Of all open clocks that are not late, or those of one metric."""
        clocks = self._not_late(metric)
        terms = self._terms(clocks)
        looked_at = untold = 0
        expected = 0.0

        def told() -> Iterator[Chance]:
            nonlocal looked_at, untold, expected
            for row in clocks.order_by("pk").iterator(CHUNK):
                verdict = judge(row.value(terms), self.now)
                chance = self.of(verdict)
                looked_at += 1
                if watch is not None and looked_at % CHUNK == 0:
                    watch(CHUNK)
                if chance is None or verdict.remaining is None:
                    untold += 1
                    continue
                expected += chance
                yield Chance(
                    ticket_id=row.ticket_id,
                    metric=row.metric,
                    priority=row.priority,
                    state=verdict.state,
                    percent=100 * chance,
                    due=verdict.due,
                    elapsed=verdict.elapsed,
                    remaining=verdict.remaining,
                )

        found = nlargest(count, told(), key=lambda one: (one.percent, -one.remaining))
        return Likeliest(chances=found, open=looked_at, untold=untold, expected=expected)

    def count(self, metric: str | None = None) -> int:
        """How many open clocks :meth:`likeliest` has to look at. One query."""
        return self._not_late(metric).count()

    def calibration(self, metric: str) -> Calibration:
        """How right such chances were for the clocks that started last."""
        of_metric = [past for past in self._past if past.row.metric == metric]
        return calibrated(metric, of_metric, self.now)

    @cached_property
    def _experience(self) -> Experience:
        return Experience(past.life(self.now) for past in self._past)

    @cached_property
    def _past(self) -> list[Past]:
        started = self.all_clocks.filter(
            started_at__gt=self.now - timedelta(days=self.days),
            started_at__lte=self.now,
            terms__isnull=False,
        ).exclude(outcome=StateName.NONE)
        apart = [F("metric"), F("priority")]
        # An even share of each kind, ended or not: the latest to end would be the short ones.
        numbered = started.annotate(
            sla_size=Window(Count("pk"), partition_by=apart),
            sla_place=Window(RowNumber(), partition_by=apart, order_by="pk") * SAMPLE,
        ).annotate(sla_rest=F("sla_place") % F("sla_size"))
        rows = list(numbered.filter(sla_rest__lt=SAMPLE))
        terms = terms_table.read({row.terms_id for row in rows}, self.all_tickets.db)
        return [Past(row, terms[row.terms_id]) for row in rows]

    def _not_late(self, metric: str | None) -> QuerySet[Any]:
        clocks = self.all_clocks.filter(
            Q(due_at=None) | Q(due_at__gte=self.now), stopped_at=None, outcome=""
        )
        return clocks if metric is None else clocks.filter(metric=metric)

    def _terms(self, clocks: QuerySet[Any]) -> dict[str, Any]:
        wanted = clocks.order_by().values_list("terms_id", flat=True).distinct()
        return terms_table.read(set(wanted), self.all_tickets.db)
