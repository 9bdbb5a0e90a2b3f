"""Locking tickets: always the ticket first, then what belongs to it."""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import QuerySet

from django_sla.tables.statement import Statement, any_value

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


def locked_row(sla: "SLA", pk: Any, using: str) -> Row | None:
    """Lock a ticket and read what matters of it; None if there is no such row."""
    names = sla.watched()
    rows = _statement(sla, names, using)(pk)
    return dict(zip(names, rows[0], strict=True)) if rows else None


@cache
def _statement(sla: "SLA", names: tuple[str, ...], using: str) -> Statement:
    key = sla.model._meta.pk
    queryset = lock(sla, using).filter(pk=any_value(key)).values_list(*names)
    return Statement(queryset, key, using)
