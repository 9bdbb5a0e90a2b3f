"""Locking tickets: always the ticket first, then what belongs to it."""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import QuerySet

from django_sla.tables import edition as editions
from django_sla.tables.among import Among
from django_sla.tables.edition import as_column
from django_sla.tables.effective import Policies, last_known
from django_sla.tables.effective import policies as in_force
from django_sla.tables.statement import Statement, any_value

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Row = dict[str, Any]
"""A reading of a ticket's row: the fields that matter to the SLA, by attribute name."""


def lock(sla: "SLA", using: str, model: Any = None, *, skip_locked: bool = False) -> QuerySet[Any]:
    """Tickets that are locked as they are read, until the transaction ends; with ``model``, as
    the special kind that this is; with ``skip_locked`` without those that somebody else has.

    The lock lets others refer to the row (PostgreSQL's NO KEY UPDATE) where there is such a
    one: writers that have just inserted a comment hold a shared lock for its foreign key.
    """
    no_key = connections[using].features.has_select_for_no_key_update
    rows = sla.rows(using) if model is None else QuerySet(model, using=using)
    return rows.select_for_update(no_key=no_key, skip_locked=skip_locked)


def lock_batch(sla: "SLA", pks: list[Any], using: str) -> QuerySet[Any]:
    """These tickets, locked in the order of their keys, so that two batches cannot each hold
    what the other waits for."""
    return lock(sla, using).filter(Among("pk", pks)).order_by("pk")


def locked_row(sla: "SLA", pk: Any, using: str) -> tuple[Row, Policies] | None:
    """Lock a ticket and read what matters of it, with the policies in force, which say what
    that is; None if there is no such row. One query, but for the first after an edit."""
    policies = last_known(using)
    while True:
        names = sla.watched(policies.fields)
        rows = _statement(sla, names, using)(pk)
        if not rows:
            return None
        *values, found = rows[0]
        edition = found or editions.NONE
        if edition == policies.edition:
            return dict(zip(names, values, strict=True)), policies
        policies = in_force(using, edition)


@cache
def _statement(sla: "SLA", names: tuple[str, ...], using: str) -> Statement:
    key = sla.model._meta.pk
    queryset = lock(sla, using).filter(pk=any_value(key)).annotate(sla_edition=as_column())
    return Statement(queryset.values_list(*names, "sla_edition"), key, using)
