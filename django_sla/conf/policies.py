"""Policies and goals, as the setting gives them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from django_sla.conf.channels import Channel
from django_sla.conf.entry import (
    NAME,
    NAME_TAKEN,
    UNKNOWN_CALENDAR,
    UNKNOWN_CHANNEL,
    UNREADABLE_ESCALATION,
    UNREADABLE_GOAL,
    Entry,
    did_you_mean,
    spelling,
)
from django_sla.core.calendar import Calendar
from django_sla.core.condition import Condition, where
from django_sla.core.duration import parse_duration
from django_sla.core.errors import DurationError, PolicyError, say
from django_sla.core.escalation import escalation
from django_sla.core.policy import DEFAULT_GOALS, LONGEST_GOAL, Policy, Reopening, Source

POLICY_KEYS = ("name", "goals", "when", "calendar", "at_risk", "reopening", "escalations")

ALWAYS_NAME = "always"
"""The calendar that needs no definition."""
DEFAULT_NAME = "default"
"""The policy that is built in, for tickets that no other policy is for."""
DEFAULT_AT_RISK = 75

GoalTable: TypeAlias = dict[str, dict[str, timedelta | None]]
"""``{priority: {metric: time allowed}}``, priorities in lower case; None takes a goal away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """For policies that do not say."""

    calendar: str
    at_risk: int
    reopening: Reopening
    escalations: tuple[Mapping[str, Any], ...]
    origins: Mapping[str, Source]
    """Of these three: the setting, or what ships."""


def calendar_name(entry: Entry, calendars: Mapping[str, Calendar]) -> str:
    if isinstance(entry.value, str) and entry.value in calendars:
        return entry.value
    hint = did_you_mean(entry.value, calendars) or f"There is {', '.join(calendars)}."
    entry.expected("the name of a calendar", hint, id=UNKNOWN_CALENDAR)
    return ALWAYS_NAME


def at_risk(entry: Entry) -> int:
    value = entry.value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100:
        return value
    entry.expected("a whole percentage from 1 to 100")
    return DEFAULT_AT_RISK


def reopening(entry: Entry) -> Reopening:
    choices = [choice.value for choice in Reopening]
    if isinstance(entry.value, str) and entry.value in choices:
        return Reopening(entry.value)
    names = ", ".join(map(json.dumps, choices))
    entry.expected(f"one of {names}", did_you_mean(entry.value, choices))
    return Reopening.RESUME


def escalations(entries: Entry, channels: Mapping[str, Channel]) -> tuple[dict[str, Any], ...]:
    """Escalations as a document has them, by one of ``channels``; those that are switched off are
    among them."""
    found = []
    for entry in entries.items('[{"when": "due", "channel": "email", "to": ["assignee"]}]'):
        table = entry.table('{"when": "due", "channel": "email", "to": ["assignee"]}')
        if table is not entry:
            continue
        try:
            escalation(entry.value)
        except PolicyError as error:
            entry.wrong(str(error), id=UNREADABLE_ESCALATION)
            continue
        found.append(dict(entry.value))
        _by_channel(entry, channels)
    return tuple(found)


def _by_channel(entry: Entry, channels: Mapping[str, Channel]) -> None:
    name = entry.get("channel", "")
    if name.value not in channels:
        hint = did_you_mean(name.value, channels) or f"There is {', '.join(channels)}."
        name.expected("the name of a channel", hint, id=UNKNOWN_CHANNEL)


def goals(table: Entry, *, removable: bool = False) -> GoalTable:
    found: GoalTable = {}
    for priority, row in table.table('{"urgent": {"response": "1h"}}').rows():
        name = spelling(priority) if isinstance(priority, str | int) else ""
        if not name.strip():
            row.wrong("a priority must be a text or a number", id=UNREADABLE_GOAL)
        elif name in found:
            row.wrong(f"the priority {say(name)} is given twice", id=NAME_TAKEN)
        else:
            found[name] = _row(row, removable=removable)
    return found


