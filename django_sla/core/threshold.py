"""Thresholds: the instants at which something happens to a clock that nobody does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django_sla.core.clock import Clock
from django_sla.core.errors import CalendarError
from django_sla.core.escalation import AT_RISK, DUE, Escalation, When
from django_sla.core.event import Kind
from django_sla.core.verdict import allowance, deadlines, reach


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """One such instant, and who is to be told of it."""

    kind: Kind
    """One of ``core.event.THRESHOLDS``."""
    at: datetime
    due: datetime
    """The due instant that it is about."""
    when: str
    """How escalations call it: ``"at_risk"``, ``"due"``, ``"1h after"``."""
    escalations: tuple[Escalation, ...] = ()

    def key(self, clock: Clock) -> str:
        """Names it among the events of a ticket, by its instant too: a new deadline is another
        one, and may be breached again."""
        at = self.at.astimezone(UTC)
        return f"{clock.metric}:{clock.cycle}:{self.when}:{at:%Y%m%dT%H%M%S.%fZ}"


def thresholds(clock: Clock) -> tuple[Threshold, ...]:
    """The thresholds of a clock in the order of their instants: that it is at risk, its breach,
    and the escalations of its terms. None while a pause goes on that began before the breach: they
    come back with the clock. Of a clock that has stopped, its breach, if there was one."""
    deadline, warning = deadlines(clock)
    if deadline is None:
        return ()
    if clock.stopped_at is not None:
        return (_breach(clock, deadline),) if clock.stopped_at > deadline else ()
    found = _escalated(clock, deadline)
    if warning is None or warning >= deadline:
        # At risk from all of the goal on: whoever is to be told of that is told of the breach.
        found.append(_breach(clock, deadline, DUE, AT_RISK))
    else:
        found.append(_breach(clock, deadline))
        found.append(
            Threshold(
                kind=Kind.TARGET_WARNED,
                at=warning,
                due=deadline,
                when=AT_RISK,
                escalations=_at(clock, AT_RISK),
            )
        )
    return tuple(sorted(found, key=lambda threshold: threshold.at))


def next_at(clock: Clock) -> datetime | None:
    """The instant of the first threshold of all."""
    return next((threshold.at for threshold in thresholds(clock)), None)


def first_at(clock: Clock, due_at: datetime | None, warn_at: datetime | None) -> datetime | None:
    """What :func:`next_at` says, for a caller who knows what ``deadlines`` says of the clock: of
    most clocks, which have no escalations, for nothing."""
    if clock.stopped_at is not None:
        return due_at if due_at is not None and clock.stopped_at > due_at else None
    if clock.terms is not None and clock.terms.escalations_of(clock.metric):
        return next_at(clock)
    if warn_at is None or due_at is None:
        return warn_at or due_at
    return min(warn_at, due_at)


def _breach(clock: Clock, deadline: datetime, *whens: str) -> Threshold:
    return Threshold(
        kind=Kind.TARGET_BREACHED,
        at=deadline,
        due=deadline,
        when=DUE,
        escalations=_at(clock, *(whens or (DUE,))),
    )


def _at(clock: Clock, *whens: str) -> tuple[Escalation, ...]:
    terms = clock.terms
    every = terms.escalations_of(clock.metric) if terms else ()
    return tuple(one for one in every if str(one.when) in whens)


def _escalated(clock: Clock, deadline: datetime) -> list[Threshold]:
    every = clock.terms.escalations_of(clock.metric) if clock.terms else ()
    others = [one for one in every if not one.when.is_at_risk and not one.when.is_due]
    if not others:
        return []
    allowed = allowance(clock, deadline)
    found = []
    for when in dict.fromkeys(one.when for one in others):
        at = _instant(clock, when, allowed)
        if at is not None:
            found.append(
                Threshold(
                    kind=Kind.ESCALATED,
                    at=at,
                    due=deadline,
                    when=str(when),
                    escalations=tuple(one for one in others if one.when == when),
                )
            )
    return found


def _instant(clock: Clock, when: When, allowed: timedelta) -> datetime | None:
    """None where there is no such instant: there is less time than that before the due instant,
    or a pause goes on, or it lies beyond the years of the calendar."""
    try:
        counted = when.counted(allowed)
        return reach(clock, counted) if counted > timedelta(0) else None
    except (CalendarError, OverflowError):  # no reason to refuse the ticket
        return None
