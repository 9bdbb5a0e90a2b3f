"""A plain ticket model with comments: what most hosts look like."""

from django.conf import settings
from django.db import models

from django_sla.models import SLA, SLAMixin


class Department(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    key = models.CharField(max_length=10)

    def __str__(self) -> str:
        return self.key


class Ticket(SLAMixin, models.Model):
    class Priority(models.TextChoices):
        URGENT = "urgent"
        HIGH = "high"
        MEDIUM = "medium"
        LOW = "low"

    class Status(models.TextChoices):
        OPEN = "open"
        WORKING = "working"
        PENDING = "pending"
        RESOLVED = "resolved"
        CLOSED = "closed"

    title = models.CharField(max_length=100, default="A ticket")
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.MEDIUM)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="requested"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="assigned"
    )
    department = models.ForeignKey(Department, models.SET_NULL, null=True, blank=True)
    project = models.ForeignKey(Project, models.SET_NULL, null=True, blank=True)

    sla = SLA(
        open=["open", "working"],
        dimensions={"agent": "assignee", "department": "department"},
    )

    def __str__(self) -> str:
        return self.title


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    body = models.TextField(default="A comment")
    internal = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.body
