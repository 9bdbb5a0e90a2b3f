"""Weeks of promises, what is expected of the next ones, and how far off that was."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.exceptions import NaiveDatetime, NotEnoughHistory
from django_sla.reports.forecast import Error, Week, Weeks, error_of, forecast
from django_sla.reports.trend_model import TrendModel
from tests.conftest import MONDAY
from tests.hosts.desk.models import Ticket

DAY = timedelta(days=1)
NOW = MONDAY + timedelta(weeks=20, days=2)
GOAL = timedelta(hours=24)
"""Of the resolution at the priority medium."""


def resolved(dues: list[tuple[datetime, bool]], **fields: Any) -> list[Any]:
    """Tickets whose resolution was due then, in time or not."""
    return Ticket.objects.bulk_create(
        Ticket(
            priority="medium",
            status="resolved",
            created_at=due - GOAL,
            resolved_at=due + timedelta(hours=-1 if met else 1),
            **fields,
        )
        for due, met in dues
    )


def history(weeks: int, of: int = 4, seed: int = 1) -> list[tuple[datetime, bool]]:
    """Dues over the weeks before the one that is running."""
    random = Random(seed)
    begin = MONDAY + timedelta(weeks=20 - weeks)
    return [
        (
            begin + timedelta(weeks=week, minutes=random.randrange(6 * 24 * 60)),
            random.random() < 0.7,
        )
        for week in range(weeks)
        for _one in range(of)
    ]


def by_week(dues: list[tuple[datetime, bool]], zone: Any) -> dict[date, tuple[int, int]]:
    found: dict[date, tuple[int, int]] = {}
    for due, met in dues:
        day = due.astimezone(zone).date()
        monday = day - timedelta(days=day.weekday())
        kept, of = found.get(monday, (0, 0))
        found[monday] = (kept + met, of + 1)
    return found


def weeks_of(**options: Any) -> list[Week]:
    options = {"now": NOW, "tz": UTC} | options
    return Weeks(Ticket.objects.all(), "resolution", **options).found()


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Asia/Tokyo"])
def test_weeks_of_the_zone_that_are_over(zone: str) -> None:
    tz = ZoneInfo(zone)
    dues = [*history(6), (NOW - DAY, True)]
    # Around midnight from a Sunday to a Monday, of one zone or another.
    dues += [
        (datetime(2026, 6, 29, tzinfo=UTC) + timedelta(hours=hours), hours % 2 == 0)
        for hours in range(-24, 25)
    ]
    resolved(dues)
    found = weeks_of(tz=tz, now=NOW)
    assert found[-1].first == date(2026, 7, 13)  # the last that is over on Wednesday the 22nd
    expected = by_week(dues, tz)
    assert {week.first: (week.met, week.judged) for week in found if week.judged} == {
        monday: counts for monday, counts in expected.items() if monday < date(2026, 7, 20)
    }


@pytest.mark.django_db
def test_from_the_first_week_on_with_those_of_nothing() -> None:
    resolved([(NOW - timedelta(weeks=9), True), (NOW - timedelta(weeks=3), False)])
    found = weeks_of()
    assert [week.percent for week in found] == [100, *[None] * 5, 0, None, None]
    assert found[0].label == "2026-W21"
    assert weeks_of(now=NOW - timedelta(weeks=15)) == []


@pytest.mark.django_db
def test_what_is_late_and_open_counts_and_what_is_excused_may_not() -> None:
    late = resolved([(NOW - timedelta(weeks=2), False)] * 3)
    Ticket.objects.bulk_create(
        [Ticket(priority="medium", created_at=NOW - timedelta(weeks=2) - GOAL)]
    )
    late[0].sla.waive("resolution", "The carrier was down")
    weeks = Weeks(Ticket.objects.all(), "resolution", now=NOW, tz=UTC)
    assert [(week.met, week.judged) for week in weeks.found()] == [(0, 4), (0, 0)]
    assert [(week.met, week.judged) for week in weeks.found(adjusted=True)] == [(0, 3), (0, 0)]


@pytest.mark.django_db
def test_one_query_and_only_the_tickets_asked_for() -> None:
    resolved(history(16))
    resolved(history(16, seed=2), title="others")
    with CaptureQueriesContext(connection) as captured:
        both = forecast(Ticket.objects.all(), now=NOW, tz=UTC)
    assert len(captured) == 1
    alone = forecast(Ticket.objects.filter(title="others"), now=NOW, tz=UTC)
    assert [week.judged for week in both.history] == [8] * 16
    assert [week.judged for week in alone.history] == [4] * 16
    none = {"where": {"priority": "low"}}
    with pytest.raises(
        NotEnoughHistory, match="not enough history: promises came due in 0 of the last 52"
    ):
        forecast(Ticket.objects.all(), now=NOW, tz=UTC, **none)


@pytest.mark.django_db
def test_the_next_weeks() -> None:
    resolved(history(16))
    found = forecast(Ticket.objects.all(), now=NOW, tz=UTC, weeks=3, interval=90)
    assert [week.first for week in found.weeks] == [
        date(2026, 7, 20),  # which is running
        date(2026, 7, 27),
        date(2026, 8, 3),
    ]
    assert found.weeks[0].label == "2026-W30"
    model = TrendModel([w.met for w in found.history], [w.judged for w in found.history])
    assert [(w.percent, w.low, w.high) for w in found.weeks] == [
        (100 * a.expected, 100 * a.low, 100 * a.high) for a in model.ahead(3, 4, 90)
    ]
    assert (found.metric, found.interval, found.adjusted) == ("resolution", 90, False)
    assert found.error == error_of(found.history, 3, 90)


@pytest.mark.django_db
def test_too_little_history() -> None:
    resolved(history(11))
    with pytest.raises(NotEnoughHistory, match=r"in 11 of the last 52 weeks, .* needs 12"):
        forecast(Ticket.objects.all(), now=NOW, tz=UTC)
    resolved([(MONDAY, True)])
    found = forecast(Ticket.objects.all(), now=NOW, tz=UTC)
    assert len(found.history) == 20
    assert found.error is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "reply"}, "metric: there is no 'reply'; there is response, resolution"),
        ({"weeks": 0}, "weeks: expected a number from 1 to 26, got 0"),
        ({"weeks": 27}, "weeks: "),
        ({"interval": 100}, "interval: expected a number from 50 to 99"),
        ({"history": 200}, "history: expected a number from 12 to 104"),
        ({"where": {"colour": "red"}}, "where: 'colour'"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        forecast(Ticket.objects.all(), now=NOW, **options)


@pytest.mark.django_db
def test_an_instant_without_a_zone() -> None:
    with pytest.raises(NaiveDatetime):
        forecast(Ticket.objects.all(), now=NOW.replace(tzinfo=None))


def made_up(counts: list[tuple[int, int]]) -> list[Week]:
    return [
        Week(first=date(2026, 1, 5) + timedelta(weeks=place), met=met, judged=judged)
        for place, (met, judged) in enumerate(counts)
    ]


def test_the_error_is_that_of_forecasts_made_then() -> None:
    random = Random(4)
    counts = [(random.randrange(6), 6) for _ in range(30)]
    counts[25] = counts[10] = (0, 0)
    off, average, within = [], [], []
    for begin in range(22, 30):
        before = [week for week in counts[:begin] if week[1]]
        model = TrendModel(*zip(*counts[:begin], strict=True))
        told = model.ahead(4, round(median(of for _met, of in before[-8:])), 80)
        mean = sum(met for met, _of in before[-8:]) / sum(of for _met, of in before[-8:])
        for (met, of), one in zip(counts[begin : begin + 4], told, strict=False):
            if of:
                off.append(abs(met / of - one.expected))
                average.append(abs(met / of - mean))
                within.append(one.low <= met / of <= one.high)
    found = error_of(made_up(counts))
    assert found is not None
    assert (found.weeks, found.forecasts) == (8, len(off))
    assert found.mean == pytest.approx(100 * sum(off) / len(off))
    assert found.mean_of_average == pytest.approx(100 * sum(average) / len(average))
    assert found.covered == pytest.approx(100 * sum(within) / len(within))


def test_the_future_is_not_known_to_the_past() -> None:
    """Forecasts of the first held-back week are the same whatever came after it."""
    quiet = [(18, 20)] * 20
    then, other = (error_of(made_up([*quiet, *after]), 1) for after in ([(18, 20)], [(2, 20)]))
    assert then is not None
    assert other is not None
    assert then.mean < 1
    assert other.mean == pytest.approx((7 * then.mean + 80) / 8, abs=0.3)


def test_how_many_weeks_are_held_back() -> None:
    for weeks, held_back in ((52, 13), (32, 8), (20, 8), (12, 4)):
        found = error_of(made_up([(3, 4)] * weeks))
        assert isinstance(found, Error)
        assert found.weeks == held_back
    assert error_of(made_up([(3, 4)] * 8)) is None
    assert error_of(made_up([(3, 4)] * 12 + [(0, 0)] * 8)) is None
