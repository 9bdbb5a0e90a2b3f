"""What the API answers: times in the active zone, durations in hours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from django_sla.api.fields import (
    HoursField,
    KeyField,
    KindField,
    MetricField,
    StateField,
    StretchField,
)
from django_sla.core.explain import Explanation, Stretch
from django_sla.ticket.changelog import Change
from django_sla.ticket.face import TimelineEntry

SHOWN_STRETCHES = 500
"""How many stretches an explanation lists, the latest. A year of opening hours has about as
many."""


class SLADocument(serializers.Serializer):
    """The SLA of a ticket, as ``ticket.sla.as_dict()`` gives it."""

    id = KeyField()
    created_at = serializers.DateTimeField(allow_null=True)
    response_target = serializers.DateTimeField(allow_null=True)
    resolution_target = serializers.DateTimeField(allow_null=True)
    first_responded_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    response_state = StateField()
    response_time_hours = HoursField(help_text="Counted time; null until the clock has stopped.")
    response_remaining_hours = HoursField(help_text="Negative when overdue; null without a goal.")
    resolution_state = StateField()
    resolution_time_hours = HoursField(help_text="Counted time; null until the clock has stopped.")
    resolution_remaining_hours = HoursField(help_text="Negative when overdue; null without a goal.")
    policy = serializers.CharField(allow_null=True)


class HoldDocument(serializers.Serializer):
    """The hold that is on."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class TicketSLADocument(SLADocument):
    """The SLA of a ticket, and the hold that is on."""

    hold = HoldDocument(allow_null=True)


class TimelineDocument(serializers.Serializer):
    """Something that happened to a ticket."""

    at = serializers.DateTimeField()
    kind = KindField()
    label = serializers.CharField()
    actor = serializers.CharField(allow_null=True, help_text="Null is the system.")
    metric = serializers.CharField(help_text="Empty where it is about none.")
    due = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    data = serializers.DictField(child=serializers.CharField())


@extend_schema_field({"type": "string", "nullable": True})
class AddressField(serializers.CharField):
    """Left out where there is no such key, which ``allow_null`` would make None."""


class ChangeDocument(serializers.Serializer):
    """A column that changed, or what a person did that no column shows."""

    at = serializers.DateTimeField()
    field = serializers.CharField(help_text="Empty where no column shows what was done.")
    kind = serializers.CharField(help_text="What was done; empty for a column.")
    metric = serializers.CharField()
    label = serializers.CharField()
    old = serializers.DateTimeField(allow_null=True)
    new = serializers.DateTimeField(allow_null=True)
    user = serializers.CharField(allow_null=True, help_text="Null is the system.")
    ip = AddressField(required=False, help_text="Only for those who may see addresses.")
    reason = serializers.CharField()


class SegmentDocument(serializers.Serializer):
    """A stretch of a clock's life."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    stretch = StretchField()


class ExplanationDocument(serializers.Serializer):
    """Why a clock stands where it does."""

    metric = MetricField()
    policy = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField(allow_null=True, help_text="Of the calendar.")
    state = StateField()
    due = serializers.DateTimeField(allow_null=True)
    allowed_hours = HoursField()
    elapsed_hours = HoursField()
    remaining_hours = HoursField()
    totals_hours = serializers.DictField(child=serializers.FloatField())
    segments = SegmentDocument(many=True)
    left_out = serializers.IntegerField(help_text="How many earlier segments are not listed.")


class RefusalDocument(serializers.Serializer):
    """Why it cannot be done to the ticket as it stands, and what would help."""

    detail = serializers.CharField()
    code = serializers.CharField()
    field = serializers.CharField(help_text="The field of the request; empty where it is none.")
    remedy = serializers.CharField()


class DetailDocument(serializers.Serializer):
    """Why a request was not answered."""

    detail = serializers.CharField()


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}], "nullable": True})
class CellField(serializers.Field):
    """A figure of a report."""


class ReportDocument(serializers.Serializer):
    """A report, as ``manage.py sla_report --format json`` writes it."""

    by = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    now = serializers.DateTimeField()
    rows = serializers.ListField(child=serializers.DictField(child=CellField()))
    total = serializers.DictField(child=CellField())


def hold(entry: TimelineEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"at": entry.at, "actor": person(entry.actor), "reason": entry.data.get("reason", "")}


def entry(found: TimelineEntry) -> dict[str, Any]:
    data: Mapping[str, str] = found.data
    due = parse_datetime(data["due"]) if data.get("due") else None
    return {
        "at": found.at,
        "kind": found.kind,
        "label": found.label,
        "actor": person(found.actor),
        "metric": data.get("metric", ""),
        "due": due,
        "reason": data.get("reason", ""),
        "data": {k: str(v) for k, v in data.items() if k not in ("metric", "due", "reason")},
    }


def change(found: Change, show_ip: bool) -> dict[str, Any]:
    names = ("at", "field", "kind", "metric", "label", "old", "new", "reason")
    document = {name: getattr(found, name) for name in names} | {"user": person(found.user)}
    return document | ({"ip": found.ip} if show_ip else {})


def explanation(found: Explanation) -> dict[str, Any]:
    verdict, segments = found.verdict, found.segments
    shown = segments[-SHOWN_STRETCHES:]
    lasted = {stretch.value: hours(found.totals[stretch]) for stretch in Stretch}
    return {
        "metric": found.metric,
        "policy": found.policy,
        "time_zone": found.tz,
        "state": verdict.state.value,
        "due": verdict.due,
        "allowed_hours": hours(found.allowed),
        "elapsed_hours": hours(verdict.elapsed),
        "remaining_hours": hours(verdict.remaining),
        "totals_hours": lasted,
        "segments": [
            {"start": _local(s.span.start), "end": _local(s.span.end), "stretch": s.stretch.value}
            for s in shown
        ],
        "left_out": len(segments) - len(shown),
    }


def person(user: Any) -> str | None:
    """Who acted, as people call them; None is the system."""
    if user is None:
        return None
    full_name = getattr(user, "get_full_name", str)
    return str(full_name() or user)


def hours(duration: timedelta | None) -> float | None:
    return None if duration is None else round(duration.total_seconds() / 3600, 4)


def _local(instant: datetime) -> datetime:
    return timezone.localtime(instant)
