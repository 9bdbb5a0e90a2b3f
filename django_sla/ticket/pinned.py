"""Which terms a ticket is pinned to, and since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_sla.core.event import Kind
from django_sla.core.policy import Terms
from django_sla.tables import terms as terms_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """The terms of a ticket's open clocks, and what gave it these."""

    terms: Terms
    since: datetime
    kind: str
    """What happened then: a :class:`core.event.Kind`."""
    label: str
    """The same in words."""
    actor: Any
    """Who caused it; None is the system."""
    reason: str


def pinned(ticket: Any, using: str) -> Pinned | None:
    """None where nothing gave the ticket any terms. One query."""
    rows = list(
        ticket.sla_events.filter(terms__isnull=False).select_related("actor").order_by("id")
    )
    openings = [row for row in rows if row.kind == Kind.OPENED]
    changes = sorted((row for row in rows if row.kind != Kind.OPENED), key=lambda row: row.at)
    # Of two openings the correction stands; opening comes before all else.
    since = None
    for row in (*openings[-1:], *changes):
        if since is None or row.terms_id != since.terms_id:
            since = row
    if since is None:
        return None
    return Pinned(
        terms=terms_table.read([since.terms_id], using)[since.terms_id],
        since=since.at,
        kind=since.kind,
        label=since.get_kind_display(),
        actor=since.who,
        reason=since.data.get("reason", ""),
    )
