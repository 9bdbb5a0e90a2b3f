"""Events to clocks to ticket columns, for one ticket or a batch of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django_sla import registry
from django_sla.core.clock import Lifecycle, run
from django_sla.core.verdict import due
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import CONTENT, IDENTITY, SLAClock
from django_sla.tables.event import SLAEvent
from django_sla.tables.insert import insert

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Columns = dict[str, datetime | None]
"""The six columns of a ticket that events decide, by field name."""

COLUMNS = (
    "created_at",
    "response_target",
    "resolution_target",
    "first_responded_at",
    "resolved_at",
    "closed_at",
)

TARGETS = {"response_target": "response", "resolution_target": "resolution"}
"""Which metric's due instant a column shows."""


def load(sla: "SLA", pks: Collection[Any], using: str) -> dict[Any, list[SLAEvent]]:
    """The recorded events of these tickets, each list in the order of recording. One query."""
    found: dict[Any, list[SLAEvent]] = defaultdict(list)
    rows = sla.event_model._base_manager.using(using).filter(ticket_id__in=pks).order_by("id")
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def fold(rows: Iterable[SLAEvent], using: str) -> Lifecycle:
    """The lifecycle that events add up to."""
    rows = list(rows)
    terms = terms_table.read((row.terms_id for row in rows), using)
    return run([row.value(terms) for row in rows], registry.metrics())


def columns(lifecycle: Lifecycle) -> Columns:
    """What the ticket's columns say after these events."""
    found: Columns = {
        "created_at": lifecycle.opened_at,
        "first_responded_at": lifecycle.first_responded_at,
        "resolved_at": lifecycle.resolved_at,
        "closed_at": lifecycle.closed_at,
    }
    for column, metric in TARGETS.items():
        clock = lifecycle.clock(metric)
        found[column] = due(clock, column=True) if clock else None
    return found


def clock_rows(sla: "SLA", pk: Any, lifecycle: Lifecycle) -> list[SLAClock]:
    """Unsaved rows for the clocks worth keeping: promised ones, and those reports need."""
    always = {metric.name for metric in lifecycle.metrics if metric.always}
    rows = []
    for clock in lifecycle.clocks:
        promised = clock.terms is not None and clock.metric in clock.terms.metrics
        if promised or clock.target is not None or clock.metric in always:
            row = sla.clock_model.of(clock)
            row.ticket_id = pk
            rows.append(row)
    return rows


def store(
    sla: "SLA",
    news: Mapping[Any, list[SLAEvent]],
    lifecycles: Mapping[Any, Lifecycle],
    using: str,
    *,
    new_tickets: bool = False,
) -> None:
    """Append events and bring the clock rows in step, in a number of queries that does not
    grow with the number of tickets. The caller holds the locks of the tickets."""
    for pk, rows in news.items():
        for row in rows:
            row.ticket_id = pk
    insert([row for rows in news.values() for row in rows], using)

    wanted = [row for pk, life in lifecycles.items() for row in clock_rows(sla, pk, life)]
    if new_tickets:
        insert(wanted, using)
        return
    clocks = sla.clock_model._base_manager.using(using)
    known = {_identity(row): row for row in clocks.filter(ticket_id__in=list(lifecycles))}
    changed, added = [], []
    for row in wanted:
        old = known.pop(_identity(row), None)
        if old is None:
            added.append(row)
        elif any(getattr(old, f.attname) != getattr(row, f.attname) for f in CONTENT):
            row.pk = old.pk
            changed.append(row)
    insert(added, using)
    if len(changed) == 1:
        changed[0].save(using=using, force_update=True)
    elif changed:
        clocks.bulk_update(changed, [field.name for field in CONTENT])
    if known:  # a late event has undone a cycle
        clocks.filter(pk__in=[row.pk for row in known.values()]).delete()


def _identity(row: SLAClock) -> tuple[Any, ...]:
    return (row.ticket_id, *(getattr(row, name) for name in IDENTITY))
