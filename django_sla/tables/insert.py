"""Inserting companion rows: what ``bulk_create`` does, without compiling the statement anew.

A ticket's save inserts an event and two clocks. Through ``bulk_create`` that alone costs as
much as saving the ticket, nearly all of it spent on building the same SQL each time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
"""What every database takes without preparation, which is most of what a row holds."""

FEW = 20
"""Up to so many rows are written one after the other into their statement."""


def unsaved(model: type[Model], **values: Any) -> Any:
    """An instance to be inserted, its other fields None, without what ``Model.__init__`` does
    around it: of thousands of events and clocks that is a quarter of all the work."""
    row = model.__new__(model)
    row._state = ModelState()
    row.__dict__.update(_nothing(model), **values)
    return row


@cache
def _nothing(model: type[Model]) -> dict[str, None]:
    return dict.fromkeys(field.attname for field in model._meta.concrete_fields)


def insert(rows: Sequence[Model], using: str, unless_there: tuple[str, ...] = ()) -> None:
    """Insert unsaved rows of one model, in as few statements as the database takes.

    With ``unless_there``, the fields of a unique constraint, a row that is there already takes
    the new content instead, but for what its model calls ``lasting``. Keys made by the database are
    not read back; no signals are sent, as with ``bulk_create``.
    """
    if unless_there and _are_updated(rows, using, unless_there):
        return
    as_arrays = connections[using].vendor == "postgresql" and len(rows) > FEW
    statements = (_by_arrays if as_arrays else _statements)(rows, using, unless_there)
    with connections[using].cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)


def insert_both(
    some: Sequence[Model], others: Sequence[Model], using: str, unless_there: tuple[str, ...] = ()
) -> None:
    """Insert the few rows of one ticket into two tables; ``unless_there`` is about the second.

    In one statement where the database can, which is PostgreSQL: a save that waits for the
    server once more is felt there.
    """
    if connections[using].vendor != "postgresql" or not some or not others:
        insert(some, using)
        insert(others, using, unless_there)
        return
    [(first, values)] = _statements(some, using, ())
    [(second, more)] = _statements(others, using, unless_there)
    with connections[using].cursor() as cursor:
        cursor.execute(f"WITH first AS ({first}) {second}", values + more)


def _are_updated(rows: Sequence[Model], using: str, unless_there: tuple[str, ...]) -> bool:
    """Whether all of them were there, and took the new content. Asked on MySQL and MariaDB alone:
    an insert that finds its row there locks the gap before it, too, so that whoever writes the
    ticket next to it has to wait, and two who do so at once end in a deadlock."""
    connection = connections[using]
    if not rows or connection.vendor != "mysql":
        return False
    model = type(rows[0])
    quote = connection.ops.quote_name
    key, content = _parts(model, unless_there)
    sets = ", ".join(f"{quote(field.column)} = %s" for field in content)
    where = " AND ".join(f"{quote(field.column)} = %s" for field in key)
    fields = (*content, *key)
    picked = map(attrgetter(*(field.attname for field in fields)), rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {where}",  # nosec B608
            prepared(picked, fields, connection),
        )
        return bool(cursor.rowcount == len(rows))


def _statements(
    rows: Sequence[Model], using: str, unless_there: tuple[str, ...]
) -> Iterator[tuple[str, list[Any]]]:
    """The SQL of each batch, with its values."""
    if not rows:
        return
    connection = connections[using]
    fields = _fields(type(rows[0]))
    head, one, tail = _statement(type(rows[0]), using, unless_there)
    size = len(rows)
    if size > FEW:  # asking takes as long as writing two of them
        size = connection.ops.bulk_batch_size(fields, rows) or size
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        values = prepared(map(_getter(type(rows[0])), batch), fields, connection)
        yield f"{head}{', '.join([one] * len(batch))} {tail}", list(chain.from_iterable(values))


def _by_arrays(
    rows: Sequence[Model], using: str, unless_there: tuple[str, ...]
) -> Iterator[tuple[str, list[Any]]]:
    """The same on PostgreSQL: one array for each column. The driver reads a statement with
    thousands of placeholders from end to end each time, which takes longer than running it."""
    connection = connections[using]
    fields = _fields(type(rows[0]))
    head, _one, tail = _statement(type(rows[0]), using, unless_there)
    # Without its length, or a text that is too long would be cut off and not refused.
    types = [str(field.db_type(connection)).partition("(")[0] for field in fields]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    values = prepared(map(_getter(type(rows[0])), rows), fields, connection)
    sql = f"{head.removesuffix('VALUES ')}SELECT * FROM unnest({arrays}) {tail}"  # nosec B608
    yield sql, [list(column) for column in zip(*values, strict=True)]


def prepared(
    rows: Iterable[tuple[Any, ...]], fields: Sequence[Any], connection: Any
) -> list[list[Any]]:
    """The values of rows as the database takes them."""
    found = []
    adapt = connection.ops.adapt_datetimefield_value
    as_text = connection.vendor == "sqlite" and connection.timezone is UTC
    for row in rows:
        values = []
        for field, value in zip(fields, row, strict=True):
            kind = type(value)
            if kind is datetime:
                # What adapting gives too, in a tenth of the time.
                plain = as_text and value.tzinfo is UTC
                value = value.isoformat(" ")[:-6] if plain else adapt(value)
            elif kind not in _AS_THEY_ARE:
                is_empty = kind is list and not value
                value = (
                    _empty(field, connection.alias)
                    if is_empty
                    else field.get_db_prep_save(value, connection)
                )
            values.append(value)
        found.append(values)
    return found


def insert_from(
    model: type[Model],
    source: QuerySet[Any],
    copied: Mapping[str, str],
    constants: Mapping[str, Any],
    using: str,
) -> None:
    """Insert a row for each of ``source``: columns ``copied`` from it, by attribute name of
    either side, and the same ``constants`` in all of them. One statement, whatever their number.
    """
    connection = connections[using]
    fields = {field.attname: field for field in model._meta.concrete_fields}
    [values] = prepared(
        [tuple(constants.values())], [fields[name] for name in constants], connection
    )
    chosen = source.values_list(*copied.values()).query
    selected, parameters = chosen.get_compiler(using).as_sql()
    # Bound values have no type of their own in the list of a SELECT.
    casts = connection.vendor == "postgresql"
    marks = [f"%s::{fields[n].db_type(connection)}" if casts else "%s" for n in constants]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(fields[name].column)) for name in (*constants, *copied))
    body = selected.removeprefix("SELECT ")
    assert body != selected
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({columns}) "
            f"SELECT {', '.join([*marks, body])}",
            [*values, *parameters],
        )


@cache
def _fields(model: type[Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _getter(model: type[Model]) -> Any:
    return attrgetter(*(field.attname for field in _fields(model)))


@cache
def _empty(field: Any, using: str) -> Any:
    """An empty list as the database takes it: of most clocks the pauses."""
    return field.get_db_prep_save([], connections[using])


@cache
def _statement(
    model: type[Model], using: str, unless_there: tuple[str, ...]
) -> tuple[str, str, str]:
    """The statement up to its values, the placeholders of one row, and what follows."""
    operations = connections[using].ops
    fields = _fields(model)
    names = [field.column for field in fields]
    columns = ", ".join(map(operations.quote_name, names))
    table = operations.quote_name(model._meta.db_table)
    head = f"INSERT INTO {table} ({columns}) VALUES "  # nosec B608
    one = f"({', '.join(['%s'] * len(fields))})"
    if not unless_there:
        return head, one, ""
    key, content = _parts(model, unless_there)
    tail = operations.on_conflict_suffix_sql(
        fields,
        OnConflict.UPDATE,
        [field.column for field in content],
        [field.column for field in key],
    )
    return head, one, tail


@cache
def _parts(model: type[Model], unless_there: tuple[str, ...]) -> tuple[list[Any], list[Any]]:
    """Of a row that may be there: the fields that tell, and those that are written anew."""
    fields = _fields(model)
    lasting = getattr(model, "lasting", ())
    key = [field for field in fields if field.name in unless_there]
    return key, [field for field in fields if field not in key and field.name not in lasting]
