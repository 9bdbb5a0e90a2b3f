"""Policies, of the setting and registered ones."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db.models import Model

from django_sla import conf, registry
from django_sla.checks.fields import Apps, Messages, quoted
from django_sla.conf import did_you_mean, say
from django_sla.core.policy import Policy, Source, asked
from django_sla.exceptions import InvalidSettings
from django_sla.introspect import can_be_asked, field_paths


def check_policies(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    policies = all_policies()
    return [
        *_names_twice(policies),
        *_unknown_metrics(policies),
        *_unknown_fields(policies),
        *_never_asked(policies),
        *_unknown_priorities(policies),
    ]


def all_policies() -> tuple[Policy, ...]:
    """None where the setting is wrong, which is told elsewhere."""
    try:
        return registry.policies()
    except InvalidSettings:
        return ()


def _names_twice(policies: Iterable[Policy]) -> Messages:
    sources: dict[str, Source] = {}
    for policy in policies:
        if policy.name in sources:
            yield Error(
                f"The policy of the {policy.source} has the name of one in {sources[policy.name]}.",
                hint="Give one of the two another name.",
                obj=policy_name(policy),
                id="django_sla.E020",
            )
        sources.setdefault(policy.name, policy.source)


def _unknown_metrics(policies: Iterable[Policy]) -> Messages:
    known = [metric.name for metric in registry.metrics()]
    for policy in policies:
        for metric in sorted(policy.terms.metrics - set(known)):
            yield Error(
                f"There is a goal for {say(metric)}, which is no metric.",
                hint=did_you_mean(metric, known) or f"The metrics are {', '.join(known)}.",
                obj=policy_name(policy),
                id="django_sla.E021",
            )


def _unknown_fields(policies: Iterable[Policy]) -> Messages:
    models = list(registry.tickets)
    for policy in policies if models else ():
        for path in sorted(policy.when.fields):
            if not any(can_be_asked(model, path) for model in models):
                yield Warning(
                    f"The condition reads {say(path)}, which no ticket model has.",
                    hint=_path_hint(models, path),
                    obj=policy_name(policy),
                    id="django_sla.W020",
                )


def _path_hint(models: Iterable[type[Model]], path: str) -> str:
    paths = (known for model in models for known in field_paths(model))
    alike = (known for known in paths if known.count("__") == path.count("__"))
    return did_you_mean(path, alike) or (
        "Name a field, with at most one step across a relation, "
        "to compare for equality or, with __in, for membership."
    )


def _never_asked(policies: Sequence[Policy]) -> Messages:
    reached = asked(policies)
    for policy in policies[len(reached) :]:
        if policy.source is not Source.DEFAULT:
            yield Warning(
                f"It is never asked, because {policy_name(reached[-1])} is for every ticket.",
                hint="Give that one a condition, or put it last.",
                obj=policy_name(policy),
                id="django_sla.W021",
            )


def _unknown_priorities(policies: Sequence[Policy]) -> Messages:
    known = {goal.priority for policy in policies for goal in policy.terms.goals}
    for value, priority in conf.settings.priorities.items() if policies else ():
        if not any(has_goals(policy, priority) for policy in policies):
            yield Warning(
                f"No policy has a goal for the priority {say(priority)}.",
                hint=did_you_mean(priority, known),
                obj=f'{conf.NAME}["PRIORITIES"][{quoted(value)}]',
                id="django_sla.W022",
            )


def has_goals(policy: Policy, priority: str) -> bool:
    return any(policy.terms.goal(metric, priority) for metric in policy.terms.metrics)


def policy_name(policy: Policy) -> str:
    return f"policy {quoted(policy.name)}"
