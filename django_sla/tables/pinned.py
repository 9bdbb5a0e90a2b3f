"""Which terms open tickets are pinned to."""

from collections import Counter

from django.db.models import Count

from django_sla import registry
from django_sla.core.policy import Terms
from django_sla.tables import terms as terms_table
from django_sla.tables.effective import policies


def open_on_old_terms(using: str) -> dict[str, int]:
    """How many open tickets keep terms of a policy that says something else by now, or is gone;
    by its name. One query for each ticket model."""
    old = Counter[str]()
    for terms, tickets in old_terms(using):
        old[terms.name] += tickets
    return dict(old)


def old_terms(using: str) -> list[tuple[Terms, int]]:
    """These terms, each with its number of open tickets."""
    present = {policy.name: policy.terms.fingerprint for policy in policies(using).all}
    pinned = Counter[str]()
    for sla in registry.tickets.values():
        clocks = sla.clock_model._base_manager.using(using)
        counted = clocks.filter(stopped_at=None, terms__isnull=False).values_list("terms_id")
        pinned.update(dict(counted.annotate(Count("ticket_id", distinct=True)).order_by()))
    terms = terms_table.read(pinned, using)
    return [
        (terms[fingerprint], tickets)
        for fingerprint, tickets in pinned.items()
        if present.get(terms[fingerprint].name) != fingerprint
    ]
