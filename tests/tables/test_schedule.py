"""When a scheduled report is due, and what may be written into a schedule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from django_sla.models import ReportSchedule
from django_sla.tables.schedule import Order

pytestmark = pytest.mark.django_db

BOSS = "boss@example.com"


def schedule(**values: Any) -> ReportSchedule:
    return ReportSchedule(
        **{
            "name": "Weekly",
            "model": "desk.Ticket",
            "weekday": 0,
            "recipients": [BOSS],
            "zone": "Europe/Paris",
            **values,
        }
    )


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


# When


def clocks_show(zone: str, shown: time) -> Iterator[datetime]:
    """Every instant of a bit more than a year at which clocks of a zone show that time."""
    tz, at = ZoneInfo(zone), utc(2025, 11, 1)
    while at < utc(2027, 3, 1):
        if at.astimezone(tz).time() == shown:
            yield at
        at += timedelta(minutes=30)


DAYS: dict[str, Any] = {
    "daily": lambda day: True,
    "working": lambda day: day.isoweekday() in (1, 2, 3, 4, 5),
    "weekly": lambda day: day.isoweekday() == 3,
    "monthly": lambda day: day.day == 17,
}


@pytest.mark.parametrize("recurrence", DAYS)
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe"])
def test_it_is_due_when_the_clocks_of_its_zone_say_so(recurrence: str, zone: str) -> None:
    row = schedule(recurrence=recurrence, weekday=2, day=17, time=time(8), zone=zone)
    tz = ZoneInfo(zone)
    every = [at for at in clocks_show(zone, time(8)) if DAYS[recurrence](at.astimezone(tz).date())]
    now = utc(2026, 1, 1)
    while now < utc(2027, 1, 1):
        assert row.following(now) == min(at for at in every if at > now)
        assert row.latest(now) == max(at for at in every if at <= now)
        now += timedelta(hours=31, minutes=7)
    assert row.latest(every[5]) == every[5]
    assert row.following(every[5]) == every[6]


@pytest.mark.parametrize(
    ("zone", "shown", "day", "due"),
    [
        # From 02:00 to 03:00; then at 03:30.
        ("Europe/Paris", time(2, 30), date(2026, 3, 29), utc(2026, 3, 29, 1, 30)),
        # Twice; then the first time.
        ("Europe/Paris", time(2, 30), date(2026, 10, 25), utc(2026, 10, 25, 0, 30)),
        # A day without midnight.
        ("Africa/Cairo", time(0), date(2026, 4, 24), utc(2026, 4, 23, 22)),
    ],
)
def test_times_that_are_skipped_or_repeated_come_once(
    zone: str, shown: time, day: date, due: datetime
) -> None:
    row = schedule(recurrence="daily", time=shown, zone=zone)
    before = due - timedelta(hours=6)
    assert row.following(before) == due
    after = row.following(due)
    assert after > due + timedelta(hours=20)
    assert row.latest(after - timedelta(seconds=1)) == due
    assert row.local_day(due) == day


def test_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    row = schedule(recurrence="monthly", day=31, time=time(8), zone="UTC")
    found, now = [], utc(2026, 1, 1)
    for _month in range(5):
        now = row.following(now)
        found.append((now.month, now.day, now.hour))
    assert found == [(1, 31, 8), (2, 28, 8), (3, 31, 8), (4, 30, 8), (5, 31, 8)]


# Being saved


@time_machine.travel(utc(2026, 3, 4, 12), tick=False)
def test_it_is_due_next_once_it_is_saved() -> None:
    row = schedule(time="08:00")
    row.save()
    assert row.next_at == utc(2026, 3, 9, 7)
    row.time = time(9, 30)
    row.save()
    assert row.next_at == utc(2026, 3, 9, 8, 30)
    row.enabled = False
    row.save(update_fields=["enabled"])
    assert ReportSchedule.objects.get().next_at is None
    row.enabled = True
    row.save()
    assert ReportSchedule.objects.get().next_at == utc(2026, 3, 9, 8, 30)


def test_an_edit_loses_none_that_is_due_already() -> None:
    with time_machine.travel(utc(2026, 3, 4, 12), tick=False):
        row = schedule()
        row.save()
    with time_machine.travel(utc(2026, 3, 9, 7, 5), tick=False):
        row.name = "Every week"
        row.save()
        assert row.next_at == utc(2026, 3, 9, 7)


# Whom and of what


def test_what_is_right_is_accepted_and_written_in_one_way() -> None:
    Group.objects.create(name="Managers")
    get_user_model().objects.create_user("ada")
    row = schedule(
        recipients=["group:Managers", "user:ada", BOSS, BOSS],
        recurrence="daily",
        weekday=3,
        day=4,
        where=None,
    )
    row.where = {}
    row.full_clean()
    assert row.recipients == ["group:Managers", "user:ada", BOSS]
    assert (row.weekday, row.day) == (None, None)


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"model": "desk.Tickt"}, "model", "There is no ticket model “desk.Tickt”; there is"),
        ({"where": ["urgent"]}, "where", "Expected an object such as"),
        ({"weekday": None}, "weekday", "Choose the weekday"),
        ({"recurrence": "monthly"}, "day", "Give the day of the month"),
        ({"recurrence": "monthly", "day": 32}, "day", "less than or equal to 31"),
        ({"zone": "Europe/Pari"}, "zone", "is not the name of a time zone; write one such as"),
        ({"zone": "../etc"}, "zone", "is not the name of a time zone"),
        ({"recipients": "boss@example.com"}, "recipients", "Name whom it goes to"),
        ({"recipients": [7]}, "recipients", "Expected a name, got 7."),
        ({"recipients": ["assignee"]}, "recipients", "is somebody of a ticket, and a report has"),
        ({"recipients": ["group:Nobody"]}, "recipients", "Nobody knows “group:Nobody”; name"),
        ({"recipients": ["user:nobody"]}, "recipients", "Nobody knows “user:nobody”; name"),
        ({"recipients": ["boss"]}, "recipients", "Nobody knows “boss”; name user:ada, group:"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(values: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        schedule(**values).full_clean()
    assert set(error.value.message_dict) == {field}
    assert said in error.value.message_dict[field][0]


def test_an_order_comes_back_from_json_as_it_was() -> None:
    row = schedule(pk=7, where={"priority": ["urgent"]}, by="department", period="month")
    order = row.order(utc(2026, 3, 8, 23, 30))
    assert order.day == "2026-03-09", "the date in Paris"
    assert (order.schedule, row.order(utc(2026, 3, 8), void=False).schedule) == (7, None)
    assert Order.read(order.document()) == order


def test_it_says_when_it_comes() -> None:
    assert schedule().in_words() == "every week, Monday, 8 a.m., Europe/Paris"
    monthly = schedule(recurrence="monthly", day=1, time=time(13, 5))
    assert monthly.in_words() == "every month, day 1, 1:05 p.m., Europe/Paris"
