"""Template tags: the SLA of a ticket, in words and shapes.

Each asks ``ticket.sla`` and puts the answer into words; how it looks is up to the templates in
``templates/django_sla/``, which a host may override, and to ``sla.css``.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_sla.core.duration import format_short
from django_sla.core.event import THRESHOLDS, Kind
from django_sla.core.verdict import State, Verdict
from django_sla.tables.clock import StateName, metric_name
from django_sla.tables.escalation import when_said
from django_sla.templatetags._countdown import told, words
from django_sla.templatetags._explain import pieces
from django_sla.templatetags._policy import asked, difference
from django_sla.templatetags._words import CATEGORIES, SHAPES
from django_sla.ticket.face import TimelineEntry
from django_sla.words import time_left, totals

register = template.Library()

NOTHING = "—"
"""What stands where there is nothing to say."""

SHOWN_STRETCHES = 200
"""How many stretches an explanation lists, the latest; of those before, it gives the sums. A year
of opening hours has some five hundred."""


# Durations


@register.filter
def sla_duration(duration: timedelta | None) -> str:
    """A duration for people to read: ``3h 12m``, ``-1h 5m``, or a dash for None."""
    return NOTHING if duration is None else format_short(duration)


@register.filter
def sla_metric(metric: str) -> str:
    """The name of a metric, for people to read."""
    return metric_name(metric)


# Badges


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A verdict in words."""

    state: State
    label: str
    """The state in words."""
    detail: str
    """How much time is left, or by how much it was exceeded."""
    metric: str
    """The metric in words."""
    due: datetime | None
    waived: bool
    shape: str
    countdown: str
    """For ``countdown.js`` to go on from; empty where the clock stands still."""


@register.inclusion_tag("django_sla/badge.html")
def sla_badge(
    ticket: Any, metric: str = "resolution", now: datetime | None = None
) -> dict[str, Any]:
    """How a ticket stands: ``{% sla_badge ticket "response" %}``. No query after
    ``with_verdicts``. It goes on counting on a page that has ``countdown.js``."""
    return _at(ticket, metric, now)


@register.inclusion_tag("django_sla/countdown.html")
def sla_countdown(
    ticket: Any, metric: str = "resolution", now: datetime | None = None
) -> dict[str, Any]:
    """Of a badge, the time alone: what is left, or by how much it was exceeded."""
    return _at(ticket, metric, now)


@register.simple_tag
def sla_words() -> str:
    """What ``countdown.js`` writes, in the current language, for its ``data-words``."""
    return words()


def _at(ticket: Any, metric: str, now: datetime | None) -> dict[str, Any]:
    now = now or ticket.sla.now
    verdict = ticket.sla.verdict(metric, now)
    return {"badge": _badge(verdict, metric, now), "verdict": verdict}


def _badge(verdict: Verdict, metric: str, now: datetime) -> Badge:
    return Badge(
        state=verdict.state,
        label=str(StateName(verdict.state).label),
        detail=time_left(verdict),
        metric=metric_name(metric),
        due=verdict.due,
        waived=verdict.late and verdict.clock is not None and verdict.clock.waived,
        shape=SHAPES[verdict.state],
        countdown=told(verdict, now),
    )


# Times


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A timestamp of a ticket, and the counted time until then."""

    label: str
    at: datetime | None
    after: timedelta | None = None


@register.inclusion_tag("django_sla/times.html")
def sla_times(ticket: Any) -> dict[str, Any]:
    """When a ticket was opened, answered, resolved and closed, and how long that took."""
    return {
        "milestones": [
            Milestone(label=_("Opened"), at=ticket.created_at),
            Milestone(
                label=_("First response"),
                at=ticket.first_responded_at,
                after=_took(ticket, "response", ticket.first_responded_at),
            ),
            Milestone(
                label=_("Resolved"),
                at=ticket.resolved_at,
                after=_took(ticket, "resolution", ticket.resolved_at),
            ),
            Milestone(label=_("Closed"), at=ticket.closed_at),
        ]
    }


def _took(ticket: Any, metric: str, at: datetime | None) -> timedelta | None:
    """The counted time of a metric, provided that its clock stopped at ``at``."""
    clock = ticket.sla.clock(metric)
    if at is None or clock is None or clock.stopped_at != at:
        return None
    elapsed: timedelta = ticket.sla.verdict(metric).elapsed
    return elapsed


# The timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something that happened, in words."""

    at: datetime
    kind: str
    shape: str
    title: str
    about: str = ""
    """The metric meant."""
    was: str = ""
    now: str = ""
    due: datetime | None = None
    """The new target."""
    note: str = ""
    """What a new status means to the clocks; how a ticket was opened."""
    actor: str = ""
    """Empty where nobody acted: a deadline that passed."""
    reason: str = ""


