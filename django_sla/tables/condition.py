"""Conditions as rows that people edit: a field of the ticket, an operator, a value.

A row is ``{"field": "project__key", "operator": "is", "value": "OPS"}``. The field is one of the
ticket model's own, or one step across its relations, and the value is checked against it. No text
is ever evaluated.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.conf import did_you_mean
from django_sla.core.condition import Condition, Operator, compare, every
from django_sla.introspect import choices_of
from django_sla.tables.asked import (
    MODEL,
    SECRET,
    field_at,
    fields_at,
    fields_of,
    operators_for,
    path_in_words,
)
from django_sla.tables.contradiction import Wanted, contradictions
from django_sla.tables.numbered import clean_rows

Row = Mapping[str, Any]
"""``field``, ``operator``, ``value`` as JSON types, and ``label``, what people call the value."""

KEYS = ("field", "operator", "value", "label")


class OperatorName(models.TextChoices):
    """The operators with their labels."""

    IS = Operator.IS.value, gettext_lazy("is")
    IS_NOT = Operator.IS_NOT.value, gettext_lazy("is not")
    IN = Operator.IN.value, gettext_lazy("is one of")
    NOT_IN = Operator.NOT_IN.value, gettext_lazy("is none of")
    CONTAINS = Operator.CONTAINS.value, gettext_lazy("contains")
    STARTS_WITH = Operator.STARTS_WITH.value, gettext_lazy("starts with")
    AT_LEAST = Operator.AT_LEAST.value, gettext_lazy("is at least")
    AT_MOST = Operator.AT_MOST.value, gettext_lazy("is at most")
    EMPTY = Operator.EMPTY.value, gettext_lazy("is empty")
    NOT_EMPTY = Operator.NOT_EMPTY.value, gettext_lazy("is not empty")


# Checking what people wrote


def clean(rows: object) -> list[dict[str, Any]]:
    """Rows checked, and written in one way only.

    Raises:
        ValidationError: for each row that is wrong, which it is, why, and what to write.
    """
    found = clean_rows(
        rows,
        clean_row,
        no_list=gettext_lazy("Expected a list of conditions, got %(got)r."),
        wrong=gettext_lazy("Condition %(number)d: %(message)s"),
    )
    if errors := list(contradictions([_wanted(row) for row in found])):
        raise ValidationError(errors)
    return found


def clean_row(row: object) -> dict[str, Any]:
    """One row checked.

    Raises:
        ValidationError: by key: ``field``, ``operator`` or ``value``.
    """
    if not isinstance(row, Mapping) or not set(row) <= set(KEYS):
        raise ValidationError(
            _('Expected {"field": …, "operator": …, "value": …}, got %(got)r.') % {"got": row}
        )
    path, value = row.get("field"), row.get("value")
    if not isinstance(path, str) or (path != MODEL and field_at(path) is None):
        raise ValidationError({"field": _unknown_field(path)})
    try:
        operator = Operator(row.get("operator", Operator.IS))
    except ValueError:
        operator = None
    usable = operators_for(path)
    if operator not in usable:
        names = ", ".join(usable)
        raise ValidationError(
            {"operator": _("This field can be compared with: %(names)s.") % {"names": names}}
        )
    cleaned: dict[str, Any] = {"field": path, "operator": operator.value}
    if not operator.takes_value:
        return cleaned
    values = value if isinstance(value, list | tuple) else [value]
    if operator.takes_list and not values:
        raise ValidationError({"value": _("Give at least one value.")})
    if not operator.takes_list and len(values) != 1:
        raise ValidationError({"value": _("Give one value.")})
    try:
        pairs = [_clean_value(path, one, exact=_is_exact(operator)) for one in values]
    except ValidationError as error:
        raise ValidationError({"value": error.messages}) from None
    plain = [plain for plain, _label in pairs]
    labels = [label for _plain, label in pairs]
    cleaned["value"] = plain if operator.takes_list else plain[0]
    if labels != [str(value) for value in plain]:
        cleaned["label"] = ", ".join(labels)
    return cleaned


def _unknown_field(path: object) -> str:
    known = [path for model in registry.tickets for path, _field in fields_of(model)]
    said = str(path)[:80]
    if not path:
        return _("Choose a field.")
    message = _("No ticket has a field “%(path)s”.") % {"path": said}
    return f"{message} {did_you_mean(path, known)}".strip()


def _is_exact(operator: Operator) -> bool:
    return operator in (Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN)


def _clean_value(path: str, value: Any, *, exact: bool) -> tuple[Any, str]:
    """A value as JSON has it, and what people call it; where it is compared for equality, one
    that the field can have."""
    if path == MODEL:
        labels = [model._meta.label for model in registry.tickets]
        if value not in labels:
            raise ValidationError(_("Choose one of %(names)s.") % {"names": ", ".join(labels)})
        return value, value
    if value is None or value == "":
        raise ValidationError(_("Give a value, or compare with “is empty”."))
    errors = []
    for field in fields_at(path):
        try:
            return _clean_for(field, value, exact=exact)
        except ValidationError as error:
            errors.append(error)
    raise errors[0]


def _clean_for(field: Any, value: Any, *, exact: bool) -> tuple[Any, str]:
    if isinstance(value, Mapping | list | tuple) or "\0" in str(value):
        raise _nonsense(value)
    if isinstance(field, models.BooleanField):
        value = _BOOLEANS.get(str(value).strip().casefold(), value)
    elif isinstance(value, bool):
        raise _nonsense(value)
    if isinstance(field, models.ForeignKey):
        return _clean_related(field, value)
    if exact and (choices := choices_of(field.model, field.name)):
        return _clean_choice(field, choices, value)
    found = _held(field, value)
    if isinstance(found, datetime) and timezone.is_naive(found):
        found = timezone.make_aware(found)
    if exact:
        field.run_validators(found)
    return _plain(found), str(found)


def _held(field: Any, value: Any) -> Any:
    """A value as the field holds it, but for what only the field's own conversion lets pass."""
    try:
        found = field.to_python(value)
    except OverflowError:
        raise _nonsense(value) from None
    if isinstance(found, float) and not isfinite(found):
        raise _nonsense(value)
    if isinstance(value, float) and isinstance(found, int) and found != value:
        raise _nonsense(value)  # 1.5 is not 1
    return found


