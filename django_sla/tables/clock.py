"""Clocks as rows of a ticket model's companion table: a projection of the events.

A row repeats what judging its clock gives, as far as that does not depend on now, so that
lists, filters and reports are plain SQL.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_sla.core.clock import Clock, Target
from django_sla.core.metric import Fact
from django_sla.core.policy import Terms as TermsValue
from django_sla.core.span import Span
from django_sla.core.threshold import first_at
from django_sla.core.verdict import State, counted, deadlines, judge
from django_sla.tables.insert import unsaved
from django_sla.tables.terms import Terms


class StateName(models.TextChoices):
    """The states with their labels, the most urgent first."""

    BREACHED = State.BREACHED.value, _("Breached")
    AT_RISK = State.AT_RISK.value, _("At risk")
    ON_TRACK = State.ON_TRACK.value, _("On track")
    PAUSED = State.PAUSED.value, _("Paused")
    MET = State.MET.value, _("Met")
    MISSED = State.MISSED.value, _("Missed")
    NONE = State.NONE.value, _("No target")


METRIC_NAMES: Mapping[str, Any] = {
    "response": _("Response"),
    "resolution": _("Resolution"),
    "next_response": _("Next response"),
    "closure": _("Closure"),
}


def metric_name(metric: str | None) -> str:
    """A metric in words; a host's own is called by its name."""
    if not metric:
        return ""
    return str(METRIC_NAMES.get(metric) or capfirst(metric.replace("_", " ")))


class SLAClock(models.Model):
    """One run of a metric. Derived from the events; the companion adds the key to the ticket."""

    ticket_id: Any
    """The companion declares the key itself."""

    id = models.BigAutoField(primary_key=True)
    metric = models.CharField(_("metric"), max_length=40)
    cycle = models.PositiveSmallIntegerField(_("cycle"), default=1)
    # Terms are never deleted, so nothing looks rows up by them.
    terms = models.ForeignKey(
        Terms,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("terms"),
    )
    priority = models.CharField(_("priority"), max_length=60, blank=True)
    started_at = models.DateTimeField(_("started at"))
    pauses = models.JSONField(_("pauses"), default=list)
    """Ended pauses: ``[[start, end], …]`` as ISO 8601 in UTC."""
    paused_at = models.DateTimeField(_("paused at"), null=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    stopped_by = models.CharField(_("stopped by"), max_length=24, blank=True)
    target_due = models.DateTimeField(_("target set by hand"), null=True)
    target_set_at = models.DateTimeField(_("target set at"), null=True)
    waived = models.BooleanField(_("waived"), default=False)

    due_at = models.DateTimeField(_("due at"), null=True)
    """None without a goal, and while paused and not yet breached."""
    warn_at = models.DateTimeField(_("at risk from"), null=True)
    next_at = models.DateTimeField(_("looked at next"), null=True)
    """When a sweep has to look at the clock: at the first threshold that it has not recorded, or
    earlier. None where there is none left."""
    watched_from = models.DateTimeField(_("watched from"), null=True)
    """When the row was made. Thresholds up to then passed while nobody watched: a sweep records
    them and tells nobody. It never changes."""
    elapsed = models.DurationField(_("elapsed"), null=True)
    """Counted time from start to stop; None while the clock is open."""
    longest_pause = models.DurationField(_("longest pause"), null=True)
    """The longest of the ended pauses, by the clock on the wall; None where there are none."""
    outcome = models.CharField(_("outcome"), max_length=8, choices=StateName, blank=True)
    """Met or missed once the clock has stopped, ``none`` where nothing is promised; empty while
    it is open."""

    lasting = ("watched_from",)
    """What a row keeps when it takes new content."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.metric} {self.cycle}"

    @classmethod
    def of(cls, clock: Clock, ticket_id: Any, watched_from: datetime | None = None) -> "SLAClock":
        """An unsaved row for ``clock``."""
        due_at, warn_at = deadlines(clock)
        row: SLAClock = unsaved(
            cls,
            ticket_id=ticket_id,
            metric=clock.metric,
            cycle=clock.cycle,
            terms_id=clock.terms.fingerprint if clock.terms else None,
            priority=clock.priority,
            started_at=clock.started_at,
            pauses=[[p.start.isoformat(), p.end.isoformat()] for p in clock.pauses],
            paused_at=clock.paused_at,
            stopped_at=clock.stopped_at,
            stopped_by=clock.stopped_by.value if clock.stopped_by else "",
            target_due=clock.target.due if clock.target else None,
            target_set_at=clock.target.set_at if clock.target else None,
            waived=clock.waived,
            due_at=due_at,
            warn_at=warn_at,
            next_at=first_at(clock, due_at, warn_at),
            watched_from=watched_from,
            elapsed=counted(clock, clock.stopped_at) if clock.stopped_at else None,
            longest_pause=max((p.duration for p in clock.pauses), default=None),
            outcome=outcome(clock),
        )
        return row

    def value(self, terms: Mapping[str, TermsValue]) -> Clock:
        """The clock that this row projects; ``terms`` by fingerprint."""
        target = None
        if self.target_due is not None and self.target_set_at is not None:
            target = Target(due=self.target_due, set_at=self.target_set_at)
        return Clock(
            metric=self.metric,
            cycle=self.cycle,
            terms=terms[self.terms_id] if self.terms_id else None,
            priority=self.priority,
            started_at=self.started_at,
            pauses=tuple(
                Span(datetime.fromisoformat(start), datetime.fromisoformat(end))
                for start, end in self.pauses
            ),
            paused_at=self.paused_at,
            stopped_at=self.stopped_at,
            stopped_by=Fact(self.stopped_by) if self.stopped_by else None,
            target=target,
            waived=self.waived,
        )


def outcome(clock: Clock) -> str:
    """What no instant can change any more about a clock's state."""
    if clock.stopped_at is not None:
        return judge(clock, clock.stopped_at).state.value
    return "" if clock.promised else State.NONE.value


IDENTITY = ("ticket", "metric", "cycle")
"""What tells clocks apart."""
