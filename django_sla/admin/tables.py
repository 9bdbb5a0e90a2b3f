"""A part of a model that is edited as a table of rows, inside the form.

A :class:`Table` says how its value becomes rows, and rows the value. A :class:`TableField` is a
form field that shows the table and checks it: what is wrong with a cell stands beside the cell,
and what was typed stays. Rows are added and removed by the script of the stock admin's inlines.
Without it there are a few spare rows, and an emptied row counts as removed.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_ROWS = 1_000
"""Spare ones are not added beyond."""

SPARE = 10
"""So many more rows may be drawn than were sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One input of a row."""

    field: Any
    """The bound field."""
    note: str
    """What stands beneath it."""


class Row(forms.Form):
    """One line of a table."""

    head_field: str | None = None
    """The field whose value names the row, if one does."""

    @property
    def head(self) -> str:
        """What the row is called, in a table whose rows have heads; empty where people type it."""
        raise NotImplementedError

    @property
    def head_input(self) -> Any:
        """Where people type what the row is called."""
        return None if self.head or self.head_field is None else self[self.head_field]

    def notes(self) -> dict[str, str]:
        """What to say beneath an input, by field."""
        return {}

    def cells(self) -> Iterator[Cell]:
        notes = self.notes()
        for field in self.visible_fields():
            if field.name != self.head_field:
                yield Cell(field=field, note=notes.get(field.name, ""))

    def is_filled(self) -> bool:
        """Whether it says anything; an emptied row does not count."""
        return any(
            value not in (None, "", [])
            for name, value in self.cleaned_data.items()
            if name != self.head_field
        )


class Table:
    """How a value is edited as rows."""

    row: type[Row] = Row
    css_class = ""
    head_label: Any = ""
    """What the column of row heads is called; empty where rows have no heads."""
    add_text: Any = ""
    """What the link for another row says."""
    media = forms.Media()

    def rows(self, value: Any) -> list[dict[str, Any]]:
        """What each row shows at first, by field."""
        raise NotImplementedError

    def value(self, rows: Sequence[Any]) -> Any:
        """The value that the filled rows say. What is wrong with a row is added to it."""
        raise NotImplementedError

    def default_text(self) -> str:
        """What holds where nothing is said, which is None; empty where there is always a value."""
        return ""

    def can_add(self) -> bool:
        return bool(self.add_text)

    def spare(self, filled: int) -> int:
        """How many empty rows follow the filled ones."""
        return (1 if filled else 3) * self.can_add()


class Rows(forms.BaseFormSet):
    """The rows of one table in one form."""

    table: Table
    value: Any = None
    """What the rows say, once they are found valid."""
    is_default = False
    """Whether people chose to say nothing."""

    def initial_form_count(self) -> int:
        # So that any row may be emptied, those that were there before, too.
        return 0

    def total_form_count(self) -> int:
        """As said by whoever sends it, but not many times as many as were sent."""
        said = super().total_form_count()
        return min(said, self._most()) if self.is_bound else said

    def _most(self) -> int:
        number = re.compile(rf"{re.escape(str(self.prefix))}-(\d{{1,6}})-")
        sent = {match[1] for match in map(number.match, self.data) if match}
        return 2 * len(sent) + SPARE

    def clean(self) -> None:
        if super().total_form_count() > self._most():
            # What lies beyond those that are read would be lost.
            raise ValidationError(_("Not all rows arrived. Send the form again."))
        if not any(self.errors):
            self.value = self.table.value([row for row in self.forms if row.is_filled()])


def _rows_of(table: Table, **kwargs: Any) -> Rows:
    filled = len(kwargs.get("initial") or ())
    extra = filled + table.spare(filled)
    # All that there are: a row that is not shown would be gone once the others are saved.
    most = max(MOST_ROWS, extra)
    made: Any = forms.formset_factory(table.row, formset=Rows, extra=extra, max_num=most)
    rows: Rows = made(**kwargs)
    rows.table = table
    return rows


class TableWidget(forms.Widget):
    """Draws a table. What it gives back for posted data is the formset of its rows."""

    template_name = "admin/django_sla/table.html"
    use_fieldset = True

    def __init__(self, table: Table):
        super().__init__()
        self.table = table

    @property
    def media(self) -> forms.Media:
        extra = "" if settings.DEBUG else ".min"
        scripts = [f"vendor/jquery/jquery{extra}.js", "jquery.init.js", "inlines.js"]
        rows = forms.Media(js=[f"admin/js/{script}" for script in scripts])
        return rows + self.table.media

    def id_for_label(self, id_: str) -> str:
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        rows = _rows_of(self.table, data=data, prefix=name)
        rows.is_default = bool(self.table.default_text() and data.get(f"{name}-default"))
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-TOTAL_FORMS" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        rows = value
        if not isinstance(rows, Rows):
            rows = _rows_of(self.table, initial=self.table.rows(value), prefix=name)
            rows.is_default = value is None
        rows.is_valid()  # so that what is wrong between rows stands beside them, too
        empty, can_add = rows.empty_form, self.table.can_add()
        texts = {"addText": str(self.table.add_text), "deleteText": _("Remove")}
        return {
            "table": self.table,
            "rows": rows,
            "name": name,
            "default_text": self.table.default_text(),
            "attrs": self.attrs,
            "can_add": can_add,
            "columns": [cell.field for cell in empty.cells()],
            "shown": [*rows.forms, empty] if can_add else rows.forms,
            "options": json.dumps({"name": f"#{name}", "options": {"prefix": name, **texts}}),
        }

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        # By the engine of the project's templates, as everything else in the admin.
        return render_to_string(template_name, context)


class TableField(forms.Field):
    """A form field whose value is edited as a table."""

    default_error_messages = {
        "cells": gettext_lazy("Correct the cells that are marked."),
    }

    def __init__(self, table: Table, **kwargs: Any):
        super().__init__(widget=TableWidget(table), required=False, **kwargs)

    def clean(self, value: Rows) -> Any:
        if value.is_default:
            return None
        if value.is_valid():
            return value.value
        raise ValidationError(list(value.non_form_errors()) or self.error_messages["cells"])

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True
