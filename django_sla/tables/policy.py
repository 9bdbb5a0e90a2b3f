"""Policies that people edit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.conf import DEFAULT_NAME, did_you_mean
from django_sla.conf.entry import Entry
from django_sla.conf.policies import goals as read_goals
from django_sla.core.duration import format_duration, parse_duration
from django_sla.core.policy import ANY_PRIORITY, DEFAULT_GOALS, Reopening, Source
from django_sla.core.policy import Policy as PolicyValue
from django_sla.introspect import choices_of, concrete_field
from django_sla.tables import condition, escalation
from django_sla.tables.calendar import Calendar
from django_sla.tables.edition import Revising
from django_sla.tables.history import OwnHistory


class ReopeningName(models.TextChoices):
    """The rules for reopening with their labels."""

    RESUME = Reopening.RESUME.value, gettext_lazy("the same clock goes on")
    RESTART = Reopening.RESTART.value, gettext_lazy("a new clock starts")
    KEEP = Reopening.KEEP.value, gettext_lazy("the first resolution stands")


class Policy(Revising):
    """A condition, goals per priority, a calendar, and the rules for reopening and warning.

    The parts have the shape that a policy in the settings has, as JSON types. What is left empty
    is as the settings say for all policies.
    """

    name = models.CharField(gettext_lazy("name"), max_length=80, unique=True)
    enabled = models.BooleanField(gettext_lazy("enabled"), default=True)
    order = models.PositiveIntegerField(
        gettext_lazy("order"),
        default=0,
        help_text=gettext_lazy("Lower ones are asked first; the first that matches is taken."),
    )
    fallback = models.BooleanField(
        gettext_lazy("fallback"),
        default=False,
        help_text=gettext_lazy(
            "For every ticket that no other policy is for, whatever its source. One policy can be."
        ),
    )
    conditions = models.JSONField(gettext_lazy("conditions"), default=list, blank=True)
    """``[{"field": "project__key", "operator": "is", "value": "OPS"}, …]``, all of which hold."""
    goals = models.JSONField(gettext_lazy("goals"), default=dict, blank=True)
    """``{"urgent": {"response": "1h", "resolution": "4h"}, …}``"""
    calendar = models.ForeignKey(
        Calendar,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=gettext_lazy("calendar"),
    )
    reopening = models.CharField(
        gettext_lazy("reopening"), max_length=8, choices=ReopeningName, blank=True
    )
    at_risk = models.PositiveSmallIntegerField(
        gettext_lazy("at risk from"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=gettext_lazy("Percentage of the goal from which on an open clock is at risk."),
    )
    escalations = models.JSONField(gettext_lazy("escalations"), null=True, blank=True, default=None)
    """``[{"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}, …]``; None: as the
    settings say, and an empty list: none."""
    effective_from = models.DateTimeField(gettext_lazy("effective from"), null=True, blank=True)
    effective_until = models.DateTimeField(
        gettext_lazy("effective until"),
        null=True,
        blank=True,
        help_text=gettext_lazy("The first instant at which it is no longer taken."),
    )

    history = OwnHistory()

    class Meta:
        app_label = "django_sla"
        ordering = ["fallback", "order", "name"]
        verbose_name = gettext_lazy("policy")
        verbose_name_plural = gettext_lazy("policies")
        permissions = [
            ("apply_policy", "Can apply policies to open tickets"),
            ("waive_breach", "Can waive breaches"),
            ("view_ip", "Can see IP addresses in changelogs"),
            ("view_reports", "Can see the reports of all tickets"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check each part, and write it in one way only.

        Raises:
            ValidationError: by field.
        """
        errors: dict[str, list[Any]] = {}
        for field, problems in (
            ("name", self._name_problems()),
            ("goals", self._goal_problems()),
            ("fallback", self._fallback_problems()),
            ("effective_from", _zone_problems(self.effective_from)),
            ("effective_until", self._period_problems()),
        ):
            if found := list(problems):
                errors[field] = found
        try:
            self.conditions = condition.clean(self.conditions)
        except ValidationError as error:
            errors["conditions"] = error.error_list
        try:
            if self.escalations is not None:
                self.escalations = escalation.clean(self.escalations)
        except ValidationError as error:
            errors["escalations"] = error.error_list
        if errors:
            raise ValidationError(errors)
        self.goals = {
            str(priority).casefold(): {
                metric: format_duration(parse_duration(goal)) for metric, goal in row.items()
            }
            for priority, row in self.goals.items()
            if row
        }

    def validate_unique(self, exclude: Any = None) -> None:
        """As Django's; and there is but one fallback.

        Raises:
            ValidationError: by field.
        """
        super().validate_unique(exclude)
        if self.fallback and "fallback" not in (exclude or ()):
            others = type(self)._base_manager.filter(fallback=True).exclude(pk=self.pk)
            if other := others.first():
                message = _("“%(name)s” is the fallback; only one policy can be.")
                raise ValidationError({"fallback": message % {"name": other.name}})

    def _name_problems(self) -> Iterator[str]:
        if str(self.name).casefold() == DEFAULT_NAME:
            yield _("This is the name of the built-in policy; take another.")
        for policy in registry.policies()[:-1]:
            if policy.name == self.name:
                yield _("A policy of the %(source)s has this name; take another.") % {
                    "source": policy.source
                }

    def _goal_problems(self) -> Iterator[str]:
        entry = Entry("", self.goals, [])
        table = read_goals(entry)
        for problem in entry.noted:
            yield str(problem).removeprefix(": ")
        if entry.noted:
            return
        if not any(table.values()):
            yield _("Give at least one goal.")
        metrics = [metric.name for metric in registry.metrics()]
        priorities = known_priorities()
        for priority, row in table.items():
            if priorities and priority not in (*priorities, ANY_PRIORITY):
                names = ", ".join(priorities)
                yield _("No ticket has the priority “%(priority)s”; there is %(names)s.") % {
                    "priority": priority,
                    "names": names,
                }
            for metric in row:
                if metric not in metrics:
                    hint = did_you_mean(metric, metrics)
                    message = _("“%(metric)s” is no metric.") % {"metric": metric}
                    yield f"{message} {hint}".strip()

    def _fallback_problems(self) -> Iterator[str]:
        if not self.fallback:
            return
        if self.conditions:
            yield _("A fallback is for every ticket; take its conditions away.")
        if self.effective_from or self.effective_until:
            yield _("A fallback is always effective; take its dates away.")

    def _period_problems(self) -> Iterator[str]:
        begin: Any = self.effective_from
        end: Any = self.effective_until
        yield from _zone_problems(end)
        if _is_instant(begin) and _is_instant(end) and end <= begin:
            yield _("The end must be later than the beginning.")

    def warnings(self) -> Iterator[str]:
        """What is allowed, and hardly meant: goals that shrink while the priority sinks."""
        table = {
            priority: {metric: parse_duration(goal) for metric, goal in row.items()}
            for priority, row in self.goals.items()
        }
        for metric in registry.metrics():
            found = [
                (priority, table[priority][metric.name])
                for priority in known_priorities() or DEFAULT_GOALS
                if metric.name in table.get(priority, {})
            ]
            if not _sinks(found):
                yield _("The goals for %(metric)s are shorter for a lower priority: %(goals)s.") % {
                    "metric": metric.name,
                    "goals": ", ".join(f"{p} {format_duration(g)}" for p, g in found),
                }

    def value(self, defaults: PolicyValue) -> PolicyValue:
        """The policy that this row says; ``defaults`` is the built-in one.

        Raises:
            PolicyError, CalendarError, DurationError, ValueError, LookupError, TypeError,
            ValidationError: somebody has written to the row past its validation.
        """
        terms = defaults.terms
        given = {
            "calendar": self.calendar is not None,
            "reopening": bool(self.reopening),
            "at_risk": self.at_risk is not None,
            "escalations": self.escalations is not None,
        }
        return PolicyValue.build(
            self.name,
            self.goals,
            when=condition.read(self.conditions),
            calendar=self.calendar.value() if self.calendar else terms.calendar,
            reopening=self.reopening or terms.reopening,
            at_risk=terms.at_risk if self.at_risk is None else self.at_risk,
            escalations=defaults.escalations if self.escalations is None else self.escalations,
            source=Source.DATABASE,
            effective_from=self.effective_from,
            effective_until=self.effective_until,
            origins={key: defaults.origin(key) for key, there in given.items() if not there},
        )


def _is_instant(at: Any) -> bool:
    return isinstance(at, datetime) and timezone.is_aware(at)


def _zone_problems(at: Any) -> Iterator[str]:
    if isinstance(at, datetime) and not _is_instant(at):
        yield _("%(at)s has no time zone; give one.") % {"at": at}


def known_priorities() -> tuple[str, ...]:
    """The priorities of all ticket models as policies name them, in the order of their choices;
    none where some model takes any value."""
    found: dict[str, None] = {}
    for model, sla in registry.tickets.items():
        if sla.priority is None or concrete_field(model, sla.priority) is None:
            continue
        choices = choices_of(model, sla.priority)
        if not choices:
            return ()
        found |= dict.fromkeys(sla.priority_name(choice) for choice in choices)
    return tuple(found)


def _sinks(goals: list[tuple[str, timedelta]]) -> bool:
    """Whether goals grow while the priority sinks. Of priorities that do not ship nobody knows
    which way they are listed, so that either way will do."""
    named = [goal for priority, goal in goals]
    rising = named == sorted(named)
    if {priority for priority, _goal in goals} <= DEFAULT_GOALS.keys():
        ranks = list(DEFAULT_GOALS)
        named = [goal for _priority, goal in sorted(goals, key=lambda g: ranks.index(g[0]))]
        return named == sorted(named)
    return rising or named == sorted(named, reverse=True)
