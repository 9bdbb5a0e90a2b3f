"""Tables of goals, in one order for everybody who shows or writes them."""

from collections.abc import Mapping
from typing import TypeVar

from django_sla import registry
from django_sla.core.policy import ANY_PRIORITY, DEFAULT_GOALS

Value = TypeVar("Value")


def in_order(table: Mapping[str, Mapping[str, Value]]) -> dict[str, dict[str, Value]]:
    """``{priority: {metric: …}}``: the most urgent first of those that ship, then the host's own by
    name, and what holds for all others last; metrics in the order in which they are registered.
    A database may give the keys of a document in an order of its own."""
    metrics = [metric.name for metric in registry.metrics()]
    return {
        priority: {metric: table[priority][metric] for metric in _sorted(table[priority], metrics)}
        for priority in _sorted(table, [*DEFAULT_GOALS], last=ANY_PRIORITY)
    }


def _sorted(names: Mapping[str, object], known: list[str], last: str = "") -> list[str]:
    def position(name: str) -> tuple[bool, int, str]:
        rank = known.index(name) if name in known else len(known)
        return name == last, rank, name

    return sorted(names, key=position)
