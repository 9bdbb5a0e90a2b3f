"""The form of a calendar: a zone from a list, and hours, holidays and special days as tables."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla.admin import hours as written
from django_sla.admin.document_form import DocumentForm
from django_sla.admin.tables import Row, Table, TableField
from django_sla.models import Calendar

OFFICE_HOURS = {day: [["09:00", "17:00"]] for day in written.DAYS[:5]}
"""What a new calendar begins with."""


class HoursInput(forms.TextInput):
    """Where the hours of one day are typed."""

    def __init__(self) -> None:
        super().__init__({"class": "vTextField", "placeholder": gettext_lazy("closed")})


class HoursField(forms.CharField):
    """The hours of one day as text; the value is a list of spans."""

    def __init__(self, **kwargs: Any):
        super().__init__(required=False, max_length=200, widget=HoursInput(), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return written.write(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return written.read(super().clean(value))


# The week


class DayRow(Row):
    day = forms.ChoiceField(
        choices=[(day, day) for day in written.DAYS], widget=forms.HiddenInput, required=False
    )
    spans = HoursField(label=gettext_lazy("Opening hours"))

    head_field = "day"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["spans"].widget.attrs["aria-label"] = self.head

    @property
    def head(self) -> str:
        day = self["day"].value()
        return written.weekday(day) if day in written.DAYS else ""


class WeekTable(Table):
    """``{"mon": [["09:00", "17:00"]], …}``"""

    row = DayRow
    css_class = "sla-rows--hours"
    head_label = gettext_lazy("Day")

    def rows(self, value: Any) -> list[dict[str, Any]]:
        hours = value or {}
        return [{"day": day, "spans": hours.get(day, [])} for day in written.DAYS]

    def value(self, rows: Sequence[Any]) -> dict[str, Any]:
        by_day = {row.cleaned_data["day"]: row for row in rows}
        hours = {day: row.cleaned_data["spans"] for day, row in by_day.items()}
        for day, message in written.wrong(hours).items():
            if day not in by_day:  # of a row that does not say its day, as no page of ours does
                raise ValidationError(message)
            by_day[day].add_error("spans", message)
        return hours


# Dates


class DateRow(Row):
    day = forms.DateField(label=gettext_lazy("Date"), widget=AdminDateWidget, required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label

    def clean(self) -> None:
        # Not called for a row that was left empty.
        if not self.cleaned_data.get("day") and "day" not in self.errors:
            self.add_error("day", _("Give a date."))


class DatesTable(Table):
    """A mapping whose keys are dates."""

    media = forms.Media() + AdminDateWidget().media
    cell: str
    """The field beside the date, which is the value of the mapping."""

    def rows(self, value: Any) -> list[dict[str, Any]]:
        said = sorted((value or {}).items())
        return [{"day": date.fromisoformat(day), self.cell: cell} for day, cell in said]

    def value(self, rows: Sequence[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in rows:
            day = row.cleaned_data["day"].isoformat()
            if day in found:
                row.add_error("day", _("This date is given twice."))
            found[day] = row.cleaned_data[self.cell]
        return dict(sorted(found.items()))


class HolidayRow(DateRow):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"class": "vTextField"}),
    )


class HolidaysTable(DatesTable):
    """``{"2026-12-25": "Christmas Day", …}``"""

    row = HolidayRow
    cell = "name"
    css_class = "sla-rows--dates"
    add_text = gettext_lazy("Add another holiday")


class SpecialDayRow(DateRow):
    spans = HoursField(label=gettext_lazy("Opening hours"))


class SpecialDaysTable(DatesTable):
    """``{"2026-12-24": [["09:00", "12:00"]], …}``"""

    row = SpecialDayRow
    cell = "spans"
    css_class = "sla-rows--dates"
    add_text = gettext_lazy("Add another special day")


# The zone


@cache
def _zones() -> Mapping[str, Sequence[str]]:
    """The zones that this system knows, by region; those of no region last."""
    regions: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        region, sep, _place = name.partition("/")
        regions.setdefault(region if sep else "", []).append(name)
    regions[""] = regions.pop("")
    return regions


def zone_choices() -> list[tuple[str, Any]]:
    """UTC, then the zones by region, each under the name of its place."""
    choices: list[tuple[str, Any]] = [("UTC", "UTC")]
    for region, names in _zones().items():
        places = [(name, name.removeprefix(f"{region}/").replace("_", " ")) for name in names]
        choices.append((region or _("Other"), [zone for zone in places if zone[0] != "UTC"]))
    return choices


class CalendarForm(DocumentForm):
    tz = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zone_choices,
        help_text=gettext_lazy("The hours below are those of a clock on the wall there."),
    )
    hours = TableField(
        WeekTable(),
        label=gettext_lazy("Opening hours"),
        help_text=gettext_lazy(
            "Such as 09:00-17:00, or several spans: 09:00-12:30, 13:30-17:30. "
            "22:00-06:00 ends on the next day, 00:00-24:00 is a whole one. "
            "A day with no hours is closed."
        ),
    )
    holidays = TableField(
        HolidaysTable(),
        label=gettext_lazy("Holidays"),
        help_text=gettext_lazy("Closed from midnight to midnight."),
    )
    special_days = TableField(
        SpecialDaysTable(),
        label=gettext_lazy("Special days"),
        help_text=gettext_lazy(
            "Dates with hours of their own, in place of the usual ones. "
            "No hours: closed. They win over a holiday on the same date."
        ),
    )

    class Meta:
        model = Calendar
        fields = ["name", "tz", "hours", "holidays", "special_days"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        zone: Any = self.fields.get("tz")
        if zone is not None and self.instance.tz not in _known(zone.choices):
            zone.choices = [(self.instance.tz, self.instance.tz), *zone.choices]


def _known(choices: Any) -> set[str]:
    return {
        value
        for group, entry in choices
        for value in ([v for v, _label in entry] if isinstance(entry, list) else [group])
    }


def new_calendar() -> dict[str, Any]:
    """What the form of a new calendar begins with."""
    return {"tz": settings.TIME_ZONE, "hours": OFFICE_HOURS}
