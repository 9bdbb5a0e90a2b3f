"""Durations as people write them: "4h", "1d 2h 30m", "PT4H30M"."""

import re
from datetime import timedelta
from fractions import Fraction

from django_sla.core.errors import DurationError, Phrase, say

UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
"""A day is 24 hours of whatever time is counted. It is not a working day: with opening hours of
8 hours, "1d" takes three of those."""

MAX_LENGTH = 100

_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_PART = re.compile(rf"\s*{_NUMBER}\s*([a-z])", re.ASCII)
_ISO = re.compile(
    rf"p(?:{_NUMBER}w)?(?:{_NUMBER}d)?(?:t(?=.)(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?)?"
)


def parse_duration(text: str | timedelta) -> timedelta:
    """Read "4h", "1d 2h 30m", "1.5h", "2w" or ISO 8601, "P1DT2H" or "PT4H30M".

    Units are w, d, h, m (minutes) and s, each at most once; a leading minus makes it negative.
    A timedelta is returned as it is. A bare number is refused, for nobody knows its unit.

    Raises:
        DurationError: it cannot be read, or is too long for a timedelta.
    """
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str):
        is_number = isinstance(text, int | float)
        raise _refused(text, Phrase("a number has no unit") if is_number else None)
    if len(text) > MAX_LENGTH:
        raise _refused(
            f"{text[:20]}...", Phrase("longer than %(number)d characters", {"number": MAX_LENGTH})
        )
    stripped = text.strip().lower()
    negative = stripped.startswith("-")
    unsigned = stripped.removeprefix("-")
    parts = _iso_parts(unsigned) if unsigned.startswith("p") else _parts(unsigned)
    if not parts:
        raise _refused(text)
    microseconds = sum(
        Fraction(number.replace(",", ".")) * (UNITS[unit] // timedelta.resolution)
        for unit, number in parts.items()
    )
    if microseconds.denominator != 1:
        raise _refused(text, Phrase("finer than a microsecond"))
    try:
        return timedelta(microseconds=int(-microseconds if negative else microseconds))
    except OverflowError:
        raise _refused(text, Phrase("too long")) from None


def _parts(text: str) -> dict[str, str]:
    """Number by unit; nothing where the text is no such list."""
    parts: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match[2] not in UNITS or match[2] in parts:
            return {}
        parts[match[2]] = match[1]
        position = match.end()
    return parts


def _iso_parts(text: str) -> dict[str, str]:
    match = _ISO.fullmatch(text)
    numbers = match.groups() if match else ()
    return {unit: number for unit, number in zip(UNITS, numbers, strict=False) if number}


def _refused(text: object, why: Phrase | None = None) -> DurationError:
    if why is None:
        return DurationError(
            '%(got)s is not a duration; write it as "4h", "1d 2h 30m" or "PT4H30M" '
            "(units: w, d, h, m, s)",
            got=say(text),
        )
    return DurationError(
        '%(got)s is not a duration: %(why)s; write it as "4h", "1d 2h 30m" or "PT4H30M" '
        "(units: w, d, h, m, s)",
        got=say(text),
        why=why,
    )


def format_duration(duration: timedelta) -> str:
    """Exactly, such as "1d 2h 30m" or "1.5s": :func:`parse_duration` gives the same back."""
    counts, rest = _split(duration)
    parts = [f"{count}{unit}" for unit, count in counts.items() if count]
    if rest:
        fraction = f".{rest.microseconds:06}" if rest.microseconds else ""
        parts.append(f"{rest.seconds}{fraction.rstrip('0')}s")
    return _sign(duration) + (" ".join(parts) or "0s")


def format_short(duration: timedelta) -> str:
    """For display, in no more than two units: "2d 4h", "3h 12m", "-1h 5m", "<1m".

    What is smaller falls away, so that nobody reads more time than there is.
    """
    if not duration:
        return "0m"
    counts, _ = _split(duration)
    units = list(counts)
    largest = next((i for i, unit in enumerate(units) if counts[unit]), None)
    if largest is None:
        return f"{_sign(duration)}<1m"
    shown = units[largest : largest + 2]
    return _sign(duration) + " ".join(f"{counts[unit]}{unit}" for unit in shown if counts[unit])


def _split(duration: timedelta) -> tuple[dict[str, int], timedelta]:
    """Days, hours and minutes, and what is left of less than a minute; without the sign."""
    counts, rest = {}, abs(duration)
    for unit in ("d", "h", "m"):
        counts[unit], rest = divmod(rest, UNITS[unit])
    return counts, rest


def _sign(duration: timedelta) -> str:
    return "-" if duration < timedelta(0) else ""
