"""The sweep: thresholds that have come due are recorded, once, with the notices they lead to.

Each open clock has an instant at which it has to be looked at, ``next_at``, which is indexed. So a
sweep costs what is due, not what there is. A threshold is an event under a key of its own: whoever
comes second, after a crash or beside another sweep, finds it there.
"""

import logging
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, OperationalError, connections, router, transaction
from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from django_sla import registry
from django_sla.core.clock import Clock
from django_sla.core.event import Event, Kind
from django_sla.core.policy import Terms
from django_sla.core.threshold import Threshold, thresholds
from django_sla.flow.lock import lock
from django_sla.flow.notices import Telling, is_overtaken, is_quiet
from django_sla.flow.refresh import latest
from django_sla.flow.retry import patiently
from django_sla.flow.schedules import put_due
from django_sla.moment import now as read_now
from django_sla.tables import terms as terms_table
from django_sla.tables.among import Among
from django_sla.tables.clock import SLAClock
from django_sla.tables.delivery import Notice
from django_sla.tables.event import SLAEvent
from django_sla.tables.insert import insert
from django_sla.tables.sweep import Beginning, Sweep
from django_sla.tables.update import update_many

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

logger = logging.getLogger(__name__)

BATCH = 200
"""Clocks in one transaction: how long their tickets are locked, and what one crash undoes."""

ABREAST = 8
"""Sweeps that find something to do side by side."""

AGAIN = timedelta(minutes=10)
"""After which a ticket that could not be looked at is looked at again."""

KEPT = timedelta(days=14)
"""How long the rows of sweeps are kept."""
IDLE_KEPT = timedelta(days=1)
"""How long those that found nothing to do, of which a loop makes thousands a day."""

Watch = Callable[[Sweep], bool]
"""Called after each batch with what the sweep has done; True ends it there."""


