"""Time by the clock on the wall, exact on every database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F, Sum, Value
from django.db.models.functions import Coalesce

from django_sla.reports.wall import WallTime
from tests.hosts.desk.models import Ticket
from tests.reports.desk import opened

pytestmark = pytest.mark.django_db

START = datetime(2016, 2, 28, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, START + timedelta(days=2, seconds=1)),
        (START, START + timedelta(microseconds=1)),
        # A fraction that rounds up to the next second must not.
        (START + timedelta(microseconds=999_999), START + timedelta(seconds=1)),
        (START + timedelta(microseconds=1), START + timedelta(microseconds=999_999)),
        (START + timedelta(microseconds=120_000), START + timedelta(days=9000)),
        (START + timedelta(seconds=1), START),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC), START),
    ],
)
def test_to_the_microsecond(start: datetime, end: datetime) -> None:
    opened()
    Ticket.sla.rows("default").update(created_at=start, closed_at=end)
    found = Ticket.sla.rows("default").annotate(took=WallTime("closed_at", "created_at"))
    assert found.get().took == end - start


def test_of_expressions_in_sums_and_filters() -> None:
    opened()
    opened(1)
    now = Value(datetime(2026, 3, 2, 11, tzinfo=UTC))
    Ticket.sla.rows("default").update(created_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    rows = Ticket.sla.rows("default")
    took = WallTime(Coalesce("closed_at", now), F("created_at"))
    assert rows.aggregate(all=Sum(took))["all"] == timedelta(hours=4)
    assert rows.alias(took=took).filter(took__gte=timedelta(hours=2)).count() == 2
    assert rows.alias(took=took).filter(took__gt=timedelta(hours=2)).count() == 0
