"""Why a comment on a ticket is a response, or is none."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.conf import settings
from django_sla.doctor.comments import Lookalike, lookalikes
from django_sla.flow.replies import Message, messages

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment on the ticket, and whether it is a response."""

    key: str
    at: datetime | None
    author: str
    counts: bool
    """Whether it is a response."""
    why: str
    """Why it is none, or what there is to say of one."""


def comments(ticket: Any, sla: "SLA", using: str, recorded: Collection[str]) -> Iterator[Comment]:
    """Every comment of watched models about the ticket; ``recorded`` are the keys of its events."""
    for message in messages(sla, [ticket], using)[ticket.pk]:
        counts, why = _judged(message, recorded)
        yield Comment(
            key=message.key,
            at=message.at,
            author=str(message.author or ""),
            counts=counts,
            why=why,
        )


def _judged(message: Message, recorded: Collection[str]) -> tuple[bool, str]:
    heard = message.key in recorded
    if not message.is_public:
        if heard:
            return message.by_agent, _("it was public when it was recorded")
        return False, _("it is internal: watch_comments(public=…) says so")
    if not message.by_agent:
        return False, _no_responder(message)
    if not heard:
        if message.at is None:
            return False, _("nobody heard of it, and no field says when it was written: save it")
        return False, _("nobody heard of it: it was written past the signals, or not watched then")
    opened = message.ticket.created_at if hasattr(message.ticket, "created_at") else None
    if message.at is not None and opened is not None and message.at < opened:
        return True, _("it is stamped before the ticket, so it counts as of the opening")
    return True, ""


def _no_responder(message: Message) -> str:
    if message.author is None:
        return _("it has no author, so it is the requester's")
    if message.watch.responder or message.sla.responder or settings.responder:
        return _("your rule says that its author is no responder")
    if message.author.pk == message.sla.requester_id(message.ticket):
        return _("its author is the requester")
    return _("its author is not staff")


def unwatched(ticket: Any, sla: "SLA", using: str) -> Iterator[tuple[Lookalike, int]]:
    """Models that nobody listens to, and how many of their rows are about this ticket."""
    for found in lookalikes(sla):
        rows: QuerySet[Any] = QuerySet(found.model, using=using)
        number = rows.filter(**{found.ticket: ticket.pk}).count()
        if number:
            yield found, number
