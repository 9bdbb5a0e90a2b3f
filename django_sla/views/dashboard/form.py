"""What a dashboard is asked for, by the address of the page: a period and filters."""

from datetime import datetime, timedelta, tzinfo
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from django_sla.models import SLA
from django_sla.reports.calendar_period import NAMED, Period, named
from django_sla.reports.grouping import field_at, is_unset, title
from django_sla.reports.where import conditions, filterable

DEFAULT = "month"
IS_NULL = "__isnull"
"""What follows the name of a dimension in the address of those that have none."""

OWN = (
    "period", "since", "until", "model", "tickets", "report", "forecast", "format", "page",
)  # fmt: skip
"""What the address says besides; a dimension called so cannot be filtered by."""

MAX_DAYS = 1100
"""The longest period: three years, and some days."""


class _Day(forms.DateField):
    def __init__(self, **options: Any):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], required=False, **options)


class PeriodForm(forms.Form):
    """A named period, or two days, which come before it."""

    period = forms.ChoiceField(
        choices=[(name, words) for name, (words, _days) in NAMED.items()],
        required=False,
        widget=forms.HiddenInput,
    )
    since = _Day(label=_("From"))
    until = _Day(label=_("To"))

    def __init__(self, data: QueryDict, sla: SLA, now: datetime, tz: tzinfo):
        super().__init__(data, auto_id="sla-%s")
        self.query, self.sla, self.now, self.tz = data, sla, now, tz
        self.paths = {n: path for n, path in filterable(sla).items() if n not in OWN}
        for name, path in self.paths.items():
            if (choices := _choices(sla, path)) and name not in self.fields:
                self.fields[name] = forms.ChoiceField(
                    label=title(name),
                    choices=[("", _("All")), *choices],
                    required=False,
                )

    @property
    def selects(self) -> list[Any]:
        """The filters that people choose from a list."""
        return [self[name] for name in self.fields if name in self.paths]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and not until:
            self.add_error("until", _("Say the last day, too."))
        elif until and not since:
            self.add_error("since", _("Say the first day, too."))
        elif since and until:
            if since > until:
                self.add_error("until", _("It must not be before the first day."))
            elif (until - since).days >= MAX_DAYS:
                said = _("The period may have at most %(days)d days.") % {"days": MAX_DAYS}
                self.add_error("until", said)
            elif until.year >= 9999 or since.year < 1900:
                self.add_error("since", _("There is no such year here."))
        try:
            conditions(self.sla, self.where)
        except ValueError as error:
            self.add_error(None, str(error))
        return cleaned

    @property
    def chosen(self) -> str:
        """The name of the period; empty where days are given."""
        if self.cleaned_data.get("since"):
            return ""
        return self.cleaned_data.get("period") or DEFAULT

    @property
    def named_period(self) -> Period:
        """Of a form that is valid."""
        if self.chosen:
            return named(self.chosen, self.now, self.tz)
        first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        return Period(first=first, end=last + timedelta(days=1), tz=self.tz)

    @property
    def where(self) -> dict[str, Any]:
        """What the address says of priority, status and dimensions, as reports take it."""
        found: dict[str, Any] = {}
        for name in self.paths:
            given: list[str | None] = [
                value for value in self.query.getlist(name) if not is_unset(value)
            ]
            if self.query.get(f"{name}{IS_NULL}") in ("True", "true", "1"):
                given.append(None)
            if given:
                found[name] = given
        return found


def _choices(sla: SLA, path: str) -> list[tuple[Any, Any]]:
    field = field_at(sla, path)
    return list(getattr(field, "flatchoices", None) or ())
