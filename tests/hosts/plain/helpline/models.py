from django.conf import settings
from django.db import models

from django_sla.models import SLA, SLAMixin


class Call(SLAMixin, models.Model):
    class Urgency(models.TextChoices):
        STANDSTILL = "standstill"
        NUISANCE = "nuisance"

    class State(models.TextChoices):
        RINGING = "ringing"
        ON_IT = "on it"
        PARKED = "parked"
        FIXED = "fixed"
        FILED = "filed"

    subject = models.CharField(max_length=100)
    urgency = models.CharField(max_length=20, choices=Urgency, default=Urgency.NUISANCE)
    state = models.CharField(max_length=20, choices=State, default=State.RINGING)
    caller = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)

    sla = SLA(
        status="state",
        priority="urgency",
        requester="caller",
        open=["ringing", "on it"],
        paused=["parked"],
        resolved=["fixed"],
        closed=["filed"],
        priorities={"standstill": "urgent", "nuisance": "low"},
    )

    def __str__(self):
        return self.subject


class Note(models.Model):
    call = models.ForeignKey(Call, models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    text = models.TextField()
    public = models.BooleanField(default=True)
    written_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.text
