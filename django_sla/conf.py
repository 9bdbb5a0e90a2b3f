"""The ``DJANGO_SLA`` setting, typed, read on access::

    from django_sla.conf import settings

    settings.calendars["business"]

It is read once and kept until the setting changes. :func:`problems` tells what is wrong with it.
"""

import difflib
import inspect
import json
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeAlias

from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.duration import parse_duration
from django_sla.core.errors import CalendarError, DurationError, NoOpenTime, PolicyError
from django_sla.core.ip import Network, parse_networks
from django_sla.core.policy import DEFAULT_GOALS, Condition, Policy, Reopening, Source, where
from django_sla.exceptions import InvalidSettings

NAME = "DJANGO_SLA"
CALENDAR_KEYS = ("tz", "hours", "holidays", "special_days")
POLICY_KEYS = ("name", "goals", "when", "calendar", "at_risk", "reopening")
KEYS = (
    "CALENDARS",
    "CALENDAR",
    "GOALS",
    "AT_RISK",
    "REOPENING",
    "POLICIES",
    "PRIORITIES",
    "TRUSTED_PROXIES",
    "RESPONDER",
)

ALWAYS_NAME = "always"
"""The calendar that needs no definition."""
DEFAULT_NAME = "default"
"""The policy that is built in, for tickets that no other policy is for."""
DEFAULT_AT_RISK = 75

UNKNOWN_KEY = "django_sla.E001"
MISSING_KEY = "django_sla.E002"
WRONG_VALUE = "django_sla.E003"
UNKNOWN_CALENDAR = "django_sla.E004"
NAME_TAKEN = "django_sla.E005"
UNREADABLE_CALENDAR = "django_sla.E006"
UNREADABLE_GOAL = "django_sla.E007"
UNUSABLE_RESPONDER = "django_sla.E008"

Responder: TypeAlias = Callable[[Any, Any], bool]
"""``(user, ticket) -> bool``: whether a public reply by this user is a response."""
GoalTable: TypeAlias = dict[str, dict[str, timedelta | None]]
"""``{priority: {metric: time allowed}}``, priorities in lower case; None takes a goal away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that is wrong with the setting."""

    id: str
    """The id of the system check that reports it."""
    path: str
    """Where: ``DJANGO_SLA["GOALS"]["urgent"]["response"]``."""
    message: str
    """What was expected, and what was found."""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message} {self.hint}".rstrip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The setting as read. Where it is wrong, a default stands in."""

    calendars: Mapping[str, Calendar]
    policies: tuple[Policy, ...]
    default_policy: Policy
    priorities: Mapping[str, str]
    trusted_proxies: tuple[Network, ...]
    responder: Responder | str | None
    """A dotted path is left as it is: its module may ask for the settings while it is imported."""
    problems: tuple[Problem, ...]


class Settings:
    """What the setting says.

    Raises:
        InvalidSettings: on access, where anything in the setting is wrong. It lists everything.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading: Reading | None = None

    @property
    def calendars(self) -> Mapping[str, Calendar]:
        """By name; ``"always"`` is among them."""
        return self._valid().calendars

    @property
    def policies(self) -> tuple[Policy, ...]:
        """In the order of the setting."""
        return self._valid().policies

    @property
    def default_policy(self) -> Policy:
        """For tickets that no other policy is for."""
        return self._valid().default_policy

    @property
    def priorities(self) -> Mapping[str, str]:
        """The priority as policies name it, by ``str(value).casefold()`` of the host's value."""
        return self._valid().priorities

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        return self._valid().trusted_proxies

    @property
    def responder(self) -> Responder | None:
        """None where the built-in rule decides."""
        responder, wrong = _imported(self._valid().responder)
        if wrong:
            raise InvalidSettings(wrong)
        return responder

    def problems(self) -> list[Problem]:
        """Everything that is wrong. Never raises."""
        reading = self._read()
        return [*reading.problems, *_imported(reading.responder)[1]]

    def forget(self) -> None:
        """Read the setting again when next asked."""
        with self._lock:
            self._reading = None

    def _valid(self) -> Reading:
        reading = self._read()
        if reading.problems:
            raise InvalidSettings(reading.problems)
        return reading

    def _read(self) -> Reading:
        reading = self._reading
        if reading is None:
            # Also so that a reading of the old setting cannot be kept after forget().
            with self._lock:
                reading = self._reading
                if reading is None:
                    reading = self._reading = read(getattr(django_settings, NAME, {}))
        return reading


