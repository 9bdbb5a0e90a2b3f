"""New terms given to open tickets: events appended; clocks, columns and changelog in step."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django_sla import registry
from django_sla.core.clock import Lifecycle
from django_sla.core.event import Event, Kind
from django_sla.flow.judging import COLUMN_OF, Move
from django_sla.flow.observe import Observer
from django_sla.flow.refresh import columns, load_batch, store
from django_sla.flow.writing import copy_history, progressed
from django_sla.tables import terms as terms_table
from django_sla.tables.among import Among
from django_sla.tables.columns import TARGETS
from django_sla.tables.event import SLAEvent
from django_sla.tables.insert import insert_from
from django_sla.tables.recalculation import Recalculation
from django_sla.tables.update import update_many


def change(run: Recalculation, moves: Sequence[Move], observer: Observer) -> None:
    """Append the events, and bring clocks, columns and the changelog in step."""
    if not moves:
        return
    sla, using = observer.sla, observer.using
    pks = [move.pk for move in moves]
    for terms in {move.new.fingerprint: move.new for move in moves}.values():
        terms_table.pin(terms, using)
    events = sla.event_model._base_manager.using(using)
    later = events.filter(ticket_id__gte=pks[0], ticket_id__lte=pks[-1], at__gt=observer.now)
    # Of a writer whose clock is ahead of ours: what it said would come after what we say.
    ahead = set(later.values_list("ticket_id", flat=True))
    folded = [move for move in moves if move.pk in ahead or _promises_differ(move)]
    _folded(run, folded, observer)
    if folded:
        done = {move.pk for move in folded}
        moves = [move for move in moves if move.pk not in done]
    _retermed(run, moves, observer)
    copy_history(pks, observer, run.reason)


def _promises_differ(move: Move) -> bool:
    """Whether clocks may come or go, because the terms promise other metrics."""
    promised = move.old.metrics if move.old else frozenset[str]()
    if promised == move.new.metrics:
        return False
    always = {metric.name for metric in registry.metrics() if metric.always}
    return bool((promised ^ move.new.metrics) - always)


def _retermed(run: Recalculation, moves: Sequence[Move], observer: Observer) -> None:
    """The change where new terms change nothing of the open clocks but their terms."""
    sla, using = observer.sla, observer.using
    kinds: dict[tuple[Any, ...], list[Move]] = defaultdict(list)
    for move in moves:
        old = move.old.fingerprint if move.old else None
        kinds[old, move.new.fingerprint, move.was, move.priority].append(move)
    for alike in kinds.values():
        event = _event(run, alike[0], observer, observer.now)
        constants = {
            field.attname: getattr(event, field.attname)
            for field in sla.event_model._meta.concrete_fields
            if not field.primary_key and field.name != "ticket"
        }
        tickets = sla.rows(using).filter(Among("pk", [move.pk for move in alike]))
        insert_from(sla.event_model, tickets, {"ticket_id": "pk"}, constants, using)
    clocks: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    targets: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for move in moves:
        columns = {}
        for shift in move.shifts:
            kind = (move.new.fingerprint, move.priority, shift.outcome)
            clocks[kind].append((shift.row, shift.after, shift.warn_at, shift.next_at))
            column = COLUMN_OF.get(shift.metric)
            if column:
                columns[column] = shift.column
        targets[tuple(columns)].append((move.pk, *columns.values()))
    for kind, rows in clocks.items():
        same = dict(zip(("terms", "priority", "outcome"), kind, strict=True))
        update_many(sla.clock_model, ("due_at", "warn_at", "next_at"), rows, using, same)
    for together, rows in targets.items():
        update_many(sla.model, together, rows, using)


def _folded(run: Recalculation, moves: Sequence[Move], observer: Observer) -> None:
    """The change by folding the events again."""
    if not moves:
        return
    sla, using = observer.sla, observer.using
    pks = [move.pk for move in moves]
    tickets = {ticket.pk: ticket for ticket in sla.rows(using).filter(pk__in=pks)}
    recorded = load_batch(sla, pks, using)
    progress = {}
    for move in moves:

        def tell(lifecycle: Lifecycle, first: SLAEvent, move: Move = move) -> list[SLAEvent]:
            at = max(observer.now, lifecycle.stated_at or observer.now)
            return [_event(run, move, observer, at)]

        ticket = tickets[move.pk]
        row = sla.row(ticket, frozenset())
        progress[move.pk] = progressed(observer, ticket, row, recorded[move.pk], tell)
    store(sla, progress, using)
    results = [(pk, columns(step.after)) for pk, step in progress.items()]
    targets = [(pk, *(result[name] for name in TARGETS)) for pk, result in results]
    update_many(sla.model, tuple(TARGETS), targets, using)


def _event(run: Recalculation, move: Move, observer: Observer, at: datetime) -> SLAEvent:
    said = {"from": move.old.name if move.old else "", "to": move.new.name}
    event: SLAEvent = observer.sla.event_model.of(
        Event(
            kind=Kind.TERMS_CHANGED,
            at=at,
            terms=move.new,
            priority=None if move.priority == move.was else move.priority,
        ),
        recorded_at=observer.now,
        actor_id=observer.actor_id,
        key=run.event_key,
        **said,
        **({"reason": run.reason} if run.reason else {}),
    )
    return event
