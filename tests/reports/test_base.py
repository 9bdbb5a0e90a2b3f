"""The period before, and which tickets a report reads."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count

from django_sla.reports.base import PeriodReport, before
from tests.conftest import after
from tests.hosts.desk.models import Ticket

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def at(year: int, month: int, day: int, hour: int = 0, zone: Any = UTC) -> datetime:
    return datetime(year, month, day, hour, tzinfo=zone)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        # As many months before whole months, however long they are.
        (at(2026, 3, 1), at(2026, 4, 1), at(2026, 2, 1)),
        (at(2026, 1, 1), at(2026, 4, 1), at(2025, 10, 1)),
        (at(2026, 1, 1), at(2027, 1, 1), at(2025, 1, 1)),
        (at(2026, 12, 1), at(2027, 1, 1), at(2026, 11, 1)),
        # As much time before anything else.
        (at(2026, 3, 2), at(2026, 3, 9), at(2026, 2, 23)),
        (at(2026, 3, 1), at(2026, 3, 15), at(2026, 2, 15)),
        (at(2026, 3, 1, 6), at(2026, 4, 1, 6), at(2026, 1, 29, 6)),
    ],
)
def test_the_period_before(since: datetime, until: datetime, expected: datetime) -> None:
    assert before(since, until, UTC) == expected


def test_days_are_days_of_the_zone() -> None:
    """The clocks went forward on 16 October 2016: that day had 23 hours, the one before 24."""
    since, until = at(2016, 10, 16, 3), at(2016, 10, 17, 2)
    assert until - since == timedelta(hours=23)
    assert before(since, until, SAO_PAULO) == at(2016, 10, 15, 3)
    # Months are those of the zone, too.
    assert before(at(2026, 3, 1, 3), at(2026, 4, 1, 3), SAO_PAULO) == at(2026, 2, 1, 3)


@pytest.mark.django_db
def test_previous() -> None:
    report = PeriodReport(Ticket.objects.all(), since=after(10), now=after(15))
    assert report.previous is not None
    assert (report.previous.since, report.previous.until) == (after(5), after(10))
    assert report.previous.now == after(15)
    assert report.previous.previous is not None
    assert report.previous.previous.since == after(0)
    assert PeriodReport(Ticket.objects.all(), until=after(1)).previous is None
    assert PeriodReport(Ticket.objects.all(), since=after(2), now=after(1)).previous is None


@pytest.mark.django_db
def test_all_tickets_are_not_selected_one_by_one() -> None:
    def joined(queryset: Any) -> bool:
        return " IN (SELECT" in str(PeriodReport(queryset).clocks.query)

    tickets = Ticket.objects.all()
    assert not joined(tickets)
    assert not joined(tickets.order_by("-created_at"))
    assert joined(tickets.filter(status="open"))
    assert joined(tickets.exclude(status="open"))
    assert joined(tickets.filter(status="open").union(tickets.filter(status="closed")))
    assert joined(tickets.annotate(n=Count("comments")).filter(n=1))
    assert PeriodReport(Ticket.objects.none()).clocks.count() == 0
