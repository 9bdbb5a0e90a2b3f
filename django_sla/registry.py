"""What hosts register: metrics, policies and watched comments, from the ``sla.py`` of each app.

::

    from django_sla.registry import watch_comments

    watch_comments("desk.Comment", ticket="ticket", author="author", public="is_public")
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.db.models import Model
from django.utils.module_loading import autodiscover_modules

from django_sla.conf import DEFAULT_NAME, NAME, Responder, settings
from django_sla.core.metric import METRICS, Metric
from django_sla.core.policy import Policy, Source
from django_sla.exceptions import AlreadyRegistered, NotRegistered


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """How the comments of one model are read."""

    ticket: str
    """The foreign key to the ticket."""
    author: str
    """The field that says who wrote it."""
    public: str | bool | Callable[[Any], bool]
    """A field that is true for what the requester can see, a callable ``(comment) -> bool``, or
    True where all of it is public."""
    at: str | None = None
    """The field that says when; None for the instant of saving."""
    responder: Responder | None = None
    """``(user, ticket) -> bool``, in place of the rule that holds elsewhere."""


tickets: dict[type[Model], Any] = {}
"""The SLA declaration of each ticket model; the mixin puts them here."""

watches: dict[str, Watch] = {}
"""By the label of the comment model, in lower case: ``"desk.comment"``."""

recipients: dict[str, Callable[[Any], Any]] = {}
"""Whom escalations can tell, by name: ``(ticket)`` gives a user or an address, or several."""

letters: dict[str, Callable[[Any, str], Any]] = {}
"""What writes the letters of a kind of notice, ``(order, using)``; floors above the flow put them
here, which has to send what it cannot write."""

_metrics: dict[str, Metric] = {metric.name: metric for metric in METRICS}
_policies: dict[str, Policy] = {}


def autodiscover() -> None:
    """Import the ``sla`` module of every installed app that has one."""
    autodiscover_modules("sla")


# Metrics


def register_metric(metric: Metric) -> None:
    """Add a metric for which policies may set goals. Adding it again does nothing.

    Raises:
        AlreadyRegistered: another metric has its name.
    """
    if _metrics.setdefault(metric.name, metric) != metric:
        raise AlreadyRegistered("metric", metric.name)
    metrics.cache_clear()


def unregister_metric(name: str) -> None:
    """Take back a metric; those that are built in stay.

    Raises:
        NotRegistered: none was registered under this name.
    """
    own = [known for known in _metrics.values() if known not in METRICS]
    _require("metric", name, [metric.name for metric in own])
    del _metrics[name]
    metrics.cache_clear()


@cache
def metrics() -> tuple[Metric, ...]:
    """The built-in metrics, then the registered ones."""
    return tuple(_metrics.values())


# Policies


def register_policy(policy: Policy) -> None:
    """Add a policy. Of those that match a ticket, the one registered first is taken. Adding an
    equal one again does nothing.

    Raises:
        AlreadyRegistered: another policy has its name.
    """
    policy = replace(policy, source=Source.CODE)
    if policy.name == DEFAULT_NAME or _policies.setdefault(policy.name, policy) != policy:
        raise AlreadyRegistered("policy", policy.name)
    _forget_policies()


def unregister_policy(name: str) -> None:
    """Take back a registered policy.

    Raises:
        NotRegistered: none was registered under this name.
    """
    _require("policy", name, _policies)
    del _policies[name]
    _forget_policies()


@cache
def policies() -> tuple[Policy, ...]:
    """The policies that this process brings along, in the order in which they are asked: the
    registered ones, those of the settings, and the built-in one. Those of the database come
    before them: ``tables.policy.policies``.

    Raises:
        InvalidSettings: the setting is wrong.
    """
    return (*_policies.values(), *settings.policies, settings.default_policy)


def _forget_policies(*, setting: str = NAME, **kwargs: Any) -> None:
    if setting == NAME:
        policies.cache_clear()


# Connected after the receiver of conf, which is so called first.
setting_changed.connect(_forget_policies, dispatch_uid="django_sla.registry")


# Recipients


def register_recipients(name: str, who: Callable[[Any], Any]) -> None:
    """Let escalations name ``who``: given a ticket, it gives a user or an address, or several, or
    None. It is asked while the ticket is locked, so it should ask the database and nothing else.
    Adding the same one again does nothing.

    Raises:
        AlreadyRegistered: the name stands for somebody else.
    """
    if recipients.setdefault(name, who) is not who:
        raise AlreadyRegistered("recipients", name)


# Comments


def watch_comments(
    model: type[Model] | str,
    *,
    ticket: str,
    author: str,
    public: str | bool | Callable[[Any], bool],
    at: str | None = None,
    responder: Responder | None = None,
) -> None:
    """Take the public comments of ``model``, a class or ``"app.Model"``, as replies.

    Args:
        ticket: the foreign key to the ticket.
        author: the field that says who wrote the comment.
        public: a field that is true for what the requester can see; for anything else a
            callable: ``lambda comment: not comment.internal``; True where all of it is public.
        at: the field that says when; by default the instant of saving.
        responder: ``(user, ticket) -> bool``, whether a comment by this user is a response.

    Raises:
        AlreadyRegistered: the model is watched already, in another way.
    """
    watch = Watch(ticket=ticket, author=author, public=public, at=at, responder=responder)
    label = model.lower() if isinstance(model, str) else model._meta.label_lower
    if watches.setdefault(label, watch) != watch:
        raise AlreadyRegistered("watch on", label)


def _require(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise NotRegistered(kind, name, ", ".join(known) or "none")
