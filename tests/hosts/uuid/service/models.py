from uuid import uuid4

from django.conf import settings
from django.db import models

from django_sla.models import SLA, SLAMixin


class Ticket(SLAMixin, models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    title = models.CharField(max_length=100)
    priority = models.CharField(max_length=10, default="medium")
    status = models.CharField(max_length=10, default="open")
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="requested"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="assigned"
    )

    sla = SLA(
        paused=["waiting"],
        resolved=["solved"],
        closed=["closed"],
        dimensions={"agent": "assignee"},
    )

    def __str__(self):
        return self.title


class Reply(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    text = models.TextField()
    internal = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.text
