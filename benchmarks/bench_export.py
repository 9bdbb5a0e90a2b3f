"""Exports of 100,000 and of a million tickets: rows a second, and how much memory they take.

Each is written by a process of its own, which has never had more in memory than that took; what it
had at most is compared with the same for a thousand tickets.

The baseline writes the tickets' own columns as they are, read by Django's ``values_list`` and
written by ``csv``: no clocks, no verdicts, and nothing is made inert.
"""

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.bench_sweep import _fill
from benchmarks.project import configure, measured, run_alone
from django_sla.reports.workers import in_order

SIZES = [int(size) for size in os.environ.get("BENCH_ROWS", "100_000 1_000_000").split()]
FEW = 1_000
WORKBOOK = 100_000
"""The most tickets that are written as a workbook, too: a cell takes openpyxl several times as long
as a line of CSV."""


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.utils import timezone

    from benchmarks import bench_sweep
    from benchmarks.desk.models import Ticket
    from django_sla.reports.export import FORMATS

    bench_sweep.TICKETS = max(SIZES)
    _fill(vendor, timezone.now())
    keys = list(Ticket.objects.order_by("pk").values_list("pk", flat=True)[: max(SIZES)])

    few = {format: _alone(format, keys[FEW - 1])[1] for format in FORMATS}
    for size in sorted(SIZES):
        for format in FORMATS:
            if format == "xlsx" and size > WORKBOOK:
                continue
            took, most = _alone(format, keys[size - 1])
            grown = most - few[format]
            alone = _plain(Ticket.objects.filter(pk__lte=keys[size - 1]))
            yield {
                "what": f"{size:,} tickets as {format}, {vendor}; their own columns as csv",
                "ours": size / took,
                "baseline": size / alone,
                "unit": "a second",
                "ratio": alone / took,
                "goal": None,
            }
            yield {
                "what": f"memory for {size:,} tickets as {format}, for {FEW:,}, {vendor}",
                "ours": most,
                "baseline": few[format],
                "unit": "MB",
                "ratio": grown,
                "goal": "<= 20",
            }


def _alone(format: str, last: Any) -> tuple[float, float]:
    [found] = in_order(_export, [(format, last)], 1)
    return found


def _export(asked: tuple[str, Any]) -> tuple[float, float]:
    """Write the tickets up to a key; how many seconds it took, and the most memory in MB."""
    from benchmarks.desk.models import Ticket
    from django_sla.reports.export import FORMATS
    from django_sla.reports.tickets import TicketList

    format, last = asked
    start = perf_counter()
    with tempfile.TemporaryFile() as file:
        file.writelines(FORMATS[format].pieces(TicketList(Ticket.objects.filter(pk__lte=last))))
    took = perf_counter() - start
    return took, _most_memory()


def _most_memory() -> float:
    """In MB, on Linux. ``getrusage`` would not do: it tells also what the process had that began
    this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _plain(tickets: Any) -> float:
    start = perf_counter()
    with tempfile.TemporaryFile("w") as file:
        csv.writer(file).writerows(tickets.values_list().iterator())
    return perf_counter() - start


if __name__ == "__main__":
    run_alone(_rows)
elif __name__ == "__mp_main__":
    configure()  # a process of its own, which would look for a module of settings
