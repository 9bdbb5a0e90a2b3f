"""Inserting companion rows: what ``bulk_create`` does, without compiling the statement anew.

A ticket's save inserts an event and two clocks. Through ``bulk_create`` that alone costs as
much as saving the ticket, nearly all of it spent on building the same SQL each time.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Model

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
"""What every database takes without preparation, which is most of what a row holds."""


def insert(rows: Sequence[Model], using: str) -> None:
    """Insert unsaved rows of one model, in as few statements as the database takes.

    Keys made by the database are not read back; no signals are sent, as with ``bulk_create``.
    """
    if not rows:
        return
    connection = connections[using]
    fields = _fields(type(rows[0]))
    head, one = _statement(type(rows[0]), connection.vendor)
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
            cursor.execute(head + ", ".join([one] * len(batch)), values)


@cache
def _fields(model: type[Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _statement(model: type[Model], vendor: str) -> tuple[str, str]:
    """The statement up to its values, and the placeholders of one row."""
    quote = next(c.ops.quote_name for c in connections.all() if c.vendor == vendor)
    fields = _fields(model)
    columns = ", ".join(quote(field.column) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES "
    return head, f"({', '.join(['%s'] * len(fields))})"
