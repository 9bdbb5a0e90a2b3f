"""Policies, of the setting and registered ones."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db.models import Model

from django_sla import conf, registry
from django_sla.checks.fields import Apps, Messages, quoted
from django_sla.conf import did_you_mean, say
from django_sla.core.escalation import ANY_METRIC, Escalation
from django_sla.core.policy import Policy, Source, asked
from django_sla.exceptions import InvalidSettings
from django_sla.introspect import can_be_asked, field_paths
from django_sla.tables.recipients import is_declared, known_recipients


def check_policies(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    policies = all_policies()
    return [
        *_names_twice(policies),
        *_unknown_metrics(policies),
        *_unknown_metrics_escalated(policies),
        *_unknown_fields(policies),
        *_never_asked(policies),
        *_unknown_priorities(policies),
        *_unknown_channels(policies),
        *_unknown_recipients(policies),
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


def _escalations(policies: Iterable[Policy]) -> Iterator[tuple[str, Escalation]]:
    """Those that are on, each with what says so: a policy, or the setting for all of them."""
    for policy in policies:
        inherits = "escalations" in policy.origins
        if not inherits or policy.source is Source.DEFAULT:
            says = f'{conf.NAME}["ESCALATIONS"]' if inherits else policy_name(policy)
            yield from ((says, one) for one in policy.terms.escalations)


def _unknown_metrics_escalated(policies: Iterable[Policy]) -> Messages:
    known = [metric.name for metric in registry.metrics()]
    for says, escalation in _escalations(policies):
        if escalation.metric not in (ANY_METRIC, *known):
            yield Error(
                f"There is an escalation for {say(escalation.metric)}, which is no metric.",
                hint=did_you_mean(escalation.metric, known)
                or f"The metrics are {', '.join(known)}; {quoted(ANY_METRIC)} is for all of them.",
                obj=says,
                id="django_sla.E022",
            )


def _unknown_channels(policies: Iterable[Policy]) -> Messages:
    """Of policies in code: of the setting's it is told where the setting is read."""
    for says, escalation in _escalations(policies):
        known = list(conf.settings.channels)
        if escalation.channel not in known:
            yield Error(
                f"There is an escalation by {say(escalation.channel)}, which is no channel.",
                hint=did_you_mean(escalation.channel, known)
                or f"The channels are {', '.join(known)}.",
                obj=says,
                id="django_sla.E023",
            )


def _unknown_recipients(policies: Iterable[Policy]) -> Messages:
    for says, escalation in _escalations(policies):
        if not _is_addressed(escalation.channel):
            continue
        names = [name for name in escalation.to if not is_declared(name)]
        for name in names:
            known = known_recipients()
            yield Warning(
                f"There is an escalation to {say(name)}, whom nobody knows.",
                hint=did_you_mean(name, known)
                or f"There is {', '.join([*known, 'group:…'])} and any address; "
                "SLA(recipients=…) and register_recipients() add names.",
                obj=says,
                id="django_sla.W023",
            )
        if not escalation.to:
            yield Warning(
                f"There is an escalation by {say(escalation.channel)} that says not to whom.",
                hint='Name somebody: "to": ["assignee"].',
                obj=says,
                id="django_sla.W023",
            )


def _is_addressed(channel: str) -> bool:
    """False where there is no such channel, or it cannot be made, which is told elsewhere."""
    try:
        return bool(conf.settings.channel(channel).addressed)
    except (LookupError, InvalidSettings):
        return False


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
