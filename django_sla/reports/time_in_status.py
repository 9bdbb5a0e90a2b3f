"""Where the time went: how long tickets were in each status."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.core.event import Category, Kind
from django_sla.reports.grouping import STATUS
from django_sla.reports.stays import ZERO, Spent, StayReport

Move = tuple[str, datetime, dict[str, str]]
"""Kind, instant and data of an event that says a status."""


class TimeInStatusReport(StayReport):
    """Time in each status of the tickets opened in the period.

    A status lasts until the next one, the last until now; one that closed a ticket for good
    lasts no time. Read from the events, one after the other: one query, and no more memory
    than the longest life of a ticket takes.
    """

    def __init__(self, queryset: QuerySet[Any], **period: Any):
        """As for :class:`PeriodReport`, without ``by``."""
        super().__init__(queryset, by=STATUS, **period)

    @cached_property
    def _spent(self) -> dict[str, dict[str, Any]]:
        """By status as the events have it: text, whatever the host's field is."""
        spent = Spent()
        rows = self.events.filter(kind__in=[Kind.OPENED, Kind.STATUS_MOVED])
        rows = rows.order_by("ticket_id", "id").values_list("ticket_id", "kind", "at", "data")
        for _ticket, events in groupby(rows.iterator(), key=itemgetter(0)):
            spent.add(stays([event[1:] for event in events], self.now))
        return spent.by_key

    @property
    def _title(self) -> str:
        return _("Status")


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
