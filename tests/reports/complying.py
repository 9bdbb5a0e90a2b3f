"""What the tests of the compliance report ask of it."""

from dataclasses import replace
from typing import Any

from django_sla.reports.compliance import ComplianceReport, Figures, Row
from django_sla.reports.figures import TIMES
from tests.conftest import after
from tests.hosts.desk.models import Ticket


def report(queryset: Any = None, *, at: float = 100, **options: Any) -> ComplianceReport:
    tickets = Ticket.objects.all() if queryset is None else queryset
    return ComplianceReport(tickets, now=after(at), **options)


def total(*args: Any, **options: Any) -> Row:
    return report(*args, **options).total


def brief(figures: Figures) -> Figures:
    """Without the percentiles, and without the times by the clock on the wall."""
    return replace(figures, **dict.fromkeys(TIMES[2:]))


def labels(queryset: Any = None, **options: Any) -> list[str]:
    return [row.label for row in report(queryset, **options).rows]


def rows(**options: Any) -> dict[str, Row]:
    return {row.label: row for row in report(**options).rows}
