"""Many rows changed in few statements, each to values of its own.

``bulk_update`` builds a CASE for every row, which is ten times slower than what databases offer:
arrays joined with the table on PostgreSQL; one prepared statement run many times elsewhere.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import Model

from django_sla.tables.insert import prepared

Rows = Sequence[tuple[Any, ...]]


def update_many(
    model: type[Model],
    names: Sequence[str],
    rows: Rows,
    using: str,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """Set the fields ``names`` of rows of ``model``, ``(key, value, …)`` for each row, and
    ``constants`` of all of them.

    No signals are sent. In multi-table inheritance a field is written where it lives.
    """
    if not rows:
        return
    by_table: dict[Any, list[int]] = defaultdict(list)
    for index, name in enumerate(names, start=1):
        by_table[model._meta.get_field(name).model].append(index)
    for owner, indexes in by_table.items():
        fields = [owner._meta.get_field(names[index - 1]) for index in indexes]
        whole = len(indexes) == len(names)
        picked = rows if whole else [(row[0], *(row[i] for i in indexes)) for row in rows]
        same = {owner._meta.get_field(name): value for name, value in (constants or {}).items()}
        update = _joined if connections[using].vendor == "postgresql" else _one_by_one
        update(owner, fields, picked, same, using)


def _one_by_one(
    owner: Any, fields: list[Any], rows: Rows, same: Mapping[Any, Any], using: str
) -> None:
    connection = connections[using]
    quote = connection.ops.quote_name
    every = [*fields, *same, owner._meta.pk]
    sets = ", ".join(f"{quote(field.column)} = %s" for field in every[:-1])
    tail = tuple(same.values())
    values = prepared([(*row[1:], *tail, row[0]) for row in rows], every, connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(owner._meta.db_table)} SET {sets} "  # nosec B608
            f"WHERE {quote(owner._meta.pk.column)} = %s",
            values,
        )


def _joined(owner: Any, fields: list[Any], rows: Rows, same: Mapping[Any, Any], using: str) -> None:
    connection = connections[using]
    quote = connection.ops.quote_name
    table, key = quote(owner._meta.db_table), owner._meta.pk
    names = [f"c{index}" for index in range(len(fields) + 1)]
    types = [key.rel_db_type(connection), *(field.db_type(connection) for field in fields)]
    sets = [
        f"{quote(field.column)} = new.{name}" for field, name in zip(fields, names[1:], strict=True)
    ]
    sets += [f"{quote(field.column)} = %s" for field in same]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    columns = zip(*rows, strict=True)
    values = [
        _array(column, field, connection)
        for column, field in zip(columns, (key, *fields), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(sets)} "  # nosec B608
            f"FROM unnest({arrays}) AS new ({', '.join(names)}) "
            f"WHERE {table}.{quote(key.column)} = new.c0",
            [*prepared([tuple(same.values())], list(same), connection)[0], *values],
        )


_BARE = frozenset({int, datetime, type(None)})


def _array(values: Sequence[Any], field: Any, connection: Any) -> Any:
    """An array as PostgreSQL reads it; of numbers and instants, which need no quotes, written at
    once, where the driver would look at each."""
    if not _BARE.issuperset(map(type, values)):
        return [row[0] for row in prepared([(value,) for value in values], [field], connection)]
    return f"{{{','.join(map(_bare, values))}}}"


def _bare(value: Any) -> str:
    if value is None:
        return "NULL"
    return value.isoformat() if type(value) is datetime else str(value)