def _row(row: Entry, *, removable: bool) -> dict[str, timedelta | None]:
    found: dict[str, timedelta | None] = {}
    for metric, entry in row.table('{"response": "1h", "resolution": "4h"}').rows():
        if not isinstance(metric, str):
            entry.wrong("the name of a metric must be a text", id=UNREADABLE_GOAL)
        elif entry.value is None and removable:
            found[metric] = None
        elif (goal := _goal(entry)) is not None:
            found[metric] = goal
    return found


def _goal(entry: Entry) -> timedelta | None:
    try:
        goal = parse_duration(entry.value)
    except DurationError as error:
        entry.wrong(str(error), id=UNREADABLE_GOAL)
        return None
    if goal <= timedelta(0):
        entry.expected("a duration longer than nothing", id=UNREADABLE_GOAL)
        return None
    if goal > LONGEST_GOAL:
        entry.expected("a duration of at most ten years", id=UNREADABLE_GOAL)
        return None
    return goal


def merged(goals: GoalTable) -> dict[str, dict[str, timedelta]]:
    """``goals`` over those that ship, metric by metric."""
    merged: GoalTable = {
        priority: {metric: parse_duration(goal) for metric, goal in row.items()}
        for priority, row in DEFAULT_GOALS.items()
    }
    for priority, row in goals.items():
        merged[priority] = merged.get(priority, {}) | row
    return {priority: _given(row) for priority, row in merged.items()}


def _given(row: Mapping[str, timedelta | None]) -> dict[str, timedelta]:
    return {metric: goal for metric, goal in row.items() if goal is not None}


def policies(
    entries: Entry,
    calendars: Mapping[str, Calendar],
    channels: Mapping[str, Channel],
    defaults: Defaults,
) -> tuple[Policy, ...]:
    found: dict[str, Policy] = {}
    for entry in entries.items('[{"name": "VIP", "goals": {"*": {"response": "1h"}}}]'):
        table = entry.table('{"name": "VIP", "goals": {"*": {"response": "1h"}}}', POLICY_KEYS)
        if table is not entry:
            continue  # no table at all, which has been noted
        policy = _policy(table, calendars, channels, defaults)
        name = table.get("name", "")
        if policy.name == DEFAULT_NAME:
            hint = f'{NAME}["GOALS"] changes what that one promises.'
            name.wrong("this name belongs to the built-in policy", hint, id=NAME_TAKEN)
        elif policy.name in found:
            name.wrong(f"a second policy with the name {say(policy.name)}", id=NAME_TAKEN)
        found[policy.name] = policy
    return tuple(found.values())


def _policy(
    table: Entry,
    calendars: Mapping[str, Calendar],
    channels: Mapping[str, Channel],
    defaults: Defaults,
) -> Policy:
    table.requires(["name", "goals"])
    calendar = calendar_name(table.get("calendar", defaults.calendar), calendars)
    return Policy.build(
        _policy_name(table),
        {priority: _given(row) for priority, row in goals(table.get("goals", {})).items()},
        when=_condition(table.get("when", {})),
        calendar=calendars[calendar],
        at_risk=at_risk(table.get("at_risk", defaults.at_risk)),
        reopening=reopening(table.get("reopening", defaults.reopening)),
        escalations=escalations(table.get("escalations", defaults.escalations), channels),
        source=Source.SETTINGS,
        origins={key: origin for key, origin in defaults.origins.items() if key not in table.value},
    )


def _policy_name(table: Entry) -> str:
    name = table.get("name", table.path)  # of one without a name, something unique
    if name.is_text():
        return str(name.value)
    name.expected("a text")
    return table.path


def _condition(table: Entry) -> Condition:
    lookups = {}
    for path, entry in table.table('{"project__key": "OPS"}').rows():
        if not isinstance(path, str) or not all(map(str.isidentifier, path.split("__"))):
            entry.wrong('expected a field path such as "project__key" as the key')
            continue
        try:
            where(**{path: entry.value})
        except PolicyError as error:
            entry.wrong(str(error))
        else:
            lookups[path] = entry.value
    return where(**lookups)
