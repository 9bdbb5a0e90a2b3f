"""The whole setting, read from what the host wrote."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from django_sla.conf.callables import LOCALE, RESPONDER, Locale, Responder, given
from django_sla.conf.channels import Channel, channels
from django_sla.conf.entry import (
    NAME,
    NAME_TAKEN,
    UNREADABLE_CALENDAR,
    Entry,
    Problem,
    spelling,
)
from django_sla.conf.policies import (
    ALWAYS_NAME,
    DEFAULT_AT_RISK,
    DEFAULT_NAME,
    Defaults,
    at_risk,
    calendar_name,
    escalations,
    goals,
    merged,
    policies,
    reopening,
)
from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.errors import CalendarError, NoOpenTime, say
from django_sla.core.escalation import DEFAULT_ESCALATIONS
from django_sla.core.ip import Network, parse_networks
from django_sla.core.policy import Policy, Reopening, Source

CALENDAR_KEYS = ("tz", "hours", "holidays", "special_days")
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
    "ESCALATIONS",
    "CHANNELS",
    "DIGEST_ABOVE",
    "OBJECTIVE",
    "BASE_URL",
    "RECIPIENT_LOCALE",
    "METRICS_TOKEN",
    "CLIENT_IP",
    "RETENTION_DAYS",
)

DEFAULT_DIGEST_ABOVE = 5
DEFAULT_OBJECTIVE = 95
DEFAULT_RETENTION_DAYS = 180
LONGEST_RETENTION_DAYS = 36_500
SHORTEST_TOKEN = 16


class Addresses(StrEnum):
    """How much of the addresses of people is written down."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The setting as read. Where it is wrong, a default stands in."""

    calendars: Mapping[str, Calendar]
    policies: tuple[Policy, ...]
    default_policy: Policy
    priorities: Mapping[str, str]
    trusted_proxies: tuple[Network, ...]
    responder: Responder | str | None
    escalations: tuple[Mapping[str, Any], ...]
    """Of policies that do not say; those that are switched off among them."""
    channels: Mapping[str, Channel]
    digest_above: int
    objective: float
    base_url: str
    recipient_locale: Locale | str | None
    metrics_token: str
    client_ip: Addresses
    retention_days: int | None
    problems: tuple[Problem, ...]


