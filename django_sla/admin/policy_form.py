"""The form of a policy: its conditions, goals and escalations as tables."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import conf, registry
from django_sla.admin.condition_form import ConditionsTable
from django_sla.admin.document_form import DocumentForm
from django_sla.admin.escalation_form import EscalationsTable
from django_sla.admin.tables import Row, Table, TableField
from django_sla.core.duration import parse_duration
from django_sla.core.errors import DurationError
from django_sla.core.policy import ANY_PRIORITY, DEFAULT_GOALS, LONGEST_GOAL
from django_sla.models import Policy
from django_sla.tables.clock import metric_name
from django_sla.tables.escalation import whom_to_name
from django_sla.tables.policy import ReopeningName, known_priorities
from django_sla.words import refusal


class GoalRow(Row):
    """The goals at one priority; the cells are made of the metrics."""

    priority = forms.CharField(
        label=gettext_lazy("Priority"),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "vTextField"}),
    )

    head_field = "priority"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        priority = self.fields["priority"]
        priority.widget.attrs["aria-label"] = priority.label
        if self.head:
            priority.widget = forms.HiddenInput()
        for metric in registry.metrics():
            label = metric_name(metric.name)
            said = f"{self.head}: {label}" if self.head else label
            widget = forms.TextInput({"class": "sla-rows__goal", "aria-label": said})
            self.fields[metric.name] = forms.CharField(
                label=label, required=False, max_length=100, widget=widget
            )

    @property
    def head(self) -> str:
        priority = self["priority"].value()
        return priority_in_words(priority) if priority in listed_priorities() else ""

    def clean(self) -> None:
        for metric in registry.metrics():
            if message := _wrong(self.cleaned_data.get(metric.name)):
                self.add_error(metric.name, message)
        if self.goals() and not self.cleaned_data.get("priority"):
            self.add_error("priority", _("Give a priority."))

    def goals(self) -> dict[str, str]:
        cells = self.cleaned_data.items()
        return {name: goal for name, goal in cells if name != self.head_field and goal}


def _wrong(goal: str | None) -> str:
    """What is wrong with what was typed as a goal, if anything is."""
    try:
        length = parse_duration(goal) if goal else None
    except DurationError as error:
        return refusal(error)
    if length is None or timedelta(0) < length <= LONGEST_GOAL:
        return ""
    if length > LONGEST_GOAL:
        return _("A goal must not be longer than ten years.")
    return _("A goal must be longer than nothing.")


def priority_in_words(priority: str) -> str:
    return _("All others") if priority == ANY_PRIORITY else capfirst(priority)


def listed_priorities() -> tuple[str, ...]:
    """The rows that are always there."""
    return (*(known_priorities() or DEFAULT_GOALS), ANY_PRIORITY)


class GoalsTable(Table):
    """``{"urgent": {"response": "1h", "resolution": "4h"}, …}``"""

    row = GoalRow
    css_class = "sla-rows--goals"
    head_label = gettext_lazy("Priority")
    add_text = gettext_lazy("Add another priority")

    def can_add(self) -> bool:
        """Where tickets may have any priority."""
        return not known_priorities()

    def rows(self, value: Any) -> list[dict[str, Any]]:
        goals = value or {}
        priorities = dict.fromkeys([*listed_priorities(), *sorted(goals)])
        return [{**goals.get(priority, {}), "priority": priority} for priority in priorities]

    def value(self, rows: Sequence[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in rows:
            priority = row.cleaned_data["priority"].casefold()
            if priority in found:
                row.add_error("priority", _("This priority is given twice."))
            found[priority] = row.goals()
        return found


class PolicyForm(DocumentForm):
    conditions = TableField(
        ConditionsTable(),
        label=gettext_lazy("Conditions"),
        help_text=gettext_lazy(
            "The policy is for the tickets for which all of them hold; with none, for every "
            "ticket. Several values of one field: “is one of”, with commas between them."
        ),
    )
    goals = TableField(
        GoalsTable(),
        label=gettext_lazy("Goals"),
        help_text=gettext_lazy(
            "Such as 30m, 4h or 1d 2h 30m, counted while the calendar is open; a day is 24 of "
            "those hours. An empty cell promises nothing, unless “All others” does."
        ),
    )

    escalations = TableField(
        EscalationsTable(),
        label=gettext_lazy("Escalations"),
        help_text=gettext_lazy(
            "Who is told of a deadline, and when: at a percentage of the goal such as 80, or a "
            "time such as 30m or 1h before or after it. Several people: with commas between them."
        ),
    )

    class Meta:
        model = Policy
        fields = [
            "name",
            "enabled",
            "order",
            "fallback",
            "conditions",
            "goals",
            "calendar",
            "at_risk",
            "reopening",
            "escalations",
            "effective_from",
            "effective_until",
        ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        said = as_the_settings_say()
        fields: dict[str, Any] = self.fields
        if "calendar" in fields:
            fields["calendar"].empty_label = said["calendar"]
        if "at_risk" in fields:
            placeholder = conf.settings.default_policy.terms.at_risk
            fields["at_risk"].widget.attrs["placeholder"] = placeholder
        if "reopening" in fields:
            fields["reopening"].choices = [("", said["reopening"]), *ReopeningName.choices]
        if "escalations" in fields:
            help_text = fields["escalations"].help_text
            fields["escalations"].help_text = f"{help_text} {whom_to_name()}"


def as_the_settings_say() -> dict[str, str]:
    """What holds where a field is left empty, by field."""
    terms = conf.settings.default_policy.terms
    calendars = conf.settings.calendars.items()
    values = {
        "calendar": next(name for name, calendar in calendars if calendar == terms.calendar),
        "at_risk": f"{terms.at_risk} %",
        "reopening": ReopeningName(terms.reopening).label,
    }
    said = _("As the settings say: %s")
    return {name: said % value for name, value in values.items()}
