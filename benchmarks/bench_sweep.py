"""Sweeps over a million tickets of which 50,000 are open: one that finds nothing, one that finds
10,000 thresholds, and the delivery of as many notices.

The baseline of the second writes the same events with ``bulk_create`` alone: nothing is locked,
looked at or moved on, and nobody is told.
"""

import os
import resource
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.project import measured, run_alone

TICKETS = int(os.environ.get("BENCH_TICKETS", 1_000_000))
OPEN = 50_000
DUE = 10_000
CHUNK = 2_000
IDLE = 50


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection
    from django.utils import timezone

    from benchmarks.desk.models import Ticket
    from django_sla import signals
    from django_sla.flow.deliver import deliver
    from django_sla.flow.sweep import sweep
    from django_sla.models import Notice
    from django_sla.moment import as_of

    now = timezone.now()
    _fill(vendor, now)
    sweep(using="default")  # the first one of all

    idle = []
    for _ in range(IDLE):
        start = perf_counter()
        run = sweep(using="default")
        idle.append(perf_counter() - start)
        assert run.due == 0
    bare = []
    for _ in range(IDLE):
        start = perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        bare.append(perf_counter() - start)
    yield {
        "what": f"a sweep of {TICKETS:,} tickets that finds nothing, {vendor}; SELECT 1",
        "ours": median(idle) * 1000,
        "baseline": median(bare) * 1000,
        "unit": "ms",
        "ratio": median(idle) * 1000,
        "goal": "<= 10",
    }

    # A row in the outbox for each, too.
    signals.target_breached.connect(_nothing)
    signals.target_warned.connect(_nothing)
    clocks = Ticket.sla.clock_model.objects.filter(stopped_at=None, metric="response")
    due = list(clocks.order_by("pk").values_list("pk", flat=True)[:DUE])
    clocks.filter(pk__gte=due[0], pk__lte=due[-1]).update(
        next_at=now + timedelta(hours=1), warn_at=now + timedelta(hours=1)
    )
    # The warning of an ordinary clock comes after six of eight hours.
    later = now + timedelta(hours=6, minutes=1)
    Ticket.sla.clock_model.objects.filter(stopped_at=None).exclude(
        pk__gte=due[0], pk__lte=due[-1]
    ).update(next_at=now + timedelta(days=30))
    with as_of(later):
        start = perf_counter()
        run = sweep(using="default")
        took = perf_counter() - start
    assert (run.due, run.recorded, run.notices, run.failed) == (DUE, DUE, DUE, 0), vars(run)

    events = Ticket.sla.event_model.objects
    again = list(events.filter(kind="target_warned").order_by("pk")[:DUE])
    for event in again:
        event.pk, event.key = None, f"again:{event.key}"
    start = perf_counter()
    events.bulk_create(again, batch_size=500)
    alone = perf_counter() - start
    yield {
        "what": f"thresholds recorded, {vendor}; bulk_create of the events alone",
        "ours": DUE / took,
        "baseline": DUE / alone,
        "unit": "a second",
        "ratio": DUE / took,
        "goal": ">= 2000",
    }
    with as_of(later):
        start = perf_counter()
        tally = deliver(using="default")
        took = perf_counter() - start
    assert tally.sent == DUE
    assert not Notice.objects.exclude(standing="sent").exists()
    yield {
        "what": f"notices delivered to a receiver that does nothing, {vendor}",
        "ours": DUE / took,
        "baseline": None,
        "unit": "a second",
        "ratio": DUE / took,
        "goal": None,
    }
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield {
        "what": f"the most memory that the process had, {vendor}",
        "ours": most,
        "baseline": None,
        "unit": "MB",
        "ratio": most,
        "goal": "<= 200",
    }


def _nothing(**kwargs: Any) -> None: ...


def _fill(vendor: str, now: Any) -> None:
    """Open tickets through the ordinary way in, and copies of one that is done by SQL."""
    from django.db import connection

    from benchmarks.desk.models import Ticket

    Ticket.objects.bulk_create([Ticket(status="resolved")])
    for _ in range(OPEN // CHUNK):
        Ticket.objects.bulk_create([Ticket() for _ in range(CHUNK)])
    done = TICKETS - OPEN - 1
    last = Ticket.objects.latest("pk").pk
    first = Ticket.objects.earliest("pk").pk
    with connection.cursor() as cursor:
        numbers, names_of = f"generate_series(1, {done})", "g(n)"
        if vendor != "postgres":
            counting = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < {done}"
            numbers, names_of = f"(WITH RECURSIVE c AS ({counting}) SELECT n FROM c)", "g"
        for model, key in (
            (Ticket, "id"),
            (Ticket.sla.clock_model, "ticket_id"),
            (Ticket.sla.event_model, "ticket_id"),
        ):
            names = [f.column for f in model._meta.concrete_fields if f.column not in ("id", key)]
            columns = ", ".join(f'"{name}"' for name in names)
            cursor.execute(
                f'INSERT INTO "{model._meta.db_table}" ("{key}", {columns}) '
                f"SELECT {last} + g.n, {columns} FROM "
                f'"{model._meta.db_table}", {numbers} AS {names_of} '
                f'WHERE "{key}" = {first}'
            )
        if vendor == "postgres":
            # The statistics that a server has of its own accord a minute later.
            cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    run_alone(_rows)
