"""Comments as replies: how one is read, and what those about many tickets say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Model, QuerySet, prefetch_related_objects

from django_sla import registry
from django_sla.introspect import concrete_field
from django_sla.registry import Watch
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.flow.observe import Observer
    from django_sla.ticket.declaration import SLA


@dataclass(frozen=True, kw_only=True)
class Message:
    """A comment of a watched model, as the SLA reads it."""

    comment: Model
    watch: Watch
    sla: "SLA"
    """The declaration of the ticket model that it is about."""

    @property
    def ticket_id(self) -> Any:
        return getattr(self.comment, key_of(self.comment, self.watch).attname)

    @property
    def ticket(self) -> Any:
        """The ticket, or the row of its parent that the comment refers to."""
        return getattr(self.comment, self.watch.ticket)

    @property
    def key(self) -> str:
        """What names it among the events of its ticket."""
        return f"{self.comment._meta.label_lower}:{self.comment.pk}"

    @property
    def at(self) -> datetime | None:
        """When it was written; None where no field says so."""
        return getattr(self.comment, self.watch.at) if self.watch.at else None

    @cached_property
    def author(self) -> Any:
        return getattr(self.comment, self.watch.author)

    @property
    def is_public(self) -> bool:
        public = self.watch.public
        if callable(public):
            return bool(public(self.comment))
        return bool(getattr(self.comment, public)) if isinstance(public, str) else public

    @property
    def by_agent(self) -> bool:
        """Whether its author is asked to answer; without an author it is the requester's."""
        rule = self.watch.responder
        return self.author is not None and self.sla.is_responder(self.author, self.ticket, rule)

    def event(self, observer: "Observer", at: datetime) -> SLAEvent:
        """What it means to the clocks, as having been written at that instant."""
        return observer.reply(
            at=at,
            by_agent=self.by_agent,
            actor_id=self.author.pk if self.author is not None else None,
            key=self.key,
        )


def key_of(comment: "Model | type[Model]", watch: Watch) -> Any:
    """The foreign key to the ticket."""
    return comment._meta.get_field(watch.ticket)


def declarations(comment: "Model | type[Model]", watch: Watch) -> "list[SLA]":
    """Those of the ticket models that comments can be about: the one that the key leads to, or
    its children, where the key leads to somebody else's ticket that a host has extended."""
    model = key_of(comment, watch).remote_field.model
    own = getattr(model, "sla", None)
    if own is not None:
        return [own]
    return [
        sla for child, sla in registry.tickets.items() if model in child._meta.get_parent_list()
    ]


def watches_of(sla: "SLA") -> Iterator[tuple[type[Model], Watch]]:
    """The comment models that are watched for a ticket model."""
    for label, watch in registry.watches.items():
        try:
            model = apps.get_model(label)
        except LookupError:
            continue  # a system check says so, with the name that may be meant
        if concrete_field(model, watch.ticket) and sla in declarations(model, watch):
            yield model, watch


def messages(sla: "SLA", tickets: Iterable[Any], using: str) -> dict[Any, list[Message]]:
    """The comments about each of these tickets; at most three queries for each comment model."""
    found: dict[Any, list[Message]] = defaultdict(list)
    by_key = {ticket.pk: ticket for ticket in tickets}
    for model, watch in watches_of(sla) if by_key else ():
        key = key_of(model, watch)
        rows: QuerySet[Any] = QuerySet(model, using=using)
        comments = list(rows.filter(**{f"{key.attname}__in": by_key}).order_by("pk"))
        if getattr(concrete_field(model, watch.author), "remote_field", None):
            prefetch_related_objects(comments, watch.author)
        if issubclass(sla.model, key.remote_field.model):
            for comment in comments:
                key.set_cached_value(comment, by_key[getattr(comment, key.attname)])
        else:  # it leads to a special kind of ticket
            prefetch_related_objects(comments, watch.ticket)
        for comment in comments:
            found[getattr(comment, key.attname)].append(
                Message(comment=comment, watch=watch, sla=sla)
            )
    return found


def facts(
    observer: "Observer", messages: Iterable[Message], known: Collection[str] = ()
) -> list[SLAEvent]:
    """The public ones among the comments about a ticket, in the order of writing, but for those
    whose key is known. One of which no field says when it was written is left out: nobody knows
    any more."""
    found = [
        message.event(observer, at)
        for message in messages
        if (at := message.at) is not None and message.key not in known and message.is_public
    ]
    return sorted(found, key=lambda event: event.at)
