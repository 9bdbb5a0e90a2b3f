"""The whole dashboard as its page asks for it, of two years: a million tickets on PostgreSQL, a
hundred thousand on SQLite.

Cold is the first page of a process; the caches of the server and of the system are as they are.
"""

import os
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from benchmarks.history import fill
from benchmarks.project import measured, run_alone

TICKETS = {
    "postgres": int(os.environ.get("BENCH_TICKETS", 1_000_000)),
    "sqlite": int(os.environ.get("BENCH_TICKETS", 100_000)),
}
PERIODS = ("month", "last-month", "year")
LIMIT = 2
"""Seconds."""


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from django_sla.views import DashboardView

    fill(TICKETS[vendor], timezone.now())
    user = User.objects.create_superuser("manager")

    def page(name: str) -> float:
        request = RequestFactory().get("/", {"period": name, "model": "desk.serviceticket"})
        request.user = user
        begin = perf_counter()
        response = DashboardView.as_view()(request)
        seconds = perf_counter() - begin
        assert response.status_code == 200
        assert b"sla-heat" in response.content
        return seconds

    for number, name in enumerate(PERIODS):
        seconds = page(name)
        first = ", the first page of the process" * (number == 0)
        yield {
            "what": f"{TICKETS[vendor]:,} tickets, {name}{first}, {vendor}; the limit",
            "ours": seconds,
            "baseline": LIMIT,
            "unit": "s",
            "ratio": seconds / LIMIT,
            "goal": None if name == "year" else 1,
        }
    counts = []
    for name in ("month", "year"):
        with CaptureQueriesContext(connection) as captured:
            page(name)
        counts.append(len(captured))
    yield {
        "what": f"queries of the page, month; year, {vendor}",
        "ours": counts[0],
        "baseline": counts[1],
        "unit": "",
        "ratio": counts[0] / counts[1],
        "goal": "<= 1",
    }


if __name__ == "__main__":
    run_alone(_rows)
