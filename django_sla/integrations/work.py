"""What background tasks do, whatever engine runs them.

Each can be run twice, or side by side with itself, and be killed at any point: what is done is in
the database. Where there is much to do it asks the engine for more tasks.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections, router

from django_sla import registry
from django_sla.exceptions import RecalculationOver
from django_sla.flow import recalculate as recalculating
from django_sla.flow import reconcile as reconciling
from django_sla.flow.deliver import deliver as send_out
from django_sla.flow.privacy import cutoff, to_purge, work_off
from django_sla.flow.sweep import databases
from django_sla.flow.sweep import sweep as look
from django_sla.moment import now as read_now
from django_sla.tables.delivery import Notice, Standing
from django_sla.tables.recalculation import Phase, Recalculation
from django_sla.tables.sweep import Sweep

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

logger = logging.getLogger(__name__)

TURN = 60.0
"""Seconds that a task works before it makes room: so long a worker takes to stop."""

CLOCKS = 2_000
"""Due clocks for which one more sweep is worth it: about a second of work."""

NOTICES = 100
"""The same for delivery, which waits for other servers."""

RANGE = 5_000
"""Tickets that one task reconciles: well within ``TURN``."""

PARTS = 4
"""Parts of a recalculation for each task, so that none of them is done long before the others."""

Queue = Callable[..., None]
"""``queue(name, **arguments)`` has the engine run the task of this name."""

Work = Callable[[str, float], None]
"""Something done to the database of this alias, until this instant of the monotonic clock."""


# Sweeping and delivering


def sweep(queue: Queue, workers: int) -> None:
    """Sweep every database, with as many as ``workers`` sweeps side by side where much is due,
    and have delivered what that leads to."""
    _everywhere(partial(_sweep, queue, workers))


def deliver(queue: Queue, workers: int) -> None:
    """Drain the outbox of every database, the same way."""
    _everywhere(partial(_deliver, queue, workers))


def _everywhere(work: Work) -> None:
    """Do it to each database. One that is away does not keep the others waiting: when the task
    runs the next time it goes on there."""
    every = databases()
    for using in every:
        try:
            work(using, monotonic() + TURN / len(every))
        except (InterfaceError, OperationalError):
            logger.exception("The database %r is away, or ended every try", using)


def _sweep(queue: Queue, workers: int, using: str, end: float) -> None:
    if _side_by_side(using) and workers > 1:
        since = read_now() - timedelta(seconds=TURN)
        sweeps = Sweep._base_manager.using(using)
        running = sweeps.filter(finished_at=None, started_at__gt=since).count()
        _call_for_help(queue, "sweep", _due(using, workers * CLOCKS) // CLOCKS, workers, running)
    run = look(using=using, watch=lambda run: monotonic() >= end)
    if run.notices:
        queue("deliver", workers=workers)


def _due(using: str, most: int) -> int:
    """How many clocks are due, counted up to ``most``."""
    now, found = read_now(), 0
    for model, sla in registry.tickets.items():
        if router.db_for_write(model) == using:
            clocks = sla.clock_model._base_manager.using(using).filter(next_at__lt=now)
            found += clocks[:most].count()
    return min(found, most)


def _deliver(queue: Queue, workers: int, using: str, end: float) -> None:
    if _side_by_side(using) and workers > 1:
        now = read_now()
        waiting = Notice._base_manager.using(using).filter(standing=Standing.WAITING)
        claimed = waiting.filter(try_at__gt=now).exclude(claim="").order_by()
        running = claimed.values("claim").distinct().count()
        ready = waiting.filter(try_at__lte=now)[: workers * NOTICES].count()
        _call_for_help(queue, "deliver", ready // NOTICES, workers, running)
    send_out(using=using, watch=lambda tally: monotonic() >= end)


def _side_by_side(using: str) -> bool:
    """Whether several get more done than one: where they do not wait for each other's rows."""
    return bool(connections[using].features.has_select_for_update_skip_locked)


def _call_for_help(queue: Queue, name: str, wanted: int, workers: int, running: int) -> None:
    """Queue tasks that only help, so that about ``workers`` are at work with this one."""
    for _ in range(min(wanted, workers - 1 - running)):
        queue(name, workers=1)


