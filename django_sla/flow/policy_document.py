"""The document in a policy file: read from text, and checked as far as its shape goes.

::

    {"version": 1, "calendars": {"Office": {…}}, "policies": [{"name": "VIP", …}]}
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from django_sla.conf import say
from django_sla.conf.entry import Entry, Problem
from django_sla.conf.policies import goals as read_goals
from django_sla.exceptions import InvalidPolicyFile
from django_sla.tables import condition, escalation
from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy, ReopeningName

VERSION = 1
KEYS = ("version", "calendars", "policies")
MOST_BYTES = 5_000_000
MOST_VALUES = 200_000
"""Of all tables and lists together."""
DEEPEST = 10
"""A document has six levels."""

_PLAIN_KEY = re.compile(r"[\w*-]{1,80}")


class Place(Entry):
    """A value somewhere in the file: ``policies[2].goals.urgent.response``."""

    def step(self, key: object) -> str:
        if isinstance(key, int):
            return f"{self.path}[{key}]"
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
            return f"{self.path}.{key}".removeprefix(f"{TOP}.")
        return Entry.step(self, key)


TOP = "file"
"""What messages call the whole of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What the file says of one calendar or policy."""

    place: Entry
    values: dict[str, Any] = field(default_factory=dict)
    """By field of the row; a policy's calendar by its name."""
    wrong: set[str] = field(default_factory=set)
    """The fields of which it has been noted what is wrong; they have their defaults."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """The file as read."""

    calendars: list[Part]
    policies: list[Part]
    noted: list[Problem]
    """What is wrong with it so far."""


def read(data: bytes) -> Document:
    """Read a file. What is wrong with a calendar or a policy is noted.

    Raises:
        InvalidPolicyFile: it is no such file at all: too large, not JSON, of another version.
    """
    noted: list[Problem] = []
    top = Place(TOP, _json(data), noted)
    _check_content(top)
    _refuse(noted)
    table = top.table('{"version": 1, "calendars": {…}, "policies": […]}', KEYS)
    if table is top:
        table.requires(KEYS)
        version = table.get("version", VERSION)
        if version.value is True or version.value != VERSION:
            version.expected(f"{VERSION}, the one version that is known here")
    _refuse(noted)
    calendars = table.get("calendars", {}).table('{"Office": {"tz": "Europe/Paris", …}}')
    policies = table.get("policies", []).items('[{"name": "VIP", "goals": {…}}]')
    return Document(
        calendars=[_calendar(name, place) for name, place in calendars.rows()],
        policies=[_policy(place) for place in policies],
        noted=noted,
    )


# The text


def _json(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise _invalid(f"it is larger than {MOST_BYTES:,} bytes")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_table)
    except UnicodeDecodeError as error:
        raise _invalid(f"it is not in UTF-8: {error}") from None
    except RecursionError:
        raise _invalid(f"it is nested more than {DEEPEST} levels deep") from None
    except ValueError as error:
        raise _invalid(f"it is not JSON: {error}") from None


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _value in pairs)
        twice = next(name for name, count in names.items() if count > 1)
        raise ValueError(f"{say(twice)} is given twice in one object")
    return found


def _check_content(top: Entry) -> None:
    """Note what no database can keep; refuse what goes too deep, and what there is too much of."""
    places = [(top, 1)]
    count = 0
    while places:
        place, level = places.pop()
        if not isinstance(place.value, dict | list):
            if wrong := _unstorable(place.value):
                place.wrong(wrong)
            continue
        if level > DEEPEST:
            raise _invalid(f"it is nested more than {DEEPEST} levels deep")
        count += len(place.value)
        if count > MOST_VALUES:
            raise _invalid(f"it has more than {MOST_VALUES:,} values")
        value: Any = place.value
        is_table = isinstance(value, dict)
        for key, child in value.items() if is_table else enumerate(value):
            if is_table and (wrong := _unstorable(key)):
                place.child(key, child).wrong(wrong)
            # Where there is nothing to tell, its place is not asked for, which takes the most time.
            if isinstance(child, dict | list) or _unstorable(child):
                places.append((place.child(key, child), level + 1))


def _unstorable(value: Any) -> str:
    """Why no database can keep it; empty where they can."""
    if isinstance(value, str) and not _is_storable(value):
        return f"{say(value)} has a character that cannot be stored"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{say(value)} is no number"
    return ""


def _is_storable(text: str) -> bool:
    """False of what JSON can say and a database cannot keep."""
    # Ten times as fast as a pattern, which a file of megabytes would notice.
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates
        return False
    return "\0" not in text


def _invalid(message: str) -> InvalidPolicyFile:
    noted: list[Problem] = []
    Place(TOP, None, noted).wrong(message)
    return InvalidPolicyFile(noted)


def _refuse(noted: list[Problem]) -> None:
    if noted:
        raise InvalidPolicyFile(noted)


# Its parts


def _calendar(name: str, place: Entry) -> Part:
    example = '{"tz": "Europe/Paris", "hours": {…}}'
    part = _part(Calendar, place, example, _CALENDAR_SHAPES, required={"tz", "hours"})
    part.values["name"] = name
    if "holidays" not in part.wrong:
        for _day, holiday in part.place.get("holidays", {}).rows():
            if not isinstance(holiday.value, str):
                holiday.expected("the name of the holiday, which may be empty")
                part.wrong.add("holidays")
    return part


def _policy(place: Entry) -> Part:
    example = '{"name": "VIP", "goals": {"*": {"response": "1h"}}}'
    part = _part(Policy, place, example, _POLICY_SHAPES, required={"name", "goals"})
    table = part.place
    for key, check in (
        ("goals", read_goals),
        ("conditions", _check_conditions),
        ("escalations", _check_escalations),
    ):
        noted = len(table.noted)
        if key in table.value and key not in part.wrong:
            check(table.get(key, None))
        if len(table.noted) > noted:
            part.wrong.add(key)
    for key in ("effective_from", "effective_until"):
        part.values[key] = _instant(part.values[key])
    return part


def _check_conditions(rows: Entry) -> None:
    example = '{"field": "project", "operator": "is", "value": 1}'
    _check_rows(rows, example, condition.KEYS, condition.clean_row)


def _check_escalations(rows: Entry) -> None:
    example = '{"when": "due", "channel": "email", "to": ["assignee"]}'
    if rows.value is not None:
        _check_rows(rows, example, escalation.KEYS, escalation.clean_row)


def _check_rows(
    rows: Entry, example: str, keys: Iterable[str], clean_row: Callable[[Any], Any]
) -> None:
    for row in rows.items(f"[{example}]"):
        noted = len(row.noted)
        row.table(example, keys)
        if len(row.noted) > noted:
            continue
        try:
            clean_row(row.value)
        except ValidationError as error:
            tell(row, error)


def tell(place: Entry, error: ValidationError, known: Container[str] = ()) -> None:
    """Note what is wrong with the parts of a place, by key, but for those of which it is known."""
    for key, messages in error.message_dict.items():
        if key not in known:
            part = place if key == NON_FIELD_ERRORS else place.get(key, None)
            part.wrong(" ".join(messages))


# Shapes

Shape = tuple[Callable[[Any], bool], str]
"""Whether a value has it, and what it is called."""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _instant(value: Any) -> datetime | None:
    """The instant that a text says; None where it says none."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.utcoffset() is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


