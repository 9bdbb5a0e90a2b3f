"""Span: a stretch of time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open ``[start, end)``, in UTC: the end is the first instant that is not in it.

    Any aware datetimes are accepted and turned into UTC, for elsewhere Python subtracts and
    compares two datetimes of one zone by the wall clock, which is wrong by an hour where the
    clocks change.

    Raises:
        ValueError: one of the two is not an aware datetime, or ``end`` is not after ``start``.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        start, end = _utc("start", self.start), _utc("end", self.end)
        if end <= start:
            raise ValueError(f"end: {end} is not after the start, {start}")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)

    @property
    def duration(self) -> timedelta:
        """Elapsed time; always positive."""
        return self.end - self.start

    def __and__(self, other: "Span") -> "Span | None":
        """What both have in common; None where that is nothing."""
        if not isinstance(other, Span):
            return NotImplemented
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def __sub__(self, other: "Span") -> "tuple[Span, ...]":
        """What is left without ``other``: no, one or two spans, in order."""
        if not isinstance(other, Span):
            return NotImplemented
        before = (self.start, min(self.end, other.start))
        after = (max(self.start, other.end), self.end)
        return tuple(Span(start, end) for start, end in (before, after) if start < end)


def _utc(name: str, instant: datetime) -> datetime:
    if not isinstance(instant, datetime):
        raise ValueError(f"{name}: expected an aware datetime, got {instant!r}")
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"{name}: {instant!r} has no time zone; pass an aware datetime")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name}: {instant!r} is outside the years 1 to 9999 in UTC") from None
