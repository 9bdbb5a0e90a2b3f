"""Public comments are replies: the models named by ``registry.watch_comments`` are listened to."""

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Model
from django.db.models.signals import post_save, pre_save

from django_sla import registry
from django_sla.core.clock import Lifecycle
from django_sla.flow import record
from django_sla.flow.lock import lock
from django_sla.flow.observe import Observer
from django_sla.flow.replies import Message, declarations, key_of
from django_sla.moment import now
from django_sla.registry import Watch
from django_sla.tables.event import SLAEvent


def connect() -> None:
    """Listen to every watched model. Once, when all apps are loaded; again does no harm."""
    for label in registry.watches:
        try:
            model = apps.get_model(label)
        except LookupError:
            continue  # a system check says so, with the name that may be meant
        uid = f"django_sla.integrations.comments.{label}"
        pre_save.connect(lock_ticket, sender=model, dispatch_uid=uid)
        post_save.connect(record_reply, sender=model, dispatch_uid=uid)


def lock_ticket(*, instance: Model, using: str, raw: bool = False, **kwargs: Any) -> None:
    """Lock the ticket before a comment refers to it, where referring takes a shared lock.

    On MariaDB two writers that have each inserted a comment would otherwise wait for each
    other's shared lock for ever, and one of them be refused.
    """
    connection = connections[using]
    features = connection.features
    shared = features.has_select_for_update and not features.has_select_for_no_key_update
    if raw or not shared or not connection.in_atomic_block:
        return
    watch = _watch(instance)
    sla, ticket_id = _sla(instance, watch), getattr(instance, key_of(instance, watch).attname)
    if sla is not None and ticket_id is not None:
        list(lock(sla, using).filter(pk=ticket_id).values_list("pk"))


def record_reply(*, instance: Model, using: str, raw: bool = False, **kwargs: Any) -> None:
    """Record a public comment as a reply. Saying it again, or editing it, adds nothing."""
    watch = _watch(instance)
    sla = _sla(instance, watch)
    if raw or sla is None:
        return
    message = Message(comment=instance, watch=watch, sla=sla)
    if message.ticket_id is None or not message.is_public:
        return

    def tell(observer: Observer, lifecycle: Lifecycle) -> list[SLAEvent]:
        return [message.event(observer, message.at or now())]

    held = message.ticket if isinstance(message.ticket, sla.model) else None
    record.record(sla, message.ticket_id, tell, using=using, ticket=held)


def _watch(comment: Model) -> Watch:
    return registry.watches[comment._meta.label_lower]


def _sla(comment: Model, watch: Watch) -> Any:
    """The declaration of the ticket model that the comment is about."""
    return next(iter(declarations(comment, watch)), None)