_TEXT: Shape = (_is_text, "a text")
_TABLE: Shape = (_is_table, "an object")
_FLAG: Shape = (lambda value: isinstance(value, bool), "true or false")
_INSTANT: Shape = (
    lambda value: value is None or _instant(value) is not None,
    "an instant with its offset, such as 2026-03-31T18:00:00+00:00, or null",
)

_CALENDAR_SHAPES: Mapping[str, Shape] = {
    "tz": _TEXT,
    "hours": _TABLE,
    "holidays": _TABLE,
    "special_days": _TABLE,
}
_POLICY_SHAPES: Mapping[str, Shape] = {
    "name": _TEXT,
    "enabled": _FLAG,
    "order": (_is_whole, "a whole number"),
    "fallback": _FLAG,
    "conditions": (lambda value: isinstance(value, list), "a list of conditions"),
    "goals": _TABLE,
    "calendar": (
        lambda value: value is None or _is_text(value),
        "the name of a calendar, or null for what the settings say",
    ),
    "reopening": (_is_text, f"one of {', '.join(ReopeningName.values)}, or an empty text"),
    "at_risk": (
        lambda value: value is None or _is_whole(value),
        "a whole percentage from 1 to 100, or null for what the settings say",
    ),
    "escalations": (
        lambda value: value is None or isinstance(value, list),
        "a list of escalations, or null for what the settings say",
    ),
    "effective_from": _INSTANT,
    "effective_until": _INSTANT,
}


def _part(
    model: Any, place: Entry, example: str, shapes: Mapping[str, Shape], required: set[str]
) -> Part:
    """The values that have their shape; in place of the others, the defaults."""
    table = place.table(example, shapes)
    part = Part(place=table)
    if table is place:
        table.requires(sorted(required))
        part.wrong.update(required - table.value.keys())
    else:
        part.wrong.update(shapes)
    for key, (fits, called) in shapes.items():
        part.values[key] = model._meta.get_field(key).get_default()
        if key in table.value:
            value = table.get(key, None)
            if fits(value.value):
                part.values[key] = value.value
            else:
                value.expected(called)
                part.wrong.add(key)
    return part
