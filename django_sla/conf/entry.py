"""A value in the setting, or in another document, and what is said where it is wrong."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_noop

from django_sla.core.errors import say
from django_sla.words import translated

NAME = "DJANGO_SLA"

UNKNOWN_KEY = "django_sla.E001"
MISSING_KEY = "django_sla.E002"
WRONG_VALUE = "django_sla.E003"
UNKNOWN_CALENDAR = "django_sla.E004"
NAME_TAKEN = "django_sla.E005"
UNREADABLE_CALENDAR = "django_sla.E006"
UNREADABLE_GOAL = "django_sla.E007"
UNUSABLE_CALLABLE = "django_sla.E008"
UNREADABLE_ESCALATION = "django_sla.E009"
UNKNOWN_CHANNEL = "django_sla.E050"
UNUSABLE_CHANNEL = "django_sla.E051"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that is wrong with the setting."""

    id: str
    """The id of the system check that reports it."""
    path: str
    """Where: ``DJANGO_SLA["GOALS"]["urgent"]["response"]``."""
    message: str
    """What was expected, and what was found."""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message} {self.hint}".rstrip()


@dataclass(frozen=True, slots=True)
class Entry:
    """A value somewhere in the setting. What is wrong with it is noted, and reading goes on."""

    path: str
    value: Any
    noted: list[Problem]

    def wrong(self, message: str, hint: str = "", *, id: str = WRONG_VALUE) -> None:
        message = _cut(message)
        message += "" if message.endswith((".", "?", "…")) else "."
        self.noted.append(Problem(id=id, path=self.path, message=message, hint=_cut(hint)))

    def expected(self, what: str, hint: str = "", *, id: str = WRONG_VALUE) -> None:
        self.wrong(f"expected {what}, got {say(self.value)}", hint, id=id)

    def child(self, key: object, value: object) -> "Entry":
        return replace(self, path=self.step(key), value=value)

    def step(self, key: object) -> str:
        """The path to what is under a key; subclasses write it in their way."""
        short = isinstance(key, str) and len(key) <= 80
        written = json.dumps(key, ensure_ascii=False) if short else say(key)
        return f"{self.path}[{written}]"

    def table(self, example: str, known: Iterable[str] | None = None) -> "Entry":
        """This entry, if it is a table; else an empty one. Only ``known`` keys may be there."""
        if not isinstance(self.value, Mapping):
            self.expected(f"a table such as {example}")
            return replace(self, value={})
        if known is not None:
            known = tuple(known)
            for key in self.value:
                if key not in known:
                    hint = did_you_mean(key, known) or f"The keys are {', '.join(known)}."
                    self.child(key, None).wrong("there is no such key", hint, id=UNKNOWN_KEY)
        return self

    def get(self, key: str, default: object) -> "Entry":
        return self.child(key, self.value.get(key, default))

    def rows(self) -> "Iterator[tuple[Any, Entry]]":
        return ((key, self.child(key, value)) for key, value in self.value.items())

    def items(self, example: str) -> "Iterator[Entry]":
        """The entries of a list; none where it is something else."""
        if not isinstance(self.value, list | tuple):
            self.expected(f"a list such as {example}")
            return iter(())
        return (self.child(index, value) for index, value in enumerate(self.value))

    def requires(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self.value:
                self.wrong(f"{json.dumps(key)} is missing", id=MISSING_KEY)

    def is_text(self) -> bool:
        return isinstance(self.value, str) and bool(self.value.strip())


# Words

MOST_SAID = 1000
"""Characters of a message: errors of others may repeat a value of any length."""


def _cut(message: str) -> str:
    return message if len(message) <= MOST_SAID else f"{message[:MOST_SAID]}…"


def spelling(key: object) -> str:
    """The key of a table without regard to case; empty where it cannot be written."""
    try:
        return str(key).casefold()
    except Exception:  # numbers with thousands of digits, for one
        return ""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A question for a word that is close to one of ``known``; else an empty text."""
    by_spelling = {name.casefold(): name for name in known}
    spelling = word[:80].casefold() if isinstance(word, str) else ""
    close = difflib.get_close_matches(spelling, by_spelling, n=1)
    if not close:
        return ""
    question = translated(gettext_noop("Did you mean %(name)s?"))
    return question % {"name": json.dumps(by_spelling[close[0]], ensure_ascii=False)}
