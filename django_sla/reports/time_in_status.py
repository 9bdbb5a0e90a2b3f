"""Where the time went: how long tickets were in each status."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    Case,
    Exists,
    F,
    Func,
    OuterRef,
    QuerySet,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, FirstValue, Lead
from django.utils.translation import gettext as _

from django_sla.core.event import Category, Kind
from django_sla.reports.grouping import STATUS
from django_sla.reports.stays import StayReport
from django_sla.reports.wall import WallTime

BEGAN = "CASE WHEN at < opened_at THEN opened_at ELSE at END"

ENDED = f"""CASE
    WHEN next_at < opened_at THEN opened_at
    WHEN next_at IS NOT NULL THEN next_at
    WHEN kind = '{Kind.STATUS_MOVED.value}' AND category = '{Category.CLOSED.value}' THEN {BEGAN}
    WHEN {BEGAN} > %s THEN {BEGAN}
    ELSE %s END"""
"""With the next one. The last lasts until now, one that closed a ticket no time."""

AGAIN = "\x01"
"""Stands for the status of an opening that another one followed."""

PLACE = f"""CASE
    WHEN kind = '{Kind.OPENED.value}' AND next_kind = '{Kind.OPENED.value}' THEN %s
    ELSE status END"""


class TimeInStatusReport(StayReport):
    """Time in each status of the tickets opened in the period.

    A status lasts until the next one, the last until now, or until it closed the ticket for good.
    The events of a ticket count in the order of their instants; nothing happens before its
    opening, of which the last told stands. What says no status, the correction of a timestamp,
    ends no stay. One query, or two where an opening was corrected; the database adds up.
    """

    def __init__(self, queryset: QuerySet[Any], **period: Any):
        """As for :class:`PeriodReport`, without ``by``."""
        super().__init__(queryset, by=STATUS, **period)

    @cached_property
    def _spent(self) -> dict[str, dict[str, Any]]:
        """By status as the events have it: text, whatever the host's field is."""
        events = self.events.filter(kind__in=[Kind.OPENED, Kind.STATUS_MOVED])
        rows = self._added(events)
        if any(place == AGAIN for place, _tickets, _total in rows):
            # An opening that was corrected is there twice; rarely, so it is not looked for first.
            later = self.sla.event_model._base_manager.filter(
                kind=Kind.OPENED, ticket=OuterRef("ticket"), id__gt=OuterRef("id")
            )
            rows = self._added(events.exclude(Exists(later), kind=Kind.OPENED))
        return {
            place: {"tickets": tickets, "total": _duration(total)} for place, tickets, total in rows
        }

    def _added(self, events: QuerySet[Any]) -> list[tuple[str, int, Any]]:
        """Each status with its tickets and the time of all of them."""
        entries = _entries(events)
        connection = connections[events.db]
        compiler = entries.query.get_compiler(events.db)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            return []
        lasted, _none = compiler.compile(WallTime(RawSQL("ended", ()), RawSQL("began", ())))
        now = connection.ops.adapt_datetimefield_value(self.now)
        with connection.cursor() as cursor:
            # Added up by ticket first, so that one with several stays counts once; grouped in the
            # order that the stays come in, or PostgreSQL hashes as many groups as there are.
            cursor.execute(
                f"SELECT place, COUNT(*), SUM(spent) FROM ("  # nosec B608
                f"SELECT place, ticket_id, SUM({lasted}) AS spent FROM ("
                f"SELECT ticket_id, {PLACE} AS place, {BEGAN} AS began, {ENDED} AS ended "
                f"FROM ({sql}) entries WHERE opened_at IS NOT NULL) stays "
                f"GROUP BY ticket_id, place) tickets GROUP BY place",
                [AGAIN, now, now, *parameters],
            )
            found: list[tuple[str, int, Any]] = cursor.fetchall()
        return found

    @property
    def _title(self) -> str:
        return _("Status")


def _entries(events: QuerySet[Any]) -> QuerySet[Any]:
    """What says a status, beside what follows. An opening comes before all moves."""
    opening = Case(When(kind=Kind.OPENED, then=F("at")), default=None)
    window: dict[str, Any] = {"partition_by": "ticket_id", "order_by": ["kind", "at", "id"]}
    told = _told("to", events.db)
    return (
        events.annotate(
            status=Coalesce(told, Value(""), output_field=TextField()),
            category=_told("category", events.db),
        )
        .exclude(kind=Kind.STATUS_MOVED, status="")
        .values(
            "ticket_id",
            "kind",
            "status",
            "category",
            "at",
            opened_at=Window(FirstValue(opening), **window),
            next_at=Window(Lead("at"), **window),
            next_kind=Window(Lead("kind"), **window),
        )
    )


def _told(name: str, using: str) -> Any:
    """A text of an event's data."""
    if connections[using].vendor != "sqlite":
        return KeyTextTransform(name, "data")
    # Django's own looks for what is no text, and reads the data three times.
    path = Value(f"$.{name}")
    return Func(F("data"), path, function="JSON_EXTRACT", output_field=TextField())


def _duration(total: Any) -> timedelta:
    """Of microseconds, where the database has no intervals."""
    return total if isinstance(total, timedelta) else timedelta(microseconds=int(total))
