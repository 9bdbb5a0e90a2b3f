"""Public holidays into calendars: what is added, what stays, and what is refused."""

import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from django_sla.exceptions import HolidaysNotInstalled
from django_sla.flow import holidays
from django_sla.moment import as_of
from django_sla.tables import edition
from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy
from tests.hosts.desk.models import Ticket


@pytest.fixture
def office(db: None) -> Calendar:
    return Calendar.objects.create(
        name="Office",
        tz="America/Toronto",
        hours={"mon-fri": [["09:00", "17:00"]]},
        holidays={"2026-07-01": "We are at the lake", "2026-08-04": "Founder's day"},
    )


# What the package knows


def test_the_package_is_there() -> None:
    assert holidays.available()


def test_countries_come_with_their_subdivisions() -> None:
    known = holidays.countries()
    assert "ON" in known["CA"]
    assert known["MC"] == ()
    assert list(known) == sorted(known)


def test_holidays_come_by_date_in_order() -> None:
    found = holidays.public_holidays("CA", "ON", [2027, 2026])
    assert list(found) == sorted(found)
    assert found[date(2026, 7, 1)] == "Canada Day"
    assert found[date(2027, 2, 15)] == "Family Day"
    assert {day.year for day in found} == {2026, 2027}


def test_without_a_subdivision_there_is_what_the_country_has() -> None:
    assert date(2026, 2, 16) not in holidays.public_holidays("CA", "", [2026])


def test_codes_are_taken_in_any_case() -> None:
    expected = holidays.public_holidays("DE", "BY", [2026])
    assert holidays.public_holidays(" de", "by ", [2026]) == expected


REFUSED = [
    ("XX", "", [2026], "country", "“XX” is no country that is known; give its code of two letters"),
    ("", "", [2026], "country", "“” is no country that is known"),
    ("CA", "ZZ", [2026], "subdivision", "CA has no subdivision “ZZ”; there is AB, BC, "),
    ("MC", "ZZ", [2026], "subdivision", "MC has no subdivisions; leave it empty."),
    ("CA", "", [1899], "years", "Give years from 1900 to 2200."),
    ("CA", "", [2026, 2201], "years", "Give years from 1900 to 2200."),
    ("CA", "", [2000, 2050], "years", "Give at most 50 years at a time."),
    ("CA", "", [], "years", "The last year comes before the first."),
    ("CA", "", [2190], "years", "No holidays of CA are known for these years."),
]


@pytest.mark.parametrize(("country", "subdivision", "years", "field", "message"), REFUSED)
def test_what_is_not_known_is_refused_by_field(
    country: str, subdivision: str, years: list[int], field: str, message: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        holidays.public_holidays(country, subdivision, years)
    (said,) = raised.value.message_dict[field]
    assert message in said


def test_without_the_package_the_remedy_is_named(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(HolidaysNotInstalled, match=r'pip install "django-sla\[holidays\]"'):
        holidays.countries()
    with pytest.raises(HolidaysNotInstalled):
        holidays.public_holidays("CA", "", [2026])


# Years


@pytest.mark.parametrize(
    ("text", "years"),
    [("2026", [2026]), ("2026-2028", [2026, 2027, 2028]), (" 2026 - 2026 ", [2026])],
)
def test_years_are_read_with_both_ends(text: str, years: list[int]) -> None:
    assert list(holidays.read_years(text)) == years


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("next", "“next” is no year; write 2026, or 2026-2028."),
        ("", "“” is no year"),
        ("-2026", "“-2026” is no year"),
        ("2026-", "“2026-” is no year"),
        ("2028-2026", "The last year comes before the first."),
        ("1-999999999999", "Give years from 1900 to 2200."),
        ("9" * 5000, "is no year"),
        ("1950-2026", "Give at most 50 years at a time."),
    ],
)
def test_years_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        holidays.read_years(text)
    assert message in raised.value.message_dict["years"][0]


# Adding them


def test_new_dates_are_added_and_names_stay(office: Calendar) -> None:
    found = {date(2026, 7, 1): "Canada Day", date(2026, 12, 25): "Christmas Day"}
    assert holidays.add_holidays(office, found) == 1
    expected = {
        "2026-07-01": "We are at the lake",
        "2026-08-04": "Founder's day",
        "2026-12-25": "Christmas Day",
    }
    assert office.holidays == expected
    office.refresh_from_db()
    assert office.holidays == expected
    assert not office.value().is_open(datetime(2026, 12, 25, 15, tzinfo=UTC))


def test_it_is_one_save(office: Calendar) -> None:
    before = edition.read("default")
    holidays.add_holidays(office, holidays.public_holidays("CA", "ON", range(2026, 2029)))
    assert office.history.count() == 2
    assert edition.read("default") != before


def test_nothing_new_is_no_save(office: Calendar) -> None:
    before = edition.read("default")
    assert holidays.add_holidays(office, {date(2026, 7, 1): "Canada Day"}) == 0
    assert office.history.count() == 1
    assert edition.read("default") == before


def test_an_edit_in_between_is_kept(office: Calendar) -> None:
    stale = Calendar.objects.get(pk=office.pk)
    office.holidays = {"2026-01-02": "The day after"}
    office.tz = "America/Vancouver"
    office.save()
    holidays.add_holidays(stale, {date(2026, 12, 25): "Christmas Day"})
    office.refresh_from_db()
    assert office.tz == "America/Vancouver"
    assert list(office.holidays) == ["2026-01-02", "2026-12-25"]


def test_judging_does_not_read_the_package(office: Calendar, monkeypatch: Any) -> None:
    holidays.add_holidays(office, {date(2026, 12, 25): "Christmas Day"})
    monkeypatch.setitem(sys.modules, "holidays", None)
    Policy.objects.create(name="Office", goals={"*": {"response": "1h"}}, calendar=office)
    with as_of(datetime(2026, 12, 24, 21, 30, tzinfo=UTC)):  # half an hour before the weekend
        ticket = Ticket.objects.create()
    assert ticket.response_target == datetime(2026, 12, 28, 14, 30, tzinfo=UTC)
