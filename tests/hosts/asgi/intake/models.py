from django.conf import settings
from django.db import models

from django_sla.models import SLA, SLAMixin


class Ticket(SLAMixin, models.Model):
    title = models.CharField(max_length=100)
    priority = models.CharField(max_length=10, default="medium")
    status = models.CharField(max_length=10, default="open")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    sla = SLA(paused=["waiting"], resolved=["solved"], closed=["closed"])

    def __str__(self):
        return self.title


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    text = models.TextField()
    public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.text
