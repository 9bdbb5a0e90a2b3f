"""What the core refuses. Each message names what was wrong and what to write instead."""

import reprlib
from dataclasses import dataclass, field
from typing import Any

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80


def say(value: object) -> str:
    """A value for a message: as Python writes it, but never long. Never raises."""
    try:
        return _short.repr(value)
    except Exception:  # numbers with thousands of digits, for one
        return f"a value of type {type(value).__name__}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words with places, ``%(name)s``, and what goes there: texts, numbers, other phrases.

    The two are kept apart so that whoever shows them may do so in another language; the words in
    English are the key to those.
    """

    words: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words % self.values if self.values else self.words


class CoreError(ValueError):
    """Something that the core refuses: where it is, if that can be told, and what is wrong."""

    def __init__(self, words: str, *, where: str = "", **values: Any):
        self.phrase = Phrase(words, values)
        self.where = where
        super().__init__(f"{where}: {self.phrase}" if where else str(self.phrase))

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickles, which would call the class with the whole message."""
        return _again, (type(self), self.phrase, self.where)


def _again(kind: type[CoreError], phrase: Phrase, where: str) -> CoreError:
    return kind(phrase.words, where=where, **phrase.values)


class CalendarError(CoreError):
    """A calendar cannot be read, or was asked about something that is no instant it covers."""


class NoOpenTime(CalendarError):
    """A calendar never opens, or not within the years that it covers."""


class DurationError(CoreError):
    """A duration cannot be read."""


class PolicyError(CoreError):
    """A policy or one of its goals is out of range."""
