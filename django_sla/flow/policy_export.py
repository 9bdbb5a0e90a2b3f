"""Policies and calendars of the database as a file, so that they can live in version control.

What is written is the same for the same policies, on every database and in whatever order they
were edited.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django_sla.flow.policy_document import VERSION
from django_sla.tables import condition, escalation
from django_sla.tables.calendar import Calendar
from django_sla.tables.goals import in_order
from django_sla.tables.policy import Policy

WEEKDAYS = "mon tue wed thu fri sat sun"

ONE_LINE = 4
"""The level from which on the file has everything on one line: a row of conditions, of goals or
of escalations, the spans of a day."""


def export(using: str) -> str:
    """All policies and calendars as one JSON document, in the order in which they are listed."""
    calendars = Calendar._base_manager.using(using).all()
    policies = Policy._base_manager.using(using).select_related("calendar")
    # Sorted here, because databases do not agree on the order of texts.
    document = {
        "version": VERSION,
        "calendars": {row.name: calendar_as(row) for row in sorted(calendars, key=_by_name)},
        "policies": [policy_as(row) for row in sorted(policies, key=_by_place)],
    }
    return _written(document) + "\n"


def _by_name(calendar: Calendar) -> str:
    return calendar.name


def _by_place(policy: Policy) -> tuple[bool, int, str]:
    return policy.fallback, policy.order, policy.name


def calendar_as(calendar: Calendar) -> dict[str, Any]:
    """What a file says of a calendar."""
    # The database may give the keys of a document in an order of its own.
    return calendar.document() | {
        "hours": {day: calendar.hours[day] for day in sorted(calendar.hours, key=_position)},
        "holidays": dict(sorted(calendar.holidays.items())),
        "special_days": dict(sorted(calendar.special_days.items())),
    }


def _position(day: str) -> int:
    return WEEKDAYS.find(day)


def policy_as(policy: Policy) -> dict[str, Any]:
    """What a file says of a policy."""
    return {
        "name": policy.name,
        "enabled": policy.enabled,
        "order": policy.order,
        "fallback": policy.fallback,
        "conditions": _rows(policy.conditions, condition.KEYS),
        "goals": in_order(policy.goals),
        "calendar": policy.calendar.name if policy.calendar else None,
        "reopening": policy.reopening,
        "at_risk": policy.at_risk,
        "escalations": policy.escalations and _rows(policy.escalations, escalation.KEYS),
        "effective_from": _iso(policy.effective_from),
        "effective_until": _iso(policy.effective_until),
    }


def _rows(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in keys if key in row} for row in rows]


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None


def _written(value: Any, level: int = 0) -> str:
    if level == ONE_LINE or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        begin, end = "{}"
        lines = [f"{_written(key)}: {_written(one, level + 1)}" for key, one in value.items()]
    else:
        begin, end = "[]"
        lines = [_written(one, level + 1) for one in value]
    indent = "\n" + "  " * level
    return f"{begin}{indent}  {f',{indent}  '.join(lines)}{indent}{end}"
