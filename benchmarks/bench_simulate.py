"""What-if: a draft policy judged over many closed tickets, by one process and by several, and how
much of it is folding.

The last row is the worst case: the draft promises a metric that nothing was promised of, so that
the events of each ticket have to be folded.
"""

import os
import resource
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

from benchmarks.project import configure, measured, run_alone

TICKETS = 100_000
FOLDED = 5_000
WORKERS = 2
CHUNK = 5_000
PRIORITIES = ("urgent", "high", "medium", "low")


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection
    from django.utils import timezone

    from benchmarks.desk.models import Ticket
    from django_sla.models import Calendar, Policy
    from django_sla.reports.draft import drafted
    from django_sla.reports.simulate import Simulation
    from django_sla.reports.suggest import suggest

    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    office = Calendar.objects.create(name="Office", tz="America/Toronto", hours=week)
    goals = {"urgent": {"response": "2h"}, "*": {"response": "8h", "resolution": "24h"}}
    desk = Policy.objects.create(name="Desk", goals=goals, calendar=office)
    random = Random(5)
    begin = timezone.now() - timedelta(days=120)
    for _ in range(TICKETS // CHUNK):
        Ticket.objects.bulk_create([_closed(random, begin) for _ in range(CHUNK)])
    if vendor == "postgres":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    desk.goals = {"urgent": {"response": "1h"}, "*": {"response": "6h", "resolution": "30h"}}
    before = _memory()
    start = perf_counter()
    found = Simulation(Ticket.objects.all(), drafted("default", policies=[desk])).run()
    took = perf_counter() - start
    assert found.seen == TICKETS
    assert found.changed_tickets > TICKETS / 100
    yield {
        "what": f"what-if over {TICKETS:,} closed tickets, {vendor}",
        "ours": took,
        "baseline": None,
        "unit": "s",
        "ratio": took,
        "goal": "<= 20",
    }
    start = perf_counter()
    draft = drafted("default", policies=[desk])
    again = Simulation(Ticket.objects.all(), draft, now=found.now).run(workers=WORKERS)
    by_several = perf_counter() - start
    assert again.total == found.total
    assert again.changed == found.changed
    yield {
        "what": f"the same by {WORKERS} workers, beside one, {vendor}",
        "ours": by_several,
        "baseline": took,
        "unit": "s",
        "ratio": by_several / took,
        "goal": "<= 0.9" if (os.cpu_count() or 1) >= WORKERS else None,
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
    start = perf_counter()
    assert suggest(Ticket.objects.all())
    took = perf_counter() - start
    yield {
        "what": f"goals suggested from {TICKETS:,} tickets, {vendor}",
        "ours": took,
        "baseline": None,
        "unit": "s",
        "ratio": None,
        "goal": None,
    }
    desk.goals = {"*": {"response": "6h", "resolution": "30h", "closure": "72h"}}
    start = perf_counter()
    draft = drafted("default", policies=[desk])
    found = Simulation(Ticket.objects.all(), draft, newest=FOLDED).run()
    took = perf_counter() - start
    yield {
        "what": f"what-if where all has to be folded, {vendor}",
        "ours": found.seen / took,
        "baseline": None,
        "unit": "tickets/s",
        "ratio": None,
        "goal": None,
    }


def _closed(random: Random, begin: Any) -> Any:
    from benchmarks.desk.models import Ticket

    created = begin + timedelta(minutes=random.randrange(90 * 24 * 60))
    responded = created + timedelta(minutes=random.randrange(1, 1_500))
    resolved = responded + timedelta(minutes=random.randrange(1, 10_000))
    return Ticket(
        priority=random.choice(PRIORITIES),
        status="closed",
        created_at=created,
        first_responded_at=responded,
        resolved_at=resolved,
        closed_at=resolved + timedelta(days=2),
    )


def _memory() -> float:
    """The most that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run_alone(_rows)
elif __name__ == "__mp_main__":
    configure()  # a worker, which would look for a module of settings
