"""Policies: for which tickets, how fast, and when the clock ticks."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.condition import EVERY_TICKET, Condition, Facts
from django_sla.core.duration import format_duration, parse_duration
from django_sla.core.errors import PolicyError, say
from django_sla.core.escalation import Escalation, escalation

ANY_PRIORITY = "*"
"""The row of a goal table that holds for every priority without a row of its own."""


class Reopening(StrEnum):
    """What becomes of clocks that the resolution stopped when the ticket is reopened."""

    RESUME = "resume"
    """The same clock goes on; the time it was resolved does not count."""
    RESTART = "restart"
    """A second cycle starts from nothing."""
    KEEP = "keep"
    """The first resolution stands."""


LONGEST_GOAL = timedelta(days=3653)
"""Ten years. Of more, no ordinary calendar is open in the years that calendars cover."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """How long one metric may take at one priority."""

    metric: str
    priority: str
    """Casefolded; ``"*"`` for every priority without a goal of its own."""
    duration: timedelta

    def __post_init__(self) -> None:
        if self.duration <= timedelta(0):
            raise PolicyError(
                "a goal must be longer than nothing, got %(got)s",
                where=f"{self.priority} {self.metric}",
                got=format_duration(self.duration),
            )
        if self.duration > LONGEST_GOAL:
            raise PolicyError(
                "a goal must not be longer than ten years, got %(got)s",
                where=f"{self.priority} {self.metric}",
                got=format_duration(self.duration),
            )


def goals(table: Mapping[str, Mapping[str, "str | timedelta"]]) -> tuple[Goal, ...]:
    """Goals from a table ``{priority: {metric: duration}}``.

    Raises:
        PolicyError: a row is not a table, or a goal is not positive or longer than ten years.
        DurationError: a duration cannot be read.
    """
    found = []
    for priority, row in table.items():
        if not isinstance(row, Mapping):
            raise PolicyError(
                "expected a table such as {'response': '1h'}, got %(got)s",
                where=str(priority),
                got=say(row),
            )
        for metric, duration in row.items():
            found.append(
                Goal(
                    metric=metric,
                    priority=str(priority).casefold(),
                    duration=parse_duration(duration),
                )
            )
    return tuple(sorted(found, key=lambda goal: (goal.priority, goal.metric)))


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A policy with its calendar, frozen. Clocks are pinned to terms, never to a policy.

    Everything that the judgement of a clock depends on is here and nothing else: which
    tickets a policy is for is not, so changing that leaves the terms the same.
    """

    name: str
    """The policy's name."""
    goals: tuple[Goal, ...]
    calendar: Calendar = ALWAYS
    reopening: Reopening = Reopening.RESUME
    at_risk: int = 75
    """From which percentage of the goal on an open clock is at risk (1 to 100)."""
    escalations: tuple[Escalation, ...] = ()
    """Who is told of deadlines; those that are switched off are not among them."""

    def __post_init__(self) -> None:
        if not 1 <= self.at_risk <= 100:
            raise PolicyError(
                "expected a percentage from 1 to 100, got %(got)s",
                where="at_risk",
                got=say(self.at_risk),
            )
        if len(self._table) < len(self.goals):
            raise PolicyError("two goals for the same metric and priority", where=self.name)

    @cached_property
    def _table(self) -> dict[tuple[str, str], timedelta]:
        return {(goal.metric, goal.priority): goal.duration for goal in self.goals}

    @cached_property
    def metrics(self) -> frozenset[str]:
        """The names of the metrics with a goal at any priority."""
        return frozenset(goal.metric for goal in self.goals)

    def goal(self, metric: str, priority: str) -> timedelta | None:
        """The time allowed, or None where nothing is promised."""
        table = self._table
        return table.get((metric, priority)) or table.get((metric, ANY_PRIORITY))

    def limits(self, metric: str, priority: str) -> tuple[timedelta, timedelta] | None:
        """The time allowed, and that from which on a clock is at risk; None where nothing is
        promised."""
        found = self._limits.get((metric, priority))
        if found is None and (goal := self.goal(metric, priority)) is not None:
            found = self._limits[metric, priority] = (goal, goal * self.at_risk / 100)
        return found

    def escalations_of(self, metric: str) -> tuple[Escalation, ...]:
        """Those for this metric."""
        found = self._escalations.get(metric)
        if found is None:
            found = tuple(one for one in self.escalations if one.is_for(metric))
            self._escalations[metric] = found
        return found

    @cached_property
    def _escalations(self) -> dict[str, tuple[Escalation, ...]]:
        return {}

    @cached_property
    def _limits(self) -> dict[tuple[str, str], tuple[timedelta, timedelta]]:
        return {}

    def to_dict(self) -> dict[str, Any]:
        """As JSON types; :meth:`from_dict` reads it back."""
        found = {
            "name": self.name,
            "goals": [[g.metric, g.priority, format_duration(g.duration)] for g in self.goals],
            "calendar": self.calendar.to_dict(),
            "reopening": self.reopening.value,
            "at_risk": self.at_risk,
        }
        if self.escalations:  # terms without any keep the fingerprint that they had before
            found["escalations"] = [one.to_dict() for one in self.escalations]
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Terms":
        return cls(
            name=data["name"],
            goals=tuple(
                Goal(metric=metric, priority=priority, duration=parse_duration(duration))
                for metric, priority, duration in data["goals"]
            ),
            calendar=Calendar.from_dict(data["calendar"]),
            reopening=Reopening(data["reopening"]),
            at_risk=data["at_risk"],
            escalations=_escalations(data.get("escalations", ()))[0],
        )

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits: equal terms have equal fingerprints, in every process."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