@dataclass(kw_only=True, slots=True)
class Batch:
    """What came of some due clocks."""

    clocks: int = 0
    events: list[SLAEvent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    breaches: int = 0
    failed: dict[Any, str] = field(default_factory=dict)
    """Why, by the ticket's primary key."""

    def add(self, other: "Batch") -> None:
        self.clocks += other.clocks
        self.events += other.events
        self.notices += other.notices
        self.breaches += other.breaches
        self.failed |= other.failed


@dataclass(kw_only=True, slots=True)
class Look:
    """A look at one clock."""

    row: SLAClock
    clock: Any = None
    """None where the row cannot be read."""
    passed: list[Threshold] = field(default_factory=list)
    """The thresholds that it is past, recorded or not."""
    next_at: datetime | None
    problem: str = ""
    """Why nothing of it could be recorded."""


def databases() -> list[str]:
    """The aliases of the databases that have tickets."""
    return sorted({router.db_for_write(model) for model in registry.tickets})


def sweep(*, using: str, watch: Watch = lambda run: False) -> Sweep:
    """Record every threshold that has come due by now, the oldest first.

    Any number of sweeps may run side by side. A ticket that cannot be looked at stops nothing: it
    is counted as ``failed``, its ``problem`` told, and looked at again in ten minutes.

    Raises:
        OperationalError: the database is away, or ended every try.
    """
    now = read_now()
    slas = [sla for model, sla in registry.tickets.items() if router.db_for_write(model) == using]
    patiently(partial(_begin, slas, using, now), using)
    run = Sweep(started_at=now, host=socket.gethostname()[:100])
    run.notices = put_due(using, now)
    run.due, oldest = _due(slas, using, now)
    if oldest is not None:
        run.lag = (now - oldest).total_seconds()
        run.save(using=using)
        for sla in slas:
            if _sweep_model(sla, run, using, watch):
                break
    run.finished_at = timezone.now()
    run.save(using=using)
    if run.pk % 100 == 0:
        _prune(using, now)
    return run


def _begin(slas: "Iterable[SLA]", using: str, now: datetime) -> None:
    """The first sweep of all finds what nobody watched: it is recorded, and not announced."""
    beginnings = Beginning._base_manager.using(using)
    if beginnings.exists():
        return
    with transaction.atomic(using=using):
        _row, is_first = beginnings.get_or_create(pk=1, defaults={"since": now})
        for sla in slas if is_first else ():
            unwatched = Q(next_at__lt=now) | Q(next_at=None, due_at__isnull=False)
            sla.open_clocks(using).filter(unwatched).update(
                watched_from=now, next_at=Coalesce("next_at", "started_at")
            )


def _due(slas: "Iterable[SLA]", using: str, now: datetime) -> tuple[int, datetime | None]:
    """How many clocks have come due, and when the first of them did."""
    total, first = 0, []
    for sla in slas:
        found = _due_clocks(sla, using, now).aggregate(n=Count("pk"), oldest=Min("next_at"))
        total += found["n"]
        first += [found["oldest"]] if found["oldest"] else []
    return total, min(first, default=None)


def _due_clocks(sla: "SLA", using: str, now: datetime) -> QuerySet[Any]:
    clocks: QuerySet[Any] = sla.clock_model._base_manager.using(using)
    return clocks.filter(next_at__lt=now)


def _sweep_model(sla: "SLA", run: Sweep, using: str, watch: Watch) -> bool:
    """Whether it was asked to end."""
    saved = monotonic()
    while True:
        try:
            batch = patiently(partial(record_batch, sla, run, using), using)
        except OperationalError:
            raise
        except DatabaseError:
            # Something of one of them is more than the database takes: one by one, then.
            batch = _one_by_one(sla, run, using)
        _add(run, batch)
        if monotonic() - saved > 1:
            run.save(using=using)
            saved = monotonic()
        if watch(run):
            return True
        if not batch.clocks:
            return False  # what there still is has somebody who is writing to it


def _add(run: Sweep, batch: Batch) -> None:
    run.recorded += len(batch.events)
    run.breaches += batch.breaches
    run.notices += len(batch.notices)
    run.failed += len(batch.failed)
    for pk, problem in batch.failed.items():
        logger.error("Ticket %s could not be swept: %s", pk, problem)
        run.problem = run.problem or f"{pk}: {problem}"


def _one_by_one(sla: "SLA", run: Sweep, using: str) -> Batch:
    total = Batch()
    for pk in _candidates(_due_clocks(sla, using, run.started_at))[:BATCH]:
        try:
            one = patiently(partial(record_batch, sla, run, using, [pk]), using)
        except OperationalError:
            raise
        except DatabaseError as error:
            one = Batch(clocks=1, failed={pk: _said(error)})
            clocks = _due_clocks(sla, using, run.started_at).filter(ticket=pk)
            clocks.update(next_at=run.started_at + AGAIN)
        total.add(one)
    return total


# One batch


def record_batch(sla: "SLA", run: Sweep, using: str, only: Collection[Any] = ()) -> Batch:
    """Record what has come due of some clocks, or of those of the tickets ``only``, in one
    transaction. Tickets that somebody else is writing to are left for later."""
    with transaction.atomic(using=using):
        due = _due_clocks(sla, using, run.started_at)
        if only:
            due = due.filter(ticket__in=only)
        rows, tickets = _taken(sla, due, run.started_at, using)
        batch = Batch(clocks=len(rows))
        if not rows:
            return batch
        terms = terms_table.read((row.terms_id for row in rows), using)
        looks = [_look(row, terms, run) for row in rows]
        known = _known(sla, looks, using)
        telling = Telling(sla, tickets.values(), looks, run.started_at)
        for look in looks:
            _record(look, tickets[look.row.ticket_id], sla, known, telling, run, batch)
        insert(batch.events, using)
        insert(batch.notices, using)
        moves = [(look.row.pk, look.next_at) for look in looks]
        update_many(sla.clock_model, ("next_at",), moves, using)
    return batch


def _taken(
    sla: "SLA", due: QuerySet[Any], now: datetime, using: str
) -> tuple[list[SLAClock], dict[Any, Any]]:
    """Due clocks, with their tickets, which are locked.

    The first of a window are taken that nobody else has: other sweeps begin with the same window.
    As everywhere, the ticket is locked first and its clocks are read after it.
    """
    skips = connections[using].features.has_select_for_update_skip_locked
    if not skips:
        _take_turns(using)
    found = lock(sla, using, skip_locked=skips).filter(Among("pk", _candidates(due)))
    tickets = {ticket.pk: ticket for ticket in found.order_by("pk")[:BATCH]}
    # Again, for whoever had the ticket before us may have changed its clocks.
    rows = latest(sla.clock_model, using).filter(Among("ticket", list(tickets)), next_at__lt=now)
    return list(rows.order_by("next_at")), tickets


def _candidates(due: QuerySet[Any]) -> list[Any]:
    """The tickets of the clocks that are due, the oldest first."""
    some = due.order_by("next_at").values_list("ticket", flat=True)[: BATCH * ABREAST]
    return list(dict.fromkeys(some))


def _take_turns(using: str) -> None:
    """Where rows cannot be skipped that somebody else has locked, one sweep works at a time: this
    waits until it is our turn, and what is read after it is what is."""
    Beginning._base_manager.using(using).filter(pk=1).update(since=F("since"))


def _look(row: SLAClock, terms: Mapping[str, Terms], run: Sweep) -> Look:
    """What has passed of a clock, and when it has to be looked at next."""
    try:
        clock = row.value(terms)
        every = thresholds(clock)
    except Exception as error:  # somebody has written to the row
        return Look(row=row, next_at=run.started_at + AGAIN, problem=_said(error))
    coming = (threshold.at for threshold in every if threshold.at >= run.started_at)
    passed = [threshold for threshold in every if threshold.at < run.started_at]
    return Look(row=row, clock=clock, passed=passed, next_at=next(coming, None))


def _known(sla: "SLA", looks: Iterable[Look], using: str) -> set[tuple[Any, str]]:
    """Which of these thresholds are recorded already, by ticket and key."""
    keys = {threshold.key(look.clock) for look in looks for threshold in look.passed}
    if not keys:
        return set()
    pks = {look.row.ticket_id for look in looks if look.passed}
    events = latest(sla.event_model, using).filter(ticket__in=pks, key__in=keys)
    return set(events.values_list("ticket", "key"))


def _record(
    look: Look,
    ticket: Any,
    sla: "SLA",
    known: set[tuple[Any, str]],
    telling: Telling,
    run: Sweep,
    batch: Batch,
) -> None:
    """Add the events of thresholds that nobody has recorded, and whom to tell of them."""
    if look.problem:
        batch.failed[ticket.pk] = look.problem
        return
    events: list[SLAEvent] = []
    notices: list[Notice] = []
    for threshold in look.passed:
        key = threshold.key(look.clock)
        if (ticket.pk, key) in known:
            continue
        events.append(_event(sla, ticket, look.clock, threshold, key, run.started_at))
        quiet = is_quiet(look.clock, threshold, look.row.watched_from)
        if quiet or is_overtaken(threshold, look.passed):
            continue
        notices += telling.notices(ticket, look.clock, threshold)
    for notice in notices:
        notice.sweep = run.pk
    batch.events += events
    batch.notices += notices
    batch.breaches += sum(event.kind == Kind.TARGET_BREACHED for event in events)


def _event(
    sla: "SLA", ticket: Any, clock: Clock, threshold: Threshold, key: str, now: datetime
) -> SLAEvent:
    when = {"when": threshold.when} if threshold.kind is Kind.ESCALATED else {}
    event: SLAEvent = sla.event_model.of(
        Event(kind=threshold.kind, at=threshold.at, metric=clock.metric, due=threshold.due),
        recorded_at=now,
        key=key,
        cycle=str(clock.cycle),
        **when,
    )
    event.ticket_id = ticket.pk
    return event


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip()


# Old sweeps


def _prune(using: str, now: datetime) -> None:
    """Take away the rows of old sweeps, and keep their sums."""
    with transaction.atomic(using=using):
        _take_turns(using)
        idle = Q(due=0, finished_at__isnull=False, started_at__lt=now - IDLE_KEPT)
        old = Sweep._base_manager.using(using).filter(idle | Q(started_at__lt=now - KEPT))
        names = ("recorded", "breaches", "failed")
        sums = old.aggregate(**{name: Coalesce(Sum(name), 0) for name in names})
        Beginning._base_manager.using(using).filter(pk=1).update(
            **{name: F(name) + sums[name] for name in names}
        )
        old.delete()
