"""Countdowns: what a page has to know to go on counting by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django_sla.core.calendar import Calendar
from django_sla.core.span import Span
from django_sla.core.verdict import Verdict, warn_at

AHEAD = timedelta(days=7)
"""How far ahead a page knows when it is open. Later than that it no longer counts, but still turns
at the right instant."""

SPANS = 60
"""How many open spans it is told at most, for calendars that open and close all day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Countdown:
    """A clock that runs, and what it will do if nothing else happens."""

    now: datetime
    remaining: timedelta
    """Counted time left at ``now``; negative when overdue. It shrinks while it is open."""
    warn: datetime | None
    """From this instant on it is at risk; None where it never is."""
    due: datetime
    """After this instant it is breached."""
    open: tuple[Span, ...]
    """From ``now`` on."""


def countdown(verdict: Verdict, now: datetime) -> Countdown | None:
    """How a clock that was judged at ``now`` goes on; None where it stands still: it is paused or
    has stopped, or nothing is promised."""
    clock, due, remaining = verdict.clock, verdict.due, verdict.remaining
    if clock is None or due is None or remaining is None:
        return None
    if clock.paused_at is not None or clock.stopped_at is not None:
        return None
    return Countdown(
        now=now,
        remaining=remaining,
        warn=warn_at(clock),
        due=due,
        open=open_ahead(clock.calendar, now),
    )


@lru_cache(maxsize=64)
def open_ahead(calendar: Calendar, now: datetime) -> tuple[Span, ...]:
    """The open spans of the time ahead. Kept, because a list asks for all its tickets alike."""
    return calendar.spans(now, now + AHEAD)[:SPANS]
