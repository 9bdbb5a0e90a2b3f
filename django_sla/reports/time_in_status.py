"""Where the time went: how long tickets were in each status."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.core.event import Category, Kind
from django_sla.reports.base import PeriodReport
from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import STATUS

ZERO = timedelta(0)

Move = tuple[str, datetime, dict[str, str]]
"""Kind, instant and data of an event that says a status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusRow:
    """How long tickets were in one status, by the clock on the wall."""

    key: str = ""
    """The status as the events have it: text, whatever the host's field is."""
    label: str = ""
    tickets: int = 0
    """Those that were ever in it, however short."""
    total: timedelta = ZERO

    @property
    def average(self) -> timedelta | None:
        """For each of these tickets, all of its stays together."""
        return self.total / self.tickets if self.tickets else None


class TimeInStatusReport(PeriodReport):
    """Time in each status of the tickets opened in the period.

    A status lasts until the next one, the last until now; one that closed a ticket for good
    lasts no time. Read from the events, one after the other: one query, and no more memory
    than the longest life of a ticket takes.
    """

    def __init__(self, queryset: QuerySet[Any], **period: Any):
        """As for :class:`PeriodReport`, without ``by``."""
        super().__init__(queryset, by=STATUS, **period)

    @cached_property
    def rows(self) -> list[StatusRow]:
        groups = self.grouping.labelled(self._statuses, self.all_tickets)
        return [StatusRow(key=key, label=label, **self._statuses[key]) for key, label in groups]

    @cached_property
    def total(self) -> StatusRow:
        """Every ticket once, and the time in all statuses."""
        total = sum((row.total for row in self.rows), ZERO)
        return StatusRow(label=_("Total"), tickets=self.tickets.count(), total=total)

    @property
    def columns(self) -> list[Column]:
        titles = (
            ("group", "label", _("Status"), Unit.TEXT),
            ("tickets", "tickets", _("Tickets"), Unit.COUNT),
            ("average", "average", _("Average time"), Unit.DURATION),
            ("total", "total", _("Total time"), Unit.DURATION),
        )
        return [
            Column(name=name, title=title, unit=unit, value=attrgetter(attribute))
            for name, attribute, title, unit in titles
        ]

    @cached_property
    def _statuses(self) -> dict[str, dict[str, Any]]:
        """The fields of a row, but for its label, by status."""
        tickets: dict[str, int] = defaultdict(int)
        totals: dict[str, timedelta] = defaultdict(timedelta)
        rows = self.events.filter(kind__in=[Kind.OPENED, Kind.STATUS_MOVED])
        rows = rows.order_by("ticket_id", "id").values_list("ticket_id", "kind", "at", "data")
        for _ticket, events in groupby(rows.iterator(), key=itemgetter(0)):
            seen = set()
            for status, lasted in stays([event[1:] for event in events], self.now):
                seen.add(status)
                totals[status] += lasted
            for status in seen:
                tickets[status] += 1
        return {status: {"tickets": tickets[status], "total": totals[status]} for status in tickets}


def stays(events: Iterable[Move], now: datetime) -> Iterator[tuple[str, timedelta]]:
    """The statuses of one ticket in order, and how long each lasted.

    ``events`` in the order of their recording. Of several openings the last told stands, and
    nothing happens before it. What says no status, the correction of a timestamp, or the same
    one again ends no stay.
    """
    told = list(events)
    openings = [event for event in told if event[0] == Kind.OPENED]
    if not openings:
        return
    _kind, since, data = openings[-1]
    status, category = data.get("to", ""), None
    moves = (event for event in told if event[0] != Kind.OPENED)
    for _kind, at, data in sorted(moves, key=itemgetter(1)):
        if not data.get("to"):
            continue
        if data["to"] != status:
            at = max(at, since)
            yield status, at - since
            status, since = data["to"], at
        category = data.get("category")
    yield status, ZERO if category == Category.CLOSED else max(now - since, ZERO)
