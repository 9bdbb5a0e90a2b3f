"""What is put into the outbox, under the lock of the ticket that it is about."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from django_sla import registry, signals
from django_sla.conf import SIGNAL, settings
from django_sla.core.clock import Clock
from django_sla.core.errors import NoOpenTime
from django_sla.core.escalation import Escalation
from django_sla.core.event import Kind
from django_sla.core.threshold import Threshold
from django_sla.core.verdict import State
from django_sla.introspect import concrete_field
from django_sla.moment import replaying
from django_sla.tables.clock import SLAClock
from django_sla.tables.delivery import Notice, NoticeKind, Standing, digest
from django_sla.tables.recipients import GROUP, resolve

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

UNRESOLVED = "to:"
"""Before the name of a recipient of whom it could not be told who that is."""

SIGNALS = {
    NoticeKind.WARNED: signals.target_warned,
    NoticeKind.BREACHED: signals.target_breached,
    NoticeKind.MET: signals.target_met,
}

_INSTANT = timedelta(microseconds=1)


class Telling:
    """Whom to tell of the thresholds of some tickets; what several have in common is asked once."""

    def __init__(self, sla: "SLA", tickets: Iterable[Any], looks: Iterable[Any], now: datetime):
        """``looks`` have the thresholds, ``passed``, of which somebody may be told."""
        self._sla = sla
        self._now = now
        self._groups: dict[str, list[str]] = {}
        names = {
            name
            for look in looks
            for threshold in look.passed
            for escalation in threshold.escalations
            for name in escalation.to
        }
        self._fetch(list(tickets), names)

    def _fetch(self, tickets: list[Any], names: set[str]) -> None:
        """Fetch the people that the tickets point to: a query for each step, and not for each
        ticket."""
        for name in sorted(names & self._sla.recipients.keys()):
            path = self._sla.recipients[name]
            if isinstance(path, str) and concrete_field(self._sla.model, path.partition("__")[0]):
                prefetch_related_objects(tickets, path)

    def notices(self, ticket: Any, clock: Clock, threshold: Threshold) -> list[Notice]:
        """The notices that a threshold leads to, each recipient once."""
        found = [
            self._notice(ticket, clock, threshold, SIGNAL)
            for kind, signal in SIGNALS.items()
            if kind.value == threshold.kind.value and signal.has_listeners(type(ticket))
        ]
        for escalation in threshold.escalations:
            for recipient, problem in self._recipients(escalation, ticket):
                notice = self._notice(ticket, clock, threshold, escalation.channel, recipient)
                if escalation.in_hours:
                    notice.try_at = opening(clock, self._now)
                if problem:
                    notice.standing, notice.problem = Standing.DEAD.value, problem
                found.append(notice)
        return list({notice.key: notice for notice in found}.values())

    def _recipients(self, escalation: Escalation, ticket: Any) -> Iterator[tuple[str, str]]:
        """Each recipient, and why they cannot be told, if so."""
        try:
            addressed = settings.channel(escalation.channel).addressed
        except Exception as error:  # the settings are others than when the escalation was written
            yield "", f"{type(error).__name__}: {error}"
            return
        if not addressed:
            yield "", ""
            return
        for name in escalation.to:
            try:
                yield from ((recipient, "") for recipient in self._resolve(name, ticket))
            except Exception as error:  # of a host's own code, or a name that is gone
                yield f"{UNRESOLVED}{name}"[:255], f"{type(error).__name__}: {error}"

    def _resolve(self, name: str, ticket: Any) -> list[str]:
        if name in registry.recipients:
            # What a host asks the database may fail, which must not spoil the whole batch.
            with transaction.atomic(using=ticket._state.db):
                return resolve(name, ticket, self._sla)
        if not name.startswith(GROUP):
            return resolve(name, ticket, self._sla)
        if name not in self._groups:
            self._groups[name] = resolve(name, ticket, self._sla)
        return self._groups[name]

    def _notice(
        self, ticket: Any, clock: Clock, threshold: Threshold, channel: str, recipient: str = ""
    ) -> Notice:
        return Notice(
            key=key_of(
                ticket._state.db, self._sla, ticket.pk, threshold.key(clock), channel, recipient
            ),
            kind=threshold.kind.value,
            channel=channel,
            recipient=recipient,
            model=self._sla.model._meta.label,
            ticket=str(ticket.pk),
            metric=clock.metric,
            cycle=clock.cycle,
            when=threshold.when,
            at=threshold.at,
            due=threshold.due,
            created_at=self._now,
            try_at=self._now,
        )


def met(sla: "SLA", rows: Iterable[SLAClock], using: str) -> None:
    """Announce the clocks among these rows that have stopped in time, if anybody listens. What is
    told of the past is no news."""
    stops = [(row, row.stopped_at) for row in rows if row.outcome == State.MET]
    if not stops or replaying() or not signals.target_met.has_listeners(sla.model):
        return
    now = timezone.now()
    notices = [
        Notice(
            key=key_of(using, sla, row.ticket_id, f"{row.metric}:{row.cycle}:met:{at}", SIGNAL),
            kind=NoticeKind.MET,
            channel=SIGNAL,
            model=sla.model._meta.label,
            ticket=str(row.ticket_id),
            metric=row.metric,
            cycle=row.cycle,
            at=at,
            due=row.due_at,
            created_at=now,
            try_at=now,
        )
        for row, at in stops
        if at is not None
    ]
    # A clock that is written once more, because a breach is excused, say, is no news either.
    Notice._base_manager.using(using).bulk_create(notices, ignore_conflicts=True)


def key_of(using: str, sla: "SLA", pk: Any, event: str, channel: str, recipient: str = "") -> str:
    """What tells a notice about a ticket apart."""
    return digest(using, sla.model._meta.label_lower, str(pk), event, channel, recipient)


def opening(clock: Clock, now: datetime) -> datetime:
    """The first instant from ``now`` on at which the clock's calendar is open; ``now`` where it
    never opens again, so that it is told at all."""
    try:
        return clock.calendar.add(now, _INSTANT) - _INSTANT
    except NoOpenTime:
        return now


def is_quiet(clock: Clock, threshold: Threshold, watched_from: datetime | None) -> bool:
    """Whether nobody is told: the clock stands, or its breach is excused; or it passed before
    anybody watched."""
    if clock.paused_at is not None or clock.stopped_at is not None or clock.waived:
        return True
    return watched_from is not None and threshold.at <= watched_from


def is_overtaken(threshold: Threshold, passed: Iterable[Threshold]) -> bool:
    """Whether the breach that it announces has happened, too: a warning that comes too late."""
    early = threshold.kind is not Kind.TARGET_BREACHED and threshold.at < threshold.due
    return early and any(other.kind is Kind.TARGET_BREACHED for other in passed)
