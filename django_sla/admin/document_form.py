"""What the forms of policies and calendars have in common."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.text import capfirst


class DocumentForm(forms.ModelForm):
    """Puts what the model finds wrong where somebody can see it.

    A field whose cells are marked says no more; and a part that this form does not show, as in a
    list, or where a host leaves it out, is named in the message.
    """

    def _update_errors(self, errors: ValidationError) -> None:
        told: dict[str, list[Any]] = {}
        for name, found in errors.error_dict.items():
            if name in self.fields or name == NON_FIELD_ERRORS:
                if name not in self.errors:
                    told.setdefault(name, []).extend(found)
            else:
                told.setdefault(NON_FIELD_ERRORS, []).extend(self._named(name, found))
        if told:
            super()._update_errors(ValidationError(told))  # type: ignore[misc]

    def _named(self, name: str, found: Iterable[ValidationError]) -> list[str]:
        label = capfirst(str(self._meta.model._meta.get_field(name).verbose_name))
        return [f"{label}: {message}" for error in found for message in error.messages]


class ListForm(DocumentForm):
    """Of a row of the list, where neither labels nor help stand beside inputs."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"
            field.help_text = ""
