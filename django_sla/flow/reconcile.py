"""Replaying the events of tickets, and bringing what is stored in step with them.

A ticket without events, from before its model had an SLA, is adopted: its row and its comments
say what is known of it. Nothing is lost. What a column said before is in the changelog, and a
clock row is only ever a projection.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from django_sla.exceptions import SLAError
from django_sla.flow.drift import Difference, Replay, compare
from django_sla.flow.lock import lock_batch
from django_sla.flow.mend import mend
from django_sla.flow.refresh import latest, load_batch
from django_sla.flow.replies import messages
from django_sla.flow.retry import patiently
from django_sla.flow.writing import observer_of
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import SLAClock
from django_sla.tables.columns import COLUMNS
from django_sla.tables.event import SLAEvent
from django_sla.tables.ranges import cuts

if TYPE_CHECKING:
    from django_sla.flow.observe import Observer
    from django_sla.ticket.declaration import SLA

logger = logging.getLogger(__name__)

BATCH = 500
"""Tickets that are locked at a time."""

PAGE = 50_000
"""Keys that are held at a time. Tickets are asked for by the instant of their creation, of which
there is no index, so that each page is a look through the table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A ticket that is not as its events say."""

    pk: Any
    differences: tuple[Difference, ...] = ()
    is_adopted: bool = False
    problem: str = ""
    """Why its events cannot be replayed; nothing of the ticket was changed."""


@dataclass(kw_only=True, slots=True)
class Batch:
    """What became of some tickets."""

    tickets: int = 0
    adopted: list[Any] = field(default_factory=list)
    """The keys of those that had no events. Of these, only what contradicts their rows is in
    ``findings``."""
    undated: int = 0
    """Adopted tickets that are done, and of which nothing tells since when."""
    findings: list[Finding] = field(default_factory=list)
    oldest: datetime | None = None
    """When the last of them was created."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """Many batches in numbers."""

    tickets: int = 0
    adopted: int = 0
    differing: int = 0
    """Tickets with events that were not as these say."""
    undated: int = 0
    problems: int = 0
    oldest: datetime | None = None

    def add(self, batch: Batch) -> None:
        self.tickets += batch.tickets
        self.adopted += len(batch.adopted)
        self.undated += batch.undated
        self.problems += sum(bool(finding.problem) for finding in batch.findings)
        self.differing += sum(
            bool(finding.differences) and not finding.is_adopted for finding in batch.findings
        )
        self.oldest = batch.oldest


Key = tuple[Any, datetime | None]
"""A ticket's primary key, and when it was created."""

Range = tuple[Any, Any]
"""Of primary keys: those after the first, up to the last. None: without an end."""


def run(
    sla: "SLA",
    keys: Iterable[Key],
    *,
    using: str,
    repair: bool,
    adopt_only: bool,
    size: int = BATCH,
) -> Iterator[Batch]:
    """Reconcile tickets in batches, each in a transaction of its own: whoever stops asking for
    the next one stops the run, and loses nothing.

    Args:
        repair: otherwise nothing is written or locked.
        adopt_only: leave tickets alone that have events.
    """
    left = iter(keys)
    while some := list(islice(left, size)):
        pks = [pk for pk, _created_at in some]
        work = partial(reconcile, sla, pks, using=using, repair=repair, adopt_only=adopt_only)
        batch = patiently(work, using)
        batch.oldest = some[-1][1]
        yield batch


# Which tickets


def keys(
    sla: "SLA",
    *,
    using: str,
    since: datetime | None = None,
    before: datetime | None = None,
    adopt_only: bool = False,
    within: Range = (None, None),
) -> Iterator[Key]:
    """The tickets created at or after ``since`` and earlier than ``before``, newest first; with
    ``adopt_only`` those without events. Memory does not grow with their number."""
    rows = chosen(
        sla, using=using, since=since, before=before, adopt_only=adopt_only, within=within
    )
    page = rows = rows.order_by("-created_at", "-pk")
    while found := list(page.values_list("pk", "created_at")[:PAGE]):
        yield from found
        pk, created_at = found[-1]
        page = rows.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))


def chosen(
    sla: "SLA",
    *,
    using: str,
    since: datetime | None = None,
    before: datetime | None = None,
    adopt_only: bool = False,
    within: Range = (None, None),
) -> QuerySet[Any]:
    """The same tickets, in any order."""
    rows = sla.rows(using).filter(created_at__isnull=False)
    first, last = within
    if first is not None:
        rows = rows.filter(pk__gt=first)
    if last is not None:
        rows = rows.filter(pk__lte=last)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    if adopt_only:
        events = sla.event_model._base_manager.using(using)
        rows = rows.filter(~Exists(events.filter(ticket=OuterRef("pk"))))
    return rows


