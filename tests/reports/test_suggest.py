"""Targets that history suggests."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.reports.suggest import friendly, suggest
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def suggested(metric: str = "resolution", **period: Any) -> dict[str, Any]:
    found = suggest(Ticket.objects.all(), **period)
    return {one.priority: one for one in found if one.metric == metric}


def test_so_many_percent_took_so_long_at_most() -> None:
    for hours in range(1, 21):
        moved(opened(priority="low"), "resolved", hours - 0.1)
    moved(moved(moved(opened(priority="urgent"), "pending", 1), "open", 9), "resolved", 10)
    opened(priority="high")  # open, so nobody knows how long it takes
    found = suggested()
    assert list(found) == ["urgent", "low"]
    low = found["low"]
    assert low.clocks == 20
    assert [one.exact / HOUR for one in low.by_share.values()] == pytest.approx(
        [9.9, 14.9, 17.9, 18.9]
    )
    assert [low.by_share[p].target / HOUR for p in (50, 75, 90, 95)] == [10, 16, 20, 20]
    assert [low.share(percent) for percent in (50, 75, 90, 95)] == [50, 80, 100, 100]
    assert found["urgent"].by_share[95].target == 2 * HOUR  # pauses do not count
    assert [one.percent for one in low.by_share.values()] == [50, 75, 90, 95]


def test_of_the_tickets_opened_in_the_period() -> None:
    for hours in range(4):
        moved(opened(hours), "resolved", hours + 1)
    assert suggested(since=after(1), until=after(3))["medium"].clocks == 2
    assert suggest(Ticket.objects.none()) == []


def test_two_queries_whatever_there_is() -> None:
    for priority in Ticket.Priority.values:
        for hours in (1, 2, 3):
            moved(opened(priority=priority), "resolved", hours)
    with CaptureQueriesContext(connection) as captured:
        suggest(Ticket.objects.all())
    assert len(captured) == 2


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0, 1 / 12), (0.6, 0.75), (1, 1), (5.1, 6), (24, 24), (25, 36), (200, 240), (400, 504)],
)
def test_rounded_up_to_what_people_say(hours: float, said: float) -> None:
    assert friendly(hours * HOUR) == said * HOUR
