"""Calendars that people edit: what is refused, how it is written, and what becomes of it."""

import json
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.db.models import ProtectedError

from django_sla.core.calendar import ALWAYS
from django_sla.core.calendar import Calendar as CalendarValue
from django_sla.core.errors import CalendarError
from django_sla.models import Calendar, Policy
from django_sla.tables import edition
from tests.integrations.test_request import serve

pytestmark = pytest.mark.django_db

WEEK = {"mon-fri": [["09:00", "17:00"]]}


def calendar(**fields: Any) -> Calendar:
    return Calendar(**{"name": "Office", "tz": "Europe/Paris", "hours": WEEK, **fields})


def refused(**fields: Any) -> dict[str, list[str]]:
    """The messages by field; nothing is saved, and no new edition made."""
    before = edition.read("default")
    with pytest.raises(ValidationError) as caught:
        calendar(**fields).save()
    assert not Calendar.objects.exists()
    assert not Calendar.history.exists()
    assert edition.read("default") == before
    return caught.value.message_dict


# What is refused


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "This field cannot be blank."),
        ("   ", "This field cannot be blank."),
        (None, "This field cannot be null."),
        ("x" * 81, "Ensure this value has at most 80 characters (it has 81)."),
        ("always", "This is the name of the built-in calendar; take another."),
        (" Always ", "This is the name of the built-in calendar; take another."),
    ],
)
def test_a_name_that_cannot_be(name: Any, message: str) -> None:
    assert refused(name=name) == {"name": [message]}


def test_a_name_that_is_taken() -> None:
    calendar().save()
    with pytest.raises(ValidationError) as caught:
        calendar(name=" Office ").save()
    assert caught.value.message_dict == {"name": ["Calendar with this Name already exists."]}


@pytest.mark.parametrize(
    ("tz", "message"),
    [
        ("", "This field cannot be blank."),
        ("Europe/Pari", "unknown time zone 'Europe/Pari'; did you mean 'Europe/Paris'?"),
        ("toronto", "unknown time zone 'toronto'; did you mean 'America/Toronto'?"),
        ("Mars", "unknown time zone 'Mars'; "),
        ("../etc/passwd", "unknown time zone '../etc/passwd'; "),
    ],
)
def test_a_time_zone_that_is_unknown(tz: str, message: str) -> None:
    found = refused(tz=tz)
    assert list(found) == ["tz"]
    assert found["tz"][0].startswith(message)


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ({}, "no weekday has a span, so it would never open; give one"),
        ({"mon": []}, "no weekday has a span, so it would never open; give one"),
        (
            {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]},
            "hours['mon']: 11:00-17:00 overlaps 09:00-12:00; make one span of them, or shorten one",
        ),
        (
            {"mon": [["22:00", "06:00"]], "tue": [["05:00", "17:00"]]},
            "hours['tue']: 05:00-17:00 overlaps 22:00-06:00 of hours['mon']; "
            "make one span of them, or shorten one",
        ),
        (
            {"sun": [["22:00", "06:00"]], "mon": [["05:00", "17:00"]]},
            "hours['mon']: 05:00-17:00 overlaps 22:00-06:00 of hours['sun']; "
            "make one span of them, or shorten one",
        ),
        (
            {"mon-fri": [["09:00", "17:00"]], "fri": [["09:00", "12:00"]]},
            "hours['fri']: fri is given twice; put all of its spans under one key",
        ),
        (
            {"monday": [["09:00", "17:00"]]},
            "unknown weekday 'monday'; write one of mon, tue, wed, thu, fri, sat, sun, "
            'or a range such as "mon-fri"',
        ),
        (
            {"mon": [["09:00", "09:00"]]},
            "hours['mon']: 09:00-09:00 is empty; "
            'write ("00:00", "24:00") for a whole day, [] for a closed one',
        ),
        (
            {"mon": [["9", "17:00"]]},
            "hours['mon']: '9' is not a time of day; "
            'write "00:00" to "23:59", or "24:00" for an end',
        ),
        (
            {"mon": [["24:00", "17:00"]]},
            "hours['mon']: a span cannot begin at 24:00; give it to the next day",
        ),
        (
            {"mon": [["09:00"]]},
            "hours['mon']: ['09:00'] is not a span; "
            'write each as a pair, for example [("09:00", "17:00")]',
        ),
        (
            {"mon": "09:00-17:00"},
            'hours[\'mon\']: expected a list of spans such as [("09:00", "17:00")], '
            "or [] for a closed day, got '09:00-17:00'",
        ),
        ([], 'expected {"mon-fri": [("09:00", "17:00")]}, got []'),
    ],
)
def test_hours_that_cannot_be(hours: Any, message: str) -> None:
    assert refused(hours=hours) == {"hours": [message]}


