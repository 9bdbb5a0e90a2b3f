"""Ticket models, and what ``SLA(...)`` says of them."""

from collections.abc import Callable
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

from django_sla import conf, registry
from django_sla.checks.fields import Apps, Messages, is_checked, quoted, written
from django_sla.checks.policies import all_policies, has_goals, policy_name
from django_sla.conf import did_you_mean
from django_sla.core.condition import EVERY_TICKET
from django_sla.core.event import Category
from django_sla.core.policy import asked
from django_sla.introspect import (
    can_be_asked,
    choices_of,
    concrete_field,
    field_names,
    field_paths,
    fold,
    has_field,
    path_exists,
    points_to_users,
)


def check_tickets(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    checks: tuple[Callable[[Any], Messages], ...] = (
        _named_fields,
        _dimensions,
        _recipients,
        _named_statuses,
        _unmapped_statuses,
        _priorities,
        _managers,
        _history,
    )
    return [
        message
        for model, sla in registry.tickets.items()
        if is_checked(model, app_configs)
        for check in checks
        for message in check(sla)
    ]


def _named_fields(sla: Any) -> Messages:
    consequences = {
        "status": "its tickets never pause and are never resolved",
        "priority": "its tickets have no priority",
        "requester": "a reply by the requester, where that is staff, is a response",
    }
    for role, consequence in consequences.items():
        name = getattr(sla, role)
        if name is None or concrete_field(sla.model, name) is not None:
            continue
        names = field_names(sla.model)
        if name != role:
            yield Error(
                f"SLA({role}={quoted(name)}): the model has no such field.",
                hint=did_you_mean(name, names) or f"Its fields are {', '.join(names)}.",
                obj=sla.model,
                id="django_sla.E030",
            )
        elif role != "requester" or points_to_users(sla.model):
            suggestion = did_you_mean(name, names)
            yield Warning(
                f"The model has no field {quoted(name)}, so {consequence}.",
                hint=f"{suggestion} Name yours, SLA({role}=…), or None.".strip(),
                obj=sla.model,
                id="django_sla.W033",
            )


def _dimensions(sla: Any) -> Messages:
    for name, path in sla.dimensions.items():
        if not path_exists(sla.model, path):
            yield Error(
                f"SLA(dimensions={{{quoted(name)}: {quoted(path)}}}): the model has no such field.",
                hint=did_you_mean(path, field_paths(sla.model)) or None,
                obj=sla.model,
                id="django_sla.E030",
            )


def _recipients(sla: Any) -> Messages:
    for name, path in sla.recipients.items():
        if not callable(path) and not _leads_on(sla.model, path):
            yield Error(
                f"SLA(recipients={{{quoted(name)}: {quoted(path)}}}): the model has no such field.",
                hint=did_you_mean(path, field_paths(sla.model)) or None,
                obj=sla.model,
                id="django_sla.E030",
            )


def _leads_on(model: Any, path: Any) -> bool:
    """Whether each step is a field or a property, as far as can be told."""
    name, _, rest = str(path).partition("__")
    related = getattr(concrete_field(model, name), "related_model", None)
    if not rest or not isinstance(related, type):
        return has_field(model, name)
    return _leads_on(related, rest)


def _named_statuses(sla: Any) -> Messages:
    choices = choices_of(sla.model, sla.status)
    known = {fold(choice) for choice in choices}
    for status in sorted(sla.declared) if choices else ():
        if fold(status) not in known:
            category = sla.categories[status].value
            names = [str(choice) for choice in choices]
            yield Error(
                f"SLA({category}=[{quoted(status)}]): {sla.status} has no such choice.",
                hint=did_you_mean(status, names) or f"Its choices are {written(choices)}.",
                obj=sla.model,
                id="django_sla.E031",
            )


def _unmapped_statuses(sla: Any) -> Messages:
    choices = choices_of(sla.model, sla.status)
    mapped = {fold(status) for status in sla.categories}
    unmapped = [choice for choice in choices if fold(choice) not in mapped]
    if unmapped:
        # A category that is given replaces its usual names, so the line has to name all.
        are_open = [choice for choice in choices if sla.category(choice) is Category.OPEN]
        yield Warning(
            f"Nobody said what these statuses mean, so they are open: {written(unmapped)}.",
            hint=f"If that is right: SLA(open=[{written(are_open)}]). "
            "If not, name them under paused, resolved or closed.",
            obj=sla.model,
            id="django_sla.W030",
        )


def _priorities(sla: Any) -> Messages:
    choices = choices_of(sla.model, sla.priority)
    for policy in asked(all_policies()) if choices else ():
        without = [c for c in choices if not has_goals(policy, sla.priority_name(c))]
        # A policy without any goals promises nothing on purpose.
        if not without or not policy.terms.goals:
            continue
        message = f"The {policy_name(policy)} has no goals for {sla.priority}: {written(without)}."
        if policy.when == EVERY_TICKET:
            example = f'{written(without[:1])}: "urgent"'
            yield Warning(
                message,
                hint=f"Map them to priorities that have goals, SLA(priorities={{{example}}}) or "
                f'{conf.NAME}["PRIORITIES"], or set goals for them.',
                obj=sla.model,
                id="django_sla.W031",
            )
        elif all(can_be_asked(sla.model, path) for path in policy.when.fields):
            yield Warning(
                message,
                hint="A ticket takes all of its goals from one policy. "
                'Give this one a row for each priority, or one for all others, "*".',
                obj=sla.model,
                id="django_sla.W032",
            )


def _managers(sla: Any) -> Messages:
    model = sla.model
    managers = [manager for manager in model._meta.managers if manager.name == "objects"]
    for name in {m.name for m in (model._default_manager, *managers) if not _is_ours(m)}:
        yield Warning(
            f"{name} is not built on SLAQuerySet: it cannot ask for breached tickets, and its bulk "
            "writes go past the clocks.",
            hint=f"{name} = SLAQuerySet.as_manager(), or derive your queryset from SLAQuerySet.",
            obj=model,
            id="django_sla.W034",
        )


def _is_ours(manager: Any) -> bool:
    try:
        queryset = manager.get_queryset()
    except Exception:  # one that cannot be asked now: it wants to know the tenant, say
        queryset = getattr(manager, "_queryset_class", None)
    return getattr(queryset, "is_sla_queryset", False)


def _history(sla: Any) -> Messages:
    name = getattr(sla.model._meta, "simple_history_manager_attribute", None)
    if name is not None and concrete_field(getattr(sla.model, name).model, "client_ip") is None:
        yield Warning(
            f"{name} has no client_ip, so the changelog does not tell where a change came from.",
            hint=f"{name} = HistoricalRecords(bases=[ClientIPHistory], "
            "history_manager=ClientIPHistoryManager), both from django_sla.models.",
            obj=sla.model,
            id="django_sla.W035",
        )
