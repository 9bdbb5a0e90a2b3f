"""The two companion models of a ticket model, in the host's own app and migrations."""

import sys
from typing import Any

from django.db import models
from django.db.backends.utils import truncate_name
from django.utils.translation import gettext_lazy as _

from django_sla.tables.clock import SLAClock
from django_sla.tables.event import SLAEvent


def make_companions(model: type[models.Model]) -> tuple[type[SLAEvent], type[SLAClock]]:
    """``TicketSLAEvent`` and ``TicketSLAClock`` for a model called ``Ticket``."""
    event = _companion(
        model,
        SLAEvent,
        related_name="sla_events",
        unique=("ticket", "key"),
        indexes=(),
        ordering=("at", "id"),
        verbose_name=_("SLA event"),
        verbose_name_plural=_("SLA events"),
    )
    clock = _companion(
        model,
        SLAClock,
        related_name="sla_clocks",
        unique=("ticket", "metric", "cycle"),
        # What is open and due next, on databases without partial indexes too; what a sweep looks
        # at; and what counts in a period.
        indexes=(["stopped_at", "due_at"], ["next_at"], ["due_at"]),
        ordering=("started_at", "id"),
        verbose_name=_("SLA clock"),
        verbose_name_plural=_("SLA clocks"),
    )
    return event, clock


def _companion(
    model: type[models.Model],
    base: Any,
    *,
    related_name: str,
    unique: tuple[str, ...],
    indexes: tuple[list[str], ...],
    **names: Any,
) -> Any:
    name = f"{model.__name__}{base.__name__}"
    label = model._meta.app_label
    constraint = models.UniqueConstraint(
        fields=unique, name=truncate_name(f"{label}_{name}_{unique[-1]}".lower(), 60)
    )
    meta = type(
        "Meta",
        (),
        {
            "app_label": label,
            "constraints": [constraint],
            "indexes": [models.Index(fields=fields) for fields in indexes],
            "default_permissions": ("view",),
            **names,
        },
    )
    # The constraint's index begins with the ticket, so the key needs none of its own.
    ticket = models.ForeignKey(
        model,
        models.CASCADE,
        related_name=related_name,
        db_index=False,
        verbose_name=_("ticket"),
    )
    companion = type(
        name, (base,), {"__module__": model.__module__, "Meta": meta, "ticket": ticket}
    )
    setattr(sys.modules[model.__module__], name, companion)
    return companion
