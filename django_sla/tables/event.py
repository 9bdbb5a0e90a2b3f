"""Events as rows of a ticket model's companion table."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_sla.core.event import Category, Event, Kind
from django_sla.core.policy import Terms as TermsValue
from django_sla.exceptions import AppendOnly
from django_sla.tables.clock import metric_name
from django_sla.tables.insert import unsaved
from django_sla.tables.terms import Terms


class EventKind(models.TextChoices):
    """The kinds with their labels; the values are those of :class:`core.event.Kind`."""

    OPENED = Kind.OPENED.value, _("opened")
    AGENT_REPLIED = Kind.AGENT_REPLIED.value, _("agent replied")
    REQUESTER_REPLIED = Kind.REQUESTER_REPLIED.value, _("requester replied")
    STATUS_MOVED = Kind.STATUS_MOVED.value, _("status moved")
    PRIORITY_CHANGED = Kind.PRIORITY_CHANGED.value, _("priority changed")
    TERMS_CHANGED = Kind.TERMS_CHANGED.value, _("terms changed")
    TARGET_SET = Kind.TARGET_SET.value, _("target set by hand")
    TARGET_CLEARED = Kind.TARGET_CLEARED.value, _("target cleared")
    BREACH_WAIVED = Kind.BREACH_WAIVED.value, _("breach waived")
    HELD = Kind.HELD.value, _("put on hold")
    RELEASED = Kind.RELEASED.value, _("released from hold")
    TARGET_WARNED = Kind.TARGET_WARNED.value, _("at risk")
    TARGET_BREACHED = Kind.TARGET_BREACHED.value, _("breached")
    ESCALATED = Kind.ESCALATED.value, _("escalated")


def unique_key() -> str:
    """A key for an event that nothing else names."""
    return uuid4().hex


class _Erased:
    """Stands for a person who was erased, where somebody is to be shown."""

    def __str__(self) -> str:
        return gettext("erased person")


ERASED = _Erased()

ERASED_KEY = "actor"
ERASED_MARK = "erased"
"""What ``data`` says of an event whose actor was erased: it was not the system."""


class SLAEvent(models.Model):
    """One fact about one ticket. Append-only; the companion adds the key to the ticket."""

    ticket_id: Any
    """The companion declares the key itself."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=24, choices=EventKind)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    # No index on actor and terms: every event would pay for it, and the only reader would be
    # the deletion of a user, which looks through the events once. Terms are never deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("actor"),
    )
    terms = models.ForeignKey(
        Terms,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("terms"),
    )
    key = models.CharField(_("key"), max_length=120, default=unique_key)
    """Unique for the ticket: the same fact told twice is recorded once."""
    data = models.JSONField(_("data"), default=dict)
    """What else belongs to the fact: ``category``, ``priority``, ``metric``, ``due``, and for
    people to read, ``from``, ``to``, ``reason``."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert it.

        Raises:
            AppendOnly: it is there already.
        """
        if not self._state.adding:
            raise AppendOnly()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """
        Raises:
            AppendOnly: always; an event goes with its ticket.
        """
        raise AppendOnly()

    @property
    def label(self) -> str:
        """What happened, and to which metric, in words: ``breach waived · Resolution``."""
        parts = [self.get_kind_display(), metric_name(self.data.get("metric"))]
        return " · ".join(filter(None, parts))

    @property
    def who(self) -> Any:
        """The user who caused it, :data:`ERASED`, or None for the system."""
        return ERASED if self.is_erased else self.actor

    @property
    def is_erased(self) -> bool:
        """Whether a person caused it of whom nothing is known any more."""
        return self.actor_id is None and self.data.get(ERASED_KEY) == ERASED_MARK

    @property
    def due(self) -> datetime | None:
        """``target_set`` and thresholds: the due instant."""
        due = self.data.get("due")
        return parse_datetime(due) if due else None

    @classmethod
    def of(
        cls,
        event: Event,
        *,
        recorded_at: datetime,
        actor_id: Any = None,
        key: str | None = None,
        **data: str,
    ) -> "SLAEvent":
        """An unsaved row for ``event``; ``data`` is what people want to read beside it."""
        if event.category is not None:
            data["category"] = event.category.value
        if event.priority is not None:
            data["priority"] = event.priority
        if event.metric is not None:
            data["metric"] = event.metric
        if event.due is not None:
            data["due"] = event.due.isoformat()
        row: SLAEvent = unsaved(
            cls,
            kind=event.kind.value,
            at=event.at,
            recorded_at=recorded_at,
            actor_id=actor_id,
            terms_id=event.terms.fingerprint if event.terms else None,
            key=key or unique_key(),
            data=data,
        )
        return row

    def value(self, terms: dict[str, TermsValue]) -> Event:
        """The event that this row states; ``terms`` by fingerprint."""
        data = self.data
        category = data.get("category")
        return Event(
            kind=Kind(self.kind),
            at=self.at,
            category=Category(category) if category else None,
            priority=data.get("priority"),
            terms=terms[self.terms_id] if self.terms_id else None,
            metric=data.get("metric"),
            due=self.due,
        )
