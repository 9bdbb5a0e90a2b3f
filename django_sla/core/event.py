"""Events: what happened to a ticket, as immutable facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_sla.core.policy import Terms


class Category(StrEnum):
    """What a host's status means to the clocks."""

    OPEN = "open"
    PAUSED = "paused"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def done(self) -> bool:
        """True once nobody is expected to work on the ticket any more."""
        return self in (Category.RESOLVED, Category.CLOSED)


class Kind(StrEnum):
    """What kind of fact an event states."""

    OPENED = "opened"
    AGENT_REPLIED = "agent_replied"
    REQUESTER_REPLIED = "requester_replied"
    STATUS_MOVED = "status_moved"
    PRIORITY_CHANGED = "priority_changed"
    TERMS_CHANGED = "terms_changed"
    TARGET_SET = "target_set"
    TARGET_CLEARED = "target_cleared"
    BREACH_WAIVED = "breach_waived"
    HELD = "held"
    RELEASED = "released"
    TARGET_WARNED = "target_warned"
    TARGET_BREACHED = "target_breached"
    ESCALATED = "escalated"


BY_HAND = frozenset(
    {Kind.TARGET_SET, Kind.TARGET_CLEARED, Kind.BREACH_WAIVED, Kind.HELD, Kind.RELEASED}
)
"""What people do to the clocks, and not to the ticket."""

THRESHOLDS = frozenset({Kind.TARGET_WARNED, Kind.TARGET_BREACHED, Kind.ESCALATED})
"""What time does to the clocks: noted, and nothing follows from it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One fact about one ticket. Which of the optional parts are set depends on the kind."""

    kind: Kind
    at: datetime
    """The instant at which it happened (aware), which may be earlier than its recording."""
    category: Category | None = None
    """``status_moved``: what the new status means. Kept with the fact, so that mapping a
    status anew does not rewrite the past."""
    priority: str | None = None
    """``opened``, ``priority_changed``: the priority, as policies name it."""
    terms: "Terms | None" = None
    """The terms chosen when this was recorded; they hold for open clocks from here on."""
    metric: str | None = None
    """``target_*``, ``breach_waived``, ``escalated``: the metric meant."""
    due: datetime | None = None
    """``target_set``: the due instant somebody set by hand; of a threshold the one that it is
    about."""

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError(f"at: {self.at!r} has no time zone; pass an aware datetime")


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events as they happened; of two at one instant, the one recorded first comes first.

    Opening precedes everything, so that a comment stamped a moment before its ticket still
    finds a clock to stop; of two openings, the correction comes last. ``events`` must be in
    the order of their recording.
    """
    return sorted(events, key=_position)


_FIRST = datetime.min.replace(tzinfo=UTC)


def _position(event: Event) -> datetime:
    return _FIRST if event.kind is Kind.OPENED else event.at
