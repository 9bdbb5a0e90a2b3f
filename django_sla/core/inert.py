"""Texts as cells that no spreadsheet takes for a formula.

A spreadsheet that opens a CSV file runs what looks like a formula, whoever wrote it: a requester
who calls a ticket ``=HYPERLINK(…)``, say.
"""

import unicodedata
from typing import Any

SIGNS = frozenset("=+-@")
"""What a formula begins with, also in its wide, small, raised and lowered forms."""

FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that show nothing."""


def inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; what is no text stays as it is.

    A text gets an apostrophe in front if it begins with a control character, or with one of
    ``SIGNS``, be it behind what shows nothing. So does one that already has an apostrophe in
    front of such: leaving out one apostrophe in front of what would be a formula gives the text
    again.
    """
    return f"'{value}" if isinstance(value, str) and is_formula(value.lstrip("'")) else value


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take a text for a formula."""
    first = text[:1]
    if not first or (first.isascii() and first.isalnum()):
        return False  # nearly all there are
    if unicodedata.category(first) == "Cc":
        return True
    seen = next((character for character in text if not _shows_nothing(character)), "")
    return unicodedata.normalize("NFKC", seen)[:1] in SIGNS


def _shows_nothing(character: str) -> bool:
    """Spaces of all kinds, control characters, marks, and what has no width."""
    return (
        character.isspace()
        or character in FILLERS
        or unicodedata.category(character) in ("Cc", "Cf", "Mn", "Me")
    )
