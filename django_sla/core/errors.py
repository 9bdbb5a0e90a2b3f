"""What the core refuses. Each message names what was wrong and what to write instead."""

import reprlib

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def say(value: object) -> str:
    """A value for a message: as Python writes it, but never long. Never raises."""
    try:
        return _short.repr(value)
    except Exception:  # numbers with thousands of digits, for one
        return f"a value of type {type(value).__name__}"


class CalendarError(ValueError):
    """A calendar cannot be read, or was asked about something that is no instant it covers."""


class NoOpenTime(CalendarError):
    """A calendar never opens, or not within the years that it covers."""


class DurationError(ValueError):
    """A duration cannot be read."""


class PolicyError(ValueError):
    """A policy or one of its goals is out of range."""
