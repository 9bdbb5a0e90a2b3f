"""Old tickets adopted, and adopted ones checked again: rate and memory.

A third of the tickets is open, two thirds are done, and each has two comments, one of them an
answer. The baseline writes the least that has to be written, by hand: the two targets with
Django's ``bulk_update`` alone. No comments are read; no clocks, no events, no changelog.
"""

import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from benchmarks.project import measured, run_alone

TICKETS = 50_000
BASELINE = 10_000
CHUNK = 5_000
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from benchmarks.desk.models import Ticket
    from django_sla.flow import reconcile

    _fill()

    def run(adopt_only: bool) -> tuple[float, reconcile.Tally]:
        start, tally = perf_counter(), reconcile.Tally()
        keys = reconcile.keys(Ticket.sla, using="default", adopt_only=adopt_only)
        for batch in reconcile.run(
            Ticket.sla, keys, using="default", repair=True, adopt_only=adopt_only
        ):
            tally.add(batch)
        return perf_counter() - start, tally

    before = _memory()
    adopted, tally = run(adopt_only=True)
    assert tally.adopted == TICKETS
    grown = _memory() - before

    tickets = list(Ticket.objects.order_by("pk")[:BASELINE])
    start = perf_counter()
    Ticket._base_manager.bulk_update(
        tickets, ["response_target", "resolution_target"], batch_size=500
    )
    alone = perf_counter() - start
    yield _rate(f"tickets adopted, {vendor}; bulk_update of the targets alone", adopted, alone)
    checked, tally = run(adopt_only=False)
    assert (tally.tickets, tally.differing, tally.problems) == (TICKETS, 0, 0)
    yield _rate(f"tickets checked, {vendor}", checked, None)
    yield {
        "what": f"memory that grew while tickets were adopted, {vendor}",
        "ours": grown,
        "baseline": None,
        "unit": "MB",
        "ratio": grown,
        "goal": "<= 50",
    }


def _fill() -> None:
    """Tickets as they were before their model had an SLA."""
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from benchmarks.desk.models import Comment, Ticket

    agent = User.objects.create(username="agent", is_staff=True)
    customer = User.objects.create(username="customer")
    states = ("open", "resolved", "closed")
    for start in range(0, TICKETS, CHUNK):
        tickets = []
        for number in range(start, start + CHUNK):
            opened = MONDAY + timedelta(minutes=number)
            status = states[number % 3]
            done = None if status == "open" else opened + timedelta(hours=9)
            closed = done if status == "closed" else None
            tickets.append(
                Ticket(status=status, created_at=opened, resolved_at=done, closed_at=closed)
            )
        QuerySet(Ticket).bulk_create(tickets)
        Comment.objects.bulk_create(
            Comment(ticket=ticket, author=author, created_at=ticket.created_at + after)
            for ticket in tickets
            for author, after in ((customer, timedelta(hours=1)), (agent, timedelta(hours=2)))
        )


def _rate(what: str, seconds: float, alone: float | None) -> dict[str, Any]:
    rate = TICKETS / seconds
    return {
        "what": what,
        "ours": rate,
        "baseline": BASELINE / alone if alone else None,
        "unit": "tickets/s",
        "ratio": rate,
        "goal": None,
    }


def _memory() -> float:
    """The most that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run_alone(_rows)
