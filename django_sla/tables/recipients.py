"""Whom a name stands for: in an escalation, where there is a ticket, and apart from any."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Manager, Model, QuerySet
from django.utils.translation import gettext as _

from django_sla import registry

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

GROUP = "group:"
"""Before the name of a group of ``django.contrib.auth``, all of whose active members are meant."""

USER = "user:"
"""Before the name of a user, as they log in; only where there is no ticket."""


def known_recipients() -> list[str]:
    """The names that ticket models and the host declare."""
    declared = (name for sla in registry.tickets.values() for name in sla.recipients)
    return sorted({*declared, *registry.recipients})


def is_declared(name: str) -> bool:
    """Whether a name stands for somebody, as far as can be told without the database."""
    return name.startswith(GROUP) or name in known_recipients() or _is_address(name)


def is_known(name: str) -> bool:
    """Whether a name stands for somebody: a group has to be there."""
    return is_declared(name) and (not name.startswith(GROUP) or _group(name).exists())


def resolve(name: str, ticket: Any, sla: "SLA") -> list[str]:
    """The recipients that a name stands for, each once, as notices have them:
    ``user:<primary key>`` of a person who is active, or an address. Nobody, where a ticket has no
    assignee, say, or another kind of ticket has a lead.

    Raises:
        LookupError: the name stands for nothing.
    """
    using = ticket._state.db
    if name in registry.recipients:
        found: Any = registry.recipients[name](ticket)
    elif name in sla.recipients:
        found = _at(ticket, sla.recipients[name])
    elif name.startswith(GROUP):
        found = _members(name, using)
    elif _is_address(name):
        found = name
    elif name in known_recipients():
        found = None
    else:
        said = _("%(name)r is nobody; there is %(known)s")
        raise LookupError(said % {"name": name, "known": ", ".join(known_recipients())})
    return list(dict.fromkeys(_said(found)))


def resolve_apart(name: str, using: str) -> list[str]:
    """The same of what there is no ticket of: a group, ``user:<name>``, or an address.

    Raises:
        LookupError: the name stands for nothing.
    """
    if name.startswith(GROUP):
        found: Any = _members(name, using)
    elif name.startswith(USER):
        found = _user(name, using)
        if found is None:
            raise LookupError(_("there is no user %(name)r") % {"name": name.removeprefix(USER)})
    elif _is_address(name):
        found = name
    else:
        said = _("%(name)r is nobody; name user:…, group:…, or an address")
        raise LookupError(said % {"name": name})
    return list(dict.fromkeys(_said(found)))


def problem_with(name: Any) -> str:
    """What is wrong with a name where there is no ticket, and what to write; empty: nothing."""
    if not isinstance(name, str) or not name:
        return _("Expected a name, got %(name)r.") % {"name": name}
    if name.startswith(GROUP):
        known = _group(name).exists()
    elif name.startswith(USER):
        known = _user(name) is not None
    else:
        known = _is_address(name)
    if known:
        return ""
    if name in known_recipients():
        return _(
            "“%(name)s” is somebody of a ticket, and a report has none; name user:ada, "
            "group:Managers, or an address."
        ) % {"name": name}
    return _("Nobody knows “%(name)s”; name user:ada, group:Managers, or an address.") % {
        "name": name
    }


def _members(name: str, using: str | None) -> list[Any]:
    users = get_user_model()._base_manager.using(using)
    found = list(users.filter(groups__name=name.removeprefix(GROUP)).order_by("pk"))
    if not found and not _group(name, using).exists():
        raise LookupError(_("there is no group %(name)r") % {"name": name.removeprefix(GROUP)})
    return found


def _user(name: str, using: str | None = None) -> Any:
    model: Any = get_user_model()
    called = {model.USERNAME_FIELD: name.removeprefix(USER)}
    return model._base_manager.using(using).filter(**called).first()


def _group(name: str, using: str | None = None) -> QuerySet[Group]:
    return Group._base_manager.using(using).filter(name=name.removeprefix(GROUP))


def _at(ticket: Any, path: "str | Callable[[Any], Any]") -> Any:
    """The person, or the people, at the end of a field path; None where a step leads nowhere."""
    if callable(path):
        return path(ticket)
    found = ticket
    for step in path.split("__"):
        found = getattr(found, step, None) if found is not None else None
    return found


def _said(found: Any) -> Iterator[str]:
    """``found`` is a user, an address, many of these, or None."""
    if found is None or found == "":
        return
    if isinstance(found, str):
        yield found
    elif isinstance(found, Model):
        if getattr(found, "is_active", True):
            yield f"user:{found.pk}"
    else:
        for one in found.all() if isinstance(found, Manager) else found:
            yield from _said(one)


def _is_address(name: str) -> bool:
    try:
        validate_email(name)
    except ValidationError:
        return False
    return True
