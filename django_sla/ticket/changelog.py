"""The changelog of a ticket: its history, read for what matters to the SLA."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django_sla.core.event import BY_HAND, Kind
from django_sla.tables.columns import COLUMNS, TARGETS
from django_sla.tables.event import ERASED, SLAEvent
from django_sla.tables.history import history_of, points_to_users

_COLUMNS = {metric: column for column, metric in TARGETS.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An SLA column that changed in one write, or what a person did that no column shows."""

    at: datetime
    field: str = ""
    """The column; empty where none shows what was done: ``kind`` and ``metric`` say it then."""
    kind: str = ""
    """One of :data:`core.event.BY_HAND`; empty for a column."""
    metric: str = ""
    """The metric meant; empty for a column and for a hold."""
    label: str
    """The column, or what was done, in words."""
    old: datetime | None = None
    new: datetime | None = None
    user: Any
    """None is the system; ``tables.event.ERASED`` somebody who was erased."""
    ip: str | None
    reason: str


def changes(ticket: Any) -> list[Change]:
    """Every change, oldest first; what a person did comes before what it did to the columns.
    Two queries."""
    model = ticket._meta.concrete_model
    history = history_of(ticket)
    rows = history.order_by("history_date", "history_id")
    rows = list(rows.select_related("history_user") if points_to_users(history.model) else rows)
    events = list(ticket.sla_events.select_related("actor").order_by("id"))
    told = list(_of_columns(rows, model, writers(events)))
    shown = {(change.at, change.field) for change in told}
    # A row and the event that it was written with have one instant, where one write has both.
    sources = {row.history_date: row for row in rows}
    done = []
    for event in events:
        if event.kind not in BY_HAND:
            continue
        source, column = sources.get(event.recorded_at), column_of(event)
        if column and (source is None or (event.recorded_at, column) in shown):
            continue
        done.append(_done(event, source))
    return sorted(done + told, key=lambda change: change.at)


WRITE = timedelta(minutes=1)
"""A row is written after its event, and never later than this."""

Writer = Callable[[Any], Any]
"""``(row of a history) -> user``."""


def writers(events: Iterable[SLAEvent]) -> Writer:
    """Tells who wrote a row of a ticket's history: the row's user; where it has none, ``ERASED``
    if the event that it follows was a person's who is erased; else None, the system."""
    told = sorted((event.recorded_at, event.is_erased) for event in events)

    def writer(row: Any) -> Any:
        place = bisect_right(told, (row.history_date, True)) - 1
        if row.history_user is None and place >= 0:
            at, is_erased = told[place]
            if is_erased and row.history_date - at < WRITE:
                return ERASED
        return row.history_user

    return writer


def column_of(event: SLAEvent) -> str:
    """The column that a target set by hand or cleared is in; empty for all else."""
    if event.kind in (Kind.TARGET_SET, Kind.TARGET_CLEARED):
        return _COLUMNS.get(event.data.get("metric", ""), "")
    return ""


def _done(event: SLAEvent, source: Any) -> Change:
    return Change(
        at=event.recorded_at,
        kind=event.kind,
        metric=event.data.get("metric", ""),
        label=event.label,
        new=event.due,
        user=event.who,
        ip=getattr(source, "client_ip", None),
        reason=event.data.get("reason", ""),
    )


def _of_columns(rows: Iterable[Any], model: Any, writer: Writer) -> Iterator[Change]:
    before: Any = None
    for row in rows:
        for name in COLUMNS:
            old, new = getattr(before, name, None), getattr(row, name, None)
            if old != new:
                yield Change(
                    at=row.history_date,
                    field=name,
                    label=str(model._meta.get_field(name).verbose_name),
                    old=old,
                    new=new,
                    user=writer(row),
                    ip=getattr(row, "client_ip", None),
                    reason=row.history_change_reason or "",
                )
        before = row
