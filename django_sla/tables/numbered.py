"""Rows that people edit, checked one by one: what is wrong is told with the number of its row."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise


def clean_rows(
    rows: object, clean: Callable[[object], dict[str, Any]], *, no_list: Promise, wrong: Promise
) -> list[dict[str, Any]]:
    """The rows, each cleaned.

    Args:
        no_list: what is said of what is no list, with a place for ``%(got)r``.
        wrong: what is said of a row, with places for ``%(number)d`` and ``%(message)s``.

    Raises:
        ValidationError: what ``clean`` raised of any row, all of it.
    """
    if not isinstance(rows, list | tuple):
        raise ValidationError(no_list % {"got": rows})
    found, errors = [], []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(clean(row))
        except ValidationError as error:
            errors += [wrong % {"number": number, "message": said} for said in error.messages]
    if errors:
        raise ValidationError(errors)
    return found