def ranges(sla: "SLA", *, using: str, size: int, adopt_only: bool = False) -> list[Range]:
    """The same tickets in ranges of so many, which can be worked at side by side. The range with
    the last key, which the newest ticket is likely to have, comes first."""
    ends = cuts(chosen(sla, using=using, adopt_only=adopt_only), "pk", size)
    return list(pairwise([None, *ends, None]))[::-1]


def without_creation(sla: "SLA", *, using: str) -> int:
    """How many tickets have no ``created_at``, and are so not among the chosen ones."""
    if not sla.field("created_at").null:
        return 0
    return sla.rows(using).filter(created_at=None).count()


# One batch


def reconcile(
    sla: "SLA", pks: Sequence[Any], *, using: str, repair: bool, adopt_only: bool = False
) -> Batch:
    """Replay the events of these tickets and, with ``repair``, bring all else in step. A number
    of queries that does not grow with the tickets."""
    if repair:
        with transaction.atomic(using=using):
            observer = observer_of(sla, using)
            replays, problems = _replayed(observer, pks, adopt_only)
            mend(observer, [replay for replay in replays if replay.is_news])
    else:
        observer = replace(observer_of(sla, using), writes=False)
        replays, problems = _replayed(observer, pks, adopt_only)
        # Without locks, a write in between looks like a difference. A second look tells.
        suspects = [r.ticket.pk for r in replays if r.differences and not r.is_adopted]
        if suspects:
            clear = [r for r in replays if r.ticket.pk not in suspects]
            again, more = _replayed(observer, suspects, adopt_only)
            replays, problems = clear + again, problems + more
    return Batch(
        tickets=len(pks),
        adopted=[replay.ticket.pk for replay in replays if replay.is_adopted],
        undated=sum(replay.is_undated for replay in replays),
        findings=problems + [found for replay in replays if (found := _finding(replay))],
    )


def _replayed(
    observer: "Observer", pks: Sequence[Any], adopt_only: bool
) -> tuple[list[Replay], list[Finding]]:
    """What each ticket comes to; and those whose events cannot be replayed."""
    sla, using = observer.sla, observer.using
    if observer.writes:
        tickets = list(lock_batch(sla, list(pks), using))
    else:
        tickets = list(sla.rows(using).filter(pk__in=pks))
    recorded = _events(observer, pks)
    if adopt_only:
        tickets = [ticket for ticket in tickets if not recorded[ticket.pk]]
    clocks: dict[Any, list[SLAClock]] = defaultdict(list)
    rows = latest(sla.clock_model, using, observer.writes)
    for clock in rows.filter(ticket_id__in=[ticket.pk for ticket in tickets]):
        clocks[clock.ticket_id].append(clock)
    observer.look_around(tickets)
    said = messages(sla, tickets, using)
    replays, problems = [], []
    for ticket in tickets:
        pk = ticket.pk
        try:
            replays.append(compare(observer, ticket, recorded[pk], clocks[pk], said[pk]))
        except DatabaseError:
            raise
        except Exception as error:  # whatever it is, it must not stop the others
            logger.debug("Ticket %s cannot be replayed", pk, exc_info=True)
            kind = "" if isinstance(error, SLAError) else f"{type(error).__name__}: "
            problems.append(Finding(pk=pk, problem=f"{kind}{error}"))
    return replays, problems


def _events(observer: "Observer", pks: Sequence[Any]) -> dict[Any, list[SLAEvent]]:
    """The recorded events, with all of their terms read at once."""
    recorded = load_batch(observer.sla, pks, observer.using, lock=observer.writes)
    fingerprints = {event.terms_id for events in recorded.values() for event in events}
    with suppress(LookupError):  # some are gone: so it will be told of the tickets that had them
        terms_table.read(fingerprints, observer.using)
    return recorded


def _finding(replay: Replay) -> Finding | None:
    """What is worth telling. That an adopted ticket has no targets and no clocks yet is not."""
    differences = replay.differences
    if replay.is_adopted:
        differences = tuple(
            difference
            for difference in differences
            if difference.what in COLUMNS and difference.stored is not None
        )
    if not differences:
        return None
    return Finding(pk=replay.ticket.pk, differences=differences, is_adopted=replay.is_adopted)
