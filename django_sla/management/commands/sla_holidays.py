"""``manage.py sla_holidays``: public holidays into a calendar."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.utils import timezone

from django_sla.conf import did_you_mean, say
from django_sla.exceptions import HolidaysNotInstalled
from django_sla.flow.holidays import add_holidays, countries, public_holidays, read_years
from django_sla.management.printing import PrintingCommand
from django_sla.moment import now
from django_sla.tables.calendar import Calendar

OPTIONS = ("country", "subdivision", "years")


class Command(PrintingCommand):
    help = (
        "Write the public holidays of a country into a calendar of the database. Those that are "
        "there already stay as they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("calendar", nargs="?", help="the name of the calendar")
        parser.add_argument("--country", metavar="CODE", help="two letters, such as CA")
        parser.add_argument(
            "--subdivision",
            metavar="CODE",
            default="",
            help="a province, state or region, such as ON; by default what the country has",
        )
        parser.add_argument(
            "--years",
            metavar="FROM-TO",
            help="such as 2026-2028, or one year; by default this year and the next",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be written")
        parser.add_argument(
            "--list",
            action="store_true",
            dest="listing",
            help="list the countries with their subdivisions",
        )

    def handle(self, **options: Any) -> None:
        try:
            if options["listing"]:
                self._list()
            else:
                self._add(**options)
        except HolidaysNotInstalled as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(_as_options(error)) from None

    def _list(self) -> None:
        for code, subdivisions in countries().items():
            self.stdout.write(f"{code}  {' '.join(subdivisions)}".rstrip())

    def _add(
        self,
        *,
        calendar: str | None,
        country: str | None,
        subdivision: str,
        years: str | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        if not calendar or not country:
            raise CommandError("Say which calendar, and --country; --list lists the countries.")
        row = _calendar(calendar)
        this_year = timezone.localtime(now()).year
        wanted = read_years(years) if years else range(this_year, this_year + 2)
        found = public_holidays(country, subdivision, wanted)
        new = {day for day in found if day.isoformat() not in row.holidays}
        if not dry_run:
            add_holidays(row, found)
        for day, name in found.items():
            self.stdout.write(_line(day, name, is_new=day in new))
        did = "would be added" if dry_run else "added"
        self.stdout.write(f"{row.name}: {len(new)} {did}, {len(found) - len(new)} there already.")


def _calendar(name: str) -> Calendar:
    names = {calendar.name: calendar for calendar in Calendar.objects.all()}
    if name in names:
        return names[name]
    if not names:
        raise CommandError("There is no calendar in the database; add one in the admin first.")
    hint = did_you_mean(name, names) or f"There is {', '.join(names)}."
    raise CommandError(f"calendar: there is none called {say(name)}. {hint}")


def _line(day: date, name: str, *, is_new: bool) -> str:
    return f"{'+' if is_new else ' '} {day.isoformat()}  {name}"


def _as_options(error: ValidationError) -> str:
    """What is wrong, by the option that it is wrong with."""
    return "\n".join(
        f"{'--' if field in OPTIONS else ''}{field}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
