"""Open tickets judged anew under the policies in force: what would change, and the change.

Whether a ticket gets other terms, and what becomes of its open clocks, is read off its row and its
clock rows, without folding its events again: new terms change nothing of an open clock but its
terms. Where that does not hold, the events are folded.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django_sla import registry
from django_sla.core.clock import Clock, Target
from django_sla.core.condition import MISSING, Facts
from django_sla.core.policy import Terms, choose
from django_sla.core.span import Span
from django_sla.core.verdict import due
from django_sla.flow.observe import FactsOf
from django_sla.introspect import can_be_asked, path_exists
from django_sla.tables import terms as terms_table
from django_sla.tables.asked import MODEL
from django_sla.tables.columns import TARGETS
from django_sla.tables.effective import Policies

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

COLUMNS = tuple(TARGETS)

_CLOCK = (
    "ticket_id", "id", "metric", "terms_id", "priority", "started_at", "pauses", "paused_at",
    "target_due", "target_set_at", "due_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """An open clock under its present terms and under new ones."""

    row: int
    """The primary key of the clock's row."""
    old: Clock
    new: Clock
    before: datetime | None
    """When it is due under its present terms; None while it is paused, and without a goal."""
    after: datetime | None

    @property
    def moved(self) -> timedelta:
        """How much later it would be due."""
        if self.before is None or self.after is None:
            return timedelta(0)
        return self.after - self.before


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """An open ticket that would get other terms."""

    pk: Any
    terms: Terms
    """The new ones."""
    shifts: tuple[Shift, ...]
    targets: tuple[datetime | None, ...]
    """The new values of the target columns, in the order of ``COLUMNS``."""
    retarget: bool
    """Whether these differ from the present ones."""

    @property
    def old(self) -> Clock:
        return self.shifts[0].old

    @property
    def needs_events(self) -> bool:
        """Whether clocks may come or go, because the terms promise other metrics."""
        old = self.old.terms
        always = {metric.name for metric in registry.metrics() if metric.always}
        return bool(((old.metrics if old else frozenset()) ^ self.terms.metrics) - always)

    def was_late(self, now: datetime) -> bool:
        return any(shift.before is not None and shift.before < now for shift in self.shifts)

    def will_be_late(self, now: datetime) -> bool:
        return any(shift.after is not None and shift.after < now for shift in self.shifts)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges open tickets of one model under the policies in force."""

    sla: "SLA"
    policies: Policies
    now: datetime
    using: str
    only: frozenset[str] = frozenset()
    """Policies, by name: tickets that leave one of them or come to one. None: all."""
    _chosen: dict[tuple[Any, ...], Terms | None] = field(default_factory=dict)
    """Tickets with the same facts get the same terms, and there are few kinds of tickets."""

    def moves(self, pks: Sequence[Any]) -> list[Move]:
        """What would change of these tickets; three queries."""
        rows = self._clocks(pks)
        terms = terms_table.read({row[3] for some in rows.values() for row in some}, self.using)
        found = []
        for pk, priority, targets, chosen in self._choices([pk for pk in pks if pk in rows]):
            old = rows[pk][0]
            if chosen is None or (chosen.fingerprint == old[3] and priority == old[4]):
                continue
            old_terms = terms.get(old[3])
            names = {chosen.name, old_terms.name if old_terms else ""}
            if self.only and not names & self.only:
                continue
            found.append(_move(pk, rows[pk], old_terms, chosen, priority, targets))
        return found

    def _clocks(self, pks: Sequence[Any]) -> dict[Any, list[Any]]:
        """The open clocks of each ticket."""
        clocks = self.sla.clock_model._base_manager.using(self.using)
        found: dict[Any, list[Any]] = {}
        for row in clocks.filter(ticket_id__in=pks, stopped_at=None).values_list(*_CLOCK):
            found.setdefault(row[0], []).append(row)
        return found

    def _choices(
        self, pks: Sequence[Any]
    ) -> Iterator[tuple[Any, str, tuple[datetime | None, ...], Terms | None]]:
        """For each ticket: its key, priority, targets, and the terms it would get."""
        sla = self.sla
        asked = sorted(path for path in self.policies.fields if can_be_asked(sla.model, path))
        columns = [path for path in asked if path_exists(sla.model, path)]
        own = sla.priority is not None and path_exists(sla.model, sla.priority)
        priority = [sla.attname(sla.priority)] if own else []
        tickets = sla.rows(self.using).filter(pk__in=pks).order_by("pk")
        if len(columns) < len(asked):  # a property, which only an instance has
            for ticket in tickets:
                value = getattr(ticket, priority[0]) if own else None
                targets = tuple(getattr(ticket, name) for name in COLUMNS)
                terms = self._choose(FactsOf(ticket))
                yield ticket.pk, sla.priority_name(value), targets, terms
            return
        for pk, response, resolution, *rest in tickets.values_list(
            "pk", *COLUMNS, *priority, *columns
        ):
            value = rest.pop(0) if own else None
            terms = self._choose_by(columns, tuple(rest))
            yield pk, sla.priority_name(value), (response, resolution), terms

    def _choose_by(self, columns: Sequence[str], values: tuple[Any, ...]) -> Terms | None:
        try:
            return self._chosen[values]
        except (KeyError, TypeError):  # the latter: one that cannot be hashed
            facts = defaultdict(lambda: MISSING, zip(columns, values, strict=True))
            facts[MODEL] = self.sla.model._meta.label
            terms = self._choose(facts)
            with suppress(TypeError):
                self._chosen[values] = terms
            return terms

    def _choose(self, facts: Facts) -> Terms | None:
        policy = choose(self.policies.all, facts, self.now)
        return policy.terms if policy else None


def _move(
    pk: Any,
    rows: Sequence[Any],
    old_terms: Terms | None,
    terms: Terms,
    priority: str,
    targets: tuple[datetime | None, ...],
) -> Move:
    shifts = []
    columns = dict(zip(COLUMNS, targets, strict=True))
    for _pk, row, metric, _terms, was, started, pauses, paused, target, set_at, due_at in rows:
        old = Clock(
            metric=metric,
            started_at=started,
            pauses=tuple(
                Span(datetime.fromisoformat(begin), datetime.fromisoformat(end))
                for begin, end in pauses
            ),
            paused_at=paused,
            terms=old_terms,
            priority=was,
            target=Target(due=target, set_at=set_at) if target and set_at else None,
        )
        new = replace(old, terms=terms, priority=priority)
        shifts.append(Shift(row=row, old=old, new=new, before=due_at, after=due(new)))
        column = _COLUMN_OF.get(metric)
        if column:
            columns[column] = due(new, column=True)
    found = tuple(columns.values())
    return Move(pk=pk, terms=terms, shifts=tuple(shifts), targets=found, retarget=found != targets)


_COLUMN_OF = {metric: column for column, metric in TARGETS.items()}
