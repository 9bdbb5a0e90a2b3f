"""Applying the policies in force to open tickets: a preview first, then the change, in batches.

Both go through the open tickets in the order of their keys and note how far they have come, the
change in the same transaction as the tickets of the batch. So either can be interrupted at any
point and goes on where it stopped; no ticket is changed twice, none is left out.

One that was split has parts. Whoever goes on with it takes a batch of a part that nobody else is
at; so any number of processes may.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

from django.db import connections, transaction
from django.db.models import F

from django_sla.exceptions import PoliciesEdited, RecalculationOver
from django_sla.flow.judging import Judge
from django_sla.flow.lock import lock_batch
from django_sla.flow.open_tickets import OpenTickets
from django_sla.flow.preview import count, keep_largest
from django_sla.flow.reterm import change
from django_sla.flow.retry import patiently
from django_sla.flow.writing import observer_of
from django_sla.moment import now as read_now
from django_sla.tables.effective import Policies
from django_sla.tables.effective import policies as in_force
from django_sla.tables.recalculation import Phase, Recalculation

BATCH = 1000
"""Tickets handled at a time: bounds the memory and how long their locks are held."""

COUNTS = {
    Phase.PREVIEWING: ("seen", "affected", "earlier", "later", "breached", "recovered"),
    Phase.APPLYING: ("seen", "applied"),
}
"""What is counted in which phase."""

Watch = Callable[[Recalculation], bool]
"""Called after each batch with how far it has come; True ends it there."""


def _to_the_end(run: Recalculation) -> bool:
    return False


def start(
    *,
    policies: Iterable[str] = (),
    since: datetime | None = None,
    actor_id: Any = None,
    using: str,
) -> Recalculation:
    """A new recalculation, of which nothing is done yet.

    Args:
        policies: by name; tickets that leave one of them or come to one. None: all.
        since: only tickets opened at or after this instant.
    """
    run = Recalculation(
        policies=sorted(policies),
        since=since,
        actor_id=actor_id,
        started_at=read_now(),
        digest=_digest(in_force(using)),
    )
    run.total = _tickets(run, using).count()
    run.save(using=using)
    return run


def split(run: Recalculation, parts: int) -> Recalculation:
    """Let so many work at it at once, and give it back. Nothing happens where it has been split,
    or something of its phase is done."""
    using = run._state.db or "default"
    with transaction.atomic(using=using):
        run = _locked(run, using)
        has_begun = run.seen > 0 and run.phase != Phase.READY
        if run.is_split or has_begun or run.phase == Phase.DONE:
            return run
        cuts = _tickets(run, using).cuts(parts)
        run.is_split = True
        run.save(using=using)
        names = ("policies", "since", "reason", "actor_id", "started_at", "phase", "digest")
        same = {name: getattr(run, name) for name in names}
        Recalculation._base_manager.using(using).bulk_create(
            Recalculation(part_of=run, first=first, last=last, position=first, **same)
            for first, last in pairwise([[], *cuts, []])
        )
    return run


def preview(run: Recalculation, *, watch: Watch = _to_the_end) -> Recalculation:
    """Go on looking at what would change.

    Raises:
        PoliciesEdited: while it looked, somebody edited a policy or a calendar.
    """
    return _go_on(run, Phase.PREVIEWING, watch)


def apply(run: Recalculation, *, reason: str = "", watch: Watch = _to_the_end) -> Recalculation:
    """Go on applying what was looked at.

    Each ticket whose terms change gets an event and a changelog row, with the reason. Targets set
    by hand stay, and stopped clocks never change.

    Raises:
        PoliciesEdited: somebody edited a policy or a calendar since the preview.
        RecalculationOver: it has been applied already, or its preview is not at its end.
    """
    using = run._state.db or "default"
    with transaction.atomic(using=using):
        run = _locked(run, using)
        if run.phase == Phase.READY:
            _as_looked_at(run, using)
            run.phase, run.seen, run.position = Phase.APPLYING, 0, []
            run.reason = reason or run.reason
            run.save(using=using)
            _parts(run, using).update(
                phase=Phase.APPLYING, seen=0, position=F("first"), reason=run.reason
            )
    if run.phase != Phase.APPLYING:
        raise RecalculationOver(run.get_phase_display())
    return _go_on(run, Phase.APPLYING, watch)


def _go_on(run: Recalculation, phase: Phase, watch: Watch) -> Recalculation:
    using = run._state.db or "default"
    ahead: dict[Any, OpenTickets] = {}
    while run.phase == phase:
        run = patiently(partial(_step, run, phase, ahead, using), using)
        if watch(run):
            break
    return run


def _step(
    run: Recalculation, phase: Phase, ahead: dict[Any, OpenTickets], using: str
) -> Recalculation:
    """Do one batch. ``ahead`` has the tickets of the row that the last one was of."""
    with transaction.atomic(using=using):
        row = _taken(run, phase, ahead, using)
        if row is not None and row.phase == phase:
            if row.pk not in ahead:
                ahead.clear()
                ahead[row.pk] = _tickets(row, using)
            _batch(row, ahead[row.pk])
            row.save(using=using)
            if row.phase == phase:
                _need_not_wait(using)
    return row if row is not None and row.pk == run.pk else _summed(run, using)


def _taken(
    run: Recalculation, phase: Phase, ahead: dict[Any, OpenTickets], using: str
) -> Recalculation | None:
    """The row to work at, locked: the recalculation, or a part of it that is in this phase. None
    where the last of them is at its end."""
    if not run.is_split:
        found = _locked(run, using)
        if not found.is_split:
            return found
    left = _parts(run, using).filter(phase=phase).order_by("pk")
    skips = connections[using].features.has_select_for_update_skip_locked
    free = left.select_for_update(skip_locked=skips)
    row: Recalculation | None = free.filter(pk__in=list(ahead)).first() or free.first()
    return row or left.select_for_update().first()


def _summed(run: Recalculation, using: str) -> Recalculation:
    """What the parts have come to, as the whole."""
    with transaction.atomic(using=using):
        run = _locked(run, using)
        parts = list(_parts(run, using))
        phase = Phase(run.phase)
        for name in COUNTS.get(phase, ()):
            setattr(run, name, sum(getattr(part, name) for part in parts))
        if phase == Phase.PREVIEWING:
            run.largest = keep_largest(move for part in parts for move in part.largest)
        if phase in COUNTS and all(part.phase != phase for part in parts):
            _end(run)
        else:
            _need_not_wait(using)
        run.save(using=using)
    return run


def _parts(run: Recalculation, using: str) -> Any:
    return Recalculation._base_manager.using(using).filter(part_of=run.pk)


def _tickets(run: Recalculation, using: str) -> OpenTickets:
    """What it goes through."""
    return OpenTickets(using=using, since=run.since, size=BATCH, last=run.last)


def _need_not_wait(using: str) -> None:
    """Let the commit not wait for the disk, on PostgreSQL. A crash of the server may then take back
    the last batches, and how far it had come with them, so that they are done again; the end
    waits, for all before it."""
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")


def _locked(run: Recalculation, using: str) -> Recalculation:
    """The row as it is: another process may have gone on with it."""
    rows: Any = Recalculation._base_manager.using(using)
    found: Recalculation = rows.select_for_update().get(pk=run.pk)
    return found


def _as_looked_at(run: Recalculation, using: str) -> Policies:
    """The policies in force.

    Raises:
        PoliciesEdited: others were in force when it began.
    """
    policies = in_force(using)
    if _digest(policies) != run.digest:
        raise PoliciesEdited()
    return policies


def _end(run: Recalculation) -> None:
    """End the phase that it is in."""
    applied = run.phase == Phase.APPLYING
    run.phase = Phase.DONE if applied else Phase.READY
    run.finished_at = read_now() if applied else None


def _batch(run: Recalculation, tickets: OpenTickets) -> None:
    """One batch of tickets; the phase ends where there are none left."""
    using, applying = tickets.using, run.phase == Phase.APPLYING
    policies = _as_looked_at(run, using)
    sla, pks = tickets.after(run.position)
    if sla is None:
        _end(run)
        return
    observer = observer_of(sla, using)
    observer = replace(observer, actor_id=run.actor_id or observer.actor_id)
    if applying and connections[using].features.has_select_for_update:
        list(lock_batch(sla, pks, using).values_list("pk"))
    only = frozenset(run.policies)
    judge = Judge(sla=sla, policies=policies, now=observer.now, using=using, only=only)
    moves = judge.moves(pks)
    if applying:
        change(run, moves, observer)
        run.applied += len(moves)
    else:
        count(run, moves, observer)
    run.seen += len(pks)
    run.position = [sla.model._meta.label_lower, str(pks[-1])]


def _digest(policies: Policies) -> str:
    """Of everything that the choice of a ticket's terms depends on."""
    said = [
        (
            policy.terms.fingerprint,
            policy.when.text,
            str(policy.effective_from),
            str(policy.effective_until),
        )
        for policy in policies.all
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()
