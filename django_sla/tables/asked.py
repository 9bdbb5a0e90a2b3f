"""The fields of tickets that conditions may ask: a ticket model's own, and one step across its
relations."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.core.condition import Operator
from django_sla.tables.columns import COLUMNS

MODEL = "_meta__label"
"""In place of a field: which ticket model it is, where a project has several."""

SECRET = frozenset({"password"})
_TEXTS = (models.CharField, models.TextField)
_SIZES = (
    models.IntegerField,
    models.FloatField,
    models.DecimalField,
    models.DateField,
    models.DurationField,
)
_ASKED = (
    *_TEXTS,
    *_SIZES,
    models.BooleanField,
    models.ForeignKey,
    models.UUIDField,
    models.GenericIPAddressField,
)


def fields_of(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    """The fields that conditions may ask of a ticket model: its own, and one step away."""
    for field in model._meta.concrete_fields:
        if field.name in COLUMNS or field.primary_key or not _may_be_asked(field):
            continue
        yield field.name, field
        if isinstance(field.related_model, type):
            for further in field.related_model._meta.concrete_fields:
                if not further.primary_key and _may_be_asked(further):
                    yield f"{field.name}__{further.name}", further


def _may_be_asked(field: Any) -> bool:
    return field.name not in SECRET and isinstance(field, _ASKED)


def fields_at(path: str) -> list[Any]:
    """The fields at a path, one of each ticket model that has it."""
    return [asked[path] for asked in map(_asked, registry.tickets) if path in asked]


def field_at(path: str) -> Any:
    """The field at a path, of the first ticket model that has it; None if there is none."""
    return next(iter(fields_at(path)), None)


def models_with(paths: set[str]) -> list[type[models.Model]]:
    """The ticket models that have all of these fields."""
    return [model for model in registry.tickets if paths - {MODEL} <= _asked(model).keys()]


@cache
def _asked(model: type[models.Model]) -> dict[str, Any]:
    return dict(fields_of(model))


def operators_for(path: str) -> tuple[Operator, ...]:
    """The operators that make sense for the field at a path."""
    if path == MODEL:
        return (Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN)
    field = field_at(path)
    equal = (Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN)
    empty = (Operator.EMPTY, Operator.NOT_EMPTY) if _may_be_empty(path) else ()
    if isinstance(field, models.BooleanField):
        return (Operator.IS, Operator.IS_NOT, *empty)
    if isinstance(field, _TEXTS):
        return (*equal, Operator.CONTAINS, Operator.STARTS_WITH, *empty)
    if isinstance(field, _SIZES):
        return (*equal, Operator.AT_LEAST, Operator.AT_MOST, *empty)
    return (*equal, *empty)


def _may_be_empty(path: str) -> bool:
    """Of a field across a relation: also where the relation may point to nothing."""
    first = path.partition("__")[0]
    return any(
        isinstance(asked[path], _TEXTS) or asked[path].null or asked[first].null
        for asked in map(_asked, registry.tickets)
        if path in asked
    )


def path_in_words(path: str) -> str:
    """For people: "Project → key"."""
    if path == MODEL:
        return _("Kind of ticket")
    field = field_at(path)
    if field is None:
        return path
    words = [str(field.verbose_name)]
    name, _sep, rest = path.partition("__")
    if rest:
        words.insert(0, str(field_at(name).verbose_name))
    return capfirst(" → ".join(words))
