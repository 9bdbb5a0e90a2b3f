"""Clocks under other terms: how they stand, and how they would have stood.

What a clock's row says of the past, when it started, paused and stopped, is a fact that terms do
not change; then its verdict under other terms is a matter of one due instant. Terms do have a say
where a ticket was reopened under another rule than theirs, and where they promise a metric that
nothing was promised of, whose clocks have no row. Such tickets are folded from their events.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from django_sla import registry
from django_sla.core.clock import Clock, Lifecycle, Target, run
from django_sla.core.event import Category, Kind
from django_sla.core.policy import Terms
from django_sla.core.verdict import due
from django_sla.flow.judging import spans
from django_sla.flow.refresh import kept, load_batch
from django_sla.tables import terms as terms_table
from django_sla.tables.among import Among
from django_sla.tables.clock import StateName
from django_sla.tables.event import SLAEvent
from django_sla.tables.reading import rows as rows_of

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

_CLOCK = (
    "ticket_id", "metric", "cycle", "priority", "started_at", "pauses", "paused_at", "stopped_at",
    "target_due", "target_set_at", "due_at", "outcome", "terms_id",
)  # fmt: skip

KEPT, LATE, OPEN = "kept", "late", "open"
"""How a promise stands: met; missed, or still open and past due; not yet decided."""


class Standing(NamedTuple):
    """How a promise stands under some terms."""

    is_: str = ""
    """``KEPT``, ``LATE``, ``OPEN``, or empty where nothing was promised."""
    due: datetime | None = None
    end: datetime | None = None
    """When the clock stopped, or now; None without a promise."""

    @property
    def over(self) -> timedelta:
        """How long after the due instant it ended; nothing where it is not late."""
        is_late = self.is_ == LATE and self.end is not None and self.due is not None
        return self.end - self.due if is_late else timedelta(0)  # type: ignore[operator]


NOTHING = Standing()


class Promise(NamedTuple):
    """One cycle of a metric on a ticket, as it is and as it would have been."""

    metric: str
    cycle: int
    now: "Standing"
    then: "Standing"


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Replays tickets of one model."""

    sla: "SLA"
    now: datetime
    using: str
    _fits: dict[tuple[frozenset[str], str], tuple[bool, bool]] = field(default_factory=dict)

    def promises(self, terms: Mapping[Any, Terms]) -> Iterator[tuple[Any, list[Promise]]]:
        """The promises of each ticket, by its key; ``terms`` are those that it would have had from
        its opening on. Two queries, and up to two more where events have to be folded."""
        pks = list(terms)
        rows = self._rows(pks)
        folded = self._to_fold(pks, terms)
        events = load_batch(self.sla, folded, self.using, lock=False) if folded else {}
        for pk in pks:
            if pk in folded:
                yield pk, self._folded(rows[pk], events[pk], terms[pk])
            else:
                yield pk, [self._read(row, terms[pk]) for row in rows[pk]]

    def _rows(self, pks: Sequence[Any]) -> dict[Any, list[list[Any]]]:
        clocks = self.sla.clock_model._base_manager.using(self.using)
        clocks = clocks.filter(Among("ticket", pks)).order_by("ticket_id", "id")
        found: dict[Any, list[list[Any]]] = defaultdict(list)
        rows = rows_of(clocks.values_list(*_CLOCK), self.using)
        found.update((pk, list(own)) for pk, own in groupby(rows, key=itemgetter(0)))
        return found

    # Which tickets have to be folded

    def _to_fold(self, pks: Sequence[Any], terms: Mapping[Any, Terms]) -> set[Any]:
        events = self.sla.event_model._base_manager.using(self.using)
        events = events.filter(Among("ticket", pks))
        had: dict[Any, set[str]] = defaultdict(set)
        stated = events.filter(terms__isnull=False).order_by()
        for pk, fingerprint in rows_of(stated.values_list("ticket_id", "terms_id"), self.using):
            had[pk].add(fingerprint)
        terms_table.read({one for own in had.values() for one in own}, self.using)
        found, if_reopened = set(), []
        for pk, ours in terms.items():
            has_rows, same_rule = self._fit(frozenset(had[pk]), ours)
            if not has_rows:
                found.add(pk)
            elif not same_rule:
                if_reopened.append(pk)
        return found | self._reopened(if_reopened) if if_reopened else found

    def _reopened(self, pks: Sequence[Any]) -> set[Any]:
        """Those that were ever resolved or closed, and not so afterwards."""
        events = self.sla.event_model._base_manager.using(self.using)
        moves = events.filter(Among("ticket", pks), kind=Kind.STATUS_MOVED)
        moves = moves.order_by("ticket_id", "at", "id").values_list("ticket_id", "data")
        found = set()
        for pk, own in groupby(rows_of(moves, self.using), key=itemgetter(0)):
            old = Category.OPEN
            for _pk, data in own:
                new = Category(data["category"])
                if (old.done and not new.done) or (old is Category.CLOSED is not new):
                    found.add(pk)
                old = new
        return found

    def _fit(self, had: frozenset[str], ours: Terms) -> tuple[bool, bool]:
        """Whether all clocks have rows that these terms say something of; and whether all terms
        that the ticket had reopen it by the same rule."""
        key = (had, ours.fingerprint)
        found = self._fits.get(key)
        if found is None:
            were = terms_table.read(had, self.using).values()
            always = {metric.name for metric in registry.metrics() if metric.always}
            wanted = ours.metrics - always
            found = self._fits[key] = (
                bool(were) and all(wanted <= one.metrics for one in were),
                all(one.reopening is ours.reopening for one in were),
            )
        return found

    # One ticket

    def _read(self, row: list[Any], terms: Terms) -> Promise:
        metric, cycle, priority, started, pauses, paused, stopped, target = row[1:9]
        if not pauses and paused is None and target is None:
            goal = terms.goal(metric, priority)
            if goal is None:
                return Promise(metric, cycle, self._present(row), NOTHING)
            then = self._standing(stopped, terms.calendar.add(started, goal))
        else:
            then = self._of(_clock(row, terms))
        return Promise(metric, cycle, self._present(row), then)

    def _present(self, row: list[Any]) -> Standing:
        stopped, deadline, outcome = row[7], row[10], row[11]
        return NOTHING if outcome == StateName.NONE else self._standing(stopped, deadline)

    def _of(self, clock: Clock) -> Standing:
        return self._standing(clock.stopped_at, due(clock)) if clock.promised else NOTHING

    def _standing(self, stopped: datetime | None, deadline: datetime | None) -> Standing:
        end = stopped or self.now
        if deadline is not None and end > deadline:
            return Standing(LATE, deadline, end)
        return Standing(KEPT if stopped else OPEN, deadline, end)

    def _folded(
        self, rows: list[list[Any]], events: Sequence[SLAEvent], terms: Terms
    ) -> list[Promise]:
        """The events folded as if the ticket had had these terms from its opening on."""
        present = {(row[1], row[2]): self._present(row) for row in rows}
        clocks = kept(replayed(events, terms, self.using))
        then = {key: self._of(clock) for key, clock in clocks.items()}
        return [
            Promise(metric, cycle, present.get(key, NOTHING), then.get(key, NOTHING))
            for key in sorted(present.keys() | then.keys())
            for metric, cycle in [key]
        ]


def replayed(events: Sequence[SLAEvent], terms: Terms, using: str) -> Lifecycle:
    """The lifecycle of these events, had the ticket had these terms from its opening on."""
    known = terms_table.read((row.terms_id for row in events), using)
    facts = [row.value(known) for row in events]
    return run(
        [
            replace(fact, terms=terms) if fact.terms or fact.kind is Kind.OPENED else fact
            for fact in facts
        ],
        registry.metrics(),
    )


def _clock(row: list[Any], terms: Terms) -> Clock:
    _pk, metric, cycle, priority, started, pauses, paused, stopped, target, set_at = row[:10]
    return Clock(
        metric=metric,
        cycle=cycle,
        started_at=started,
        pauses=spans(pauses),
        paused_at=paused,
        stopped_at=stopped,
        terms=terms,
        priority=priority,
        target=Target(due=target, set_at=set_at) if target and set_at else None,
    )
