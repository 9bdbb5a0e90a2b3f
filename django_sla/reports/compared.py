"""A report beside that of the period before."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from django_sla.reports.format import Column, Unit


def compared(columns: Iterable[Column], row_before: Callable[[Any], Any]) -> Iterator[Column]:
    """Each column, then the same of the period before, and the change since: of percentages in
    points. Tables have of both only the changes of tickets and compliance.

    ``row_before`` gives the row to compare with, or None.
    """
    for column in columns:
        yield column
        before = _reading(column, row_before, lambda _now, then: then)
        change = _reading(column, row_before, lambda now, then: now - then)
        names = {"metric": column.title}
        yield replace(
            column,
            name=f"{column.name}_previous",
            title=_("Before: {metric}").format(**names),
            value=before,
            detail=True,
        )
        yield replace(
            column,
            name=f"{column.name}_change",
            title=_("Change: {metric}").format(**names),
            value=change,
            detail=column.detail or column.unit is Unit.DURATION,
            signed=True,
        )


def _reading(
    column: Column, row_before: Callable[[Any], Any], take: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    def read(row: Any) -> Any:
        other = row_before(row)
        then = None if other is None else column.value(other)
        now = column.value(row)
        return None if then is None or now is None else take(now, then)

    return read
