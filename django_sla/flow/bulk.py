"""Many tickets at once, in a number of queries that does not grow with the tickets of a batch."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from django_sla.flow.lock import Row, lock_batch
from django_sla.flow.observe import Observer, check
from django_sla.flow.refresh import Columns, Progress, columns, load_batch, store
from django_sla.flow.replies import messages
from django_sla.flow.writing import (
    assign,
    assigned,
    columns_of,
    is_stamped,
    observer_of,
    opened,
    progressed,
    write_history,
)
from django_sla.tables.columns import COLUMNS
from django_sla.tables.update import update_many

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

BATCH = 1000
"""Tickets an update handles at a time: bounds its memory, whatever the number of tickets."""


def bulk_create(
    sla: "SLA", tickets: list[Any], write: Callable[[list[Any]], list[Any]], using: str
) -> list[Any]:
    """Insert many tickets with their events, clocks and changelog rows."""
    observer = observer_of(sla, using)
    given = [assigned(sla, ticket) for ticket in tickets]

    def open_all() -> list[Progress]:
        pairs = zip(tickets, given, strict=True)
        return [opened(ticket, observer, columns_given) for ticket, columns_given in pairs]

    progress = open_all()
    with transaction.atomic(using=using, savepoint=False):
        created = write(tickets)
        if is_stamped(sla):
            progress = open_all()
            _write_columns(sla, tickets, using)
        pks = [ticket.pk for ticket in tickets]
        store(sla, dict(zip(pks, progress, strict=True)), using)
        write_history(tickets, observer, update=False)
    for ticket in tickets:
        ticket._sla_loaded = {name: getattr(ticket, name) for name in COLUMNS}
    return created


def update(
    sla: "SLA", queryset: QuerySet[Any], names: set[str], write: Callable[[QuerySet[Any]], int]
) -> int:
    """Update the fields ``names`` of many rows, and record what that changed, in a constant
    number of queries a batch."""
    using = queryset.db
    observer = observer_of(sla, using)
    if not names & set(sla.watched(observer.policies.fields)):
        return write(queryset)
    updated = 0
    with transaction.atomic(using=using):
        pks = list(queryset.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(pks), BATCH):
            batch = pks[start : start + BATCH]
            before = {ticket.pk: observer.row(ticket) for ticket in lock_batch(sla, batch, using)}
            updated += write(queryset.filter(pk__in=batch))
            observe_rows(observer, before)
    return updated


def observe(sla: "SLA", pk: Any, before: Row, using: str) -> None:
    """Record what has changed in one ticket's row since ``before`` was read."""
    with transaction.atomic(using=using):
        observe_rows(observer_of(sla, using), {pk: before})


def observe_rows(observer: Observer, before: dict[Any, Row]) -> dict[Any, Columns]:
    """Record what has changed in these rows; the columns of each afterwards.

    A field that nobody has read before is as it was: whoever wrote cannot have reached it.
    """
    sla, using = observer.sla, observer.using
    results, changed = {}, []
    for ticket in lock_batch(sla, list(before), using):
        old = sla.row(ticket, frozenset()) | before[ticket.pk]
        results[ticket.pk] = columns_of(old)
        if (after := _reading(ticket, old)) != old:
            changed.append((ticket, old, after))
    if not changed:
        return results
    tickets = [ticket for ticket, _, _ in changed]
    observer.look_around(tickets)
    recorded = load_batch(sla, [ticket.pk for ticket in tickets], using)
    said = messages(sla, [ticket for ticket in tickets if not recorded[ticket.pk]], using)
    progress, stale = {}, []
    for ticket, old, new in changed:
        given = {name: new[name] for name in COLUMNS if new[name] != old[name]}
        step = progressed(
            observer,
            ticket,
            old,
            recorded[ticket.pk],
            partial(observer.changes, ticket, old, new, given),
            said[ticket.pk],
        )
        results[ticket.pk] = result = columns(step.after)
        check(given, result, step.after)
        progress[ticket.pk] = step
        if assign(ticket, result):
            stale.append(ticket)
    store(sla, progress, using)
    if stale:
        _write_columns(sla, stale, using)
    write_history(tickets, observer, update=True)
    return results


def _write_columns(sla: "SLA", tickets: Iterable[Any], using: str) -> None:
    rows = [(ticket.pk, *(getattr(ticket, name) for name in COLUMNS)) for ticket in tickets]
    update_many(sla.model, COLUMNS, rows, using)


def _reading(ticket: Any, before: Row) -> Row:
    """What a ticket says now of the fields that were read before."""
    return {name: getattr(ticket, name) for name in before}
