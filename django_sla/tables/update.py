"""Many rows changed in few statements, each to values of its own.

``bulk_update`` builds a CASE for every row, which is ten times slower than what databases offer:
an array joined with the table on PostgreSQL, one prepared statement run many times elsewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from django.db.models import Model

from django_sla.tables.insert import prepared


def update_many(
    model: type[Model], names: Sequence[str], rows: Sequence[tuple[Any, ...]], using: str
) -> None:
    """Set the fields ``names`` of rows of ``model``: ``(key, value, …)`` for each row.

    No signals are sent. In multi-table inheritance a field is written where it lives.
    """
    if not rows:
        return
    by_table: dict[Any, list[int]] = defaultdict(list)
    for index, name in enumerate(names, start=1):
        by_table[model._meta.get_field(name).model].append(index)
    for owner, indexes in by_table.items():
        fields = [owner._meta.get_field(names[index - 1]) for index in indexes]
        picked = rows if len(indexes) == len(names) else _picked(rows, indexes)
        _update(owner, fields, picked, using)


def _picked(rows: Iterable[tuple[Any, ...]], indexes: Sequence[int]) -> list[tuple[Any, ...]]:
    return [(row[0], *(row[index] for index in indexes)) for row in rows]


def _update(
    owner: type[Model],
    fields: Sequence[Any],
    rows: Sequence[tuple[Any, ...]],
    using: str,
) -> None:
    connection = connections[using]
    quote = connection.ops.quote_name
    key = owner._meta.pk
    assert key is not None
    table, key_column = quote(owner._meta.db_table), quote(str(key.column))
    columns = [quote(str(field.column)) for field in fields]
    values = prepared([(*row[1:], row[0]) for row in rows], (*fields, key), connection)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            sets = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(f"UPDATE {table} SET {sets} WHERE {key_column} = %s", values)
            return
        sets = ", ".join(f"{column} = new.c{index}" for index, column in enumerate(columns))
        arrays = ", ".join(f"%s::{_type(field, connection)}[]" for field in (*fields, key))
        names = ", ".join(f"c{index}" for index in range(len(fields) + 1))
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS new ({names}) "
            f"WHERE {table}.{key_column} = new.c{len(fields)}",
            [list(column) for column in zip(*values, strict=True)],
        )


def _type(field: Any, connection: Any) -> str:
    """The column's type, where a key that counts by itself is a plain number."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
