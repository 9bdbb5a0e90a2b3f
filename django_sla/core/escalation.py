"""Escalations: who is told of a deadline, how long before or after it, and by which channel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django_sla.core.duration import format_duration, parse_duration
from django_sla.core.errors import DurationError, PolicyError, say

ANY_METRIC = "*"
"""Stands for every metric."""

AT_RISK = "at_risk"
"""When a clock comes to be at risk, by the percentage of its policy."""
DUE = "due"
"""When a target is breached."""

MOST_PERCENT = 1000
LONGEST_NAME = 250
"""Characters of whoever is told; an address has no more than 254."""

_PERCENT = re.compile(r"([0-9]{1,5})\s*%")
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Characters that no name has, and not every database keeps."""
_OFFSET = re.compile(r"(?P<duration>.+?)\s+(?P<side>before|after)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """An instant of a clock, by the time that it has counted by then.

    One of ``percent`` and ``offset`` is given, or neither: when the clock comes to be at risk.
    """

    percent: int | None = None
    """Of the time allowed; 100 is the due instant."""
    offset: timedelta | None = None
    """Counted time after the due instant; negative: before it."""

    @property
    def is_at_risk(self) -> bool:
        return self.percent is None and self.offset is None

    @property
    def is_due(self) -> bool:
        return self.percent == 100 or self.offset == timedelta(0)

    def counted(self, allowed: timedelta) -> timedelta:
        """The counted time at that instant, where ``allowed`` is that until the due instant;
        negative where there is not as much."""
        if self.offset is not None:
            return allowed + self.offset
        assert self.percent is not None, "when it is at risk is for the terms to say"
        return allowed * self.percent / 100

    def __str__(self) -> str:
        if self.is_at_risk:
            return AT_RISK
        if self.is_due:
            return DUE
        if self.offset is None:
            return f"{self.percent}%"
        side = "before" if self.offset < timedelta(0) else "after"
        return f"{format_duration(abs(self.offset))} {side}"


def parse_when(text: object) -> When:
    """Read ``at_risk``, ``due``, ``80%``, ``30m before`` or ``1h after``.

    Raises:
        PolicyError: it is none of these; the message says what to write.
    """
    if isinstance(text, When):
        return text
    # What is longer says nothing more, and would keep the search for its end busy for hours.
    said = text.strip().casefold() if isinstance(text, str) and len(text) <= LONGEST_NAME else ""
    if said in (AT_RISK, "at risk"):
        return When()
    if said == DUE:
        return When(percent=100)
    if (percent := _PERCENT.fullmatch(said)) and 1 <= int(percent[1]) <= MOST_PERCENT:
        return When(percent=int(percent[1]))
    if offset := _OFFSET.fullmatch(said):
        try:
            duration = parse_duration(offset["duration"])
        except DurationError as error:
            raise PolicyError(error.phrase.words, where="when", **error.phrase.values) from None
        if duration > timedelta(0):
            return When(offset=-duration if offset["side"] == "before" else duration)
    raise PolicyError(
        'expected "at_risk", "due", a percentage of the goal from 1 to %(most)d such as "80%%", '
        'or a time such as "30m before" or "1h after", got %(got)s',
        where="when",
        most=MOST_PERCENT,
        got=say(text),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalation:
    """Somebody who is told, when, and how."""

    metric: str = ANY_METRIC
    when: When
    channel: str
    """The name of a channel, as the settings call it."""
    to: tuple[str, ...] = ()
    """Whom: ``"assignee"`` and other names that the ticket model or the host declares,
    ``"group:Managers"``, an address. None where the channel has a destination of its own."""
    in_hours: bool = False
    """Whether it waits until the calendar is open."""

    def is_for(self, metric: str) -> bool:
        return self.metric in (ANY_METRIC, metric)

    def to_dict(self) -> dict[str, Any]:
        """As JSON types, as :func:`escalation` reads it."""
        found: dict[str, Any] = {
            "metric": self.metric,
            "when": str(self.when),
            "channel": self.channel,
            "to": list(self.to),
        }
        if self.in_hours:
            found["in_hours"] = True
        return found


KEYS = ("metric", "when", "channel", "to", "in_hours", "enabled")
"""Of an escalation in a document. One with ``"enabled": False`` is kept there and does nothing."""


def escalation(row: Mapping[str, Any]) -> Escalation:
    """An escalation from a document, whether it is switched on or not.

    Raises:
        PolicyError: a key is unknown, or a value cannot be used; the message names the key.
    """
    for key in row:
        if key not in KEYS:
            said = key if isinstance(key, str) and len(key) <= LONGEST_NAME else say(key)
            raise PolicyError(
                "there is no such key; the keys are %(keys)s", where=said, keys=", ".join(KEYS)
            )
    for key in ("in_hours", "enabled"):
        if not isinstance(row.get(key, False), bool):
            raise PolicyError("expected True or False, got %(got)s", where=key, got=say(row[key]))
    return Escalation(
        metric=_name("metric", row.get("metric", ANY_METRIC)),
        when=parse_when(row.get("when")),
        channel=_name("channel", row.get("channel")),
        to=_names(row.get("to", ())),
        in_hours=row.get("in_hours", False),
    )


def written(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a document in the one way in which it is kept.

    Raises:
        PolicyError: as :func:`escalation`.
    """
    found = escalation(row).to_dict()
    return found if row.get("enabled", True) else found | {"enabled": False}


def _name(key: str, value: object) -> str:
    if not _is_name(value):
        raise PolicyError("expected a name, got %(got)s", where=key, got=say(value))
    return str(value).strip()


def _names(value: object) -> tuple[str, ...]:
    """Each once, in their order."""
    to = [value] if isinstance(value, str) else value
    if not isinstance(to, list | tuple) or not all(_is_name(name) for name in to):
        raise PolicyError(
            'expected a list such as ["assignee"], got %(got)s', where="to", got=say(value)
        )
    for name in to:
        if len(name) > LONGEST_NAME:
            raise PolicyError(
                "%(name)s has more than %(most)d characters",
                where="to",
                name=f"{name[:20]}...",
                most=LONGEST_NAME,
            )
    return tuple(dict.fromkeys(name.strip() for name in to))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not _UNUSABLE.search(value)


DEFAULT_ESCALATIONS: tuple[Mapping[str, Any], ...] = (
    {"metric": "*", "when": AT_RISK, "channel": "email", "to": ["assignee"], "enabled": False},
    {"metric": "*", "when": DUE, "channel": "email", "to": ["assignee", "lead"], "enabled": False},
)
"""What ships: sensible, and switched off."""
