"""Channels, as the setting gives them: by which deadlines are announced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.utils.module_loading import import_string

from django_sla.conf.entry import NAME, NAME_TAKEN, UNUSABLE_CHANNEL, Entry, Problem
from django_sla.core.errors import say

EMAIL = "email"
"""The channel that needs no definition; one may be given all the same."""
SIGNAL = "signal"
"""The signals of ``django_sla.signals``: no escalation names it, and it cannot be switched off."""

BASE = "django_sla.channels.Channel"
"""What the class of each one derives from."""
LONGEST_NAME = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A class, and what it is made with."""

    name: str
    backend: str
    """The dotted path of its class; empty where that cannot be read."""
    options: Mapping[str, Any] = field(default_factory=dict)


BUILT_IN = MappingProxyType({EMAIL: Channel(name=EMAIL, backend="django_sla.channels.Email")})


def channels(table: Entry) -> dict[str, Channel]:
    found = dict(BUILT_IN)
    for name, entry in table.table('{"ops": {"backend": "django_sla.channels.Webhook"}}').rows():
        if not isinstance(name, str) or name != name.strip() or not 0 < len(name) <= LONGEST_NAME:
            entry.wrong(
                f"the name of a channel must be a text of at most {LONGEST_NAME} characters, "
                "without spaces around it"
            )
        elif name == SIGNAL:
            entry.wrong("this name belongs to the built-in channel", id=NAME_TAKEN)
        else:
            found[name] = _channel(name, entry)
    return found


def _channel(name: str, entry: Entry) -> Channel:
    """One that cannot be read is there, without a class, so that it is not unknown as well."""
    table = entry.table('{"backend": "django_sla.channels.Webhook", "url": "https://…"}')
    if table is not entry:
        return Channel(name=name, backend="")
    table.requires(["backend"])
    backend = table.get("backend", "")
    if "backend" in table.value and not backend.is_text():
        backend.expected('the path of a class, such as "django_sla.channels.Webhook"')
    return Channel(
        name=name,
        backend=backend.value if backend.is_text() else "",
        options=dict(_options(table)),
    )


def _options(table: Entry) -> Iterator[tuple[str, Any]]:
    for key, entry in table.rows():
        if not isinstance(key, str):
            entry.wrong("the name of an option must be a text")
        elif key != "backend":
            yield key, entry.value


def made(channel: Channel) -> tuple[Any, list[Problem]]:
    """The channel itself, and what is wrong with it; None where it cannot be made."""
    noted: list[Problem] = []
    entry = Entry(NAME, None, noted).child("CHANNELS", None).child(channel.name, None)
    try:
        cls = import_string(channel.backend)
        if not isinstance(cls, type) or not issubclass(cls, import_string(BASE)):
            raise TypeError(f"it is no subclass of {BASE}")
        return cls(channel.name, **channel.options), noted
    except Exception as error:  # a module that is imported, or a class of a host, can fail anyhow
        entry.wrong(f"{say(channel.backend)} cannot be used: {error}", id=UNUSABLE_CHANNEL)
        return None, noted
