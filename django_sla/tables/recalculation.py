"""Recalculations: applying the policies in force to open tickets, as rows.

A row says what is to be done, how far it has come, and what it found. So one that was interrupted
goes on where it stopped, and what was done to tickets can be looked up later. One that was split is
worked at by many at once: each part is a row of its own, and the row of the whole has the sums.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Phase(models.TextChoices):
    """How far a recalculation has come."""

    PREVIEWING = "previewing", _("previewing")
    READY = "ready", _("ready to be applied")
    APPLYING = "applying", _("applying")
    DONE = "done", _("done")


class Recalculation(models.Model):
    """Open tickets judged anew under the policies in force: first looked at, then applied."""

    policies = models.JSONField(_("policies"), default=list)
    """The names of those it is about: tickets that leave one of them or come to one. None: all."""
    since = models.DateTimeField(_("opened since"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    phase = models.CharField(
        _("phase"), max_length=12, choices=Phase, default=Phase.PREVIEWING.value
    )
    digest = models.CharField(max_length=64)
    """Of the policies that were looked at: others are not applied without another look."""
    position = models.JSONField(default=list)
    """The ticket model and the key of the last ticket seen; empty at the beginning."""

    is_split = models.BooleanField(default=False)
    part_of = models.ForeignKey(
        "self", models.CASCADE, null=True, editable=False, related_name="parts"
    )
    """Of a part, the whole."""
    first = models.JSONField(default=list)
    last = models.JSONField(default=list)
    """Of a part, positions: it begins after the first and ends with the last, or at the end where
    that is empty."""

    total = models.PositiveBigIntegerField(_("open tickets"), default=0)
    seen = models.PositiveBigIntegerField(_("seen"), default=0)
    """Of ``total``, in this phase."""
    applied = models.PositiveBigIntegerField(_("applied"), default=0)
    affected = models.PositiveBigIntegerField(_("affected"), default=0)
    """Tickets that would get other terms."""
    earlier = models.PositiveBigIntegerField(_("earlier deadlines"), default=0)
    later = models.PositiveBigIntegerField(_("later deadlines"), default=0)
    breached = models.PositiveBigIntegerField(_("newly breached"), default=0)
    recovered = models.PositiveBigIntegerField(_("no longer breached"), default=0)
    """Tickets, not clocks, as are those before."""
    largest = models.JSONField(default=list)
    """The largest moves: ``{"model", "pk", "ticket", "metric", "before", "after", "moved"}``,
    instants as ISO 8601 in UTC, ``moved`` in seconds."""

    class Meta:
        app_label = "django_sla"
        ordering = ["-pk"]
        default_permissions = ("view",)
        verbose_name = _("recalculation")
        verbose_name_plural = _("recalculations")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.get_phase_display()}"

    @property
    def event_key(self) -> str:
        """The key of the events it leaves: no ticket is given new terms by it twice."""
        return f"recalculation:{self.part_of_id or self.pk}"

    @property
    def percent(self) -> int:
        """How much of the present phase is behind it."""
        if self.phase in (Phase.READY, Phase.DONE):
            return 100
        return min(99, self.seen * 100 // self.total) if self.total else 0

    def counts(self) -> dict[str, Any]:
        """What it found, for people and programs."""
        names = ("total", "affected", "earlier", "later", "breached", "recovered", "applied")
        return {name: getattr(self, name) for name in names}
