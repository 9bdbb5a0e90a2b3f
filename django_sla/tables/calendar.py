"""Calendars that people edit."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_sla.conf import ALWAYS_NAME, CALENDAR_KEYS, unreadable
from django_sla.core.calendar import Calendar as CalendarValue
from django_sla.tables.edition import Revising
from django_sla.tables.history import OwnHistory
from django_sla.words import refusal


class Calendar(Revising):
    """Opening hours in a time zone, with holidays and special days.

    The parts have the shape that a calendar in the settings has, as JSON types.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    tz = models.CharField(_("time zone"), max_length=64, default="UTC")
    hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    """``{"mon": [["09:00", "17:00"]], …}``; a weekday that is not there is closed."""
    holidays = models.JSONField(_("holidays"), default=dict, blank=True)
    """``{"2026-12-25": "Christmas Day", …}``"""
    special_days = models.JSONField(_("special days"), default=dict, blank=True)
    """``{"2026-12-24": [["09:00", "12:00"]], …}``, in place of the hours of that date."""

    history = OwnHistory()

    class Meta:
        app_label = "django_sla"
        ordering = ["name"]
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check each part, and write it in one way only.

        Raises:
            ValidationError: by field.
        """
        errors: dict[str, Any] = {}
        if str(self.name).casefold() == ALWAYS_NAME:
            errors["name"] = _("This is the name of the built-in calendar; take another.")
        holidays = self.holidays
        if isinstance(holidays, list | tuple) and all(isinstance(day, str) for day in holidays):
            holidays = dict.fromkeys(holidays, "")
        parts = {"tz": self.tz, "hours": self.hours, "special_days": self.special_days}
        for key, error in unreadable(parts | {"holidays": holidays}).items():
            place = "" if error.where == key else f"{error.where}: "
            errors[key] = f"{place}{refusal(error)}"
        if errors:
            raise ValidationError(errors)
        written = CalendarValue(holidays=holidays, **parts).to_dict()
        self.hours, self.special_days = written["hours"], written["special_days"]
        names = {date.fromisoformat(str(day)): name for day, name in holidays.items()}
        self.holidays = {
            day.isoformat(): str(name or "").strip() for day, name in sorted(names.items())
        }

    def value(self) -> CalendarValue:
        """The calendar that this row says.

        Raises:
            CalendarError: somebody has written to the row past its validation.
        """
        return CalendarValue(**self.document())

    def document(self) -> dict[str, Any]:
        """As JSON types, as a calendar in the settings."""
        return {key: getattr(self, key) for key in CALENDAR_KEYS}