# Purging


def purge() -> None:
    """Take away what of people is older than it is kept, on every database, for a turn: what is
    left then is for the next time."""
    before, end = cutoff(), monotonic() + TURN
    if before is None:
        return
    for using in connections:
        for piece in to_purge(before, using):
            work_off(piece, lambda number: monotonic() >= end)


# Recalculating


def recalculate(queue: Queue, number: int | None, apply: bool, reason: str, workers: int) -> None:
    """Have ``workers`` tasks look at what a recalculation would change and, with ``apply``,
    change it. Without a number it is a new one, of all policies.

    Raises:
        Recalculation.DoesNotExist: none has this number.
    """
    if number is None:
        run = recalculating.start(using=router.db_for_write(Recalculation))
    else:
        run = _recalculation(number)
    parts = min(workers * PARTS, run.total // recalculating.BATCH)
    if workers > 1 and parts > 1:
        run = recalculating.split(run, parts)
    for _ in range(workers if run.is_split else 1):
        queue("go_on", number=run.pk, apply=apply, reason=reason)


def go_on(queue: Queue, number: int, apply: bool, reason: str) -> None:
    """Go on with a recalculation for a turn, and queue another one where that was not enough.

    Raises:
        Recalculation.DoesNotExist: none has this number.
        PoliciesEdited: somebody edited a policy or a calendar since it began.
    """
    run, end = _recalculation(number), monotonic() + TURN

    def watch(run: Recalculation) -> bool:
        return monotonic() >= end

    try:
        if run.phase == Phase.PREVIEWING:
            run = recalculating.preview(run, watch=watch)
        if apply and (run.phase == Phase.APPLYING or (run.phase == Phase.READY and run.affected)):
            run = recalculating.apply(run, reason=reason, watch=watch)
    except RecalculationOver:  # others have done all of it
        return
    if run.phase in (Phase.PREVIEWING, Phase.APPLYING):
        queue("go_on", number=number, apply=apply, reason=reason)


def _recalculation(number: int) -> Recalculation:
    rows = Recalculation._base_manager.using(router.db_for_write(Recalculation))
    run: Recalculation = rows.get(pk=number, part_of=None)
    return run


# Reconciling


def reconcile(queue: Queue, model: str | None, adopt_only: bool) -> None:
    """Have all tickets reconciled, of the model with this label or of all, a range of keys in each
    task.

    Raises:
        LookupError: there is no such ticket model.
    """
    labels = [model] if model else [known._meta.label for known in registry.tickets]
    for sla in map(_declaration, labels):
        using, label = router.db_for_write(sla.model), sla.model._meta.label
        ranges = reconciling.ranges(sla, using=using, size=RANGE, adopt_only=adopt_only)
        for first, last in ranges:
            queue(
                "reconcile_range",
                model=label,
                first=None if first is None else str(first),
                last=None if last is None else str(last),
                adopt_only=adopt_only,
            )


def reconcile_range(model: str, first: str | None, last: str | None, adopt_only: bool) -> None:
    """Reconcile the tickets after the key ``first`` up to the key ``last``, the newest first."""
    sla, tally = _declaration(model), reconciling.Tally()
    using, to_key = router.db_for_write(sla.model), sla.model._meta.pk.to_python
    within = (None if first is None else to_key(first), None if last is None else to_key(last))
    keys = reconciling.keys(sla, using=using, adopt_only=adopt_only, within=within)
    for batch in reconciling.run(sla, keys, using=using, repair=True, adopt_only=adopt_only):
        tally.add(batch)
        for finding in batch.findings:
            if finding.problem:
                logger.error("%s %s cannot be replayed: %s", model, finding.pk, finding.problem)
    logger.info(
        "%s: %d tickets looked at; %d adopted, %d repaired, %d cannot be replayed",
        *(model, tally.tickets, tally.adopted, tally.differing, tally.problems),
    )


def _declaration(label: str) -> "SLA":
    for model, sla in registry.tickets.items():
        if model._meta.label_lower == label.lower():
            found: SLA = sla
            return found
    raise LookupError(f"{label!r} is not a ticket model")
