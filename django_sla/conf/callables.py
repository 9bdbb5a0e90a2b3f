"""Callables of the host that the setting names, themselves or by their dotted paths."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.utils.module_loading import import_string

from django_sla.conf.entry import NAME, UNUSABLE_CALLABLE, Entry, Problem
from django_sla.core.errors import say

Responder: TypeAlias = Callable[[Any, Any], bool]
"""``(user, ticket) -> bool``: whether a public reply by this user is a response."""
Locale: TypeAlias = Callable[[Any], "tuple[str | None, Any]"]
"""``(user) -> (language, time zone)``: in which a person is told; None for that of the project."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a callable is called with, and gives."""

    key: str
    """Of the setting."""
    arguments: tuple[str, ...]
    gives: str
    example: str
    """Its dotted path."""

    def __str__(self) -> str:
        return f"({', '.join(self.arguments)})"


RESPONDER = Asked(
    key="RESPONDER",
    arguments=("user", "ticket"),
    gives="bool",
    example="desk.sla.is_responder",
)
LOCALE = Asked(
    key="RECIPIENT_LOCALE",
    arguments=("user",),
    gives="(language, time zone)",
    example="desk.sla.locale_of",
)


def given(entry: Entry, asked: Asked) -> Any:
    """A dotted path is left as it is: its module may ask for the settings while it is imported."""
    return entry.value if entry.value is None or entry.is_text() else _callable(entry, asked)


def imported(found: Any, asked: Asked) -> tuple[Any, list[Problem]]:
    """What a dotted path stands for, and what is wrong with that."""
    noted: list[Problem] = []
    if not isinstance(found, str):
        return found, noted
    entry = Entry(NAME, None, noted).child(asked.key, found)
    try:
        value = import_string(found)
    except Exception as error:  # a module that is imported can fail in any way
        entry.wrong(f"{say(found)} cannot be imported: {error}", id=UNUSABLE_CALLABLE)
        return None, noted
    return _callable(Entry(entry.path, value, noted), asked), noted


def _callable(entry: Entry, asked: Asked) -> Any:
    if not callable(entry.value):
        entry.expected(
            f'a callable {asked} -> {asked.gives}, or its path such as "{asked.example}"',
            id=UNUSABLE_CALLABLE,
        )
        return None
    if not _takes(entry.value, asked):
        entry.wrong(f"{say(entry.value)} cannot be called with {asked}", id=UNUSABLE_CALLABLE)
    return entry.value


def _takes(found: Callable[..., Any], asked: Asked) -> bool:
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return True  # some callables in C cannot say
    try:
        signature.bind(*asked.arguments)
    except TypeError:
        return False
    return True
