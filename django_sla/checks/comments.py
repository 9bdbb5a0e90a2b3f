"""Comment models that are watched."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db.models import Model

from django_sla import registry
from django_sla.checks.fields import Apps, Messages, is_checked, quoted
from django_sla.conf import did_you_mean
from django_sla.introspect import concrete_field, field_names, has_field
from django_sla.registry import Watch


def check_comments(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [
        message
        for label, watch in registry.watches.items()
        for message in _watch(label, watch, app_configs)
    ]


def _watch(label: str, watch: Watch, app_configs: Apps) -> Messages:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        names = [model._meta.label for model in apps.get_models()]
        yield Error(
            f"watch_comments({quoted(label)}): there is no such model.",
            hint=did_you_mean(label, names) or 'Name it "app.Model".',
            id="django_sla.E040",
        )
        return
    if is_checked(model, app_configs):
        yield from _watched_ticket(model, watch)
        yield from _watched_fields(model, watch)


def _watched_ticket(model: type[Model], watch: Watch) -> Messages:
    field = concrete_field(model, watch.ticket)
    if field is None:
        yield _no_field(model, "ticket", watch.ticket)
    elif not _is_ticket(field.related_model):
        target = getattr(field.related_model, "_meta", None)
        what = f"points to {target.label}" if target else "is no foreign key"
        yield Error(
            f"watch_comments(ticket={quoted(watch.ticket)}): the field {what}, "
            "which is no ticket with an SLA.",
            hint="Name the foreign key to a model that subclasses SLAMixin.",
            obj=model,
            id="django_sla.E042",
        )


def _is_ticket(model: Any) -> bool:
    """A ticket model, or the parent that one extends."""
    return isinstance(model, type) and any(
        issubclass(model, ticket) or model in ticket._meta.get_parent_list()
        for ticket in registry.tickets
    )


def _watched_fields(model: type[Model], watch: Watch) -> Messages:
    if not has_field(model, watch.author):
        yield _no_field(model, "author", watch.author)
    if watch.at is not None and not has_field(model, watch.at):
        yield _no_field(model, "at", watch.at)
    if (
        watch.public is not True
        and not callable(watch.public)
        and not has_field(model, watch.public)
    ):
        yield _no_field(
            model,
            "public",
            watch.public,
            "Name a field that is true for what the requester sees, or give a callable: "
            "public=lambda comment: not comment.internal.",
        )


def _no_field(model: type[Model], role: str, name: Any, hint: str = "") -> Error:
    # Not for "!internal": what is close to that means the opposite.
    is_name = isinstance(name, str) and name.isidentifier()
    suggestion = did_you_mean(name, field_names(model)) if is_name else ""
    return Error(
        f"watch_comments({role}={quoted(name)}): the model has no such field.",
        hint=f"{suggestion} {hint}".strip() or f"Its fields are {', '.join(field_names(model))}.",
        obj=model,
        id="django_sla.E041",
    )
