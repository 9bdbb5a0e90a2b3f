"""Escalations in the form of a policy: a table with a row for each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import conf, registry
from django_sla.admin.lists import read_list, write_list
from django_sla.admin.tables import Row, Table
from django_sla.conf import EMAIL
from django_sla.core.errors import PolicyError
from django_sla.core.escalation import ANY_METRIC, AT_RISK, DUE, MOST_PERCENT, parse_when
from django_sla.tables import escalation
from django_sla.tables.recipients import is_known


class Moment(models.TextChoices):
    """Kinds of instants; of some people say how much."""

    AT_RISK = AT_RISK, gettext_lazy("when at risk")
    DUE = DUE, gettext_lazy("when due")
    PERCENT = "percent", gettext_lazy("at a percentage")
    BEFORE = "before", gettext_lazy("before it is due")
    AFTER = "after", gettext_lazy("after it was due")

    @property
    def has_amount(self) -> bool:
        return self not in (Moment.AT_RISK, Moment.DUE)


def moment_of(said: Any) -> dict[str, str]:
    """What the two cells show of an instant in a document."""
    try:
        when = parse_when(said)
    except PolicyError:  # written past the validation
        return {"when": "", "amount": str(said)}
    if when.is_at_risk or when.is_due:
        return {"when": str(when), "amount": ""}
    if when.offset is None:
        return {"when": Moment.PERCENT.value, "amount": str(when.percent)}
    amount, _space, side = str(when).rpartition(" ")
    return {"when": side, "amount": amount}


class EscalationRow(Row):
    enabled = forms.BooleanField(label=gettext_lazy("On"), required=False, initial=True)
    metric = forms.ChoiceField(label=gettext_lazy("Metric"), required=False, initial=ANY_METRIC)
    when = forms.ChoiceField(label=gettext_lazy("When"), required=False)
    amount = forms.CharField(
        label=gettext_lazy("How much"),
        required=False,
        max_length=100,
        widget=forms.TextInput({"class": "sla-rows__amount", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False, initial=EMAIL)
    to = forms.CharField(
        label=gettext_lazy("Whom"),
        required=False,
        max_length=1000,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )
    in_hours = forms.BooleanField(label=gettext_lazy("In business hours"), required=False)

    typed = ("when", "amount", "to")
    """What is not chosen already in an empty row."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        metrics = [ANY_METRIC, *(metric.name for metric in registry.metrics())]
        self._choose_from("metric", {name: escalation.metric_in_words(name) for name in metrics})
        self._choose_from("channel", {name: name for name in conf.settings.channels})
        fields: dict[str, Any] = self.fields
        fields["when"].choices = [("", "---------"), *Moment.choices]
        for field in fields.values():
            field.widget.attrs["aria-label"] = field.label

    def _choose_from(self, name: str, known: Mapping[str, str]) -> None:
        """One that is not there any more is offered all the same, and refused by its name."""
        said = self[name].value()
        gone = {} if not said or said in known else {said: said}
        fields: dict[str, Any] = self.fields
        fields[name].choices = list({**known, **gone}.items())

    def has_changed(self) -> bool:
        return any(name in self.typed for name in self.changed_data)

    def clean(self) -> dict[str, Any]:
        """The row as the model has it."""
        said = self.cleaned_data
        when = self._when(said.get("when", ""), said.get("amount", ""))
        if self.errors:
            return said
        row = {
            "metric": said["metric"] or ANY_METRIC,
            "when": when,
            "channel": said["channel"] or EMAIL,
            "to": read_list(said["to"]),
            "in_hours": said["in_hours"],
            "enabled": said["enabled"],
        }
        try:
            return escalation.clean_row(row)
        except ValidationError as error:
            self.add_error(None, error)
            return said

    def _when(self, kind: str, amount: str) -> str:
        """As a document has it. What is wrong is told at its cell."""
        if not kind:
            if "when" not in self.errors:
                self.add_error("when", _("Say when."))
            return ""
        moment = Moment(kind)
        if not moment.has_amount:
            if amount:
                self.add_error("amount", _("Leave this empty, or choose another “When”."))
            return kind
        if moment is Moment.PERCENT:
            when = f"{amount.removesuffix('%').strip()}%"
            wrong = _("Give a whole percentage from 1 to %(most)d.") % {"most": MOST_PERCENT}
        else:
            when = f"{amount} {kind}"
            wrong = _("Give a time such as 30m or 1h.")
        try:
            parse_when(when)
        except PolicyError:
            self.add_error("amount", wrong)
        return when


class EscalationsTable(Table):
    """``[{"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}, …]``"""

    row = EscalationRow
    css_class = "sla-rows--escalations"
    add_text = gettext_lazy("Add another escalation")
    media = forms.Media(js=["django_sla/admin.js"])

    def default_text(self) -> str:
        return escalations_as_the_settings_say()

    def rows(self, value: Any) -> list[dict[str, Any]]:
        return [
            {
                **row,
                **moment_of(row.get("when")),
                "enabled": row.get("enabled", True),
                "to": write_list(row.get("to", ())),
            }
            for row in (of_the_settings() if value is None else value)
        ]

    def value(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        return [row.cleaned_data for row in rows]


def of_the_settings() -> list[dict[str, Any]]:
    """What a new policy begins with; those that ship are switched off, and may name people that
    this project does not have."""
    return [
        {**row, "to": [name for name in _names(row) if row.get("enabled", True) or is_known(name)]}
        for row in conf.settings.escalations
    ]


def _names(row: Mapping[str, Any]) -> Iterable[str]:
    to = row.get("to", ())
    return [to] if isinstance(to, str) else to


def escalations_as_the_settings_say() -> str:
    on = [row for row in conf.settings.escalations if row.get("enabled", True)]
    return _("As the settings say: %s") % "; ".join(escalation.listed(on))
