"""The ticket form: targets that the events do not allow are refused where they are typed."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from django_sla.moment import now
from django_sla.tables.columns import TARGETS
from django_sla.ticket.target import check_target


def texts(model: Any, initial: dict[str, Any]) -> dict[str, Any]:
    """What an address says that a form is to begin with, but for fields that are more than one
    text: instants and tables could not be shown."""
    parted = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.DateTimeField | models.JSONField)
    }
    return {name: text for name, text in initial.items() if name not in parted}


class SLATicketForm(forms.ModelForm):
    """Checks the targets; everything else is the host's own form, which this is mixed into."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in self._targets():
            field = self.fields[name]
            field.help_text = field.help_text or _("Leave it empty to let the policy decide.")

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name in self._targets():
            if name not in self.changed_data:
                self._keep(name)
            elif name not in self.errors:
                try:
                    self._check(TARGETS[name], self.cleaned_data.get(name))
                except ValidationError as error:
                    self.add_error(name, error)
        return self.cleaned_data

    def _targets(self) -> list[str]:
        return [name for name in TARGETS if name in self.fields]

    def _keep(self, name: str) -> None:
        """What nobody touched stays as it is: the form shows whole seconds, and a time inside
        the hour that a change of the clocks repeats cannot be read back at all."""
        self.errors.pop(name, None)
        self.cleaned_data[name] = getattr(self.instance, name)

    def _check(self, metric: str, due: datetime | None) -> None:
        if self._stopped(metric):
            raise ValidationError(
                _("The clock has stopped, so its target no longer changes."), code="clock_stopped"
            )
        if due is not None:
            check_target(due, self.instance.created_at if self.instance.pk else now())

    def _stopped(self, metric: str) -> bool:
        ticket = self.instance
        if ticket.pk and not ticket._state.adding:
            clock = ticket.sla.clock(metric)
            return clock is not None and clock.stopped_at is not None
        # Opened in a status that ends it: there is no clock to give a target to.
        sla = type(ticket).sla
        return bool(sla.category(self.cleaned_data.get(sla.status)).done)
