"""Where a ticket's row and clock rows say something else than its events, replayed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django_sla.core.clock import Clock, Lifecycle
from django_sla.core.event import Kind
from django_sla.core.threshold import thresholds
from django_sla.exceptions import NeverOpened
from django_sla.flow.lock import Row
from django_sla.flow.observe import Observer
from django_sla.flow.refresh import Columns, Progress, columns, kept
from django_sla.flow.replies import Message, facts
from django_sla.flow.writing import columns_of, progressed
from django_sla.tables.clock import SLAClock
from django_sla.tables.columns import COLUMNS
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

CLOCK = "clock"
"""Stands for a whole clock row that is missing, or one too many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is stored otherwise than the events say."""

    what: str
    """A field of the ticket, ``"resolution 1 due_at"`` for one of a clock, ``"resolution 1"`` for
    a clock as a whole, or the key of a comment that no event tells of."""
    stored: Any
    replayed: Any
    """What it ought to be; of a status, a priority or a comment, which the events do not know
    yet, what they say so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What one ticket comes to, beside what is stored of it."""

    ticket: Any
    step: Progress
    stored: Columns
    result: Columns
    """The six columns as they ought to be."""
    clocks: list[SLAClock] = field(default_factory=list)
    """Rows that are missing or wrong, as they ought to be."""
    surplus: list[SLAClock] = field(default_factory=list)
    """Rows of clocks that never ran."""
    differences: tuple[Difference, ...] = ()

    @property
    def is_adopted(self) -> bool:
        """Whether the ticket had no events before."""
        return self.step.before is None

    @property
    def is_news(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.differences or self.step.news)

    @property
    def overwrites(self) -> bool:
        """Whether a column said something that it will not say any more."""
        return any(self.stored[name] not in (None, self.result[name]) for name in COLUMNS)

    @property
    def is_undated(self) -> bool:
        """Whether it is done, and nothing tells since when: it counts as resolved now."""
        known = self.stored["resolved_at"] or self.stored["closed_at"]
        return self.is_adopted and self.result["resolved_at"] is not None and known is None


def compare(
    observer: Observer,
    ticket: Any,
    recorded: list[SLAEvent],
    rows: Sequence[SLAClock],
    said: Sequence[Message],
) -> Replay:
    """A ticket beside what its events add up to, together with what went behind the back of the
    SLA: a status or priority in the row that no event tells of, and comments, ``said``.

    Raises:
        NeverOpened: neither an event nor the row says when the ticket was opened.
    """
    row = observer.row(ticket)
    if not recorded and row["created_at"] is None:
        raise NeverOpened()
    unknown, unheard = [], []
    if recorded:
        unknown = list(_unknown(observer.sla, row, recorded))
        unheard = facts(observer, said, {event.key for event in recorded})
    tell = partial(_unrecorded, observer, ticket, row, unknown, unheard)
    step = progressed(observer, ticket, row, recorded, tell, said)
    stored, result = columns_of(row), columns(step.after)
    if result["created_at"] is None:
        raise NeverOpened()
    right = {
        key: _row(observer, clock, ticket.pk, recorded) for key, clock in kept(step.after).items()
    }
    wrong = {(old.metric, old.cycle): old for old in rows}
    per_clock = {
        key: list(_of_clock(wrong.get(key), right.get(key))) for key in right.keys() | wrong.keys()
    }
    return Replay(
        ticket=ticket,
        step=step,
        stored=stored,
        result=result,
        clocks=[right[key] for key, found in per_clock.items() if found and key in right],
        surplus=[old for key, old in wrong.items() if key not in right],
        differences=(
            *unknown,
            *(Difference(what=reply.key, stored=reply.at, replayed=None) for reply in unheard),
            *_of_columns(stored, result),
            *(difference for key in sorted(per_clock) for difference in per_clock[key]),
        ),
    )


def _row(observer: Observer, clock: Clock, pk: Any, recorded: Iterable[SLAEvent]) -> SLAClock:
    """The row of a clock, to be looked at when it comes to the first threshold that no event
    tells of."""
    row: SLAClock = observer.sla.clock_model.of(clock, pk, observer.now)
    known = {event.key for event in recorded}
    owed = (one.at for one in thresholds(clock) if one.key(clock) not in known)
    row.next_at = next(owed, None)
    return row


def _unknown(sla: "SLA", row: Row, recorded: Iterable[SLAEvent]) -> Iterator[Difference]:
    """The status and the priority, where the row has others than the events tell of."""
    known = {"status": "", "priority": ""}
    for event in sorted(recorded, key=lambda event: (event.kind != Kind.OPENED, event.at)):
        old, new = event.data.get("from", ""), event.data.get("to", "")
        if event.kind == Kind.OPENED:
            known = {"status": new, "priority": event.data.get("value", "")}
        elif event.kind == Kind.STATUS_MOVED and (old or new):  # neither: an instant told later
            known["status"] = new
        elif event.kind == Kind.PRIORITY_CHANGED:
            known["priority"] = new
    for name, value in (("status", sla.status_of(row)), ("priority", sla.priority_of(row))):
        if known[name] != ("" if value is None else str(value)):
            field = sla.attname(getattr(sla, name))
            yield Difference(what=field, stored=value, replayed=known[name])


def _unrecorded(
    observer: Observer,
    ticket: Any,
    row: Row,
    unknown: Sequence[Difference],
    unheard: Sequence[SLAEvent],
    lifecycle: Lifecycle,
    first: SLAEvent,
) -> list[SLAEvent]:
    """The facts that no event tells of: a move is one of the instant that its timestamp says,
    where that comes after all that is known, else of now."""
    if not unknown:
        return list(unheard)
    before = row | {difference.what: difference.replayed for difference in unknown}
    latest = lifecycle.stated_at or lifecycle.opened_at
    given = {}
    if observer.sla.attname(observer.sla.status) in {difference.what for difference in unknown}:
        for name in ("resolved_at", "closed_at"):
            if row[name] is not None and latest is not None and row[name] > latest:
                given[name] = row[name]
    return [*observer.changes(ticket, before, row, given, lifecycle, first), *unheard]


def _of_columns(stored: Columns, result: Columns) -> Iterator[Difference]:
    for name in COLUMNS:
        if stored[name] != result[name]:
            yield Difference(what=name, stored=stored[name], replayed=result[name])


def _of_clock(stored: SLAClock | None, right: SLAClock | None) -> Iterator[Difference]:
    row = stored or right
    assert row is not None
    name = f"{row.metric} {row.cycle}"
    if stored is None or right is None:
        yield Difference(what=name, stored=stored and CLOCK, replayed=right and CLOCK)
        return
    for column in row._meta.concrete_fields:
        old, new = getattr(stored, column.attname), getattr(right, column.attname)
        if column.primary_key or column.name in row.lasting or old == new:
            continue
        if column.name == "next_at" and (new is None or (old is not None and old < new)):
            continue  # it is looked at too early, which does no harm
        if column.name == "pauses" and _instants(old) == _instants(new):
            continue
        yield Difference(what=f"{name} {column.attname}", stored=old, replayed=new)


def _instants(pauses: Any) -> Any:
    """Pauses, however their instants are spelled."""
    try:
        return [[datetime.fromisoformat(instant) for instant in pause] for pause in pauses]
    except (TypeError, ValueError):
        return pauses  # written by somebody else
