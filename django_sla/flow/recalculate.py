"""Applying the policies in force to open tickets: a preview first, then the change, in batches.

Both go through the open tickets in the order of their keys and note how far they have come, the
change in the same transaction as the tickets of the batch. So either can be interrupted at any
point and goes on where it stopped; no ticket is changed twice, none is left out.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction
from django.db.models import Count

from django_sla import registry
from django_sla.exceptions import PoliciesEdited, RecalculationOver
from django_sla.flow.judging import Judge, Move, Shift
from django_sla.flow.lock import lock_batch
from django_sla.flow.observe import Observer
from django_sla.flow.reterm import change
from django_sla.flow.retry import patiently
from django_sla.flow.writing import observer_of
from django_sla.moment import now as read_now
from django_sla.tables.effective import Policies
from django_sla.tables.effective import policies as in_force
from django_sla.tables.recalculation import Phase, Recalculation

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

BATCH = 1000
"""Tickets handled at a time: bounds the memory and how long their locks are held."""

AHEAD = 50
"""Batches whose keys are read at once."""

LARGEST = 20
"""How many of the largest moves are kept."""

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
    run.total = OpenTickets(using=using, since=since).count()
    run.save(using=using)
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
    if run.phase != Phase.APPLYING:
        raise RecalculationOver(run.get_phase_display())
    return _go_on(run, Phase.APPLYING, watch)


def _go_on(run: Recalculation, phase: Phase, watch: Watch) -> Recalculation:
    using = run._state.db or "default"
    tickets = OpenTickets(using=using, since=run.since)

    def work() -> Recalculation:
        with transaction.atomic(using=using):
            found = _locked(run, using)
            if found.phase == phase:
                _batch(found, tickets)
                found.save(using=using)
                if found.phase == phase:
                    _need_not_wait(using)
        return found

    while run.phase == phase:
        run = patiently(work, using)
        if watch(run):
            break
    return run


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
    return rows.select_for_update().get(pk=run.pk)


def _as_looked_at(run: Recalculation, using: str) -> Policies:
    """The policies in force.

    Raises:
        PoliciesEdited: others were in force when it began.
    """
    policies = in_force(using)
    if _digest(policies) != run.digest:
        raise PoliciesEdited()
    return policies


def _batch(run: Recalculation, tickets: "OpenTickets") -> None:
    """One batch of tickets; the phase ends where there are none left."""
    using, applying = tickets.using, run.phase == Phase.APPLYING
    policies = _as_looked_at(run, using)
    sla, pks = tickets.after(run.position)
    if sla is None:
        run.phase = Phase.DONE if applying else Phase.READY
        run.finished_at = read_now() if applying else None
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
        _count(run, moves, observer)
    run.seen += len(pks)
    run.position = [sla.model._meta.label_lower, str(pks[-1])]


# Which tickets


class OpenTickets:
    """The keys of open tickets, model by model and in order, read many batches ahead: finding the
    first of them costs about as much as finding all."""

    def __init__(self, *, using: str, since: datetime | None):
        self.using, self.since = using, since
        self._ahead: list[tuple[list[str], SLA, list[Any]]] = []

    def after(self, position: list[str]) -> "tuple[SLA | None, list[Any]]":
        """The next batch after a position, which is a model's label and a key, or empty."""
        if not self._ahead or self._ahead[-1][0] != position:
            self._ahead = list(reversed(list(self._read(position))))
        return self._ahead.pop()[1:] if self._ahead else (None, [])

    def count(self) -> int:
        return sum(self._clocks(sla).aggregate(n=_TICKETS)["n"] for sla in self._models())

    def _read(self, position: list[str]) -> "Iterator[tuple[list[str], SLA, list[Any]]]":
        label, last = position or ("", "")
        for sla in self._models():
            name = sla.model._meta.label_lower
            if name < label:
                continue
            clocks = self._clocks(sla)
            if name == label:
                clocks = clocks.filter(ticket_id__gt=sla.model._meta.pk.to_python(last))
            pks = clocks.order_by("ticket_id").values_list("ticket_id", flat=True).distinct()
            found = list(pks[: BATCH * AHEAD])
            for start in range(0, len(found), BATCH):
                batch = found[start : start + BATCH]
                yield position, sla, batch
                position = [name, str(batch[-1])]
            if len(found) == BATCH * AHEAD:
                return

    def _clocks(self, sla: "SLA") -> Any:
        clocks = sla.open_clocks(self.using)
        return clocks.filter(ticket__created_at__gte=self.since) if self.since else clocks

    def _models(self) -> list["SLA"]:
        return sorted(registry.tickets.values(), key=lambda sla: sla.model._meta.label_lower)


_TICKETS = Count("ticket_id", distinct=True)


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


# Looking


def _count(run: Recalculation, moves: Sequence[Move], observer: Observer) -> None:
    now = observer.now
    largest = list(run.largest)
    least = abs(largest[-1]["moved"]) if len(largest) >= LARGEST else 0.0
    for move in moves:
        earlier = later = was_late = will_be_late = False
        for shift in move.shifts:
            moved = shift.moved.total_seconds()
            earlier = earlier or moved < 0
            later = later or moved > 0
            was_late = was_late or (shift.before is not None and shift.before < now)
            will_be_late = will_be_late or (shift.after is not None and shift.after < now)
            if abs(moved) > least:
                largest.append(_said(move, shift, moved, observer))
                if len(largest) > LARGEST * 2:
                    largest = _largest(largest)
                    least = abs(largest[-1]["moved"])
        run.affected += 1
        run.earlier += earlier
        run.later += later
        run.breached += will_be_late and not was_late
        run.recovered += was_late and not will_be_late
    run.largest = _largest(largest)


def _said(move: Move, shift: Shift, moved: float, observer: Observer) -> dict[str, Any]:
    return {
        "model": observer.sla.model._meta.label,
        "pk": str(move.pk),
        "metric": shift.metric,
        "before": shift.before.isoformat() if shift.before else None,
        "after": shift.after.isoformat() if shift.after else None,
        "moved": moved,
    }


def _largest(moves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return nlargest(LARGEST, moves, key=lambda move: abs(move["moved"]))
