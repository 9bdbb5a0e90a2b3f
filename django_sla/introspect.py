"""Asking models about their fields, without a query."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model


def field_names(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]


def field_paths(model: type[Model]) -> Iterator[str]:
    """The model's fields, and those one step away."""
    for field in model._meta.concrete_fields:
        yield field.name
        if isinstance(field.related_model, type):
            yield from (f"{field.name}__{name}" for name in field_names(field.related_model))


def concrete_field(model: type[Model], name: str) -> Any:
    """The field that has a column and this name, or this attribute name; or None."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if field.concrete else None


def has_field(model: type[Model], name: Any) -> bool:
    """A field, or a property, of this name."""
    return isinstance(name, str) and (
        concrete_field(model, name) is not None or hasattr(model, name)
    )


def path_exists(model: Any, path: Any) -> bool:
    """A field at the end of any number of steps across relations."""
    name, _, rest = str(path).partition("__")
    field = concrete_field(model, name) if isinstance(model, type) else None
    return field is not None and (not rest or path_exists(field.related_model, rest))


def can_be_asked(model: type[Model], path: str) -> bool:
    """A field or property of the ticket, or of what one of its foreign keys points to."""
    name, _, rest = path.partition("__")
    if not rest:
        return has_field(model, name)
    field = concrete_field(model, name)
    related = getattr(field, "related_model", None)
    return isinstance(related, type) and has_field(related, rest)


def points_to_users(model: type[Model]) -> bool:
    users = get_user_model()
    return any(field.related_model is users for field in model._meta.concrete_fields)


def choices_of(model: type[Model], name: str | None) -> list[Any]:
    """The values to choose from; none where the field has no choices, as a foreign key."""
    field = concrete_field(model, name) if name is not None else None
    if field is None:
        return []
    try:
        values = [value for value, _ in field.flatchoices]
    except Exception:  # a callable that asks a table which is not there yet
        return []
    values = [value.value if isinstance(value, Enum) else value for value in values]
    return [value for value in values if value not in (None, "")]


def fold(value: Any) -> str:
    return str(value).casefold()
