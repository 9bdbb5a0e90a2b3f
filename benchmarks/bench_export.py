"""Exports of 100,000 and of a million tickets: rows a second, and by how much the process grows.

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
from benchmarks.project import measured, run_alone

SIZES = [int(size) for size in os.environ.get("BENCH_ROWS", "100_000 1_000_000").split()]
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
    from django_sla.reports.tickets import TicketList

    bench_sweep.TICKETS = max(SIZES)
    _fill(vendor, timezone.now())
    keys = list(Ticket.objects.order_by("pk").values_list("pk", flat=True)[: max(SIZES)])

    def export(format: str, size: int) -> float:
        tickets = Ticket.objects.filter(pk__lte=keys[size - 1])
        start = perf_counter()
        with tempfile.TemporaryFile() as file:
            file.writelines(FORMATS[format].pieces(TicketList(tickets)))
        return perf_counter() - start

    for format in FORMATS:
        export(format, 1_000)  # everything imported, everything cached
    for size in sorted(SIZES):
        for format in FORMATS:
            if format == "xlsx" and size > WORKBOOK:
                continue
            before = _memory("VmRSS")
            took = export(format, size)
            grown = _memory("VmHWM") - before
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
                "what": f"what {size:,} tickets as {format} add to the memory, {vendor}",
                "ours": grown,
                "baseline": None,
                "unit": "MB",
                "ratio": grown,
                "goal": "<= 20",
            }


def _plain(tickets: Any) -> float:
    start = perf_counter()
    with tempfile.TemporaryFile("w") as file:
        csv.writer(file).writerows(tickets.values_list().iterator())
    return perf_counter() - start


def _memory(figure: str) -> float:
    """``VmRSS``, what the process has in memory, or ``VmHWM``, the most since it was told to forget
    what was before; in MB, on Linux."""
    if figure == "VmRSS":
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{figure}:")) / 1024


if __name__ == "__main__":
    run_alone(_rows)
