"""Ticket models of all kinds, side by side in one app."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_fsm import FSMField, transition
from simple_history.models import HistoricalRecords

from django_sla.models import SLA, SLAMixin, SLAQuerySet
from tests.hosts.people.models import Person
from tests.hosts.vendor.models import SharedTicketBase, VendorTicket


class UUIDTicket(SLAMixin, models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")

    def __str__(self) -> str:
        return str(self.pk)


class OwnTicketQuerySet(SLAQuerySet):
    def mine(self) -> "OwnTicketQuerySet":
        return self.filter(status="open")


class OwnTicket(SLAMixin, models.Model):
    """Brings its own ``created_at``, ``history`` and manager."""

    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects: ClassVar[Any] = OwnTicketQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.pk)


class SharedTicket(SharedTicketBase):
    """Its fields and its SLA come from an abstract base in another app."""

    def __str__(self) -> str:
        return self.subject


class SharedTicketProxy(SharedTicket):
    class Meta:
        proxy = True


class SpecialTicket(SharedTicket):
    """A kind of ticket: a child of a model that has an SLA already."""

    colour = models.CharField(max_length=20, default="red")


class SpecialNote(models.Model):
    """A comment on this kind of ticket alone."""

    ticket = models.ForeignKey(SpecialTicket, models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.ticket} {self.at}"


class ExtendedTicket(SLAMixin, VendorTicket):
    """A child of somebody else's ticket, whose fields have other names and integer values."""

    sla = SLA(
        status="state",
        priority="urgency",
        open=[1, 2],
        paused=[5],
        resolved=[3],
        closed=[4],
        priorities={1: "urgent", 2: "high", 3: "medium", 4: "low"},
    )

    def __str__(self) -> str:
        return self.subject


class StampedTicket(SLAMixin, models.Model):
    """Assigns timestamps in its own ``save``, as many a host has always done."""

    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")

    def __str__(self) -> str:
        return str(self.pk)

    def save(self, **kwargs: Any) -> None:
        if self.status == "resolved" and self.resolved_at is None:
            self.resolved_at = timezone.now()
        super().save(**kwargs)


class WorkflowTicket(SLAMixin, models.Model):
    """Its status moves by django-fsm-2 transitions."""

    status = FSMField(default="open", protected=True)
    priority = models.CharField(max_length=20, default="medium")

    def __str__(self) -> str:
        return str(self.pk)

    @transition(field=status, source="open", target="pending")
    def wait(self) -> None:
        pass

    @transition(field=status, source=["open", "pending"], target="resolved")
    def resolve(self) -> None:
        pass

    @transition(field=status, source="resolved", target="open")
    def reopen(self) -> None:
        pass


class BareTicket(SLAMixin, models.Model):
    """Has neither a status nor a priority nor a requester."""

    title = models.CharField(max_length=20, default="Bare")

    def __str__(self) -> str:
        return self.title


def token() -> str:
    return uuid.uuid4().hex


class ScatteredTicket(SLAMixin, models.Model):
    """Its history has texts for keys, which have no order."""

    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    history = HistoricalRecords(history_id_field=models.CharField(max_length=32, default=token))

    def __str__(self) -> str:
        return str(self.pk)


class LedgerTicket(SLAMixin, models.Model):
    """Its history knows people by their names. Of its oldest tickets nobody knows when they were
    opened."""

    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")
    created_at: Any = models.DateTimeField(null=True, blank=True)  # the mixin's is never null

    history = HistoricalRecords(
        history_user_id_field=models.CharField(max_length=150, blank=True),
        history_user_getter=lambda row: Person.objects.filter(username=row.history_user_id).first(),
        history_user_setter=lambda row, user: setattr(
            row, "history_user_id", user.username if user else ""
        ),
    )

    def __str__(self) -> str:
        return str(self.pk)


class LedgerTicketProxy(LedgerTicket):
    class Meta:
        proxy = True
