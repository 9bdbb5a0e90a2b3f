"""Clocks: the one rule by which events start, pause, resume and stop them.

:func:`advance` is that rule. Whatever changes a ticket, live or years later in a replay,
goes through it, so the two cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.event import Category, Event, Kind, in_order
from django_sla.core.metric import METRICS, Fact, Metric
from django_sla.core.policy import Reopening, Terms
from django_sla.core.span import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A due instant that a person set."""

    due: datetime
    set_at: datetime
    """Pauses after this instant move it; those before it were known to whoever set it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """One run of a metric on a ticket."""

    metric: str
    started_at: datetime
    cycle: int = 1
    pauses: tuple[Span, ...] = ()
    """Ended pauses, in order, without overlaps."""
    paused_at: datetime | None = None
    """When the pause began that still goes on."""
    stopped_at: datetime | None = None
    stopped_by: Fact | None = None
    terms: Terms | None = field(default=None, repr=False)
    priority: str = ""
    target: Target | None = None
    """Set by hand; without one, the goal decides."""
    waived: bool = False
    """A person excused the breach."""

    @property
    def goal(self) -> timedelta | None:
        return self.terms.goal(self.metric, self.priority) if self.terms else None

    @property
    def calendar(self) -> Calendar:
        return self.terms.calendar if self.terms else ALWAYS

    @property
    def promised(self) -> bool:
        """Whether there is a due instant to be met, by the terms or set by hand."""
        return self.target is not None or self.goal is not None

    def pause(self, at: datetime) -> "Clock":
        return self if self.paused_at else replace(self, paused_at=at)

    def resume(self, at: datetime) -> "Clock":
        if self.paused_at is None:
            return self
        ended = (Span(self.paused_at, at),) if at > self.paused_at else ()
        return replace(self, pauses=self.pauses + ended, paused_at=None)

    def stop(self, at: datetime, by: Fact) -> "Clock":
        return replace(self.resume(at), stopped_at=at, stopped_by=by)

    def reopen(self, at: datetime, terms: Terms | None, priority: str) -> "Clock":
        """The same clock going on; the time it stood still counts as a pause."""
        running = replace(self, paused_at=self.stopped_at, stopped_at=None, stopped_by=None)
        return replace(running.resume(at), terms=terms, priority=priority)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """What the events of one ticket add up to."""

    metrics: tuple[Metric, ...] = METRICS
    category: Category = Category.OPEN
    priority: str = ""
    terms: Terms | None = None
    opened_at: datetime | None = None
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    stated_at: datetime | None = None
    """The latest event that says how the ticket stands: its status, priority, terms, targets,
    and whether it is on hold."""
    held: bool = False
    """A person put the ticket on hold, whatever its status."""
    unanswered: bool = False
    """The requester wrote after the first response and waits for an answer."""
    clocks: tuple[Clock, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether clocks that pause stand still: a hold and a paused status are one pause."""
        return self.held or self.category is Category.PAUSED

    def clock(self, metric: str) -> Clock | None:
        """The latest cycle of a metric, or None if it never started."""
        return next((clock for clock in reversed(self.clocks) if clock.metric == metric), None)


def run(events: Iterable[Event], metrics: tuple[Metric, ...] = METRICS) -> Lifecycle:
    """Fold events, given in the order of their recording, into a lifecycle."""
    lifecycle = Lifecycle(metrics=metrics)
    for event in in_order(events):
        lifecycle = advance(lifecycle, event)
    return lifecycle


