"""Saving tickets, beside the same model plain, with django-simple-history and with django-auditlog.

The three have the six columns of an SLA as well. The goals are those beside a history alone: that
is what a ticket with an SLA has anyway. The notes are ratios of the processor's time of this
process, which hardly depend on what else the machine does; SQLite is in it, and a server is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

from benchmarks.project import measured, run_alone

BATCH = 40
"""Saves in one measurement, each in a transaction of its own as a request would have."""
MOVES = ("pending", "open", "pending", "resolved")
MANY = 1_000
"""Tickets of a bulk operation."""
ROUNDS, BULK_ROUNDS = 15, 5

Work = Callable[[], Any]


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from auditlog.registry import auditlog

    from benchmarks.desk.models import AuditTicket, HistoryTicket, PlainTicket, Ticket

    auditlog.register(AuditTicket)
    others = {
        "plain": PlainTicket,
        "django-simple-history": HistoryTicket,
        "django-auditlog": AuditTicket,
    }
    for what, goal, prepare, count, rounds in (
        ("create", 1.6, _create, BATCH, ROUNDS),
        ("save that changes nothing", None, _nothing, BATCH, ROUNDS),
        ("save of another title", 1.35, _retitle, BATCH, ROUNDS),
        ("save of another status", None, _move, BATCH, ROUNDS),
        (f"bulk create of {MANY:,}", None, _bulk_create, MANY, BULK_ROUNDS),
        (f"bulk update of the status of {MANY:,}", None, _bulk_update, MANY, BULK_ROUNDS),
    ):
        mine, *theirs = _in_turn(prepare, [Ticket, *others.values()], rounds)
        for name, took in zip(others, theirs, strict=True):
            unlogged = "; logs nothing" if "bulk" in what and "audit" in name else ""
            yield {
                "what": f"{what}, {vendor}; {name}",
                "ours": median(mine.wall) / count * 1e6,
                "baseline": median(took.wall) / count * 1e6,
                "unit": "µs",
                "ratio": median(a / b for a, b in zip(mine.wall, took.wall, strict=True)),
                "goal": goal if name == "django-simple-history" else None,
                "note": f"processor {min(mine.processor) / min(took.processor):.2f}{unlogged}",
            }
    yield from _queries(vendor)


@dataclass
class Took:
    """Seconds of each round."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def _in_turn(prepare: Callable[[Any], Work], models: list[Any], rounds: int) -> list[Took]:
    """For each model; in turn, so that a busy machine is busy for all."""
    found = [Took() for _ in models]
    for number in range(rounds + 2):
        for model, took in zip(models, found, strict=True):
            work = prepare(model)
            start, spent = perf_counter(), process_time()
            work()
            if number >= 2:  # the first rounds warm up caches
                took.wall.append(perf_counter() - start)
                took.processor.append(process_time() - spent)
    return found


def _create(model: Any) -> Work:
    from django.db import transaction

    def work() -> None:
        for _ in range(BATCH):
            with transaction.atomic():
                model.objects.create()

    return work


def _nothing(model: Any) -> Work:
    return _saving(model.objects.create(), "title", ["A ticket"] * BATCH)


def _retitle(model: Any) -> Work:
    return _saving(model.objects.create(), "title", [f"Title {n}" for n in range(BATCH)])


def _move(model: Any) -> Work:
    """Several tickets, as one that moves forty times has more events than tickets have."""
    works = [_saving(model.objects.create(), "status", MOVES) for _ in range(BATCH // len(MOVES))]
    return lambda: [work() for work in works]


def _saving(ticket: Any, field: str, values: Any) -> Work:
    from django.db import transaction

    def work() -> None:
        for value in values:
            setattr(ticket, field, value)
            with transaction.atomic():
                ticket.save()

    return work


def _bulk_create(model: Any) -> Work:
    from simple_history.utils import bulk_create_with_history

    tickets = [model() for _ in range(MANY)]
    if model.__name__ == "HistoryTicket":
        return lambda: bulk_create_with_history(tickets, model)
    return lambda: model.objects.bulk_create(tickets)


def _bulk_update(model: Any) -> Work:
    from simple_history.utils import bulk_update_with_history

    tickets = model.objects.bulk_create([model() for _ in range(MANY)])
    for ticket in tickets:
        ticket.status = "resolved"
    if model.__name__ == "HistoryTicket":
        return lambda: bulk_update_with_history(tickets, model, ["status"])
    return lambda: model.objects.bulk_update(tickets, ["status"])


def _queries(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from benchmarks.desk.models import HistoryTicket, Ticket

    def queries(work: Work) -> int:
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    for what, goal, model_work in (
        ("queries of a create", 3, lambda model: model.objects.create()),
        ("queries of an update", 1, lambda model: model.objects.latest("pk").save()),
    ):
        ours = queries(lambda work=model_work: work(Ticket))
        theirs = queries(lambda work=model_work: work(HistoryTicket))
        yield {
            "what": f"{what}, more than with a history alone, {vendor}",
            "ours": ours,
            "baseline": theirs,
            "unit": "",
            "ratio": ours - theirs,
            "goal": goal,
        }

    def bulk(model: Any, count: int) -> Work:
        return lambda: model.objects.bulk_create([model() for _ in range(count)], batch_size=2500)

    few, many = queries(bulk(Ticket, 5_000)), queries(bulk(Ticket, 10_000))
    yield {
        "what": f"queries of bulk_create of 10,000 against 5,000, {vendor}",
        "ours": many,
        "baseline": few,
        "unit": "",
        "ratio": many / few,
        "goal": 2.0,
    }


if __name__ == "__main__":
    run_alone(_rows, "auditlog")
