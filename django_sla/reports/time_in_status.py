"""Where the time went: how long tickets were in each status."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Case, F, QuerySet, TextField, Value, When, Window
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, FirstValue, Lead
from django.utils.translation import gettext as _

from django_sla.core.event import Category, Kind
from django_sla.reports.grouping import STATUS
from django_sla.reports.stays import StayReport
from django_sla.reports.wall import WallTime

CORRECTED = "CASE WHEN is_move = 0 THEN first_status ELSE status END"
"""Of several openings, the last told stands for all of them."""

BEGAN = "CASE WHEN is_move = 0 OR at < first_at THEN first_at ELSE at END"

ENDED = f"""CASE
    WHEN next_is_move = 0 OR next_at < first_at THEN first_at
    WHEN next_at IS NOT NULL THEN next_at
    WHEN is_move = 1 AND category = '{Category.CLOSED.value}' THEN {BEGAN}
    WHEN {BEGAN} > %s THEN {BEGAN}
    ELSE %s END"""
"""With the next one. The last lasts until now, one that closed a ticket no time."""


class TimeInStatusReport(StayReport):
    """Time in each status of the tickets opened in the period.

    A status lasts until the next one, the last until now, or until it closed the ticket for good.
    The events of a ticket count in the order of their instants; nothing happens before its
    opening, of which the last told stands. What says no status, the correction of a timestamp,
    ends no stay. One query; the database adds up.
    """

    def __init__(self, queryset: QuerySet[Any], **period: Any):
        """As for :class:`PeriodReport`, without ``by``."""
        super().__init__(queryset, by=STATUS, **period)

    @cached_property
    def _spent(self) -> dict[str, dict[str, Any]]:
        """By status as the events have it: text, whatever the host's field is."""
        events = self._entries
        connection = connections[events.db]
        compiler = events.query.get_compiler(events.db)
        try:
            entries, parameters = compiler.as_sql()
        except EmptyResultSet:
            return {}
        lasted, _none = compiler.compile(WallTime(RawSQL("ended", ()), RawSQL("began", ())))
        now = [connection.ops.adapt_datetimefield_value(self.now)] * 2
        with connection.cursor() as cursor:
            # Added up by ticket first, so that one with several stays counts once.
            cursor.execute(
                f"SELECT place, COUNT(*), SUM(spent) FROM ("
                f"SELECT place, ticket_id, SUM({lasted}) AS spent FROM ("
                f"SELECT ticket_id, {CORRECTED} AS place, {BEGAN} AS began, {ENDED} AS ended "
                f"FROM ({entries}) entries WHERE first_is_move = 0) stays "
                f"GROUP BY place, ticket_id) tickets GROUP BY place",
                [*now, *parameters],
            )
            return {
                place: {"tickets": tickets, "total": _duration(total)}
                for place, tickets, total in cursor.fetchall()
            }

    @property
    def _entries(self) -> QuerySet[Any]:
        """What says a status, beside what follows, and what the opening says."""
        is_opening = When(kind=Kind.OPENED, then=Value(0))
        events = self.events.filter(kind__in=[Kind.OPENED, Kind.STATUS_MOVED]).annotate(
            is_move=Case(is_opening, default=Value(1)),
            status=Coalesce(KeyTextTransform("to", "data"), Value(""), output_field=TextField()),
            category=KeyTextTransform("category", "data"),
        )
        # The opening that stands comes first, those that it replaced behind it.
        told = Case(When(kind=Kind.OPENED, then=-F("id")), default=Value(0))
        window: dict[str, Any] = {
            "partition_by": "ticket_id",
            "order_by": ["is_move", told, "at", "id"],
        }
        return events.exclude(is_move=1, status="").values(
            "ticket_id",
            "is_move",
            "status",
            "category",
            "at",
            first_is_move=Window(FirstValue("is_move"), **window),
            first_status=Window(FirstValue("status"), **window),
            first_at=Window(FirstValue("at"), **window),
            next_is_move=Window(Lead("is_move"), **window),
            next_at=Window(Lead("at"), **window),
        )

    @property
    def _title(self) -> str:
        return _("Status")


def _duration(total: Any) -> timedelta:
    """Of microseconds, where the database has no intervals."""
    return total if isinstance(total, timedelta) else timedelta(microseconds=int(total))
