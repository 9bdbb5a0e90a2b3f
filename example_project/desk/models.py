"""An ITSM desk. What makes it keep service levels is ``SLAMixin`` and the line ``sla = SLA(…)``."""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django_fsm import RETURN_VALUE, FSMField, Transition, TransitionNotAllowed, transition

from django_sla.models import SLA, SLAMixin
from django_sla.moment import now


class Department(models.Model):
    name = models.CharField(max_length=80, unique=True)
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_staff": True},
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    NEW = "new"
    ACTIVE = "active"
    AWAITING_USER = "awaiting_user", "Awaiting user info"
    AWAITING_PROBLEM = "awaiting_problem", "Awaiting problem"
    AWAITING_VENDOR = "awaiting_vendor", "Awaiting vendor"
    AWAITING_EVIDENCE = "awaiting_evidence", "Awaiting evidence"
    RESOLVED = "resolved"
    CLOSED = "closed"


WAITING = (
    Status.AWAITING_USER,
    Status.AWAITING_PROBLEM,
    Status.AWAITING_VENDOR,
    Status.AWAITING_EVIDENCE,
)
DONE = (Status.RESOLVED, Status.CLOSED)


class Ticket(SLAMixin, models.Model):
    class Priority(models.TextChoices):
        URGENT = "urgent"
        HIGH = "high"
        MEDIUM = "medium"
        LOW = "low"

    number = models.CharField(max_length=20, unique=True, editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    status = FSMField(choices=Status, default=Status.NEW)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="requested"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned",
        limit_choices_to={"is_staff": True},
    )
    department = models.ForeignKey(Department, models.SET_NULL, null=True, blank=True)
    category = models.CharField(max_length=80, blank=True)

    sla = SLA(
        open=[Status.NEW, Status.ACTIVE],
        paused=WAITING,
        dimensions={"agent": "assignee", "department": "department", "category": "category"},
        recipients={"lead": "department__lead"},
    )

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def save(self, **kwargs: Any) -> None:
        if self.number:
            return super().save(**kwargs)
        # SQLite writes one transaction at a time, so no two new tickets take the same number.
        with transaction.atomic():
            self.number = self._next_number()
            super().save(**kwargs)

    def get_absolute_url(self) -> str:
        return reverse("desk:detail", args=[self.number])

    @classmethod
    def _next_number(cls) -> str:
        numbers = cls.objects.filter(
            number__range=("INC0000000", "INC9999999"), number__regex=r"^INC\d{7}$"
        )
        last = numbers.order_by("-number").values_list("number", flat=True).first()
        return f"INC{int(last[3:]) + 1 if last else 1:07}"

    # The workflow. The SLA follows the status by itself, whoever changes it and how.

    @transition(status, source=Status.NEW, target=Status.ACTIVE, custom={"label": "Start work"})
    def start(self) -> None: ...

    @transition(status, source=[Status.NEW, Status.ACTIVE, *WAITING], target=RETURN_VALUE(*WAITING))
    def wait(self, what: str) -> str:
        return what

    @transition(status, source=WAITING, target=Status.ACTIVE, custom={"label": "Resume work"})
    def resume(self) -> None: ...

    @transition(
        status,
        source=[Status.NEW, Status.ACTIVE, *WAITING],
        target=Status.RESOLVED,
        custom={"label": "Resolve"},
    )
    def resolve(self) -> None: ...

    @transition(status, source="+", target=Status.CLOSED, custom={"label": "Close"})
    def close(self) -> None: ...

    @transition(status, source=DONE, target=Status.ACTIVE, custom={"label": "Reopen"})
    def reopen(self) -> None: ...

    def moves(self) -> dict[str, Transition]:
        """The transitions open to this ticket, by the status that each leads to."""
        found = {}
        for move in self.get_available_status_transitions():
            several = isinstance(move.target, RETURN_VALUE)
            for status in move.target.allowed_states if several else [move.target]:
                if status != self.status:
                    found[str(status)] = move
        return found

    def move_to(self, status: str) -> None:
        """Take the transition that leads to ``status``; the caller saves.

        Raises:
            TransitionNotAllowed: none does from here.
        """
        move = self.moves().get(status)
        if move is None:
            raise TransitionNotAllowed(f"{self.number} cannot go from {self.status} to {status}")
        take = getattr(self, move.name)
        take(status) if isinstance(move.target, RETURN_VALUE) else take()


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    body = models.TextField()
    internal = models.BooleanField(default=False, help_text="Only agents see it.")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author} on {self.ticket.number}"
