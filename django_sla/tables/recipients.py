"""Whom a name in an escalation stands for."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from django_sla import registry

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

GROUP = "group:"
"""Before the name of a group of ``django.contrib.auth``, all of whose active members are meant."""

Resolve = Callable[[Any], Iterable[Any]]


def known_recipients() -> list[str]:
    """The names that ticket models and the host declare."""
    declared = (name for sla in registry.tickets.values() for name in sla.recipients)
    return sorted({*declared, *registry.recipients})


def is_known(name: str) -> bool:
    """Whether a name stands for somebody, a group or an address."""
    if name.startswith(GROUP):
        return Group._base_manager.filter(name=name.removeprefix(GROUP)).exists()
    return name in known_recipients() or _is_address(name)


def resolve(name: str, ticket: Any, sla: "SLA") -> list[str]:
    """The recipients that a name stands for, as notices have them: ``user:<primary key>`` of a
    person who is active, or an address. Nobody, where a ticket has no assignee, say.

    Raises:
        LookupError: the name stands for nothing.
    """
    if name in registry.recipients:
        found: Iterable[Any] = registry.recipients[name](ticket)
    elif name in sla.recipients:
        found = [_at(ticket, sla.recipients[name])]
    elif name.startswith(GROUP):
        users = get_user_model()._base_manager.using(ticket._state.db)
        found = users.filter(groups__name=name.removeprefix(GROUP)).order_by("pk")
    elif _is_address(name):
        found = [name]
    else:
        raise LookupError(f"{name!r} is nobody; there is {', '.join(known_recipients())}")
    return list(dict.fromkeys(_said(found)))


def _at(ticket: Any, path: "str | Callable[[Any], Any]") -> Any:
    """The person at the end of a field path; None where a step leads nowhere."""
    if callable(path):
        return path(ticket)
    found = ticket
    for step in path.split("__"):
        found = getattr(found, step, None) if found is not None else None
    return found


def _said(found: Iterable[Any]) -> Iterator[str]:
    for one in found:
        if isinstance(one, str):
            if one:
                yield one
        elif one is not None and getattr(one, "is_active", True):
            yield f"user:{one.pk}"


def _is_address(name: str) -> bool:
    try:
        validate_email(name)
    except ValidationError:
        return False
    return True
