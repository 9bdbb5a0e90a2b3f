"""Those who are told. Each message is a line in a ledger, on the disk before they answer."""

import json
import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from django_sla.channels import Channel
from django_sla.flow.message import Message
from django_sla.signals import target_breached


def note(key: str, items: Iterable[str]) -> None:
    """One write, so that lines of several processes do not mix."""
    line = json.dumps({"key": key, "items": sorted(items)}) + "\n"
    ledger = os.open(settings.LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(ledger, line.encode())
        os.fsync(ledger)
    finally:
        os.close(ledger)


def noted() -> list[tuple[str, tuple[str, ...]]]:
    """Everything in the ledger: the key of each message, and those of what is in it."""
    if not settings.LEDGER.exists():
        return []
    lines = map(json.loads, settings.LEDGER.read_text().splitlines())
    return [(line["key"], tuple(line["items"])) for line in lines]


class Pager(Channel):
    """Tells everything by itself, to one destination."""

    for_people = False
    digests = False

    def send(self, message: Message) -> None:
        note(message.key, [item.key for item in message.items])


class Bulletin(Channel):
    """Tells people, and many things at once."""

    addressed = True

    def send(self, message: Message) -> None:
        note(message.key, [item.key for item in message.items])


def heard(*, key: str, **kwargs: Any) -> None:
    note(key, [key])


def listen() -> None:
    """Listen to the signal of a breach, too."""
    target_breached.connect(heard)
