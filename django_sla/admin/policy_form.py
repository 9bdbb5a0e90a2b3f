"""The form of a policy: its conditions and its goals as tables."""

import csv
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import conf, registry
from django_sla.admin.document_form import DocumentForm
from django_sla.admin.tables import Row, Table, TableField
from django_sla.core.condition import Operator
from django_sla.core.duration import parse_duration
from django_sla.core.errors import DurationError
from django_sla.core.policy import ANY_PRIORITY, DEFAULT_GOALS
from django_sla.models import Policy
from django_sla.tables import condition
from django_sla.tables.asked import MODEL, fields_of, operators_for, path_in_words
from django_sla.tables.clock import metric_name
from django_sla.tables.condition import OperatorName
from django_sla.tables.policy import ReopeningName, known_priorities

# Conditions


class FieldSelect(forms.Select):
    """Tells the script which operators a field can be compared with."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if value:
            option["attrs"]["data-operators"] = " ".join(operators_for(str(value)))
        return option


def field_choices() -> list[tuple[str, Any]]:
    """The fields that can be asked: those of each ticket model, its own before those one step
    away; what several models have is listed once, before them."""
    paths = {model: [path for path, _field in fields_of(model)] for model in registry.tickets}
    everywhere = [path for of_one in paths.values() for path in of_one]
    shared = [path for path in dict.fromkeys(everywhere) if everywhere.count(path) > 1]
    groups: dict[str, list[str]] = {}
    if len(paths) > 1:
        groups[_("Several kinds of ticket")] = [MODEL, *sorted(shared, key=_is_related)]
    for model, own in paths.items():
        name = capfirst(str(model._meta.verbose_name))
        rest = [path for path in own if path not in shared]
        groups.setdefault(name, []).extend(sorted(rest, key=_is_related))
    return [
        ("", "---------"),
        *(
            (name, [(path, path_in_words(path)) for path in listed])
            for name, listed in groups.items()
            if listed
        ),
    ]


def _is_related(path: str) -> bool:
    return "__" in path


def read_list(text: str) -> list[str]:
    """Values between commas; one that has a comma itself is in quotes."""
    values = next(csv.reader([text], skipinitialspace=True), [])
    return [value.strip() for value in values if value.strip()]


def write_list(values: Sequence[Any]) -> str:
    return ", ".join(
        '"{}"'.format(text.replace('"', '""')) if "," in text or '"' in text else text
        for text in map(str, values)
    )


class ConditionRow(Row):
    field = forms.CharField(label=gettext_lazy("Field"), required=False, widget=FieldSelect)
    operator = forms.ChoiceField(
        label=gettext_lazy("Comparison"), choices=OperatorName.choices, required=False
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=1000,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label
        path, choices = self["field"].value(), field_choices()
        if path and path != MODEL and not any(path in dict(group) for _name, group in choices[1:]):
            choices.append((_("Not there any more"), [(path, path)]))
        self.fields["field"].widget.choices = choices

    def has_changed(self) -> bool:
        # An operator is always chosen, so that it says nothing.
        return any(name != "operator" for name in self.changed_data)

    def notes(self) -> dict[str, str]:
        """What the value stands for, where it is a key."""
        known = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        label, value = known.get("label", ""), self["value"].value() or ""
        return {"value": label if label.casefold() != str(value).casefold() else ""}

    def clean(self) -> dict[str, Any]:
        """The row as the model has it."""
        if self.errors:
            return self.cleaned_data
        row = dict(self.cleaned_data)
        row["operator"] = Operator(row["operator"] or Operator.IS)
        if row["operator"].takes_list:
            row["value"] = read_list(row["value"])
        try:
            return condition.clean_row(row)
        except ValidationError as error:
            if "operator" in error.error_dict:
                error = ValidationError({"operator": _usable(row["field"])})
            self.add_error(None, error)
            return self.cleaned_data


def _usable(path: str) -> str:
    names = ", ".join(str(OperatorName(operator).label) for operator in operators_for(path))
    return _("This field can be compared with: %(names)s.") % {"names": names}


class ConditionsTable(Table):
    """``[{"field": "project__key", "operator": "is", "value": "OPS"}, …]``"""

    row = ConditionRow
    css_class = "sla-rows--conditions"
    add_text = gettext_lazy("Add another condition")
    media = forms.Media(js=["django_sla/admin.js"])

    def rows(self, value: Any) -> list[dict[str, Any]]:
        return [
            {**row, "value": write_list(said) if isinstance(said, list) else said}
            for row in value or ()
            for said in [row.get("value", "")]
        ]

    def value(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        return [row.cleaned_data for row in rows]


# Goals


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
        if not goal or parse_duration(goal) > timedelta(0):
            return ""
    except DurationError as error:
        return str(error)
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