@pytest.mark.parametrize(
    ("holidays", "message"),
    [
        (["2026-13-01"], "'2026-13-01' is not a date; write it as \"2026-12-25\""),
        ({"Christmas": "2026-12-25"}, "'Christmas' is not a date; write it as \"2026-12-25\""),
        ([["2026-12-25"]], "['2026-12-25'] is not a date; write it as \"2026-12-25\""),
        ([{}], '{} is not a date; write it as "2026-12-25"'),
        ("2026-12-25", "expected a list of dates, got '2026-12-25'"),
        (5, "expected a list of dates, got 5"),
        ([20261225], '20261225 is not a date; write it as "2026-12-25"'),
    ],
)
def test_holidays_that_cannot_be(holidays: Any, message: str) -> None:
    assert refused(holidays=holidays) == {"holidays": [message]}


@pytest.mark.parametrize(
    ("special_days", "message"),
    [
        ({"soon": []}, "'soon' is not a date; write it as \"2026-12-25\""),
        (
            {"2026-12-24": [["09:00", "12:00"], ["11:00", "13:00"]]},
            "special_days['2026-12-24']: 11:00-13:00 overlaps 09:00-12:00; "
            "make one span of them, or shorten one",
        ),
        (
            {"2026-12-24": [], "20261224": []},
            "2026-12-24 is given twice; put all of its spans under one key",
        ),
        ([], 'expected {"2026-12-24": [("09:00", "17:00")]}, got []'),
    ],
)
def test_special_days_that_cannot_be(special_days: Any, message: str) -> None:
    assert refused(special_days=special_days) == {"special_days": [message]}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = refused(name="always", tz="Mars", hours={"mon": 3}, holidays=["x"], special_days=3)
    assert sorted(found) == ["holidays", "hours", "name", "special_days", "tz"]


@pytest.mark.parametrize("part", ["hours", "holidays", "special_days"])
@pytest.mark.parametrize("wrong", [{date(2026, 12, 25): []}, {"2026-12-25": {1, 2}}])
def test_what_is_no_json_is_refused(part: str, wrong: Any) -> None:
    assert "Value must be valid JSON." in refused(**{part: wrong})[part]


def test_null_is_what_it_is_in_the_settings() -> None:
    always = calendar(hours=None, special_days=None)
    always.save()
    assert always.hours["sun"] == [["00:00", "24:00"]]
    assert always.special_days == {}
    with pytest.raises(ValidationError) as caught:
        calendar(name="Another", holidays=None).save()
    assert caught.value.message_dict == {"holidays": ["expected a list of dates, got None"]}


def test_a_change_that_is_refused_changes_nothing() -> None:
    kept = Calendar.objects.create(name="Office", tz="Europe/Paris", hours=WEEK)
    before = edition.read("default")
    kept.hours = {}
    with pytest.raises(ValidationError):
        kept.save()
    assert Calendar.objects.get().hours["mon"] == [["09:00", "17:00"]]
    assert kept.history.count() == 1
    assert edition.read("default") == before


def test_special_days_may_be_all_there_is() -> None:
    fair = calendar(hours={}, special_days={"2026-07-04": [["10:00", "20:00"]]})
    fair.save()
    assert fair.value().is_open(datetime(2026, 7, 4, 9, tzinfo=UTC))


# How it is written


def test_it_is_written_in_one_way() -> None:
    office = calendar(
        name="  Office ",
        hours={"fri-mon": [["13:00:00", "17:00"], ["9:30", "12:00"]], "tue": []},
        holidays=["2026-12-25", "20260101", "2026-12-25"],
        special_days={"20261224": [["9:00", "12:00"]], "2026-01-02": []},
    )
    office.save()
    day = [["09:30", "12:00"], ["13:00", "17:00"]]
    office.refresh_from_db()
    assert office.name == "Office"
    assert office.hours == {"mon": day, "fri": day, "sat": day, "sun": day}
    assert office.holidays == {"2026-01-01": "", "2026-12-25": ""}
    assert list(office.special_days.items()) == [
        ("2026-01-02", []),
        ("2026-12-24", [["09:00", "12:00"]]),
    ]


def test_holidays_keep_their_names() -> None:
    office = calendar(holidays={"20261225": " Christmas ", "2026-01-01": None, "2026-05-01": 5})
    office.save()
    office.refresh_from_db()
    assert office.holidays == {"2026-01-01": "", "2026-05-01": "5", "2026-12-25": "Christmas"}


