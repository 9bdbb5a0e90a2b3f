"""What the core refuses. Each message names what was wrong and what to write instead."""


class CalendarError(ValueError):
    """A calendar cannot be read, or was asked about something that is no instant it covers."""


class NoOpenTime(CalendarError):
    """A calendar never opens, or not within the years that it covers."""


class DurationError(ValueError):
    """A duration cannot be read."""


class PolicyError(ValueError):
    """A policy or one of its goals is out of range."""