@register.inclusion_tag("django_sla/timeline.html")
def sla_timeline(ticket: Any, now: datetime | None = None) -> dict[str, Any]:
    """What happened to a ticket, oldest first: who, when, from what to what, and why."""
    entries = ticket.sla.timeline(now)
    sla = type(ticket).sla
    status = _names(ticket, sla.status, (e.data for e in entries if e.kind in _SAYS_STATUS))
    priority = _names(ticket, sla.priority, (e.data for e in entries if e.kind in _SAYS_PRIORITY))
    return {"steps": [_step(entry, status, priority) for entry in entries]}


_SAYS_STATUS = (Kind.OPENED, Kind.STATUS_MOVED)
_SAYS_PRIORITY = (Kind.OPENED, Kind.PRIORITY_CHANGED)

Names = Callable[[str], str]
"""The label of a field's value, as the host's people know it."""


def _step(entry: TimelineEntry, status: Names, priority: Names) -> Step:
    data = entry.data
    was, now, due = data.get("from", ""), data.get("to", ""), data.get("due")
    note = ""
    match entry.kind:
        case Kind.OPENED:
            opened_as = (status(now), priority(data.get("value", "")))
            now, note = "", " · ".join(filter(None, opened_as))
        case Kind.STATUS_MOVED:
            was, now, note = status(was), status(now), _category(data)
        case Kind.PRIORITY_CHANGED:
            was, now = priority(was), priority(now)
        case Kind.ESCALATED:
            note = when_said(data.get("when", ""))
    return Step(
        at=entry.at,
        kind=entry.kind,
        shape=SHAPES.get(entry.kind, SHAPES[State.ON_TRACK]),
        title=capfirst(entry.label),
        about=metric_name(data.get("metric")),
        was=was,
        now=now,
        due=parse_datetime(due) if due and entry.kind == Kind.TARGET_SET else None,
        note=note,
        actor=_person(entry.actor) if entry.kind in _BY_SOMEBODY else "",
        reason=data.get("reason", ""),
    )


_BY_SOMEBODY = frozenset(Kind) - THRESHOLDS


def _category(data: Mapping[str, str]) -> str:
    """What a status means to the clocks, unless it says so itself."""
    category = data.get("category", "")
    said = data.get("to", "").casefold()
    return "" if category == said else str(CATEGORIES.get(category, category))


def _names(ticket: Any, name: str, facts: Iterable[Mapping[str, str]]) -> Names:
    """The labels of a field's values: its choices, or the related rows, in at most one query."""
    try:
        field = ticket._meta.get_field(name)
    except FieldDoesNotExist:
        return str
    if field.is_relation:
        said = {fact.get(key) for fact in facts for key in ("from", "to", "value")}
        labels = _related(field, said - {None, ""}, ticket._state.db)
    else:
        labels = {str(value): str(label) for value, label in field.flatchoices}
    return lambda value: labels.get(value, value)


def _related(field: Any, values: set[Any], using: str) -> dict[str, str]:
    key = field.target_field
    known = set()
    for value in values:
        # Facts are older than the field may be: what cannot be its key stays as it was written.
        with suppress(ValidationError):
            known.add(key.to_python(value))
    rows = field.related_model._base_manager.using(using).filter(**{f"{key.name}__in": known})
    return {str(getattr(row, key.attname)): str(row) for row in rows}


def _person(user: Any) -> str:
    """Who acted; None is the system."""
    if user is None:
        return _("System")
    full_name = getattr(user, "get_full_name", str)
    return full_name() or str(user)


# The changelog


@register.inclusion_tag("django_sla/changelog.html")
def sla_changelog(ticket: Any, show_ip: bool = False) -> dict[str, Any]:
    """Every change of an SLA column, and what a person did that none of them shows, newest
    first. Addresses are personal data, so they are shown only where the page asks for them."""
    return {
        "rows": [
            {
                "change": change,
                "who": _person(change.user),
                "field": capfirst(change.label),
            }
            for change in ticket.sla.changelog()
        ],
        "show_ip": show_ip,
    }


# Explanations


@register.inclusion_tag("django_sla/explain.html")
def sla_explain(
    ticket: Any, metric: str = "resolution", now: datetime | None = None
) -> dict[str, Any]:
    """Why a clock stands where it does: what was allowed, what counted, and what did not."""
    explanation = ticket.sla.explain(metric, now)
    earlier = explanation.segments[:-SHOWN_STRETCHES]
    return {
        "explanation": explanation,
        "verdict": explanation.verdict,
        "allowed": explanation.allowed,
        "totals": totals(explanation),
        "pieces": pieces(explanation.segments)[-SHOWN_STRETCHES:],
        "left_out": len(earlier),
        "earlier": totals(replace(explanation, segments=earlier)),
    }


# Policies


@register.inclusion_tag("django_sla/policy.html")
def sla_policy(ticket: Any, now: datetime | None = None) -> dict[str, Any]:
    """Whose terms a ticket has and since when, and why the policies before it were not taken.
    Two queries, and those for what conditions read of related rows."""
    now = now or ticket.sla.now
    pinned, trials = ticket.sla.pinned(), ticket.sla.policy_trials(now)
    return {
        "pinned": pinned,
        "difference": difference(pinned, trials),
        "asked": asked(ticket, trials, now),
    }