def test_saved_again_it_is_the_same() -> None:
    office = calendar(holidays={"2026-12-25": "Christmas"}, special_days={"2026-12-24": []})
    office.save()
    before = office.document()
    office.save()
    office.refresh_from_db()
    assert office.document() == before
    assert json.loads(json.dumps(before)) == before


def test_its_value_is_a_calendar_of_the_core() -> None:
    office = calendar(
        holidays={"2026-12-25": "Christmas"}, special_days={"2026-12-24": [["09:00", "12:00"]]}
    )
    office.save()
    office.refresh_from_db()
    assert office.value() == CalendarValue(
        "Europe/Paris",
        hours={"mon-fri": [("09:00", "17:00")]},
        holidays=[date(2026, 12, 25)],
        special_days={date(2026, 12, 24): [("09:00", "12:00")]},
    )
    assert str(office) == "Office"


def test_one_that_was_written_past_its_validation_is_an_error() -> None:
    Calendar.objects.bulk_create([calendar(hours={"mon": 3})])
    with pytest.raises(CalendarError):
        Calendar.objects.get().value()


# What becomes of it


def test_one_in_use_is_protected() -> None:
    office = Calendar.objects.create(name="Office", hours=WEEK)
    policy = Policy.objects.create(name="Office", goals={"*": {"response": "1h"}}, calendar=office)
    with pytest.raises(ProtectedError):
        office.delete()
    policy.calendar = None
    policy.save()
    office.delete()
    assert not Calendar.objects.exists()


def test_every_change_is_in_the_history_with_who_and_from_where() -> None:
    ada = get_user_model().objects.create_user("ada", is_staff=True)
    office = serve(lambda: Calendar.objects.create(name="Office", hours=WEEK), ada)

    def change() -> None:
        office.tz = "Asia/Tokyo"
        office.save()

    serve(change, ada, "198.51.100.9")
    office.delete()
    rows = Calendar.history.order_by("history_id")
    assert [(row.history_type, row.history_user, row.client_ip) for row in rows] == [
        ("+", ada, "203.0.113.7"),
        ("~", ada, "198.51.100.9"),
        ("-", None, None),
    ]
    assert [row.tz for row in rows] == ["UTC", "Asia/Tokyo", "Asia/Tokyo"]
    assert rows[0].hours["fri"] == [["09:00", "17:00"]]


@pytest.fixture
def office() -> Calendar:
    return Calendar.objects.create(name="Office", hours=WEEK)


def fixture_of(*objects: Any, path: Any) -> str:
    path.write_text(serializers.serialize("json", objects), "utf-8")
    return str(path)


def test_every_way_to_write_makes_a_new_edition(office: Calendar, tmp_path: Any) -> None:
    fixture = fixture_of(office, path=tmp_path / "office.json")
    seen = [edition.read("default")]

    def is_new() -> bool:
        seen.append(edition.read("default"))
        return seen[-1] not in seen[:-1]

    office.save()
    assert is_new()
    Calendar.objects.update(tz="Asia/Tokyo")
    assert is_new()
    office.tz = "UTC"
    Calendar.objects.bulk_update([office], ["tz"])
    assert is_new()
    Calendar.objects.bulk_create([calendar(name="Another")])
    assert is_new()
    Calendar.objects.update_or_create(name="Another", defaults={"tz": "UTC"})
    assert is_new()
    Calendar.objects.filter(name="Another").delete()
    assert is_new()
    office.delete()
    assert is_new()
    call_command("loaddata", fixture, stdout=StringIO())
    assert is_new()
    assert Calendar.objects.get().name == "Office"


@pytest.mark.django_db(transaction=True)
def test_a_write_and_its_edition_are_there_together_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Calendar.objects.create(name="Office", hours=WEEK)

    def broken(using: str) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(edition, "revise", broken)
    office.tz = "Asia/Tokyo"
    for write in (
        office.save,
        lambda: Calendar.objects.update(tz="Asia/Tokyo"),
        lambda: Calendar.objects.bulk_create([calendar(name="Another")]),
        office.delete,
    ):
        with pytest.raises(RuntimeError):
            write()
        assert connection.in_atomic_block is False
    assert [(row.name, row.tz) for row in Calendar.objects.all()] == [("Office", "UTC")]
    assert Calendar.history.count() == 1


def test_around_the_clock_can_be_written_out() -> None:
    whole = calendar(tz="UTC", hours={"mon-sun": [["00:00", "24:00"]]})
    whole.save()
    start = datetime(2026, 3, 2, tzinfo=UTC)
    end = datetime(2027, 3, 2, tzinfo=UTC)
    assert whole.value().between(start, end) == ALWAYS.between(start, end)
