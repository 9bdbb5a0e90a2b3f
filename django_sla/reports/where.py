"""Which tickets a report leaves out: by priority, status and the declared dimensions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Field, Model, Q
from django.utils.translation import gettext as _

from django_sla.reports.grouping import PRIORITY, STATUS, field_at, is_unset

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Where = Mapping[str, Any]
"""By name a value, or several of which any will do; a foreign key by key or by object. None and
the empty text stand for what has none."""


def filterable(sla: "SLA") -> dict[str, str]:
    """The field paths of what reports can be filtered by, by name."""
    own = {PRIORITY: sla.priority, STATUS: sla.status}
    built_in = {name: path for name, path in own.items() if path and field_at(sla, path)}
    return {**sla.dimensions, **built_in}


def conditions(sla: "SLA", where: Where) -> list[Q]:
    """What a ticket has to fulfil, all of it.

    Raises:
        ValueError: nothing is called so, or a value is none of it.
    """
    paths = filterable(sla)
    return [
        _any_of(paths[name], _target(sla, paths[name]), values)
        for name, values in cleaned(sla, where).items()
    ]


def cleaned(sla: "SLA", where: Where) -> dict[str, list[Any]]:
    """By name the values as the database has them, each once.

    Raises:
        ValueError: as above.
    """
    paths = filterable(sla)
    found = {}
    for name, value in where.items():
        if name not in paths:
            said = _("where: %(name)r is nothing to filter by; there is %(known)s")
            raise ValueError(said % {"name": name, "known": ", ".join(paths)})
        several = isinstance(value, (list, tuple, set, frozenset))
        target = _target(sla, paths[name])
        values = [_clean(name, target, one) for one in (value if several else [value])]
        found[name] = list(dict.fromkeys(values))
    return found


def _target(sla: "SLA", path: str) -> Any:
    """The field that holds what is compared; None where the path ends in no field."""
    field = field_at(sla, path)
    return field.target_field if field is not None and field.is_relation else field


def _any_of(path: str, target: Any, values: list[Any]) -> Q:
    condition = Q((f"{path}__in", [one for one in values if not is_unset(one)]))
    if any(map(is_unset, values)):
        condition |= Q((f"{path}__isnull", True))
        if isinstance(target, Field) and target.empty_strings_allowed:
            condition |= Q((path, ""))
    return condition


def _clean(name: str, field: Any, value: Any) -> Any:
    if field is None or is_unset(value):
        return value
    try:
        found = field.to_python(
            getattr(value, field.attname) if isinstance(value, Model) else value
        )
        # Numbers that no database has room for, and characters that PostgreSQL has none for.
        field.run_validators(found)
        if isinstance(found, str):
            ProhibitNullCharactersValidator()(found)
    except ValidationError:
        said = _("where: %(name)s: %(value)r is none")
        raise ValueError(said % {"name": name, "value": value}) from None
    return found
