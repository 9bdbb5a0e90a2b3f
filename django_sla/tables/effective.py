"""The policies in force: those of the database, of code, of the settings, and the built-in one."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError

from django_sla import registry
from django_sla.core.policy import Policy
from django_sla.exceptions import PoliciesDiffer
from django_sla.tables import edition as editions
from django_sla.tables.place import Place, place
from django_sla.tables.policy import Policy as PolicyRow

logger = logging.getLogger(__name__)

Said = tuple[tuple[str, str, str], ...]
"""Of policies the name, the condition in words, and the fingerprint of the terms."""

UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    ValidationError,
)
"""What reading a row raises that was written past its validation."""


@dataclass(frozen=True, kw_only=True)
class Policies:
    """All policies in the order in which they are asked."""

    edition: str
    """Of the database's part."""
    own: tuple[Policy, ...]
    """What the process itself brings along: code, settings, the built-in one."""
    all: tuple[Policy, ...]
    rows: tuple[PolicyRow, ...] = field(repr=False)
    """Those of the database's part."""

    @cached_property
    def fields(self) -> frozenset[str]:
        """The field paths that their conditions read."""
        return frozenset[str]().union(*(policy.when.fields for policy in self.all))

    def __reduce__(self) -> tuple[Any, ...]:
        """As their rows: conditions are functions, which do not pickle. Another process has its
        own ones of code and settings."""
        return _as_here, (self.rows, self.edition, _said(self.own))


_kept: dict[str, Policies] = {}
"""By edition. What an edition stands for never changes, so this is never stale."""

_latest: dict[Place, str] = {}
"""The edition that was read last, by database."""

KEPT = 100
"""Editions that a process keeps: one, or one for each tenant."""


def policies(using: str, edition: str | None = None) -> Policies:
    """The policies in force.

    One query, for the edition, unless somebody has read it already; three when it is new.

    Raises:
        InvalidSettings: the setting is wrong.
    """
    if edition is None:
        edition = editions.read(using)
    own = registry.policies()
    found = _kept.get(edition)
    if found is None or found.own is not own:
        if len(_kept) >= KEPT:
            _kept.clear()
        found = _kept[edition] = _load(edition, own, using)
    _latest[place(using)] = edition
    return found


def last_known(using: str) -> Policies:
    """The policies as this process read them last: to ask a question whose answer brings the
    edition along.

    No query, unless they are no longer kept. They are not read again under the edition of then:
    what the database has by now, or another tenant's, is another one's.
    """
    edition = _latest.get(place(using), editions.NONE)
    found = _kept.get(edition)
    if found is not None and found.own is registry.policies():
        return found
    return policies(using, edition if edition == editions.NONE else None)


def _load(edition: str, own: tuple[Policy, ...], using: str) -> Policies:
    return together(() if edition == editions.NONE else _rows(using), own, edition)


def together(
    rows: Iterable[PolicyRow], own: tuple[Policy, ...], edition: str = editions.NONE
) -> Policies:
    """These rows of the database, saved or not, in the order in which they are asked, and what the
    process brings along."""
    *before, default = own
    first: list[Policy] = []
    fallback: list[Policy] = []
    readable: list[PolicyRow] = []
    for row in rows:
        try:
            value = row.value(default)
        except UNREADABLE as error:
            logger.error(
                "The policy %r in the database cannot be read and is left out: %s", row.name, error
            )
            continue
        (fallback if row.fallback else first).append(value)
        readable.append(row)
    all_ = (*first, *before, *fallback, default)
    return Policies(edition=edition, own=own, all=all_, rows=tuple(readable))


def _as_here(rows: Iterable[PolicyRow], edition: str, elsewhere: Said) -> Policies:
    own = registry.policies()
    different = sorted(set(elsewhere) ^ set(_said(own)))
    if different:
        raise PoliciesDiffer(different[0][0])
    return together(rows, own, edition)


def _said(own: Iterable[Policy]) -> Said:
    return tuple((policy.name, policy.when.text, policy.terms.fingerprint) for policy in own)


def _rows(using: str) -> list[PolicyRow]:
    rows = PolicyRow._base_manager.using(using).select_related("calendar")
    return list(rows.filter(enabled=True).order_by("order", "name"))
