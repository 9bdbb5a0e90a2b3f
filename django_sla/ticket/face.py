"""What ``ticket.sla`` answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from django_sla.core.clock import Clock, Lifecycle
from django_sla.core.event import Kind
from django_sla.core.explain import Explanation, explain
from django_sla.core.policy import Trial, trials
from django_sla.core.verdict import Verdict, judge
from django_sla.exceptions import (
    AlreadyOnHold,
    ClockStopped,
    NaiveDatetime,
    NoClock,
    NotOnHold,
    ReasonMissing,
    TicketDone,
)
from django_sla.flow import record
from django_sla.flow.observe import FactsOf, Observer
from django_sla.flow.refresh import fold
from django_sla.moment import now as read_now
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import StateName
from django_sla.tables.columns import COLUMNS, TARGETS
from django_sla.tables.effective import policies as in_force
from django_sla.tables.event import SLAEvent
from django_sla.ticket.changelog import Change, changes
from django_sla.ticket.pinned import Pinned, pinned

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """Something that happened to a ticket. A deadline that passed is there too where no sweep has
    recorded it yet."""

    at: datetime
    kind: str
    """A :class:`core.event.Kind`."""
    label: str
    actor: Any = None
    """The user, or None for the system."""
    data: dict[str, str]
    """As on the event: ``from``, ``to``, ``category``, ``metric``, ``due``, ``when``,
    ``reason``."""


class TicketSLA:
    """The SLA of one ticket. Reads the clocks once and keeps them until the ticket is saved."""

    def __init__(self, ticket: Any, sla: "SLA"):
        self._ticket = ticket
        self._sla = sla

    @property
    def _using(self) -> str:
        return self._ticket._state.db or "default"

    def forget(self) -> None:
        """Read the clocks again when next asked."""
        self.__dict__.pop("clocks", None)
        self.__dict__.pop("hold", None)
        self._ticket.__dict__.get("_prefetched_objects_cache", {}).pop("sla_clocks", None)

    @property
    def now(self) -> datetime:
        """The instant that verdicts are given for: that of ``with_verdicts``, or now."""
        return self._ticket.__dict__.get("_sla_now") or read_now()

    @cached_property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock, in the order of starting. One query, none after ``with_verdicts``."""
        if self._ticket.pk is None:
            return ()
        rows = sorted(self._ticket.sla_clocks.all(), key=lambda row: (row.started_at, row.pk))
        terms = terms_table.read((row.terms_id for row in rows), self._using)
        return tuple(row.value(terms) for row in rows)

    def clock(self, metric: str) -> Clock | None:
        """The latest cycle of a metric's clock."""
        return next((c for c in reversed(self.clocks) if c.metric == metric), None)

    def verdict(self, metric: str, now: datetime | None = None) -> Verdict:
        """The latest cycle of a metric, judged at ``now``."""
        return judge(self.clock(metric), now or self.now)

    @property
    def response(self) -> Verdict:
        return self.verdict("response")

    @property
    def resolution(self) -> Verdict:
        return self.verdict("resolution")

    def explain(self, metric: str = "resolution", now: datetime | None = None) -> Explanation:
        """Which stretches of the clock's life counted, why the others did not, and what they
        add up to."""
        return explain(metric, self.clock(metric), now or self.now)

    def pinned(self) -> Pinned | None:
        """The terms of the open clocks, and since when. One query."""
        return pinned(self._ticket, self._using) if self._ticket.pk is not None else None

    def policy_trials(self, now: datetime | None = None) -> tuple[Trial, ...]:
        """The policies in force as they answer for the ticket as it stands, in the order in which
        they are asked; the last one is for it. One query, and those for related rows."""
        return trials(in_force(self._using).all, FactsOf(self._ticket), now or self.now)

    def timeline(self, now: datetime | None = None) -> list[TimelineEntry]:
        """What happened, oldest first, with the deadlines that passed in between."""
        rows = self._ticket.sla_events.select_related("actor").order_by("at", "id")
        entries = [_entry(row) for row in rows]
        recorded = {
            (row.data.get("metric"), row.due) for row in rows if row.kind == Kind.TARGET_BREACHED
        }
        instant = now or self.now
        for clock in self.clocks:
            verdict = judge(clock, instant)
            known = (clock.metric, verdict.due) in recorded
            if verdict.late and verdict.due is not None and not known:
                entries.append(
                    TimelineEntry(
                        at=verdict.due,
                        kind=Kind.TARGET_BREACHED.value,
                        label=str(StateName.BREACHED.label),
                        data={"metric": clock.metric, "due": verdict.due.isoformat()},
                    )
                )
        return sorted(entries, key=lambda entry: entry.at)

    def changelog(self) -> list[Change]:
        """Every change of an SLA column, and what a person did that none of them shows, newest
        first. Two queries."""
        return changes(self._ticket)[::-1]

    @cached_property
    def hold(self) -> TimelineEntry | None:
        """The hold that is on: since when, by whom and why; None where there is none. One query
        over the ticket's events."""
        if self._ticket.pk is None:
            return None
        rows = list(self._ticket.sla_events.select_related("actor").order_by("id"))
        if not fold(rows, self._using).held:
            return None
        held = (row for row in rows if row.kind == Kind.HELD)
        return _entry(sorted(held, key=lambda row: row.at)[-1])

    def pause(self, reason: str) -> None:
        """Put the ticket on hold: clocks that pause stand still, whatever the status, until it
        is resumed, resolved or closed.

        Raises:
            ReasonMissing: no reason is given.
            AlreadyOnHold: it is on hold.
            TicketDone: it is resolved or closed.
        """
        _require(reason)

        def fact(observer: Observer, lifecycle: Lifecycle) -> SLAEvent:
            if lifecycle.category.done:
                raise TicketDone(lifecycle.category)
            if lifecycle.held:
                raise AlreadyOnHold
            return observer.hold(reason)

        self._tell(fact, reason)

    def resume(self, reason: str = "") -> None:
        """Release the ticket from hold: clocks go on, unless its status pauses them.

        Raises:
            NotOnHold: it is not on hold.
        """

        def fact(observer: Observer, lifecycle: Lifecycle) -> SLAEvent:
            if not lifecycle.held:
                raise NotOnHold
            return observer.release(reason)

        self._tell(fact, reason)

    def set_target(self, metric: str, due: datetime, reason: str = "") -> None:
        """Set the due instant by hand; recalculation leaves it alone until it is cleared.

        Raises:
            ClockStopped: the clock no longer runs, so a new target would judge the past.
            NoClock: the metric has no clock on this ticket.
            NaiveDatetime: ``due`` has no time zone.
        """
        NaiveDatetime.refuse(due=due)
        self._target(metric, due, reason)

    def clear_target(self, metric: str, reason: str = "") -> None:
        """Let the policy decide again.

        Raises:
            ClockStopped: the clock no longer runs.
            NoClock: the metric has no clock on this ticket.
        """
        self._target(metric, None, reason)

    def waive(self, metric: str, reason: str) -> None:
        """Excuse a breach: reports show compliance with and without it.

        Raises:
            ReasonMissing: no reason is given.
            NoClock: the metric has no clock on this ticket.
        """
        _require(reason)

        def fact(observer: Observer, lifecycle: Lifecycle) -> SLAEvent:
            _clock(lifecycle, metric)
            return observer.waiver(metric, reason)

        self._tell(fact, reason)

    def _target(self, metric: str, due: datetime | None, reason: str) -> None:
        def fact(observer: Observer, lifecycle: Lifecycle) -> SLAEvent:
            clock = _clock(lifecycle, metric)
            if clock.stopped_at is not None:
                raise ClockStopped(metric, clock.stopped_at)
            return observer.target(metric, due, reason)

        self._tell(fact, reason)

    def _tell(self, fact: Callable[[Observer, Lifecycle], SLAEvent], reason: str) -> None:
        """Record what a person does, no earlier than the latest word on how the ticket stands."""
        record.record(
            self._sla,
            self._ticket.pk,
            lambda observer, lifecycle: [fact(observer.after(lifecycle), lifecycle)],
            using=self._using,
            ticket=self._ticket,
            reason=reason,
        )

    def as_dict(self) -> dict[str, Any]:
        """The ticket's SLA as JSON types: times in the active zone, durations in hours."""
        ticket, now = self._ticket, self.now
        found: dict[str, Any] = {"id": ticket.pk if isinstance(ticket.pk, int) else str(ticket.pk)}
        for name in COLUMNS:
            value = getattr(ticket, name)
            found[name] = timezone.localtime(value).isoformat() if value else None
        for metric in TARGETS.values():
            verdict = self.verdict(metric, now)
            stopped = verdict.clock is not None and verdict.clock.stopped_at is not None
            found[f"{metric}_state"] = verdict.state.value
            found[f"{metric}_time_hours"] = _hours(verdict.elapsed) if stopped else None
            found[f"{metric}_remaining_hours"] = _hours(verdict.remaining)
        terms = next((clock.terms for clock in reversed(self.clocks) if clock.terms), None)
        found["policy"] = terms.name if terms else None
        return found


def _entry(row: Any) -> TimelineEntry:
    return TimelineEntry(
        at=row.at,
        kind=row.kind,
        label=row.get_kind_display(),
        actor=row.who,
        data=row.data,
    )


def _require(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing


def _clock(lifecycle: Lifecycle, metric: str) -> Clock:
    clock = lifecycle.clock(metric)
    if clock is None:
        raise NoClock(metric, ", ".join(sorted({c.metric for c in lifecycle.clocks})))
    return clock


def _hours(duration: Any) -> float | None:
    return None if duration is None else round(duration.total_seconds() / 3600, 4)
