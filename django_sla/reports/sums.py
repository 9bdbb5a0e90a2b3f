"""Sums of rows by group."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Combinable


def named(groups: Iterable[Combinable]) -> dict[str, Combinable]:
    """Under the names of the annotations that the groups of rows have."""
    return {f"sla_group_{place}": group for place, group in enumerate(groups)}


def add_up(
    rows: QuerySet[Any], groups: Iterable[Combinable], sums: Mapping[str, Any]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Sums by group; under ``()`` where there is but one. One query."""
    names = named(groups)
    if not names:
        return {(): rows.aggregate(**sums)}
    found = rows.order_by().values(**names).annotate(**sums)
    return {tuple(row.pop(name) for name in names): row for row in found}


def mean(total: timedelta | None, count: int) -> timedelta | None:
    return None if total is None or not count else total / count
