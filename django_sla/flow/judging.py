"""Open tickets judged anew under the policies in force: what would change, and the change.

Whether a ticket gets other terms, and what becomes of its open clocks, is read off its row and its
clock rows, without folding its events again: new terms change nothing of an open clock but its
terms. Where that does not hold, the events are folded.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from django_sla.core.clock import Clock, Target
from django_sla.core.condition import MISSING, Facts
from django_sla.core.policy import Terms, choose
from django_sla.core.span import Span
from django_sla.core.threshold import first_at
from django_sla.core.verdict import State, deadlines, due, unpaused_deadlines
from django_sla.flow.observe import FactsOf
from django_sla.introspect import can_be_asked, path_exists
from django_sla.tables import terms as terms_table
from django_sla.tables.among import Among
from django_sla.tables.asked import MODEL
from django_sla.tables.clock import outcome
from django_sla.tables.columns import TARGETS
from django_sla.tables.effective import Policies
from django_sla.tables.reading import rows as rows_of

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

COLUMN_OF = {metric: column for column, metric in TARGETS.items()}

_CLOCK = (
    "ticket_id", "id", "metric", "terms_id", "priority", "started_at", "pauses", "paused_at",
    "target_due", "target_set_at", "due_at", "stopped_at",
)  # fmt: skip
STOPPED_AT = _CLOCK.index("stopped_at")


class Shift(NamedTuple):
    """An open clock under its present terms and under new ones."""

    row: int
    """The primary key of the clock's row."""
    metric: str
    before: datetime | None
    """When it is due under its present terms; None while it is paused, and without a goal."""
    after: datetime | None
    """When it is due under the new ones."""
    warn_at: datetime | None
    """From when on it is at risk under the new ones."""
    column: datetime | None
    """What the ticket's target column shows under the new ones."""
    next_at: datetime | None
    """When a sweep has to look at it."""
    outcome: str

    @property
    def moved(self) -> timedelta:
        """How much later it would be due."""
        if self.before is None or self.after is None:
            return timedelta(0)
        return self.after - self.before


class Move(NamedTuple):
    """An open ticket that would get other terms."""

    pk: Any
    old: Terms | None
    new: Terms
    was: str
    """The priority that its clocks are judged by."""
    priority: str
    """The one that they will be."""
    shifts: list[Shift]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges open tickets of one model under the policies in force."""

    sla: "SLA"
    policies: Policies
    now: datetime
    using: str
    only: frozenset[str] = frozenset()
    """Policies, by name: tickets that leave one of them or come to one. None: all."""
    _pinned: dict[str | None, Terms | None] = field(default_factory=lambda: {None: None})
    """Terms by fingerprint, as far as they have been met."""
    _chosen: dict[tuple[Any, ...], Terms] = field(default_factory=dict)
    """Tickets with the same facts get the same terms, and there are few kinds of tickets."""

    def moves(self, pks: Sequence[Any]) -> list[Move]:
        """What would change of the open ones among these tickets; two queries."""
        # Not asked for those that run: it would make databases without statistics go through all
        # clocks that run, for each batch anew. Nor joined with the tickets, for the same reason.
        clocks = self.sla.clock_model._base_manager.using(self.using)
        clocks = clocks.filter(Among("ticket", pks)).order_by("ticket_id", "id")
        rows = rows_of(clocks.values_list(*_CLOCK), self.using)
        choices = self.choices(pks)
        found = []
        running = (row for row in rows if row[STOPPED_AT] is None)
        for pk, of_ticket in groupby(running, key=itemgetter(0)):
            move = self._move(pk, list(of_ticket), *choices[pk])
            if move is not None:
                found.append(move)
        return found

    def choices(self, pks: Sequence[Any]) -> dict[Any, tuple[Terms, str]]:
        """The terms that each ticket would get as it stands, and its priority; one query."""
        sla, (names, more) = self.sla, self._names()
        tickets = sla.rows(self.using).filter(Among("pk", pks))
        own = sla.priority is not None and path_exists(sla.model, sla.priority)
        priority = sla.attname(sla.priority) if own else None
        if more:
            return {
                ticket.pk: (
                    self._choose(FactsOf(ticket)),
                    sla.priority_name(getattr(ticket, priority) if priority else None),
                )
                for ticket in tickets
            }
        asked = tickets.values_list("pk", *([priority] if priority else []), *names)
        found = {}
        for pk, *said in rows_of(asked, self.using):
            value = said.pop(0) if priority else None
            found[pk] = (self._choose_by(names, said), sla.priority_name(value))
        return found

    def _move(self, pk: Any, rows: list[list[Any]], new: Terms, priority: str) -> Move | None:
        fingerprint, was = rows[0][3], rows[0][4]
        if fingerprint == new.fingerprint and was == priority:
            return None
        if fingerprint not in self._pinned:
            self._pinned.update(terms_table.read([fingerprint], self.using))
        old = self._pinned[fingerprint]
        if self.only and new.name not in self.only and (old is None or old.name not in self.only):
            return None
        return Move(pk, old, new, was, priority, [_shift(row, new, priority) for row in rows])

    def _names(self) -> tuple[list[str], bool]:
        """The columns that policies ask for, and whether they ask for more than columns."""
        model = self.sla.model
        asked = sorted(path for path in self.policies.fields if can_be_asked(model, path))
        columns = [path for path in asked if path_exists(model, path)]
        return columns, len(columns) < len(asked)

    def _choose_by(self, names: list[str], values: list[Any]) -> Terms:
        key = tuple(values)
        try:
            return self._chosen[key]
        except (KeyError, TypeError):  # the latter: one that cannot be hashed
            facts = defaultdict(lambda: MISSING, zip(names, values, strict=True))
            facts[MODEL] = self.sla.model._meta.label
            terms = self._choose(facts)
            with suppress(TypeError):
                self._chosen[key] = terms
            return terms

    def _choose(self, facts: Facts) -> Terms:
        policy = choose(self.policies.all, facts, self.now)
        assert policy is not None, "the built-in one is for every ticket"
        return policy.terms


def _shift(row: list[Any], terms: Terms, priority: str) -> Shift:
    _pk, key, metric, _terms, _was, started, pauses, paused, target, set_at, before = row[:11]
    plain = not pauses and paused is None and target is None
    if plain and not terms.escalations_of(metric):
        after, warn_at = unpaused_deadlines(terms, metric, priority, started)
        said = "" if after else State.NONE.value
        return Shift(key, metric, before, after, warn_at, after, warn_at or after, said)
    clock = Clock(
        metric=metric,
        started_at=started,
        pauses=spans(pauses),
        paused_at=paused,
        terms=terms,
        priority=priority,
        target=Target(due=target, set_at=set_at) if target and set_at else None,
    )
    after, warn_at = deadlines(clock)
    next_at = first_at(clock, after, warn_at)
    column = due(clock, column=True)
    return Shift(key, metric, before, after, warn_at, column, next_at, outcome(clock))


def spans(pauses: list[list[str]]) -> tuple[Span, ...]:
    """Pauses as a clock's row has them."""
    return tuple(
        Span(datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in pauses
    )