def _nonsense(value: Any) -> ValidationError:
    message = _("“%(value)s” is no value of this field.") % {"value": str(value)[:80]}
    return ValidationError(message)


MOST_OF_A_NAME = 1_000
"""Characters: SQLite refuses to compare with what is much longer."""

_BOOLEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _clean_choice(field: Any, choices: list[Any], value: Any) -> tuple[Any, str]:
    """One of the field's choices, given by its value or by its label."""
    labels = {str(key): str(label) for key, label in field.flatchoices}
    by_spelling = {label.casefold(): key for key, label in labels.items()}
    by_spelling |= {key.casefold(): key for key in labels}
    key = by_spelling.get(str(value).strip().casefold())
    found = next((choice for choice in choices if str(choice) == key), None)
    if key is None or found is None:
        names = ", ".join(str(choice) for choice in choices[:20])
        raise ValidationError(
            _("“%(value)s” is not among the choices: %(names)s.") % {"value": value, "names": names}
        )
    return _plain(found), labels[key]


def _clean_related(field: Any, value: Any) -> tuple[Any, str]:
    """A row that the field can point to, given by its key or by a name that only it has."""
    target = field.target_field
    rows = field.related_model._base_manager.all()
    try:
        found = rows.filter(**{target.attname: _held(target, value)}).first()
    except (ValidationError, ValueError, TypeError, OverflowError):
        found = None
    if found is None and isinstance(value, str) and len(value) <= MOST_OF_A_NAME:
        named = [
            rows.filter(**{f"{other.attname}__iexact": value.strip()})[:2]
            for other in field.related_model._meta.concrete_fields
            if isinstance(other, models.CharField) and other.name not in SECRET
        ]
        alike = {row.pk: row for some in named for row in some}
        found = next(iter(alike.values())) if len(alike) == 1 else None
    if found is None:
        raise ValidationError(
            _("There is no %(model)s “%(value)s”; give its key, or a name that only it has.")
            % {"model": field.related_model._meta.verbose_name, "value": str(value)[:80]}
        )
    return _plain(getattr(found, target.attname)), str(found)


def _plain(value: Any) -> Any:
    """As JSON types."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) else str(value)


# Reading what was checked


def read(rows: Sequence[Row]) -> Condition:
    """The condition that all rows hold; for no rows, every ticket.

    Raises:
        PolicyError, ValueError, KeyError, ValidationError: a row was written past its validation.
    """
    return every(_read(row) for row in rows)


def _read(row: Row) -> Condition:
    return compare(*_wanted(row), label=row.get("label", ""))


def _wanted(row: Row) -> Wanted:
    path, operator = row["field"], Operator(row["operator"])
    if not operator.takes_value:
        return path, operator, None
    value = row["value"]
    if operator.takes_list:
        return path, operator, tuple(_typed(path, one) for one in value)
    return path, operator, _typed(path, value)


def _typed(path: str, value: Any) -> Any:
    """A value as the field holds it: that of the first ticket model that takes it. Of a field that
    is gone the value stays as it is written: nothing matches it."""
    errors = []
    for field in fields_at(path):
        try:
            return field.to_python(value)
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return value


def in_words(row: Row) -> str:
    """For people: "Project is Operations", in the current language."""
    operator = OperatorName(row["operator"])
    value = row.get("label", row.get("value", ""))
    said = ", ".join(_said(value) for value in (value if isinstance(value, list) else [value]))
    return f"{path_in_words(row['field'])} {operator.label} {said}".rstrip()


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