class Source(StrEnum):
    """Where a policy comes from, in the order in which they are asked."""

    DATABASE = "database"
    CODE = "code"
    SETTINGS = "settings"
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Terms and the tickets they are for."""

    terms: Terms
    when: Condition = EVERY_TICKET
    source: Source = Source.CODE
    effective_from: datetime | None = None
    """The first instant at which it is taken; None: since ever."""
    effective_until: datetime | None = None
    """The first instant at which it is no longer taken; None: for good."""
    switched_off: tuple[Escalation, ...] = field(default=(), compare=False)
    """Escalations that are kept, and do nothing."""
    origins: Mapping[str, Source] = field(default_factory=dict, compare=False)
    """Where a value comes from that the policy does not state itself, by its name: ``"calendar"``,
    ``"at_risk"``, ``"reopening"``, ``"escalations"``, ``"goals.urgent.response"``."""

    @property
    def name(self) -> str:
        return self.terms.name

    def origin(self, value: str) -> Source:
        """Where one of its values comes from."""
        return self.origins.get(value, self.source)

    @property
    def escalations(self) -> list[dict[str, Any]]:
        """As a document has them; those that are switched off come last."""
        off = [one.to_dict() | {"enabled": False} for one in self.switched_off]
        return [one.to_dict() for one in self.terms.escalations] + off

    @property
    def is_always_effective(self) -> bool:
        return self.effective_from is None and self.effective_until is None

    def is_effective(self, at: datetime) -> bool:
        return (self.effective_from is None or self.effective_from <= at) and (
            self.effective_until is None or at < self.effective_until
        )

    def matches(self, facts: Facts, at: datetime) -> bool:
        """Whether it is for a ticket with these facts, chosen at that instant."""
        return self.is_effective(at) and self.when(facts)

    @classmethod
    def build(
        cls,
        name: str,
        table: Mapping[str, Mapping[str, "str | timedelta"]],
        *,
        when: Condition = EVERY_TICKET,
        calendar: Calendar = ALWAYS,
        reopening: "Reopening | str" = Reopening.RESUME,
        at_risk: int = 75,
        escalations: Iterable["Escalation | Mapping[str, Any]"] = (),
        source: Source = Source.CODE,
        effective_from: datetime | None = None,
        effective_until: datetime | None = None,
        origins: Mapping[str, Source] | None = None,
    ) -> "Policy":
        """A policy from a table ``{priority: {metric: duration}}``.

        Raises:
            PolicyError: a value is out of range; the message names it.
            DurationError: a duration cannot be read.
        """
        try:
            rule = Reopening(reopening)
        except ValueError:
            choices = ", ".join(repr(choice.value) for choice in Reopening)
            raise PolicyError(
                "expected one of %(choices)s, got %(got)s",
                where="reopening",
                choices=choices,
                got=say(reopening),
            ) from None
        on, off = _escalations(escalations)
        terms = Terms(
            name=name,
            goals=goals(table),
            calendar=calendar,
            reopening=rule,
            at_risk=at_risk,
            escalations=on,
        )
        return cls(
            terms=terms,
            when=when,
            source=source,
            switched_off=off,
            effective_from=_aware("effective_from", effective_from),
            effective_until=_aware("effective_until", effective_until),
            origins=origins or {},
        )


def _escalations(
    rows: Iterable["Escalation | Mapping[str, Any]"],
) -> tuple[tuple[Escalation, ...], tuple[Escalation, ...]]:
    """Those that are on, and those that are off."""
    on: list[Escalation] = []
    off: list[Escalation] = []
    for row in rows:
        found = row if isinstance(row, Escalation) else escalation(row)
        is_on = isinstance(row, Escalation) or row.get("enabled", True)
        (on if is_on else off).append(found)
    return tuple(on), tuple(off)


def _aware(name: str, at: datetime | None) -> datetime | None:
    if at is not None and at.utcoffset() is None:
        raise PolicyError(
            "%(got)s has no time zone; pass an aware datetime", where=name, got=say(at)
        )
    return at


def choose(policies: Iterable[Policy], facts: Facts, at: datetime) -> Policy | None:
    """The first policy that is effective at that instant and whose condition holds, or None."""
    return next((policy for policy in policies if policy.matches(facts, at)), None)


def asked(policies: Sequence[Policy]) -> Sequence[Policy]:
    """The policies up to the first that is for every ticket at any time: those after it are never
    asked."""
    for index, policy in enumerate(policies):
        if policy.when == EVERY_TICKET and policy.is_always_effective:
            return policies[: index + 1]
    return policies


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A policy that was asked about a ticket, and what it answered."""

    policy: Policy
    effective: bool
    """Whether the instant lies between ``effective_from`` and ``effective_until``."""
    failing: tuple[Condition, ...]
    """The parts of its condition that do not hold; none where it holds."""

    @property
    def matches(self) -> bool:
        return self.effective and not self.failing


def trials(policies: Iterable[Policy], facts: Facts, at: datetime) -> tuple[Trial, ...]:
    """The policies that :func:`choose` asks, each with its answer; the last one is taken, if it
    matches."""
    found = []
    for policy in policies:
        trial = Trial(
            policy=policy,
            effective=policy.is_effective(at),
            failing=policy.when.failing(facts),
        )
        found.append(trial)
        if trial.matches:
            break
    return tuple(found)


DEFAULT_GOALS: Mapping[str, Mapping[str, str]] = {
    "urgent": {"response": "1h", "resolution": "4h"},
    "high": {"response": "4h", "resolution": "8h"},
    "medium": {"response": "8h", "resolution": "24h"},
    "low": {"response": "24h", "resolution": "72h"},
}
"""The goals that ship, used where no policy of the host's matches."""
