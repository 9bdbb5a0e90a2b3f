"""What is wrong, why, and what mends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Something is wrong, and what the SLA says of tickets may be wrong with it."""
    WARNING = "warning"
    """Hardly meant."""
    HINT = "hint"
    """Worth knowing; it may be right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that somebody should know."""

    severity: Severity
    about: str = ""
    """A model, a ticket, a policy; empty for the project as a whole."""
    what: str
    cause: str = ""
    remedy: str = ""
    """The command or the change that mends it; empty where there is nothing to mend."""


def error(what: str, *, about: str = "", cause: str = "", remedy: str = "") -> Finding:
    return Finding(severity=Severity.ERROR, about=about, what=what, cause=cause, remedy=remedy)


def warning(what: str, *, about: str = "", cause: str = "", remedy: str = "") -> Finding:
    return Finding(severity=Severity.WARNING, about=about, what=what, cause=cause, remedy=remedy)


def hint(what: str, *, about: str = "", cause: str = "", remedy: str = "") -> Finding:
    return Finding(severity=Severity.HINT, about=about, what=what, cause=cause, remedy=remedy)


def listed(values: Iterable[object]) -> str:
    """Values as they stand in a list in Python."""
    return joined([repr(value) for value in values])


def joined(texts: Sequence[str], most: int = 10, between: str = ", ") -> str:
    """The first few, and how many more there are."""
    more = len(texts) - most
    shown = [*texts[:most], f"… (+{more})"] if more > 0 else texts
    return between.join(shown)