def read(raw: object) -> Reading:
    """Read the setting. Never raises."""
    noted: list[Problem] = []
    top = Entry(NAME, raw, noted).table('{"AT_RISK": 80}', KEYS)
    calendars = _calendars(top.get("CALENDARS", {}))
    known_channels = channels(top.get("CHANNELS", {}))
    given_goals = goals(top.get("GOALS", {}), removable=True)
    defaults = Defaults(
        origins={
            key: Source.SETTINGS if key.upper() in top.value else Source.DEFAULT
            for key in ("calendar", "at_risk", "reopening", "escalations")
        },
        calendar=calendar_name(top.get("CALENDAR", ALWAYS_NAME), calendars),
        at_risk=at_risk(top.get("AT_RISK", DEFAULT_AT_RISK)),
        reopening=reopening(top.get("REOPENING", Reopening.RESUME)),
        escalations=escalations(top.get("ESCALATIONS", DEFAULT_ESCALATIONS), known_channels),
    )
    default_policy = Policy.build(
        DEFAULT_NAME,
        merged(given_goals),
        calendar=calendars[defaults.calendar],
        at_risk=defaults.at_risk,
        reopening=defaults.reopening,
        escalations=defaults.escalations,
        source=Source.DEFAULT,
        origins={
            **defaults.origins,
            **{
                f"goals.{priority}.{metric}": Source.SETTINGS
                for priority, row in given_goals.items()
                for metric in row
            },
        },
    )
    return Reading(
        calendars=MappingProxyType(calendars),
        policies=policies(top.get("POLICIES", ()), calendars, known_channels, defaults),
        default_policy=default_policy,
        priorities=MappingProxyType(_priorities(top.get("PRIORITIES", {}))),
        trusted_proxies=_networks(top.get("TRUSTED_PROXIES", ())),
        responder=given(top.get("RESPONDER", None), RESPONDER),
        escalations=defaults.escalations,
        channels=MappingProxyType(known_channels),
        digest_above=_digest_above(top.get("DIGEST_ABOVE", DEFAULT_DIGEST_ABOVE)),
        objective=_objective(top.get("OBJECTIVE", DEFAULT_OBJECTIVE)),
        base_url=_base_url(top.get("BASE_URL", "")),
        recipient_locale=given(top.get("RECIPIENT_LOCALE", None), LOCALE),
        metrics_token=_token(top.get("METRICS_TOKEN", "")),
        client_ip=_addresses(top.get("CLIENT_IP", Addresses.FULL)),
        retention_days=_retention_days(top.get("RETENTION_DAYS", DEFAULT_RETENTION_DAYS)),
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
    table = entry.table('{"tz": "Europe/Paris", "hours": {…}}', CALENDAR_KEYS)
    if table is not entry:
        return ALWAYS
    noted = len(entry.noted)
    table.requires(["tz"])
    parts = {key: table.value[key] for key in CALENDAR_KEYS if key in table.value}
    for error in unreadable(parts).values():
        entry.wrong(str(error), id=UNREADABLE_CALENDAR)
    return ALWAYS if len(entry.noted) > noted else Calendar(**parts)


def unreadable(parts: Mapping[str, Any]) -> dict[str, CalendarError]:
    """What is wrong with the parts of a calendar, by key; each by itself first, so that all of it
    is told at once."""
    found: dict[str, CalendarError] = {}
    for key, value in parts.items():
        try:
            Calendar(**{"tz": "UTC", key: value})
        except NoOpenTime:
            pass  # special days may make up for hours without a span
        except CalendarError as error:
            found[key] = error
    if not found and "tz" in parts:
        try:
            Calendar(**parts)
        except CalendarError as error:
            found["hours"] = error
    return found


def _priorities(table: Entry) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, entry in table.table('{"P1": "urgent"}').rows():
        key = spelling(value)
        if not entry.is_text():
            entry.expected('the name of a priority, such as "urgent"')
        elif key in found:
            entry.wrong(f"the value {say(key)} is given twice", id=NAME_TAKEN)
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


def _digest_above(entry: Entry) -> int:
    value = entry.value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    entry.expected("a whole number from 1 on")
    return DEFAULT_DIGEST_ABOVE


def _objective(entry: Entry) -> float:
    value = entry.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 100:
        return value
    entry.expected("percent between 0 and 100, such as 95")
    return DEFAULT_OBJECTIVE


_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


def _base_url(entry: Entry) -> str:
    value = entry.value
    if isinstance(value, str) and (not value or _BASE_URL.fullmatch(value)):
        return value.rstrip("/")
    entry.expected('an address such as "https://desk.example.com"')
    return ""


def _token(entry: Entry) -> str:
    is_given = entry.is_text() and len(entry.value) >= SHORTEST_TOKEN
    if is_given or (isinstance(entry.value, str) and not entry.value):
        return str(entry.value)
    # Without what was found, which is a secret, or was to be one.
    entry.wrong(f"expected a secret of at least {SHORTEST_TOKEN} characters")
    return ""


def _addresses(entry: Entry) -> Addresses:
    if isinstance(entry.value, str) and entry.value in list(Addresses):
        return Addresses(entry.value)
    entry.expected(f"one of {', '.join(json.dumps(str(choice)) for choice in Addresses)}")
    return Addresses.NONE  # nothing is written down that somebody may not have wanted


def _retention_days(entry: Entry) -> int | None:
    value = entry.value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if value is None or (is_number and 0 <= value <= LONGEST_RETENTION_DAYS):
        days: int | None = value
        return days
    entry.expected(
        f"a whole number of days from 0 to {LONGEST_RETENTION_DAYS:,}, or None to keep for good"
    )
    return DEFAULT_RETENTION_DAYS
