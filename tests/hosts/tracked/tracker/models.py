from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from django_sla.models import SLA, ClientIPHistory, ClientIPHistoryManager, SLAMixin


class Bug(SLAMixin, models.Model):
    title = models.CharField(max_length=100)
    priority = models.CharField(max_length=10, default="medium")
    status = models.CharField(max_length=10, default="open")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(bases=[ClientIPHistory], history_manager=ClientIPHistoryManager)

    sla = SLA(requester="reporter", paused=["waiting"], resolved=["fixed"], closed=["closed"])

    def __str__(self):
        return self.title


class Comment(models.Model):
    bug = models.ForeignKey(Bug, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    text = models.TextField()
    public = models.BooleanField(default=True)
    written_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.text
