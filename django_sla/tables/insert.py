"""Inserting companion rows: what ``bulk_create`` does, without compiling the statement anew.

A ticket's save inserts an event and two clocks. Through ``bulk_create`` that alone costs as
much as saving the ticket, nearly all of it spent on building the same SQL each time.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Model
from django.db.models.constants import OnConflict

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
"""What every database takes without preparation, which is most of what a row holds."""


def insert(rows: Sequence[Model], using: str, unless_there: tuple[str, ...] = ()) -> None:
    """Insert unsaved rows of one model, in as few statements as the database takes.

    With ``unless_there``, the fields of a unique constraint, a row that is there already takes
    the new content instead. Keys made by the database are not read back; no signals are sent,
    as with ``bulk_create``.
    """
    if not rows:
        return
    connection = connections[using]
    fields = _fields(type(rows[0]))
    head, one, tail = _statement(type(rows[0]), using, unless_there)
    size = connection.ops.bulk_batch_size(fields, rows) or len(rows)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            values = [
                value
                if type(value := getattr(row, field.attname)) in _AS_THEY_ARE
                else field.get_db_prep_save(value, connection)
                for row in batch
                for field in fields
            ]
            cursor.execute(f"{head}{', '.join([one] * len(batch))} {tail}", values)


@cache
def _fields(model: type[Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _statement(
    model: type[Model], using: str, unless_there: tuple[str, ...]
) -> tuple[str, str, str]:
    """The statement up to its values, the placeholders of one row, and what follows."""
    operations = connections[using].ops
    fields = _fields(model)
    names = [field.column for field in fields]
    columns = ", ".join(map(operations.quote_name, names))
    head = f"INSERT INTO {operations.quote_name(model._meta.db_table)} ({columns}) VALUES "
    one = f"({', '.join(['%s'] * len(fields))})"
    if not unless_there:
        return head, one, ""
    unique = [field.column for field in fields if field.name in unless_there]
    content = [name for name in names if name not in unique]
    tail = operations.on_conflict_suffix_sql(fields, OnConflict.UPDATE, content, unique)
    return head, one, tail