def advance(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    """The lifecycle after one more event; ``event`` is not earlier than those before it."""
    match event.kind:
        case Kind.OPENED:
            return _opened(lifecycle, event)
        case Kind.AGENT_REPLIED:
            return _agent_replied(lifecycle, event)
        case Kind.REQUESTER_REPLIED:
            return _requester_replied(lifecycle, event)
        case Kind.BREACH_WAIVED:
            return _waived(lifecycle, event)
        case Kind.STATUS_MOVED:
            stated = _status_moved(lifecycle, event)
        case Kind.PRIORITY_CHANGED | Kind.TERMS_CHANGED:
            stated = _terms_changed(lifecycle, event)
        case Kind.TARGET_SET | Kind.TARGET_CLEARED:
            stated = _target_changed(lifecycle, event)
        case Kind.HELD | Kind.RELEASED:
            stated = _hold_changed(lifecycle, event)
        case _:  # warned, breached, escalated: time passed, which the clocks know by themselves
            return lifecycle
    return replace(stated, stated_at=event.at)


def _opened(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    # Told twice when a host corrects created_at: the later telling stands. Opening is folded
    # before all else, so there are no pauses yet that could be lost.
    return _tell(
        replace(
            lifecycle,
            opened_at=event.at,
            priority=event.priority or "",
            terms=event.terms,
            clocks=(),
        ),
        event.at,
        Fact.OPENED,
    )


def _agent_replied(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    at = _not_before_opening(lifecycle, event.at)
    lifecycle = replace(
        lifecycle,
        first_responded_at=lifecycle.first_responded_at or at,
        unanswered=False,
    )
    return _tell(lifecycle, at, Fact.AGENT_REPLIED)


def _requester_replied(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    if lifecycle.first_responded_at is None:
        return lifecycle  # the first response is owed already, and its target stands
    lifecycle = replace(lifecycle, unanswered=True)
    if lifecycle.category.done:
        return lifecycle  # counts from the reopening, should there be one
    return _tell(lifecycle, event.at, Fact.FOLLOWED_UP)


def _status_moved(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    old, new = lifecycle.category, event.category
    assert new is not None
    at = _not_before_opening(lifecycle, event.at)
    was_paused = lifecycle.paused
    # Done ends a hold, so that a reopening does not find the ticket on one.
    lifecycle = replace(lifecycle, category=new, held=lifecycle.held and not new.done)
    if was_paused and not lifecycle.paused:
        lifecycle = _tell(lifecycle, at, Fact.RESUMED)

    undone = _undone(old, new)
    if undone:
        lifecycle = _reopened(lifecycle, at, undone)
    if new.done and not old.done:
        lifecycle = replace(lifecycle, resolved_at=lifecycle.resolved_at or at, unanswered=False)
        lifecycle = _tell(lifecycle, at, Fact.RESOLVED)
    if new is Category.CLOSED is not old:
        lifecycle = replace(lifecycle, closed_at=lifecycle.closed_at or at)
        lifecycle = _tell(lifecycle, at, Fact.CLOSED)

    if lifecycle.paused and not was_paused:
        lifecycle = _tell(lifecycle, at, Fact.PAUSED)
    return lifecycle


def _undone(old: Category, new: Category) -> frozenset[Fact]:
    """What a move from one category to another takes back."""
    undone = set()
    if old is Category.CLOSED is not new:
        undone.add(Fact.CLOSED)
    if old.done and not new.done:
        undone.add(Fact.RESOLVED)
    return frozenset(undone)


def _reopened(lifecycle: Lifecycle, at: datetime, undone: frozenset[Fact]) -> Lifecycle:
    rule = lifecycle.terms.reopening if lifecycle.terms else Reopening.RESUME
    if rule is not Reopening.KEEP:
        lifecycle = replace(lifecycle, closed_at=None)
        if Fact.RESOLVED in undone:
            lifecycle = replace(lifecycle, resolved_at=None)
        clocks = list(lifecycle.clocks)
        for metric in lifecycle.metrics:
            clock = lifecycle.clock(metric.name)
            if clock is None or clock.stopped_by not in undone:
                continue
            if rule is Reopening.RESUME:
                again = clock.reopen(at, lifecycle.terms, lifecycle.priority)
                clocks[clocks.index(clock)] = again
            else:
                clocks.append(_start(lifecycle, metric, at, cycle=clock.cycle + 1))
        lifecycle = replace(lifecycle, clocks=tuple(clocks))
    if lifecycle.unanswered and Fact.RESOLVED in undone:
        lifecycle = _tell(lifecycle, at, Fact.FOLLOWED_UP)
    return lifecycle


def _terms_changed(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    terms = event.terms or lifecycle.terms
    priority = lifecycle.priority if event.priority is None else event.priority
    return replace(
        lifecycle,
        terms=terms,
        priority=priority,
        clocks=tuple(
            clock if clock.stopped_at else replace(clock, terms=terms, priority=priority)
            for clock in lifecycle.clocks
        ),
    )


def _target_changed(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    clock = lifecycle.clock(event.metric or "")
    if clock is None or clock.stopped_at:
        return lifecycle
    target = Target(due=event.due, set_at=event.at) if event.due else None
    return _swap(lifecycle, clock, replace(clock, target=target))


def _hold_changed(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    held = event.kind is Kind.HELD and not lifecycle.category.done
    after = replace(lifecycle, held=held)
    if after.paused == lifecycle.paused:
        return after
    at = _not_before_opening(lifecycle, event.at)
    return _tell(after, at, Fact.PAUSED if after.paused else Fact.RESUMED)


def _waived(lifecycle: Lifecycle, event: Event) -> Lifecycle:
    clock = lifecycle.clock(event.metric or "")
    return _swap(lifecycle, clock, replace(clock, waived=True)) if clock else lifecycle


def _tell(lifecycle: Lifecycle, at: datetime, fact: Fact) -> Lifecycle:
    """Tell every metric of a fact: it starts, pauses, resumes or stops that metric's clock."""
    clocks = list(lifecycle.clocks)
    for metric in lifecycle.metrics:
        clock = lifecycle.clock(metric.name)
        if clock is None or clock.stopped_at:
            if fact is metric.starts and (clock is None or metric.repeats):
                cycle = clock.cycle + 1 if clock else 1
                clocks.append(_start(lifecycle, metric, at, cycle))
            elif clock and fact is Fact.AGENT_REPLIED in metric.stops:
                # Answered while it was resolved: no reopening makes it owed again.
                clocks[clocks.index(clock)] = replace(clock, stopped_by=fact)
            continue
        changed = clock
        if fact in metric.stops:
            changed = clock.stop(at, fact)
        elif fact is Fact.PAUSED and metric.pauses:
            changed = clock.pause(at)
        elif fact is Fact.RESUMED:
            changed = clock.resume(at)
        if changed is not clock:
            clocks[clocks.index(clock)] = changed
    return replace(lifecycle, clocks=tuple(clocks))


def _start(lifecycle: Lifecycle, metric: Metric, at: datetime, cycle: int) -> Clock:
    clock = Clock(
        metric=metric.name,
        cycle=cycle,
        started_at=at,
        terms=lifecycle.terms,
        priority=lifecycle.priority,
    )
    return clock.pause(at) if metric.pauses and lifecycle.paused else clock


def _swap(lifecycle: Lifecycle, old: Clock, new: Clock) -> Lifecycle:
    clocks = tuple(new if clock is old else clock for clock in lifecycle.clocks)
    return replace(lifecycle, clocks=clocks)


def _not_before_opening(lifecycle: Lifecycle, at: datetime) -> datetime:
    return max(at, lifecycle.opened_at) if lifecycle.opened_at else at
