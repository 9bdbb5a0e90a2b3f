"""The outbox: what is to be told, to whom and by which channel, until it has been told.

A row is written in the transaction that records why, and sent outside any. So it is sent at least
once, whatever fails in between, and each time under the same key.
"""

import hashlib

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sla.core.event import Kind
from django_sla.tables.place import place


class NoticeKind(models.TextChoices):
    """What is told."""

    WARNED = Kind.TARGET_WARNED.value, _("at risk")
    BREACHED = Kind.TARGET_BREACHED.value, _("breached")
    ESCALATED = Kind.ESCALATED.value, _("escalated")
    MET = "target_met", _("met")
    REPORT = "report", _("report")
    """About no ticket: ``Notice.report`` says of what."""


class Standing(models.TextChoices):
    """How far a notice has come."""

    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    MOOT = "moot", _("no longer needed")
    """Resolved, paused or excused in the meantime."""
    DEAD = "dead", _("given up")


def digest(using: str, *parts: str) -> str:
    """What tells a notice apart, for all who are told it: 40 hexadecimal digits.

    The schema is a part of it, where each tenant has one. Whoever is told by several tenants, and
    takes each key once, would else take the ticket 1 of one for that of another.
    """
    schema = place(using)[1]
    text = "\0".join((*parts, schema) if schema else parts)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class Notice(models.Model):
    """One thing to tell one recipient by one channel."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(_("key"), max_length=64, unique=True, editable=False)
    """The same at each try; made of what is told, whom and how, so that nothing is told twice."""
    kind = models.CharField(_("what"), max_length=24, choices=NoticeKind)
    channel = models.CharField(_("channel"), max_length=80)
    recipient = models.CharField(_("recipient"), max_length=255, blank=True)
    """``user:<primary key>``, or an address; empty where the channel has a destination of its
    own. ``to:<name>``: whom a name stands for could not be told."""

    model = models.CharField(_("kind of ticket"), max_length=200)
    """Its label, ``"desk.Ticket"``."""
    ticket = models.CharField(_("ticket"), max_length=64)
    """Its primary key. No foreign key: notices are of all kinds of tickets, and outlive them.
    Empty, as the metric, for a report."""
    metric = models.CharField(_("metric"), max_length=40)
    cycle = models.PositiveSmallIntegerField(_("cycle"), default=1)
    when = models.CharField(_("when"), max_length=60, blank=True)
    """As escalations say it: ``"at_risk"``, ``"due"``, ``"1h after"``."""
    at = models.DateTimeField(_("at"))
    """When it happened."""
    due = models.DateTimeField(_("due"), null=True)
    """The deadline that it is about."""
    report = models.JSONField(_("report"), null=True, default=None, editable=False)
    """What the report is to be of, an ``Order`` of ``tables.schedule``; None for all others."""

    created_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    sweep = models.BigIntegerField(_("sweep"), null=True)
    """The sweep that recorded it; it waits for the end of it, to be told together with others."""
    standing = models.CharField(
        _("standing"), max_length=8, choices=Standing, default=Standing.WAITING.value
    )
    try_at = models.DateTimeField(_("next try"), default=timezone.now)
    """While it waits: not before. While somebody is sending it: when that has taken too long."""
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    claim = models.CharField(_("claim"), max_length=32, blank=True, default="")
    """Of who is sending it."""
    digest = models.CharField(_("digest"), max_length=32, blank=True, default="")
    """Those with the same one are told together, at each try the same ones."""
    sent_at = models.DateTimeField(_("sent at"), null=True)
    problem = models.TextField(_("problem"), blank=True, default="")
    """Why the last try failed, or why it is no longer needed."""

    class Meta:
        app_label = "django_sla"
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("retry_notice", "Can have notices sent again")]
        indexes = [models.Index(fields=["standing", "try_at"], name="django_sla_notice_next")]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        if self.report is not None:
            return f"{self.get_kind_display()} · {self.report.get('name') or self.model}"
        return f"{self.get_kind_display()} · {self.metric} · {self.model} {self.ticket}"

    @property
    def user_pk(self) -> str | None:
        """The primary key of the user that it is for."""
        kind, _colon, pk = self.recipient.partition(":")
        return pk if kind == "user" else None
