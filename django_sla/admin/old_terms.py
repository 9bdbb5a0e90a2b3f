"""Open tickets that keep the terms of a policy as it was before somebody edited it."""

from collections import Counter

from django_sla.models import Policy
from django_sla.tables.pinned import open_on_old_terms


def tickets_on_old_terms(using: str) -> dict[int, int]:
    """How many there are, by the key of the policy; those that it had under an earlier name are
    among them. Two queries, and one for each ticket model."""
    old = open_on_old_terms(using)
    if not old:
        return {}
    present = dict(Policy._base_manager.using(using).values_list("name", "pk"))
    rows = Policy.history.using(using).filter(name__in=old).order_by()
    ever = {(name, pk) for name, pk in rows.values_list("name", "id")} | set(present.items())
    found = Counter[int]()
    for name, pk in ever:
        if name in old and present.get(name, pk) == pk:
            found[pk] += old[name]
    return dict(found)
