"""Locking tickets: always the ticket first, then what belongs to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import QuerySet

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Row = dict[str, Any]
"""A reading of a ticket's row: the fields that matter to the SLA, by attribute name."""


def lock(sla: "SLA", using: str) -> QuerySet[Any]:
    """Tickets that are locked as they are read, until the transaction ends.

    The lock lets others refer to the row (PostgreSQL's NO KEY UPDATE) where there is such a
    one: writers that have just inserted a comment hold a shared lock for its foreign key.
    """
    no_key = connections[using].features.has_select_for_no_key_update
    return sla.rows(using).select_for_update(no_key=no_key)


def lock_batch(sla: "SLA", pks: list[Any], using: str) -> QuerySet[Any]:
    """These tickets, locked in the order of their keys, so that two batches cannot each hold
    what the other waits for."""
    return lock(sla, using).filter(pk__in=pks).order_by("pk")


_readers: dict[tuple[Any, ...], Callable[[Any], Row | None]] = {}


def locked_row(sla: "SLA", pk: Any, using: str) -> Row | None:
    """Lock a ticket and read what matters of it; None if there is no such row.

    Every save of a ticket asks this, so the statement is compiled once.
    """
    names = sla.watched()
    key = (sla.model, names, using)
    reader = _readers.get(key)
    if reader is None:
        reader = _readers[key] = _reader(sla, names, using)
    return reader(pk)


def _reader(sla: "SLA", names: tuple[str, ...], using: str) -> Callable[[Any], Row | None]:
    connection = connections[using]
    key = sla.model._meta.pk
    queryset = lock(sla, using).filter(pk=_any_key(key)).values_list(*names)
    compiler = queryset.query.get_compiler(using)
    sql, params = compiler.as_sql()
    assert len(params) == 1, "the key is the statement's only parameter"
    converters = compiler.get_converters([column[0] for column in compiler.select])

    def read(pk: Any) -> Row | None:
        with connections[using].cursor() as cursor:
            cursor.execute(sql, (key.get_db_prep_value(pk, connections[using]),))
            found = cursor.fetchone()
        if found is None:
            return None
        values = list(found)
        for position, (convert, expression) in converters.items():
            for converter in convert:
                values[position] = converter(values[position], expression, connections[using])
        return dict(zip(names, values, strict=True))

    return read


def _any_key(key: Any) -> Any:
    """A value that the key's field accepts, to compile a statement with."""
    while key.remote_field:
        key = key.target_field
    internal = key.get_internal_type()
    if internal == "UUIDField":
        return "00000000-0000-0000-0000-000000000000"
    return "1" if internal in ("CharField", "TextField", "SlugField") else 1
