"""The keys of open tickets, in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from django_sla import registry
from django_sla.tables.ranges import cuts

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

AHEAD = 50
"""Batches whose keys are read at once."""

Position = list[str]
"""A ticket model's label and a key, which the last ticket seen has; or empty."""


@dataclass(kw_only=True)
class OpenTickets:
    """The keys of open tickets, model by model and in order, read many batches ahead: finding the
    first of them costs about as much as finding all."""

    using: str
    since: datetime | None
    """Only those opened at or after this instant."""
    size: int
    """Of a batch."""
    last: Position = field(default_factory=list)
    """Where they end; empty: with the last of all."""
    _ahead: "list[tuple[Position, SLA, list[Any]]]" = field(default_factory=list)

    def after(self, position: Position) -> "tuple[SLA | None, list[Any]]":
        """The next batch after a position; None at the end."""
        if not self._ahead or self._ahead[-1][0] != position:
            self._ahead = list(reversed(list(self._read(position))))
        return self._ahead.pop()[1:] if self._ahead else (None, [])

    def count(self) -> int:
        return sum(self._clocks(sla).aggregate(n=_TICKETS)["n"] for sla in _models())

    def cuts(self, parts: int) -> list[Position]:
        """Positions that cut them into about so many parts; two queries for each model."""
        clocks = [(sla, self._clocks(sla)) for sla in _models()]
        size = max(1, ceil(sum(rows.count() for _sla, rows in clocks) / parts))
        return [
            [sla.model._meta.label_lower, str(key)]
            for sla, rows in clocks
            for key in cuts(rows, "ticket_id", size)
        ]

    def _read(self, position: Position) -> "Iterator[tuple[Position, SLA, list[Any]]]":
        label, last = position or ("", "")
        for sla in _models():
            name = sla.model._meta.label_lower
            if name < label or (self.last and name > self.last[0]):
                continue
            clocks, to_key = self._clocks(sla), sla.model._meta.pk.to_python
            if name == label:
                clocks = clocks.filter(ticket_id__gt=to_key(last))
            if self.last and name == self.last[0]:
                clocks = clocks.filter(ticket_id__lte=to_key(self.last[1]))
            pks = clocks.order_by("ticket_id").values_list("ticket_id", flat=True).distinct()
            found = list(pks[: self.size * AHEAD])
            for start in range(0, len(found), self.size):
                batch = found[start : start + self.size]
                yield position, sla, batch
                position = [name, str(batch[-1])]
            if len(found) == self.size * AHEAD:
                return

    def _clocks(self, sla: "SLA") -> Any:
        clocks = sla.open_clocks(self.using)
        return clocks.filter(ticket__created_at__gte=self.since) if self.since else clocks


def _models() -> "list[SLA]":
    return sorted(registry.tickets.values(), key=lambda sla: sla.model._meta.label_lower)


_TICKETS = Count("ticket_id", distinct=True)
