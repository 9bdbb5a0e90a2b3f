"""Conditions: for which tickets a policy is, as named tests that can say why they do not hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django_sla.core.errors import PolicyError, say

Facts = Mapping[str, Any]
"""What conditions may ask of a ticket, by field path: ``facts["project__key"]``."""


class _Missing:
    def __repr__(self) -> str:
        return "no such field"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()
"""What the facts of a ticket give for a field that its model does not have. No comparison with it
holds, ``is_not`` included: a condition is about tickets that have the field."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A named test of a ticket's facts; combine with ``&``, ``|`` and ``~``."""

    text: str
    """The condition in words, for whoever asks why a policy matched."""
    fields: frozenset[str] = field(compare=False)
    """The field paths it reads: a change of one of them makes policies be chosen again."""
    test: Callable[[Facts], bool] = field(compare=False)
    parts: "tuple[Condition, ...]" = field(default=(), compare=False)
    """What has to hold together, where it was combined with ``&``; none otherwise."""
    comparison: "Comparison | None" = field(default=None, compare=False)
    """What is compared, where that is all that the condition does and it has no words of its
    own: it can be said in other words, and in other languages."""

    def __call__(self, facts: Facts) -> bool:
        return self.test(facts)

    def failing(self, facts: Facts) -> "tuple[Condition, ...]":
        """The parts that do not hold; none where the condition holds."""
        return tuple(part for part in self.parts or (self,) if not part(facts))

    def __and__(self, other: "Condition") -> "Condition":
        parts = (*(self.parts or (self,)), *(other.parts or (other,)))
        return Condition(
            f"({self.text} and {other.text})",
            self.fields | other.fields,
            lambda facts: self(facts) and other(facts),
            parts,
        )

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(
            f"({self.text} or {other.text})",
            self.fields | other.fields,
            lambda facts: self(facts) or other(facts),
        )

    def __invert__(self) -> "Condition":
        return Condition(f"not {self.text}", self.fields, lambda facts: not self(facts))


EVERY_TICKET = Condition("every ticket", frozenset(), lambda facts: True)


def every(conditions: Iterable[Condition]) -> Condition:
    """The condition that all of them hold; for none of them, every ticket."""
    parts = tuple(conditions)
    if len(parts) < 2:
        return parts[0] if parts else EVERY_TICKET
    tests = tuple(part.test for part in parts)

    def all_hold(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110  all() with a generator takes half as long again
            if not test(facts):
                return False
        return True

    return Condition(
        f"({' and '.join(part.text for part in parts)})",
        frozenset[str]().union(*(part.fields for part in parts)),
        all_hold,
        parts,
    )


class Operator(StrEnum):
    """How a condition compares a field with its value."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    """One of a list of values."""
    NOT_IN = "not_in"
    CONTAINS = "contains"
    """Without regard to case."""
    STARTS_WITH = "starts_with"
    """Without regard to case."""
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EMPTY = "empty"
    """None or an empty text. Takes no value."""
    NOT_EMPTY = "not_empty"
    """Takes no value."""

    @property
    def takes_list(self) -> bool:
        return self in (Operator.IN, Operator.NOT_IN)

    @property
    def takes_value(self) -> bool:
        return self not in (Operator.EMPTY, Operator.NOT_EMPTY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A field, how it is compared, and with what."""

    path: str
    operator: Operator
    wanted: Any
    """A tuple of values where the operator takes a list; None where it takes none."""
    label: str = ""
    """What people call the value; empty where it speaks for itself."""


_WORDS = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.AT_LEAST: "is at least",
    Operator.AT_MOST: "is at most",
    Operator.EMPTY: "is empty",
    Operator.NOT_EMPTY: "is not empty",
}


def compare(
    path: str, operator: Operator, wanted: Any = None, *, text: str = "", label: str = ""
) -> Condition:
    """The condition that the field at ``path`` compares with ``wanted`` in this way.

    ``text`` is what it is called; by default it is made of the path and the value. ``label`` is
    what people call the value.

    Raises:
        PolicyError: the operator takes a list and ``wanted`` is none, or it cannot be written.
    """
    if operator.takes_list:
        if isinstance(wanted, str) or not isinstance(wanted, Iterable):
            raise PolicyError("expected a list of values, got %(got)s", where=path, got=say(wanted))
        wanted = tuple(wanted)
    holds = _test(operator, wanted)
    return Condition(
        text or " ".join(filter(None, [path, _WORDS[operator], _said(path, operator, wanted)])),
        frozenset({path}),
        lambda facts: holds(facts[path]),
        comparison=None
        if text
        else Comparison(path=path, operator=operator, wanted=wanted, label=label),
    )


def where(**lookups: Any) -> Condition:
    """The condition that every lookup holds: ``where(project__key="OPS", kind__in=["a", "b"])``.

    A lookup is a field path with at most one step across a relation, compared for equality,
    or, ending in ``__in``, for membership.

    Raises:
        PolicyError: ``__in`` is given something that is no list.
    """
    return every(_lookup(path, wanted) for path, wanted in lookups.items())


def _lookup(path: str, wanted: Any) -> Condition:
    name, has_suffix, suffix = path.rpartition("__")
    if has_suffix and suffix == "in":
        try:
            return compare(name, Operator.IN, wanted)
        except PolicyError:
            raise PolicyError(
                "expected a list of values, got %(got)s", where=path, got=say(wanted)
            ) from None
    return compare(path, Operator.IS, wanted)


def _said(path: str, operator: Operator, wanted: Any) -> str:
    """In full: conditions are equal where they say the same."""
    values = wanted if operator.takes_list else [wanted] if operator.takes_value else []
    try:
        return ", ".join(map(repr, values))
    except Exception:  # numbers with thousands of digits, for one
        raise PolicyError("%(got)s cannot be compared with", where=path, got=say(wanted)) from None


def _test(operator: Operator, wanted: Any) -> Callable[[Any], bool]:
    match operator:
        case Operator.IS:
            return lambda value: bool(value == wanted)
        case Operator.IS_NOT:
            return lambda value: value is not MISSING and bool(value != wanted)
        case Operator.IN:
            return _member(wanted)
        case Operator.NOT_IN:
            among = _member(wanted)
            return lambda value: value is not MISSING and not among(value)
        case Operator.CONTAINS:
            part = str(wanted).casefold()
            return lambda value: isinstance(value, str) and part in value.casefold()
        case Operator.STARTS_WITH:
            start = str(wanted).casefold()
            return lambda value: isinstance(value, str) and value.casefold().startswith(start)
        case Operator.AT_LEAST:
            return lambda value: _ordered(value, wanted) and value >= wanted
        case Operator.AT_MOST:
            return lambda value: _ordered(value, wanted) and value <= wanted
        case Operator.EMPTY:
            return lambda value: value is None or value == ""
        case _:  # not empty
            return lambda value: value is not MISSING and value is not None and value != ""


def _member(wanted: tuple[Any, ...]) -> Callable[[Any], bool]:
    # Of hundreds of values, membership in a set is as fast as of one; but not all can be hashed,
    # and only trying tells.
    try:
        among = frozenset(wanted)
    except TypeError:
        return lambda value: value in wanted

    def is_among(value: Any) -> bool:
        try:
            return value in among
        except TypeError:
            return value in wanted

    return is_among


def _ordered(value: Any, wanted: Any) -> bool:
    """Whether the two can be compared by size at all."""
    if value is None or value is MISSING:
        return False
    try:
        value <= wanted  # noqa: B015  asked for its error alone
    except (TypeError, ArithmeticError):  # the latter of decimals that are no number
        return False
    return True
