"""Models that look like comments on a ticket model and are not watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import BooleanField, DateTimeField, Model, QuerySet, TextField
from django.utils import timezone
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.doctor.finding import Finding, error, hint, warning
from django_sla.flow.replies import watches_of

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

SAMPLE = 100
"""The newest comments of a model that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalike:
    """A model with a key to the ticket, one to a user, and a text."""

    model: type[Model]
    ticket: str
    author: str

    @property
    def line(self) -> str:
        """The line for the module ``sla`` that would watch it."""
        fields = self.model._meta.concrete_fields
        at = next((f.name for f in fields if isinstance(f, DateTimeField)), None)
        public = next((f.name for f in fields if isinstance(f, BooleanField)), None)
        named = {"ticket": self.ticket, "author": self.author, "at": at}
        parts = [f'{role}="{name}"' for role, name in named.items() if name]
        parts.insert(2, f'public="{public}"' if public and "public" in public else "public=…")
        return f'watch_comments("{self.model._meta.label}", {", ".join(parts)})'


def lookalikes(sla: "SLA") -> Iterator[Lookalike]:
    """The models that may be comments on these tickets and are not watched."""
    family = {sla.model, *sla.model._meta.get_parent_list()}
    users = get_user_model()
    watched = {model._meta.concrete_model for model, _watch in watches_of(sla)}
    for model in apps.get_models():
        if model in watched or model._meta.proxy or _is_ours(model, family):
            continue
        keys = [field for field in model._meta.concrete_fields if field.many_to_one]
        ticket = next((key.name for key in keys if key.related_model in family), None)
        author = next((key.name for key in keys if key.related_model is users), None)
        if ticket and author and any(_is_text(field) for field in model._meta.concrete_fields):
            yield Lookalike(model=model, ticket=ticket, author=author)


def _is_text(field: Any) -> bool:
    return isinstance(field, TextField)


def _is_ours(model: type[Model], family: set[type[Model]]) -> bool:
    """A ticket itself, a companion, or a changelog."""
    return (
        hasattr(model, "tracked_fields")
        or any(issubclass(model, ticket) for ticket in family)
        or any(model in (sla.event_model, sla.clock_model) for sla in registry.tickets.values())
    )


def unwatched(sla: "SLA", using: str) -> Iterator[Finding]:
    """Comments that nobody listens to are no responses."""
    say = hint if any(watches_of(sla)) else warning
    for found in lookalikes(sla):
        yield say(
            _("%(model)s looks like comments on these tickets, and is not watched.")
            % {"model": found.model._meta.label},
            about=sla.model._meta.label,
            cause=_("Only comments of watched models are replies."),
            remedy=_("If they are, in the module sla of an app: %(line)s") % {"line": found.line},
        )


def instants(sla: "SLA", using: str) -> Iterator[Finding]:
    """Comments that do not say when they were written, or say it without a time zone."""
    for model, watch in watches_of(sla):
        about = model._meta.label
        if watch.at is None:
            yield hint(
                _("No field says when these comments were written."),
                about=about,
                cause=_("They count as of the instant of saving; sla_reconcile leaves them out."),
                remedy=_("watch_comments(at=…), where a field knows."),
            )
            continue
        rows: QuerySet[Any] = QuerySet(model, using=using)
        for comment in rows.order_by("-pk")[:SAMPLE]:
            at = getattr(comment, watch.at)
            if at is None or (isinstance(at, datetime) and timezone.is_aware(at)):
                continue
            yield error(
                _("%(field)s of %(pk)s is %(value)r, which is no instant.")
                % {"field": watch.at, "pk": comment.pk, "value": at},
                about=about,
                cause=_("Replies need a date with a time and a time zone."),
                remedy=_("watch_comments(at=…) with a DateTimeField, or without it."),
            )
            break
