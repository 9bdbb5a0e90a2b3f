"""Conditions that no ticket can ever match together."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from django.utils.translation import gettext as _

from django_sla.core.condition import Operator, compare
from django_sla.tables.asked import MODEL, models_with

Wanted = tuple[str, Operator, Any]
"""A field path, an operator, and the value as the field holds it: a tuple where the operator takes
a list, None where it takes nothing."""


def contradictions(tests: Sequence[Wanted]) -> Iterator[str]:
    """Why no ticket can ever match all of these."""
    yield from _kinds_of_ticket(tests)
    by_path: dict[str, list[tuple[Operator, Any]]] = {}
    for path, operator, wanted in tests:
        if path != MODEL:
            by_path.setdefault(path, []).append((operator, wanted))
    for path, asked in by_path.items():
        if _has_no_value_left(path, asked):
            yield _("No ticket can match: “%(path)s” cannot have two values.") % {"path": path}
        elif _is_below_its_least(asked):
            yield _("No ticket can match: “%(path)s” cannot be both that large and that small.") % {
                "path": path
            }
        elif _is_empty_and_not(asked):
            yield _("No ticket can match: “%(path)s” cannot be empty and not empty.") % {
                "path": path
            }
        elif _starts_in_two_ways(asked):
            yield _("No ticket can match: “%(path)s” cannot start in two ways.") % {"path": path}


def _kinds_of_ticket(tests: Sequence[Wanted]) -> Iterator[str]:
    """No comparison with a missing field holds, so one ticket model has to have all of them."""
    paths = {path for path, _operator, _wanted in tests}
    kinds = [(operator, wanted) for path, operator, wanted in tests if path == MODEL]
    labels = [model._meta.label for model in models_with(paths)]
    if not paths or any(_all_hold(MODEL, kinds, label) for label in labels):
        return
    if names := ", ".join(sorted(paths - {MODEL})):
        yield _("No ticket can match: no kind of ticket has all of %(names)s.") % {"names": names}
    else:
        yield _("No ticket can match: no kind of ticket is left.")


def _has_no_value_left(path: str, asked: Sequence[tuple[Operator, Any]]) -> bool:
    values = [
        set(wanted) if operator.takes_list else {wanted}
        for operator, wanted in asked
        if operator in (Operator.IS, Operator.IN)
    ]
    return bool(values) and not any(_all_hold(path, asked, value) for value in values[0])


def _all_hold(path: str, asked: Sequence[tuple[Operator, Any]], value: Any) -> bool:
    return all(compare(path, operator, wanted)({path: value}) for operator, wanted in asked)


def _is_below_its_least(asked: Sequence[tuple[Operator, Any]]) -> bool:
    lows = [wanted for operator, wanted in asked if operator is Operator.AT_LEAST]
    highs = [wanted for operator, wanted in asked if operator is Operator.AT_MOST]
    return bool(lows and highs) and max(lows) > min(highs)


def _is_empty_and_not(asked: Sequence[tuple[Operator, Any]]) -> bool:
    operators = {operator for operator, _wanted in asked}
    fits = {Operator.EMPTY, Operator.IS_NOT, Operator.NOT_IN}
    return Operator.EMPTY in operators and not operators <= fits


def _starts_in_two_ways(asked: Sequence[tuple[Operator, Any]]) -> bool:
    starts = [wanted.casefold() for operator, wanted in asked if operator is Operator.STARTS_WITH]
    return any(
        not one.startswith(other) and not other.startswith(one)
        for one, other in combinations(starts, 2)
    )
