"""Saving a ticket, against the same model with django-simple-history alone."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.project import compare, measured, run_alone

BATCH = 40
"""Saves in one measurement, in a transaction of their own as a request would have."""

ROUNDS = 40


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from benchmarks.desk.models import HistoryTicket, PlainTicket, Ticket

    def create(model: Any) -> Callable[[], None]:
        def work() -> None:
            for _ in range(BATCH):
                with transaction.atomic():
                    model.objects.create()

        return work

    def update(model: Any) -> Callable[[], None]:
        ticket = model.objects.create()

        def work() -> None:
            for number in range(BATCH):
                ticket.title = f"Title {number}"
                with transaction.atomic():
                    ticket.save()

        return work

    def queries(work: Callable[[], Any]) -> int:
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    for what, goal, make in (
        ("create", 1.6, create),
        ("update that changes nothing", 1.35, update),
    ):
        ours, theirs, ratio = compare(make(Ticket), make(HistoryTicket), ROUNDS)
        yield {
            "what": f"{what}, {vendor}",
            "ours": ours / BATCH * 1e6,
            "baseline": theirs / BATCH * 1e6,
            "unit": "µs",
            "ratio": ratio,
            "goal": goal,
        }
    base, plain, ratio = compare(create(HistoryTicket), create(PlainTicket), ROUNDS)
    yield {
        "what": f"for scale: a history against a plain create, {vendor}",
        "ours": base / BATCH * 1e6,
        "baseline": plain / BATCH * 1e6,
        "unit": "µs",
        "ratio": ratio,
        "goal": None,
    }
    Ticket.objects.create()
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

    def bulk(model: Any, count: int) -> Callable[[], Any]:
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
    run_alone(_rows)
