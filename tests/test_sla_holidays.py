"""``manage.py sla_holidays``: its options, and what it says of wrong ones."""

import io
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_sla.flow.holidays import public_holidays
from django_sla.moment import as_of
from django_sla.tables.calendar import Calendar
from tests.conftest import MONDAY

pytestmark = pytest.mark.django_db

TORONTO = ("--country", "CA", "--subdivision", "ON")


def sla_holidays(*arguments: str) -> str:
    output = io.StringIO()
    call_command("sla_holidays", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def office() -> Calendar:
    hours = {"mon-fri": [["09:00", "17:00"]]}
    days = {"2026-12-25": "Christmas"}
    return Calendar.objects.create(name="Office", tz="UTC", hours=hours, holidays=days)


def test_the_holidays_of_some_years_are_written(office: Calendar) -> None:
    said = sla_holidays("Office", *TORONTO, "--years", "2026-2028")
    assert "+ 2026-07-01  Canada Day\n" in said
    assert "  2026-12-25  Christmas Day\n" in said, "which is there already"
    office.refresh_from_db()
    assert office.holidays["2026-12-25"] == "Christmas"
    assert office.holidays["2028-12-25"] == "Christmas Day"
    assert said.splitlines()[-1] == f"Office: {len(office.holidays) - 1} added, 1 there already."


def test_again_it_writes_nothing(office: Calendar) -> None:
    sla_holidays("Office", *TORONTO, "--years", "2026")
    said = sla_holidays("Office", *TORONTO, "--years", "2026")
    count = len(public_holidays("CA", "ON", [2026]))
    assert f"Office: 0 added, {count} there already." in said
    assert "+" not in said
    assert office.history.count() == 2


def test_a_dry_run_writes_nothing(office: Calendar) -> None:
    said = sla_holidays("Office", *TORONTO, "--years", "2026", "--dry-run")
    assert "+ 2026-07-01  Canada Day\n" in said
    count = len(public_holidays("CA", "ON", [2026])) - 1
    assert f"Office: {count} would be added, 1 there already." in said
    office.refresh_from_db()
    assert list(office.holidays) == ["2026-12-25"]
    assert office.history.count() == 1


def test_without_years_this_one_and_the_next(office: Calendar) -> None:
    with as_of(MONDAY):
        sla_holidays("Office", *TORONTO)
    office.refresh_from_db()
    assert {day[:4] for day in office.holidays} == {"2026", "2027"}


def test_the_countries_are_listed() -> None:
    lines = sla_holidays("--list").splitlines()
    assert "CA  AB BC MB NB NL NS NT NU ON PE QC SK YT" in lines
    assert "MC" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["Offfice", *TORONTO],
            "calendar: there is none called 'Offfice'. Did you mean \"Office\"?",
        ),
        (["Shop", *TORONTO], "calendar: there is none called 'Shop'. There is Office."),
        (["Office", "--country", "XX"], "--country: “XX” is no country that is known"),
        (
            ["Office", "--country", "CA", "--subdivision", "ZZ"],
            "--subdivision: CA has no subdivision “ZZ”; there is AB, BC",
        ),
        (["Office", *TORONTO, "--years", "soon"], "--years: “soon” is no year; write 2026, or"),
        (["Office", *TORONTO, "--years", "2028-2026"], "--years: The last year comes before"),
        (["Office"], "Say which calendar, and --country; --list lists the countries."),
        ([*TORONTO], "Say which calendar, and --country"),
    ],
)
def test_what_is_wrong_is_said(office: Calendar, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_holidays(*arguments)
    assert message in str(raised.value)
    office.refresh_from_db()
    assert list(office.holidays) == ["2026-12-25"]


def test_without_a_calendar_it_says_where_to_add_one() -> None:
    with pytest.raises(CommandError, match="There is no calendar in the database; add one"):
        sla_holidays("Office", *TORONTO)


def test_without_the_package_the_remedy_is_named(office: Calendar, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(CommandError, match=r'pip install "django-sla\[holidays\]"'):
        sla_holidays("Office", *TORONTO)
