"""What a channel is given to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django_sla.core.explain import Explanation
from django_sla.core.verdict import Verdict
from django_sla.tables.delivery import NoticeKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing to tell: what happened to which clock of which ticket."""

    kind: NoticeKind
    key: str
    """Of this item; the same at each try, and in whichever message it is."""
    ticket: Any
    """The ticket as it is now."""
    metric: str
    cycle: int
    when: str
    """As escalations say it: ``"at_risk"``, ``"due"``, ``"1h after"``."""
    at: datetime
    """When it happened."""
    due: datetime | None
    """The deadline that it is about."""
    verdict: Verdict
    """The clock judged now."""
    explanation: Explanation
    """Why it is due when it is."""
    url: str = ""
    """The page of the ticket, absolute where ``BASE_URL`` says where that is; empty where the
    ticket has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What one recipient is told at once: one thing, or a digest of several."""

    key: str
    """The same at each try. Whoever takes each key once is told everything exactly once."""
    items: tuple[Item, ...]
    """At least one, the oldest first; those of a digest are the same at each try, but for what has
    become moot in between."""
    user: Any = None
    """The person, where it is one."""
    address: str = ""
    """Theirs, or that of whoever else it is for; empty where the channel has a destination of its
    own."""
    now: datetime
    """The instant of the verdicts."""

    @property
    def is_digest(self) -> bool:
        return len(self.items) > 1


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Something that comes with a letter."""

    name: str
    content_type: str
    """``"text/csv"``; a charset is UTF-8."""
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a letter says, in one language."""

    subject: str
    text: str
    html: str
    images: Mapping[str, bytes] = field(default_factory=dict)
    """PNG by the name under which the HTML refers to it, ``cid:<name>``."""
    files: tuple[File, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What is written above the flow, and about no ticket: a report. One for each recipient."""

    key: str
    """The same at each try."""
    user: Any = None
    """The person, where it is one."""
    address: str
    write: Callable[[], Contents]
    """Write it, in the language that is the current one then.

    Raises:
        Undeliverable: it never can be written.
    """
