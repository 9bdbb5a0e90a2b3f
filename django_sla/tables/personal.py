"""Which of our columns say something of people, who did what and from where. All else are facts
about tickets, which clocks are made of."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import ForeignKey

from django_sla import registry
from django_sla.tables.event import SLAEvent
from django_sla.tables.history import ClientIPHistory, has_address

ACTOR, REASON = "actor_id", "reason"
"""Of an event; the reason is in its ``data``."""

WHY, ADDRESS = "history_change_reason", "client_ip"
"""Of a row of history."""


def events() -> Iterator[type[SLAEvent]]:
    """The companion models with the events of tickets."""
    yield from (sla.event_model for sla in registry.tickets.values())


def histories() -> Iterator[Any]:
    """The models with the changelogs: of tickets, of policies and calendars, and of whatever else
    of the host has the client's address in its history."""
    for model in apps.get_models():
        tracked = getattr(model, "instance_type", None)
        if issubclass(model, ClientIPHistory) or (tracked and _is_ticket(tracked)):
            yield model


def users(history: Any) -> "list[ForeignKey[Any, Any]]":
    """The columns of a history that point to a user: who changed the row, and whom the row itself
    names, as a requester or an assignee."""
    user = get_user_model()
    return [
        field
        for field in history._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is user
    ]


def of_people(model: Any) -> list[str]:
    """The columns of events or of a history that say something of people."""
    if issubclass(model, SLAEvent):
        return [ACTOR, REASON]
    named = [field.attname for field in users(model)]
    return [*named, WHY, *([ADDRESS] if has_address(model) else [])]


def _is_ticket(model: Any) -> bool:
    return any(parent in registry.tickets for parent in (model, *model._meta.get_parent_list()))
