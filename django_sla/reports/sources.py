"""Where does this come from? The policies in force, and the source of each of their values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.conf import settings
from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.condition import EVERY_TICKET, Condition
from django_sla.core.duration import format_duration
from django_sla.core.policy import ANY_PRIORITY, Policy, Source, asked
from django_sla.tables import escalation
from django_sla.tables.clock import metric_name
from django_sla.tables.condition import in_words
from django_sla.tables.effective import policies
from django_sla.tables.goals import in_order
from django_sla.tables.policy import Policy as PolicyRow
from django_sla.tables.policy import ReopeningName

SOURCES: Mapping[Source, Any] = {
    Source.DATABASE: gettext_lazy("database"),
    Source.CODE: gettext_lazy("code"),
    Source.SETTINGS: gettext_lazy("settings"),
    Source.DEFAULT: gettext_lazy("default"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sourced:
    """A value of a policy, and where it comes from."""

    value: Any
    """As JSON types."""
    text: str
    """For people."""
    source: Source

    @property
    def source_name(self) -> str:
        return str(SOURCES[self.source])


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicySources:
    """A policy in force, for people and for programs."""

    policy: Policy
    row: PolicyRow | None
    """Where it is from the database."""
    conditions: tuple[str, ...]
    """In words, all of which hold."""
    effective: str
    """Between which instants it is taken, in words; empty: always."""
    is_effective: bool
    """Whether it is taken now."""
    is_asked: bool
    """False where a policy before it is for every ticket."""
    calendar: Sourced
    at_risk: Sourced
    reopening: Sourced
    escalations: Sourced
    """Those that are switched off come last, and say so."""
    goals: Mapping[str, Mapping[str, Sourced]]
    """``{priority: {metric: …}}``"""

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def source_name(self) -> str:
        return str(SOURCES[self.policy.source])

    @property
    def escalation_lines(self) -> list[str]:
        """Each in words; "nobody is told" where there is none."""
        return escalation.listed(self.escalations.value)

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """The metrics that have goals, by name and in words."""
        names = [metric.name for metric in registry.metrics()]
        named = {metric for row in self.goals.values() for metric in row}
        found = [name for name in names if name in named] + sorted(named.difference(names))
        return [(name, metric_name(name)) for name in found]

    @property
    def goal_rows(self) -> list[tuple[str, list[Sourced | None]]]:
        """A row for each priority, in words, with what each of ``metrics`` is allowed."""
        names = [name for name, _words in self.metrics]
        others = _("All others") if len(self.goals) > 1 else _("All")
        return [
            (others if priority == ANY_PRIORITY else capfirst(priority), [*map(row.get, names)])
            for priority, row in self.goals.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """As JSON types; instants in the current time zone."""
        return {
            "name": self.name,
            "source": self.policy.source.value,
            "conditions": list(self.conditions),
            "effective_from": _iso(self.policy.effective_from),
            "effective_until": _iso(self.policy.effective_until),
            "is_effective": self.is_effective,
            "is_asked": self.is_asked,
            "calendar": _plain(self.calendar),
            "at_risk": _plain(self.at_risk),
            "reopening": _plain(self.reopening),
            "escalations": _plain(self.escalations),
            "goals": {
                priority: {metric: _plain(goal) for metric, goal in row.items()}
                for priority, row in self.goals.items()
            },
        }


def describe(using: str, now: datetime) -> list[PolicySources]:
    """The policies in force, in the order in which they are asked. Two queries, and two more
    where somebody has edited them since they were last read.

    Raises:
        InvalidSettings: the setting is wrong.
    """
    rows = PolicyRow._base_manager.using(using).select_related("calendar")
    by_name = {row.name: row for row in rows}
    in_force = policies(using).all
    reached = len(asked(in_force))
    return [
        _described(
            policy,
            by_name.get(policy.name) if policy.source is Source.DATABASE else None,
            now=now,
            is_asked=position < reached,
        )
        for position, policy in enumerate(in_force)
    ]


def _described(
    policy: Policy, row: PolicyRow | None, *, now: datetime, is_asked: bool
) -> PolicySources:
    terms = policy.terms
    table: dict[str, dict[str, Sourced]] = {}
    for goal in terms.goals:
        text = format_duration(goal.duration)
        source = policy.origin(f"goals.{goal.priority}.{goal.metric}")
        sourced = Sourced(value=text, text=text, source=source)
        table.setdefault(goal.priority, {})[goal.metric] = sourced
    return PolicySources(
        policy=policy,
        row=row,
        conditions=_conditions(policy, row),
        effective=effective_in_words(policy),
        is_effective=policy.is_effective(now),
        is_asked=is_asked,
        calendar=_calendar(policy, row),
        at_risk=Sourced(
            value=terms.at_risk,
            text=_("%(percentage)d %% of the goal") % {"percentage": terms.at_risk},
            source=policy.origin("at_risk"),
        ),
        reopening=Sourced(
            value=terms.reopening.value,
            text=str(ReopeningName(terms.reopening).label),
            source=policy.origin("reopening"),
        ),
        escalations=Sourced(
            value=policy.escalations,
            text="; ".join(escalation.listed(policy.escalations)),
            source=policy.origin("escalations"),
        ),
        goals=in_order(table),
    )


def _calendar(policy: Policy, row: PolicyRow | None) -> Sourced:
    calendar, source = policy.terms.calendar, policy.origin("calendar")
    name = row.calendar.name if row and row.calendar else _name_of(calendar, source)
    tz = calendar.tz
    text = f"{name}, {tz}" if name and calendar != ALWAYS else name or tz
    return Sourced(value={"name": name, **calendar.to_dict()}, text=text, source=source)


def _name_of(calendar: Calendar, source: Source) -> str | None:
    """What the settings call a calendar; one that code brings along has no name."""
    if source is Source.CODE and calendar != ALWAYS:
        return None
    return next((name for name, known in settings.calendars.items() if known == calendar), None)


# Words


def _conditions(policy: Policy, row: PolicyRow | None) -> tuple[str, ...]:
    if row and row.fallback:
        return (_("every ticket that no other policy is for"),)
    parts = policy.when.parts or (policy.when,)
    return tuple(condition_in_words(part) for part in parts)


def condition_in_words(condition: Condition) -> str:
    """For people: "Project is Operations", in the current language."""
    if condition is EVERY_TICKET:
        return _("every ticket")
    compared = condition.comparison
    if compared is None:
        return condition.text
    row: dict[str, Any] = {"field": compared.path, "operator": compared.operator}
    if compared.label or compared.operator.takes_value:
        wanted = list(compared.wanted) if compared.operator.takes_list else compared.wanted
        row["value"] = compared.label or wanted
    return in_words(row)


def effective_in_words(policy: Policy) -> str:
    """Between which instants a policy is taken; empty: always."""
    return " ".join(_bounds(policy.effective_from, policy.effective_until))


def _bounds(begin: datetime | None, end: datetime | None) -> Iterator[str]:
    if begin is not None:
        yield _("from %(instant)s") % {"instant": instant_in_words(begin)}
    if end is not None:
        yield _("until %(instant)s") % {"instant": instant_in_words(end)}


def instant_in_words(instant: datetime) -> str:
    """In the current time zone, which is named."""
    local = timezone.localtime(instant)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} {formats.date_format(local, 'T')}"


def _plain(sourced: Sourced) -> dict[str, Any]:
    return {"value": sourced.value, "source": sourced.source.value}


def _iso(instant: datetime | None) -> str | None:
    return timezone.localtime(instant).isoformat() if instant else None
