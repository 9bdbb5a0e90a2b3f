"""Channels, as the setting gives them: by which deadlines are announced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.utils.module_loading import import_string

from django_sla.conf.entry import NAME_TAKEN, UNUSABLE_CHANNEL, Entry, Problem, say

EMAIL = "email"
"""The channel that needs no definition; one may be given all the same."""
SIGNAL = "signal"
"""The signals of ``django_sla.signals``: no escalation names it, and it cannot be switched off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A class, and what it is made with."""

    name: str
    backend: str
    """Its dotted path."""
    options: Mapping[str, Any] = field(default_factory=dict)


BUILT_IN = MappingProxyType({EMAIL: Channel(name=EMAIL, backend="django_sla.channels.Email")})


def channels(table: Entry) -> dict[str, Channel]:
    found = dict(BUILT_IN)
    for name, entry in table.table('{"ops": {"backend": "django_sla.channels.Webhook"}}').rows():
        if not isinstance(name, str) or not name.strip() or len(name) > 80:
            entry.wrong("the name of a channel must be a text of at most 80 characters")
        elif name == SIGNAL:
            entry.wrong("this name belongs to the built-in channel", id=NAME_TAKEN)
        elif (channel := _channel(name, entry)) is not None:
            found[name] = channel
    return found


def _channel(name: str, entry: Entry) -> Channel | None:
    table = entry.table('{"backend": "django_sla.channels.Webhook", "url": "https://…"}')
    if table is not entry:
        return None
    table.requires(["backend"])
    options = {str(key): value for key, value in table.value.items() if key != "backend"}
    backend = table.get("backend", "")
    if "backend" in table.value and not backend.is_text():
        backend.expected('the path of a class, such as "django_sla.channels.Webhook"')
    return Channel(name=name, backend=str(backend.value), options=options)


def made(channel: Channel, path: str) -> tuple[Any, list[Problem]]:
    """The channel itself, and what is wrong with it; None where it cannot be made."""
    noted: list[Problem] = []
    entry = Entry(path, channel.backend, noted)
    try:
        found = import_string(channel.backend)(channel.name, **channel.options)
    except Exception as error:  # a module that is imported, or a class of a host, can fail anyhow
        entry.wrong(f"{say(channel.backend)} cannot be used: {error}", id=UNUSABLE_CHANNEL)
        return None, noted
    return found, noted
