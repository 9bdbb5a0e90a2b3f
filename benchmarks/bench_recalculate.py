"""An edited policy applied to many open tickets, and the preview of it, with the changelog rows.

The baseline writes the least that has to be written, by hand: the new targets with Django's
``bulk_update`` alone. No clocks, no events, no changelog.
"""

import resource
from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter
from typing import Any

from benchmarks.project import measured, run_alone

TICKETS = 100_000
BASELINE = 10_000
CHUNK = 5_000


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection

    from benchmarks.desk.models import Ticket
    from django_sla.flow import recalculate
    from django_sla.models import Policy

    goals = {"*": {"response": "8h", "resolution": "24h"}}
    policy = Policy.objects.create(name="Desk", goals=goals)
    for _ in range(TICKETS // CHUNK):
        Ticket.objects.bulk_create([Ticket() for _ in range(CHUNK)])
    policy.goals = {"*": {"response": "6h", "resolution": "30h"}}
    policy.save()
    if vendor == "postgres":
        # The statistics that a server has of its own accord a minute later.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    before = _memory()
    start = perf_counter()
    run = recalculate.preview(recalculate.start(using="default"))
    looked = perf_counter() - start
    assert run.affected == TICKETS, run.counts()
    yield {
        "what": f"preview of {TICKETS:,} open tickets, {vendor}",
        "ours": looked,
        "baseline": None,
        "unit": "s",
        "ratio": looked,
        "goal": "<= 15",
    }
    start = perf_counter()
    run = recalculate.apply(run, reason="New contract")
    applied = perf_counter() - start
    assert run.applied == TICKETS, run.counts()

    tickets = list(Ticket.objects.order_by("pk")[:BASELINE])
    for ticket in tickets:
        ticket.resolution_target += timedelta(hours=1)
    start = perf_counter()
    Ticket._base_manager.bulk_update(
        tickets, ["response_target", "resolution_target"], batch_size=500
    )
    alone = perf_counter() - start
    yield {
        "what": f"applying to {TICKETS:,} open tickets, {vendor}; bulk_update of the targets alone",
        "ours": TICKETS / applied,
        "baseline": BASELINE / alone,
        "unit": "tickets/s",
        "ratio": TICKETS / applied,
        "goal": ">= 10000",
    }
    grown = _memory() - before
    yield {
        "what": f"memory that grew meanwhile, {vendor}",
        "ours": grown,
        "baseline": None,
        "unit": "MB",
        "ratio": grown,
        "goal": "<= 50",
    }


def _memory() -> float:
    """The most that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run_alone(_rows)
