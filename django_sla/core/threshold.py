"""Thresholds: the instants at which something happens to a clock that nobody does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django_sla.core.clock import Clock
from django_sla.core.escalation import Escalation
from django_sla.core.event import Kind
from django_sla.core.verdict import allowance, deadlines, due, reach


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
    and the escalations of its terms. While a pause goes on, those before it; of a clock that has
    stopped, its breach, if there was one."""
    if clock.stopped_at is not None:
        deadline = due(clock)
        return (_breach(clock, deadline),) if deadline and clock.stopped_at > deadline else ()
    deadline, warning = deadlines(clock)
    planned = due(clock, column=True) if deadline is None else deadline
    if planned is None:
        return ()
    found = []
    if deadline is not None:
        found.append(_breach(clock, deadline))
    if warning is not None and warning < planned:
        found.append(
            Threshold(
                kind=Kind.TARGET_WARNED,
                at=warning,
                due=planned,
                when="at_risk",
                escalations=_at(clock, "at_risk"),
            )
        )
    if deadline is not None or clock.target is None:
        # Of a target set by hand it is known only after the pause how much time there is.
        found += _escalated(clock, planned)
    return tuple(sorted(found, key=lambda threshold: threshold.at))


def next_at(clock: Clock, after: datetime | None = None) -> datetime | None:
    """The instant of the first threshold later than ``after``, or of the first of all."""
    instants = (threshold.at for threshold in thresholds(clock))
    return next((at for at in instants if after is None or at > after), None)


def first_at(clock: Clock, due_at: datetime | None, warn_at: datetime | None) -> datetime | None:
    """What :func:`next_at` says, for a caller who knows what ``deadlines`` says of the clock: of
    most clocks, which have no escalations, for nothing."""
    if clock.stopped_at is not None:
        return due_at if due_at is not None and clock.stopped_at > due_at else None
    if clock.terms is not None and clock.terms.escalations_of(clock.metric):
        return next_at(clock)
    return warn_at or due_at


def _breach(clock: Clock, deadline: datetime) -> Threshold:
    return Threshold(
        kind=Kind.TARGET_BREACHED,
        at=deadline,
        due=deadline,
        when="due",
        escalations=_at(clock, "due"),
    )


def _at(clock: Clock, when: str) -> tuple[Escalation, ...]:
    terms = clock.terms
    every = terms.escalations_of(clock.metric) if terms else ()
    return tuple(one for one in every if str(one.when) == when)


def _escalated(clock: Clock, planned: datetime) -> list[Threshold]:
    every = clock.terms.escalations_of(clock.metric) if clock.terms else ()
    others = [one for one in every if not one.when.is_at_risk and not one.when.is_due]
    if not others:
        return []
    allowed: timedelta = allowance(clock, planned)
    found = []
    for when in dict.fromkeys(one.when for one in others):
        at = reach(clock, when.counted(allowed))
        if at is not None:
            found.append(
                Threshold(
                    kind=Kind.ESCALATED,
                    at=at,
                    due=planned,
                    when=str(when),
                    escalations=tuple(one for one in others if one.when == when),
                )
            )
    return found
