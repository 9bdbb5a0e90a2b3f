"""Tickets of django-import-export with their SLA columns, which no import writes; needs the extra
``import-export``.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from django_sla.core.inert import inert
from django_sla.exceptions import ImportExportNotInstalled
from django_sla.tables.columns import COLUMNS

try:
    from import_export.fields import Field
    from import_export.resources import ModelResource
    from import_export.widgets import Widget
except ImportError as error:
    raise ImportExportNotInstalled from error


class Told(Widget):
    """Numbers stay numbers, datetimes are ISO 8601 in the current time zone, durations hours."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, datetime):
            return timezone.localtime(value).isoformat()
        if isinstance(value, timedelta):
            return round(value.total_seconds() / 3600, 4)
        return "" if value is None else inert(value)


class ColumnField(Field):
    """One of the six columns."""

    def __init__(self, name: str):
        super().__init__(attribute=name, column_name=name, widget=Told(), readonly=True)


class VerdictField(Field):
    """What is told of a metric's clock, the latest: its ``state``, ``due``, ``elapsed``,
    ``remaining``, ``policy``, or whether it is ``waived``."""

    def __init__(self, metric: str, what: str):
        super().__init__(widget=Told(), readonly=True)
        self.metric, self.what = metric, what

    def get_value(self, instance: Any) -> Any:
        verdict = instance.sla.verdict(self.metric)
        clock = verdict.clock
        match self.what:
            case "state":
                return verdict.state.value
            case "waived":
                return clock is not None and clock.waived
            case "policy":
                return clock.terms.name if clock is not None and clock.terms else None
            case "elapsed" if clock is None:
                return None
        return getattr(verdict, self.what)


class TicketSLAResource(ModelResource):
    """The resource of a ticket model::

        class TicketResource(TicketSLAResource):
            class Meta:
                model = Ticket

    An import creates and updates tickets as the host's code does, with events and clocks. What
    follows from these, the six columns and the verdicts, is exported and never imported,
    whatever a subclass makes of their fields. Where ``Meta.fields`` lists what there is, it
    lists those of these that are wanted.
    """

    created_at = ColumnField("created_at")
    response_target = ColumnField("response_target")
    resolution_target = ColumnField("resolution_target")
    first_responded_at = ColumnField("first_responded_at")
    resolved_at = ColumnField("resolved_at")
    closed_at = ColumnField("closed_at")

    response_state = VerdictField("response", "state")
    response_due = VerdictField("response", "due")
    response_elapsed_hours = VerdictField("response", "elapsed")
    response_remaining_hours = VerdictField("response", "remaining")
    response_policy = VerdictField("response", "policy")
    response_waived = VerdictField("response", "waived")

    resolution_state = VerdictField("resolution", "state")
    resolution_due = VerdictField("resolution", "due")
    resolution_elapsed_hours = VerdictField("resolution", "elapsed")
    resolution_remaining_hours = VerdictField("resolution", "remaining")
    resolution_policy = VerdictField("resolution", "policy")
    resolution_waived = VerdictField("resolution", "waived")

    def filter_export(self, queryset: Any, **kwargs: Any) -> Any:
        """The clocks are fetched along, one query for each piece of the tickets."""
        tickets = super().filter_export(queryset, **kwargs)
        if hasattr(tickets, "with_verdicts"):
            return tickets.with_verdicts()
        return tickets.prefetch_related("sla_clocks") if isinstance(tickets, QuerySet) else tickets

    def get_import_fields(self) -> list[Any]:
        return [field for field in super().get_import_fields() if not _is_sla(field)]

    def get_bulk_update_fields(self) -> list[str]:
        names: list[str] = super().get_bulk_update_fields()
        return [name for name in names if not _is_sla(self.fields[name])]


def _is_sla(field: Any) -> bool:
    return field.attribute in COLUMNS or isinstance(field, VerdictField)
