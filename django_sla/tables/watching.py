"""Whether deadlines are watched and notices delivered: what the heartbeat and the outbox say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import router
from django.db.models import Count, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from django_sla import registry
from django_sla.core.duration import format_short
from django_sla.tables.delivery import Notice, Standing
from django_sla.tables.sweep import Beginning, Sweep

MOST = 10_000
"""Due clocks are counted up to here, so that to ask costs no more where many are."""

RECENT = timedelta(minutes=15)
"""What failed is news for so long: a ticket that cannot be looked at is looked at again within."""

MAX_AGE = timedelta(minutes=5)
"""How long ago the last sweep may have finished."""

MAX_LAG = timedelta(minutes=5)
"""By how much a threshold, or a notice, may be late."""


class Health(StrEnum):
    """How it stands, in one word."""

    OK = "ok"
    FAILING = "failing"
    """Some tickets could not be looked at, or the database does not answer."""
    LATE = "late"
    """The last sweep was long ago, or what is due is recorded or sent too late."""
    NEVER = "never"
    """No sweep has ever finished."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """What is known of one database at an instant."""

    now: datetime
    started_at: datetime | None
    finished_at: datetime | None
    """Of the sweep that finished last; None where none ever did."""
    unfinished: int
    """Sweeps that began more than 15 minutes ago and have not finished: killed, as a rule."""
    failures: int
    """How often a ticket could not be looked at in the last 15 minutes."""
    problem: str
    """Of the latest of these."""

    due: int
    """Clocks that a sweep has to look at now; ``MOST`` where there are that many or more."""
    lag: timedelta
    """By how much the oldest of them is late."""

    waiting: int
    """Notices that are to be sent now."""
    overdue: timedelta
    """By how much the oldest of them is late."""
    later: int
    """Notices that are being sent, or whose next try is later."""
    dead: int
    """Notices that were given up."""

    @property
    def age(self) -> timedelta | None:
        """How long ago the last sweep finished."""
        if self.finished_at is None:
            return None
        # Two machines do not agree on the time.
        return max(self.now - self.finished_at, timedelta(0))

    def health(self, max_age: timedelta = MAX_AGE, max_lag: timedelta = MAX_LAG) -> Health:
        if self.age is None:
            return Health.NEVER
        if self.age > max_age:
            return Health.LATE
        if self.failures:
            return Health.FAILING
        return Health.LATE if max(self.lag, self.overdue) > max_lag else Health.OK


def watching(using: str, now: datetime) -> Watching:
    """Four queries, and one for each kind of tickets; each reads a short stretch of an index."""
    return Watching(now=now, **_swept(using, now), **_due(using, now), **_outbox(using, now))


def _swept(using: str, now: datetime) -> dict[str, Any]:
    sweeps = Sweep._base_manager.using(using).order_by("-finished_at")
    last = sweeps.filter(finished_at__isnull=False).first()
    failed = sweeps.filter(finished_at__gt=now - RECENT, failed__gt=0)
    failures = list(failed.values_list("failed", "problem"))
    unfinished = sweeps.filter(finished_at=None, started_at__lt=now - RECENT)
    return {
        "started_at": last and last.started_at,
        "finished_at": last and last.finished_at,
        "unfinished": unfinished.count(),
        "failures": sum(count for count, _problem in failures),
        "problem": failures[0][1] if failures else "",
    }


def _due(using: str, now: datetime) -> dict[str, Any]:
    total, first = 0, now
    for clocks in clock_rows(using):
        due = clocks.filter(next_at__lt=now).order_by("next_at")[:MOST]
        found = due.aggregate(total=Count("*"), first=Min("next_at"))
        total += found["total"]
        first = min(first, found["first"] or now)
    return {"due": min(total, MOST), "lag": now - first}


def _outbox(using: str, now: datetime) -> dict[str, Any]:
    notices = Notice._base_manager.using(using)
    waiting = Q(standing=Standing.WAITING)
    found = notices.filter(standing__in=[Standing.WAITING, Standing.DEAD]).aggregate(
        waiting=Count("standing", filter=waiting & Q(try_at__lte=now)),
        later=Count("standing", filter=waiting & Q(try_at__gt=now)),
        dead=Count("standing", filter=Q(standing=Standing.DEAD)),
        first=Min("try_at", filter=waiting),
    )
    first = found.pop("first")
    return {**found, "overdue": max(now - first, timedelta(0)) if first else timedelta(0)}


def clock_rows(using: str) -> list[QuerySet[Any]]:
    """The clocks of each kind of tickets that the database has."""
    models = {
        sla.clock_model: None
        for model, sla in registry.tickets.items()
        if using in (router.db_for_read(model), router.db_for_write(model))
    }
    return [model._base_manager.using(using) for model in models]


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What all sweeps came to since deadlines are watched."""

    recorded: int
    breaches: int
    failed: int


def totals(using: str) -> Totals:
    """One statement, because the rows of old sweeps move from one table into the other."""
    names = ("recorded", "breaches", "failed")
    # Grouped by a constant, because an aggregate without a group cannot be part of a union.
    sweeps = Sweep._base_manager.using(using).order_by().annotate(one=Value(1)).values("one")
    sums = sweeps.annotate(**{f"all_{name}": Coalesce(Sum(name), 0) for name in names})
    pruned = Beginning._base_manager.using(using).order_by().values_list(*names)
    rows = [*pruned.union(sums.values_list(*(f"all_{name}" for name in names)), all=True)]
    return Totals(
        **{name: int(sum(row[place] for row in rows)) for place, name in enumerate(names)}
    )


def rough(duration: timedelta) -> str:
    """For people, in no more than two units: "40s", "2h 5m"."""
    if duration < timedelta(minutes=1):
        return f"{duration.total_seconds():.0f}s"
    return format_short(duration)
