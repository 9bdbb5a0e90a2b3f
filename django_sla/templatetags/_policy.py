"""Which policies were asked about a ticket, in words."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from django_sla.core.condition import MISSING, Condition
from django_sla.core.policy import Trial
from django_sla.flow.observe import FactsOf
from django_sla.introspect import concrete_field
from django_sla.reports.sources import SOURCES, condition_in_words, instant_in_words
from django_sla.tables.asked import MODEL, path_in_words
from django_sla.ticket.pinned import Pinned


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a policy was not taken."""

    text: str
    found: str = ""
    """What the ticket has instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A policy that was asked about a ticket."""

    name: str
    source: str
    taken: bool
    conditions: tuple[str, ...]
    """Of the one that is taken."""
    reasons: tuple[Reason, ...]
    """Of the others."""


def asked(ticket: Any, trials: tuple[Trial, ...], now: datetime) -> list[Asked]:
    facts = FactsOf(ticket)
    return [
        Asked(
            name=trial.policy.name,
            source=str(SOURCES[trial.policy.source]),
            taken=trial.matches,
            conditions=tuple(_conditions(trial)) if trial.matches else (),
            reasons=tuple(_reasons(trial, facts, now)),
        )
        for trial in trials
    ]


def difference(pinned: Pinned | None, trials: tuple[Trial, ...]) -> str:
    """What is said where the policy of today is not what the ticket is pinned to."""
    taken = next((trial.policy for trial in trials if trial.matches), None)
    if pinned is None or taken is None or taken.terms == pinned.terms:
        return ""
    if taken.name == pinned.terms.name:
        return _("The policy has been edited since. The ticket keeps the terms that it was given.")
    said = _("Today it would be “%(name)s”. The ticket keeps the terms that it was given.")
    return said % {"name": taken.name}


def _conditions(trial: Trial) -> Iterator[str]:
    when = trial.policy.when
    return map(condition_in_words, when.parts or (when,))


def _reasons(trial: Trial, facts: FactsOf, now: datetime) -> Iterator[Reason]:
    policy = trial.policy
    begin, end = policy.effective_from, policy.effective_until
    if begin is not None and now < begin:
        yield Reason(text=_("not effective before %s") % instant_in_words(begin))
    if end is not None and end <= now:
        yield Reason(text=_("not effective after %s") % instant_in_words(end))
    for condition in trial.failing:
        yield Reason(text=condition_in_words(condition), found=_found(condition, facts))


def _found(condition: Condition, facts: FactsOf) -> str:
    if condition.comparison is not None:
        return _value(facts, condition.comparison.path)
    paths = sorted(condition.fields)
    return "; ".join(f"{path_in_words(path)}: {_value(facts, path)}" for path in paths)


def _value(facts: FactsOf, path: str) -> str:
    """What the ticket has at a path, as its people know it."""
    value = facts[path]
    if value is MISSING:
        return _("no such field")
    if value is None or value == "":
        return _("nothing")
    if path == MODEL:
        return str(value)
    name, _sep, rest = path.partition("__")
    row = getattr(facts.ticket, name) if rest else facts.ticket
    field = concrete_field(type(row), rest or name)
    if field is not None and field.is_relation:
        with suppress(ObjectDoesNotExist):  # a key without a row, where no constraint forbids it
            return str(getattr(row, field.name))
    labels = dict(field.flatchoices) if field is not None and field.choices else {}
    return _written(labels.get(value, value))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return instant_in_words(value) if timezone.is_aware(value) else str(value)
    if isinstance(value, date):
        return formats.date_format(value)
    return str(value)