settings = Settings()


def problems() -> list[Problem]:
    """Everything that is wrong with the setting. Never raises."""
    return settings.problems()


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        settings.forget()


setting_changed.connect(_forget, dispatch_uid="django_sla.conf")


# Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """A value somewhere in the setting. What is wrong with it is noted, and reading goes on."""

    path: str
    value: Any
    noted: list[Problem]

    def wrong(self, message: str, hint: str = "", *, id: str = WRONG_VALUE) -> None:
        message += "" if message.endswith((".", "?")) else "."
        self.noted.append(Problem(id=id, path=self.path, message=message, hint=hint))

    def expected(self, what: str, hint: str = "", *, id: str = WRONG_VALUE) -> None:
        self.wrong(f"expected {what}, got {say(self.value)}", hint, id=id)

    def child(self, key: object, value: object) -> "Entry":
        short = isinstance(key, str) and len(key) <= 80
        written = json.dumps(key, ensure_ascii=False) if short else say(key)
        return Entry(f"{self.path}[{written}]", value, self.noted)

    def table(self, example: str, known: Iterable[str] | None = None) -> "Entry":
        """This entry, if it is a table; else an empty one. Only ``known`` keys may be there."""
        if not isinstance(self.value, Mapping):
            self.expected(f"a table such as {example}")
            return Entry(self.path, {}, self.noted)
        if known is not None:
            known = tuple(known)
            for key in self.value:
                if key not in known:
                    hint = did_you_mean(key, known) or f"The keys are {', '.join(known)}."
                    self.child(key, None).wrong("there is no such key", hint, id=UNKNOWN_KEY)
        return self

    def get(self, key: str, default: object) -> "Entry":
        return self.child(key, self.value.get(key, default))

    def rows(self) -> "Iterator[tuple[Any, Entry]]":
        return ((key, self.child(key, value)) for key, value in self.value.items())

    def items(self, example: str) -> "Iterator[Entry]":
        """The entries of a list; none where it is something else."""
        if not isinstance(self.value, list | tuple):
            self.expected(f"a list such as {example}")
            return iter(())
        return (self.child(index, value) for index, value in enumerate(self.value))

    def requires(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self.value:
                self.wrong(f"{json.dumps(key)} is missing", id=MISSING_KEY)

    def is_text(self) -> bool:
        return isinstance(self.value, str) and bool(self.value.strip())


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """For policies that do not say."""

    calendar: str
    at_risk: int
    reopening: Reopening


def read(raw: object) -> Reading:
    """Read the setting. Never raises."""
    noted: list[Problem] = []
    top = Entry(NAME, raw, noted).table('{"AT_RISK": 80}', KEYS)
    calendars = _calendars(top.get("CALENDARS", {}))
    defaults = Defaults(
        calendar=_calendar_name(top.get("CALENDAR", ALWAYS_NAME), calendars),
        at_risk=_at_risk(top.get("AT_RISK", DEFAULT_AT_RISK)),
        reopening=_reopening(top.get("REOPENING", Reopening.RESUME)),
    )
    default_policy = Policy.build(
        DEFAULT_NAME,
        _merged(_goals(top.get("GOALS", {}), removable=True)),
        calendar=calendars[defaults.calendar],
        at_risk=defaults.at_risk,
        reopening=defaults.reopening,
        source=Source.DEFAULT,
    )
    return Reading(
        calendars=MappingProxyType(calendars),
        policies=_policies(top.get("POLICIES", ()), calendars, defaults),
        default_policy=default_policy,
        priorities=MappingProxyType(_priorities(top.get("PRIORITIES", {}))),
        trusted_proxies=_networks(top.get("TRUSTED_PROXIES", ())),
        responder=_responder(top.get("RESPONDER", None)),
        problems=tuple(noted),
    )


def _calendars(table: Entry) -> dict[str, Calendar]:
    found = {ALWAYS_NAME: ALWAYS}
    for name, entry in table.table('{"business": {"tz": "Europe/Paris", "hours": {…}}}').rows():
        if not isinstance(name, str) or not name.strip():
            entry.wrong("the name of a calendar must be a text", id=UNREADABLE_CALENDAR)
        elif name == ALWAYS_NAME:
            entry.wrong("this name belongs to the built-in calendar", id=NAME_TAKEN)
        else:
            found[name] = _calendar(entry)
    return found


def _calendar(entry: Entry) -> Calendar:
    if isinstance(entry.value, Calendar):
        return entry.value
    before = len(entry.noted)
    table = entry.table('{"tz": "Europe/Paris", "hours": {…}}', CALENDAR_KEYS)
    if table is not entry:
        return ALWAYS
    table.requires(["tz"])
    # Each part by itself first, so that all that is wrong is told at once.
    parts = {key: table.value[key] for key in CALENDAR_KEYS if key in table.value}
    for key, value in parts.items():
        try:
            Calendar(**{"tz": "UTC", key: value})
        except NoOpenTime:
            pass  # special days may make up for hours without a span
        except CalendarError as error:
            entry.wrong(str(error), id=UNREADABLE_CALENDAR)
    if len(entry.noted) > before:
        return ALWAYS
    try:
        return Calendar(**parts)
    except CalendarError as error:
        entry.wrong(str(error), id=UNREADABLE_CALENDAR)
        return ALWAYS


def _calendar_name(entry: Entry, calendars: Mapping[str, Calendar]) -> str:
    if isinstance(entry.value, str) and entry.value in calendars:
        return entry.value
    hint = did_you_mean(entry.value, calendars) or f"There is {', '.join(calendars)}."
    entry.expected("the name of a calendar", hint, id=UNKNOWN_CALENDAR)
    return ALWAYS_NAME


def _at_risk(entry: Entry) -> int:
    value = entry.value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100:
        return value
    entry.expected("a whole percentage from 1 to 100")
    return DEFAULT_AT_RISK


def _reopening(entry: Entry) -> Reopening:
    choices = [choice.value for choice in Reopening]
    if isinstance(entry.value, str) and entry.value in choices:
        return Reopening(entry.value)
    names = ", ".join(map(json.dumps, choices))
    entry.expected(f"one of {names}", did_you_mean(entry.value, choices))
    return Reopening.RESUME


def _goals(table: Entry, *, removable: bool = False) -> GoalTable:
    found: GoalTable = {}
    for priority, row in table.table('{"urgent": {"response": "1h"}}').rows():
        name = str(priority).casefold() if isinstance(priority, str | int) else ""
        if not name.strip():
            row.wrong("a priority must be a text or a number", id=UNREADABLE_GOAL)
        elif name in found:
            row.wrong(f"the priority {name!r} is given twice", id=NAME_TAKEN)
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
    return goal


def _merged(goals: GoalTable) -> dict[str, dict[str, timedelta]]:
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


def _policies(
    entries: Entry, calendars: Mapping[str, Calendar], defaults: Defaults
) -> tuple[Policy, ...]:
    found: dict[str, Policy] = {}
    for entry in entries.items('[{"name": "VIP", "goals": {"*": {"response": "1h"}}}]'):
        table = entry.table('{"name": "VIP", "goals": {"*": {"response": "1h"}}}', POLICY_KEYS)
        if table is not entry:
            continue  # no table at all, which has been noted
        policy = _policy(table, calendars, defaults)
        name = table.get("name", "")
        if policy.name == DEFAULT_NAME:
            hint = f'{NAME}["GOALS"] changes what that one promises.'
            name.wrong("this name belongs to the built-in policy", hint, id=NAME_TAKEN)
        elif policy.name in found:
            name.wrong(f"a second policy with the name {say(policy.name)}", id=NAME_TAKEN)
        found[policy.name] = policy
    return tuple(found.values())


def _policy(table: Entry, calendars: Mapping[str, Calendar], defaults: Defaults) -> Policy:
    table.requires(["name", "goals"])
    calendar = _calendar_name(table.get("calendar", defaults.calendar), calendars)
    return Policy.build(
        _policy_name(table),
        {priority: _given(row) for priority, row in _goals(table.get("goals", {})).items()},
        when=_condition(table.get("when", {})),
        calendar=calendars[calendar],
        at_risk=_at_risk(table.get("at_risk", defaults.at_risk)),
        reopening=_reopening(table.get("reopening", defaults.reopening)),
        source=Source.SETTINGS,
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


def _priorities(table: Entry) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, entry in table.table('{"P1": "urgent"}').rows():
        key = str(value).casefold()
        if not entry.is_text():
            entry.expected('the name of a priority, such as "urgent"')
        elif key in found:
            entry.wrong(f"the value {key!r} is given twice", id=NAME_TAKEN)
        else:
            found[key] = entry.value.casefold()
    return found


def _networks(entries: Entry) -> tuple[Network, ...]:
    found: list[Network] = []
    for entry in entries.items('["10.0.0.0/8"]'):
        try:
            found += parse_networks([entry.value])
        except ValueError as error:
            entry.wrong(str(error))
    return tuple(found)


def _responder(entry: Entry) -> Responder | str | None:
    return entry.value if entry.value is None or entry.is_text() else _callable(entry)


def _imported(responder: Responder | str | None) -> tuple[Responder | None, list[Problem]]:
    """What a dotted path stands for, and what is wrong with that."""
    noted: list[Problem] = []
    if not isinstance(responder, str):
        return responder, noted
    entry = Entry(f'{NAME}["RESPONDER"]', responder, noted)
    try:
        found = import_string(responder)
    except Exception as error:  # a module that is imported can fail in any way
        entry.wrong(f"{say(responder)} cannot be imported: {error}", id=UNUSABLE_RESPONDER)
        return None, noted
    return _callable(Entry(entry.path, found, noted)), noted


def _callable(entry: Entry) -> Responder | None:
    if not callable(entry.value):
        entry.expected(
            'a callable (user, ticket) -> bool, or its path such as "desk.sla.is_responder"',
            id=UNUSABLE_RESPONDER,
        )
        return None
    responder: Responder = entry.value
    if not _takes_user_and_ticket(responder):
        entry.wrong(f"{say(responder)} cannot be called with (user, ticket)", id=UNUSABLE_RESPONDER)
    return responder


def _takes_user_and_ticket(responder: Responder) -> bool:
    try:
        signature = inspect.signature(responder)
    except (TypeError, ValueError):
        return True  # some callables in C cannot say
    try:
        signature.bind(None, None)
    except TypeError:
        return False
    return True


# Words


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A question for a word that is close to one of ``known``; else an empty text."""
    by_spelling = {name.casefold(): name for name in known}
    spelling = word[:80].casefold() if isinstance(word, str) else ""
    close = difflib.get_close_matches(spelling, by_spelling, n=1)
    return f"Did you mean {json.dumps(by_spelling[close[0]], ensure_ascii=False)}?" if close else ""


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def say(value: object) -> str:
    """A value for a message: as Python writes it, but never long."""
    try:
        return _short.repr(value)
    except Exception:  # numbers with thousands of digits, for one
        return f"a value of type {type(value).__name__}"
