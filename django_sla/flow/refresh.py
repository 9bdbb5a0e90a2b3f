"""Events to clocks to ticket columns, for one ticket or a batch of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from django_sla import registry
from django_sla.core.clock import Clock, Lifecycle, advance, run
from django_sla.core.event import Kind, in_order
from django_sla.core.verdict import due
from django_sla.flow.notices import met
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import IDENTITY
from django_sla.tables.columns import TARGETS
from django_sla.tables.event import SLAEvent
from django_sla.tables.insert import insert, insert_both
from django_sla.tables.statement import Statement, any_value

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Columns = dict[str, datetime | None]
"""The six columns of a ticket that events decide, by field name."""


def load(sla: "SLA", pk: Any, using: str) -> list[SLAEvent]:
    """The recorded events of a ticket, in the order of recording."""
    names = [field.attname for field in sla.event_model._meta.concrete_fields]
    from_db = sla.event_model.from_db
    return [from_db(using, names, row) for row in _events_of_one(sla, using, _is_stale(using))(pk)]


def load_batch(
    sla: "SLA", pks: Collection[Any], using: str, *, lock: bool = True
) -> dict[Any, list[SLAEvent]]:
    """The same for many tickets, in one query. Without ``lock`` for those whose tickets the caller
    has not locked either."""
    found: dict[Any, list[SLAEvent]] = defaultdict(list)
    for row in latest(sla.event_model, using, lock).filter(ticket_id__in=pks).order_by("id"):
        found[row.ticket_id].append(row)
    return found


def latest(model: type[Model], using: str, lock: bool = True) -> QuerySet[Any]:
    """Companion rows as they are now, not as they were when the transaction began."""
    rows = model._base_manager.using(using).all()
    return rows.select_for_update() if lock and _is_stale(using) else rows


def _is_stale(using: str) -> bool:
    """Whether a plain read may be out of date: on MariaDB under REPEATABLE READ, where the lock of
    the ticket is given for what is, and a locking read tells the same. PostgreSQL refuses such a
    transaction by itself. Elsewhere nothing is locked: where a table is small, MariaDB would look
    at all of it, and wait for tickets that have nothing to do with this one."""
    connection = connections[using]
    features = connection.features
    locks = features.has_select_for_update and not features.has_select_for_no_key_update
    # As Django sets it up unless it is told otherwise; known once there is a connection.
    return bool(locks and getattr(connection, "isolation_level", "") != "read committed")


@cache
def _events_of_one(sla: "SLA", using: str, is_stale: bool) -> Statement:
    model = sla.event_model
    key = model._meta.get_field("ticket")
    names = [field.attname for field in model._meta.concrete_fields]
    rows = latest(model, using, is_stale).filter(ticket=any_value(key)).order_by("id")
    return Statement(rows.values_list(*names), key, using)


def fold(rows: Iterable[SLAEvent], using: str) -> Lifecycle:
    """The lifecycle that events add up to."""
    rows = list(rows)
    terms = terms_table.read((row.terms_id for row in rows), using)
    return run([row.value(terms) for row in rows], registry.metrics())


def go_on(
    before: Lifecycle, known: Iterable[SLAEvent], news: list[SLAEvent], using: str
) -> Lifecycle:
    """The lifecycle with the news: one step further where they are the latest, and all over
    again where something came late."""
    known = list(known)
    latest = max(row.at for row in known)
    if any(row.at < latest or row.kind == Kind.OPENED for row in news):
        return fold([*known, *news], using)
    terms = terms_table.read((row.terms_id for row in news), using)
    return reduce(advance, in_order(row.value(terms) for row in news), before)


def columns(lifecycle: Lifecycle) -> Columns:
    """What the ticket's columns say after these events."""
    found: Columns = {
        "created_at": lifecycle.opened_at,
        "first_responded_at": lifecycle.first_responded_at,
        "resolved_at": lifecycle.resolved_at,
        "closed_at": lifecycle.closed_at,
    }
    for column, metric in TARGETS.items():
        clock = lifecycle.clock(metric)
        found[column] = due(clock, column=True) if clock else None
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What one ticket has come to."""

    news: list[SLAEvent]
    """Facts to be appended."""
    before: Lifecycle | None
    """What the recorded facts add up to; None where there are none yet."""
    after: Lifecycle
    """What they add up to with the news."""


def store(sla: "SLA", progress: Mapping[Any, Progress], using: str) -> None:
    """Append the news and bring the clock rows in step, in a number of queries that does not
    grow with the number of tickets. The caller holds the locks of the tickets."""
    events, clocks, undone = [], [], []
    now = timezone.now()  # also where the past is played: it passed before anybody watched
    for pk, step in progress.items():
        for event in step.news:
            event.ticket_id = pk
            events.append(event)
        old = kept(step.before) if step.before else {}
        new = kept(step.after)
        clocks += [sla.clock_model.of(c, pk, now) for key, c in new.items() if old.get(key) != c]
        undone += [Q(ticket=pk, metric=m, cycle=c) for m, c in old.keys() - new.keys()]
    are_new = all(step.before is None for step in progress.values())
    unless_there = () if are_new else IDENTITY
    if len(progress) == 1:
        insert_both(events, clocks, using, unless_there)
    else:
        insert(events, using)
        insert(clocks, using, unless_there)
    met(sla, clocks, using)
    if undone:  # by an event that came late
        rows = sla.clock_model._base_manager.using(using)
        rows.filter(reduce(or_, undone)).delete()


def kept(lifecycle: Lifecycle) -> dict[tuple[str, int], Clock]:
    """The clocks that get a row: those promised something, and those that reports need."""
    always = {metric.name for metric in lifecycle.metrics if metric.always}
    return {
        (clock.metric, clock.cycle): clock
        for clock in lifecycle.clocks
        if clock.metric in always
        or clock.target is not None
        or (clock.terms is not None and clock.metric in clock.terms.metrics)
    }
