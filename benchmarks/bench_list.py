"""A list page of tickets with both badges, against the same list without any SLA."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.project import compare, measured, run_alone

TICKETS = 100
ROUNDS = 30
PLAIN = "{% for ticket in tickets %}<li>{{ ticket.title }} {{ ticket.status }}</li>{% endfor %}"
BADGES = (
    "{% load sla %}{% for ticket in tickets %}<li>{{ ticket.title }} {{ ticket.status }} "
    '{% sla_badge ticket "response" %}{% sla_badge ticket "resolution" %}</li>{% endfor %}'
)


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection
    from django.template import Context, Template
    from django.test.utils import CaptureQueriesContext

    from benchmarks.desk.models import HistoryTicket, Ticket

    def page(source: str, tickets: Callable[[], Any]) -> Callable[[], None]:
        template = Template(source)
        return lambda: template.render(Context({"tickets": tickets()}))  # type: ignore[func-returns-value]

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(BADGES, lambda: Ticket.objects.by_urgency().with_verdicts()[:count])()
        return len(captured)

    Ticket.objects.bulk_create([Ticket() for _ in range(TICKETS)])
    for _ in range(TICKETS):
        HistoryTicket.objects.create()
    queries(1)
    few, many = queries(1), queries(TICKETS)
    yield {
        "what": f"queries of a page of {TICKETS} tickets against one of 1, {vendor}",
        "ours": many,
        "baseline": few,
        "unit": "",
        "ratio": many / few,
        "goal": 1,
    }
    with_badges, plain, ratio = compare(
        page(BADGES, lambda: Ticket.objects.by_urgency().with_verdicts()[:TICKETS]),
        page(PLAIN, lambda: HistoryTicket.objects.all()[:TICKETS]),
        ROUNDS,
    )
    yield {
        "what": f"for scale: a page of {TICKETS} tickets with {2 * TICKETS} badges, {vendor}",
        "ours": with_badges * 1e3,
        "baseline": plain * 1e3,
        "unit": "ms",
        "ratio": ratio,
        "goal": None,
    }


if __name__ == "__main__":
    run_alone(_rows)
