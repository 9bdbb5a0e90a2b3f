"""Tickets whose parent row somebody else saves: multi-table inheritance.

Code that knows only the parent model saves only the parent, and the child's ``save`` never
runs. What that changes is read before and after.
"""

from typing import Any

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_save, pre_save

from django_sla import registry
from django_sla.flow import bulk
from django_sla.flow.lock import locked_row


def connect() -> None:
    """Listen to the parents of every ticket model."""
    for model in registry.tickets:
        for parent in model._meta.get_parent_list():
            uid = f"django_sla.integrations.parents.{parent._meta.label_lower}"
            pre_save.connect(read_before, sender=parent, dispatch_uid=uid)
            post_save.connect(compare_after, sender=parent, dispatch_uid=uid)


def read_before(*, instance: Model, using: str, raw: bool = False, **kwargs: Any) -> None:
    if raw or instance.pk is None:
        return
    # Of the child's row alone nothing: outside a transaction the lock is gone by the time that the
    # parent is written, and what others write to the ticket in between is not the parent's doing.
    own = {field.attname for field in type(instance)._meta.concrete_fields}
    with transaction.atomic(using=using, savepoint=False):
        instance.__dict__["_sla_before"] = {
            sla: {name: value for name, value in found[0].items() if name in own}
            for sla in _children(type(instance))
            if (found := locked_row(sla, instance.pk, using)) is not None
        }


def compare_after(*, instance: Model, using: str, **kwargs: Any) -> None:
    for sla, row in instance.__dict__.pop("_sla_before", {}).items():
        bulk.observe(sla, instance.pk, row, using)


def _children(parent: type[Model]) -> list[Any]:
    return [
        sla for model, sla in registry.tickets.items() if parent in model._meta.get_parent_list()
    ]
