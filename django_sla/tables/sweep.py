"""Sweeps as rows: when one ran, what it found, and how late it was. A heartbeat."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Beginning(models.Model):
    """The one row that says since when deadlines are watched, and how much that came to."""

    since = models.DateTimeField(_("since"), default=timezone.now)
    recorded = models.PositiveBigIntegerField(_("recorded"), default=0)
    breaches = models.PositiveBigIntegerField(_("breaches"), default=0)
    failed = models.PositiveBigIntegerField(_("failed"), default=0)
    """Sums over the sweeps whose rows are gone."""

    class Meta:
        app_label = "django_sla"
        default_permissions = ()
        verbose_name = _("beginning")
        verbose_name_plural = _("beginnings")

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M}"


class Sweep(models.Model):
    """One look for thresholds that have come due."""

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished at"), null=True, db_index=True)
    """None while it runs, and where it was killed."""
    due = models.PositiveIntegerField(_("due"), default=0)
    """Clocks that had come due when it began."""
    recorded = models.PositiveIntegerField(_("recorded"), default=0)
    """Thresholds."""
    breaches = models.PositiveIntegerField(_("breaches"), default=0)
    """Of these."""
    notices = models.PositiveIntegerField(_("notices"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    """Tickets that could not be looked at."""
    lag = models.FloatField(_("lag"), default=0.0)
    """By how many seconds the oldest due clock was late when it began."""
    host = models.CharField(_("host"), max_length=100, blank=True)
    problem = models.TextField(_("problem"), blank=True, default="")
    """Of the first ticket that could not be looked at."""

    class Meta:
        app_label = "django_sla"
        ordering = ["-id"]
        default_permissions = ("view",)
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"
