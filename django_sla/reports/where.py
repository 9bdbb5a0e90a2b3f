"""Which tickets a report leaves out: by priority, status and the declared dimensions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q

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
    found = []
    for name, value in where.items():
        if name not in paths:
            raise ValueError(
                f"where: {name!r} is nothing to filter by; there is {', '.join(paths)}"
            )
        several = isinstance(value, (list, tuple, set, frozenset))
        found.append(_any_of(name, paths[name], field_at(sla, paths[name]), value, several))
    return found


def _any_of(name: str, path: str, field: Any, value: Any, several: bool) -> Q:
    target = field.target_field if field is not None and field.is_relation else field
    values = [_clean(name, target, one) for one in (value if several else [value])]
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
        return field.to_python(getattr(value, field.attname) if isinstance(value, Model) else value)
    except ValidationError:
        raise ValueError(f"where: {name}: {value!r} is none") from None
