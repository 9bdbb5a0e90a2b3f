"""Somebody else's ticket model and somebody else's abstract base; they know nothing of SLAs."""

from django.conf import settings
from django.db import models

from django_sla.models import SLAMixin


class VendorTicket(models.Model):
    """Third-party code; a host extends it by multi-table inheritance."""

    subject = models.CharField(max_length=100)
    state = models.IntegerField(default=1)
    urgency = models.IntegerField(default=3)

    def __str__(self) -> str:
        return self.subject


class VendorFollowUp(models.Model):
    """A message on the third-party ticket, which points to the parent."""

    ticket = models.ForeignKey(VendorTicket, models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    public = models.BooleanField(default=False)
    date = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.ticket} {self.date}"


class SharedTicketBase(SLAMixin):
    """An abstract ticket that lives in another app than its hosts."""

    subject = models.CharField(max_length=100, default="Shared")
    status = models.CharField(max_length=20, default="open")
    priority = models.CharField(max_length=20, default="medium")

    class Meta:
        abstract = True
