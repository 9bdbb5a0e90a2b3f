"""The same ticket several times: plain, with a history, with an audit log, and with an SLA."""

from django.db import models
from simple_history.models import HistoricalRecords

from django_sla.models import SLA, SLAMixin


class Fields(models.Model):
    title = models.CharField(max_length=100, default="A ticket")
    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class Columns(Fields):
    """The same six as with an SLA, so that what is compared is the work and not the width."""

    created_at = models.DateTimeField(auto_now_add=True)
    response_target = models.DateTimeField(null=True)
    resolution_target = models.DateTimeField(null=True)
    first_responded_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class PlainTicket(Columns):
    pass


class HistoryTicket(Columns):
    history = HistoricalRecords()


class AuditTicket(Columns):
    """Registered with django-auditlog where that is installed."""


class Ticket(SLAMixin, Fields):
    pass


class Department(models.Model):
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class ServiceTicket(SLAMixin, Fields):
    """With what reports group by."""

    agent = models.ForeignKey("auth.User", models.SET_NULL, null=True)
    department = models.ForeignKey(Department, models.SET_NULL, null=True)

    sla = SLA(dimensions={"agent": "agent", "department": "department"})


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE)
    author = models.ForeignKey("auth.User", models.CASCADE)
    internal = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.author}: {self.created_at}"
