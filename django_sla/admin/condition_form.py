"""Conditions in the form of a policy: a table with a row for each."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.admin.lists import read_list, write_list
from django_sla.admin.tables import Row, Table
from django_sla.core.condition import Operator
from django_sla.tables import condition
from django_sla.tables.asked import MODEL, fields_of, operators_for, path_in_words
from django_sla.tables.condition import OperatorName


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
