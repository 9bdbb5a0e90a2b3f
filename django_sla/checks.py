"""System checks, under the tag ``sla``: what is misconfigured is told before a ticket meets it.

An id keeps its meaning for ever, so that it can stand in ``SILENCED_SYSTEM_CHECKS``.

===================  =============================================================================
django_sla.E001      The setting has a key that does not exist.
django_sla.E002      The setting lacks a key that is needed.
django_sla.E003      The setting has a value of the wrong kind, or out of range.
django_sla.E004      The setting names a calendar that is not defined.
django_sla.E005      The setting gives a name twice, or one that is built in.
django_sla.E006      The setting has a calendar that cannot be read.
django_sla.E007      The setting has a goal that cannot be read.
django_sla.E008      The setting names a responder that cannot be imported or called.
django_sla.E010      ``USE_TZ`` is off.
django_sla.E011      ``simple_history`` is not among the installed apps.
django_sla.W010      The middleware of django-simple-history is missing.
django_sla.E020      Two policies have the same name.
django_sla.E021      A policy has a goal for a metric that does not exist.
django_sla.W020      A policy's condition reads a field that no ticket model has.
django_sla.W021      A policy is never asked, because one before it is for every ticket.
django_sla.W022      ``PRIORITIES`` leads to a priority for which no policy has a goal.
django_sla.E030      A field that ``SLA(...)`` names does not exist.
django_sla.E031      A status that ``SLA(...)`` names is not among the field's choices.
django_sla.W030      A status is mapped to no category.
django_sla.W031      A priority has no goals.
django_sla.W032      A policy for some tickets has no goals for a priority.
django_sla.W033      A field with the usual name does not exist, and no other was named.
django_sla.W034      The manager is not built on ``SLAQuerySet``.
django_sla.W035      The changelog has no client IP.
django_sla.E040      A watched comment model does not exist.
django_sla.E041      A field that ``watch_comments(...)`` names does not exist.
django_sla.E042      The ticket of a watched comment is not a ticket with an SLA.
===================  =============================================================================
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from django_sla import conf, registry
from django_sla.conf import did_you_mean, say
from django_sla.core.event import Category
from django_sla.core.policy import EVERY_TICKET, Policy, Source
from django_sla.exceptions import InvalidSettings
from django_sla.registry import Watch

TAG = "sla"
MIDDLEWARE = "simple_history.middleware.HistoryRequestMiddleware"

Apps = Sequence[AppConfig] | None
Messages = Iterator[CheckMessage]


# The project


@register(TAG)
def check_settings(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(problem.message, hint=problem.hint or None, obj=problem.path, id=problem.id)
        for problem in conf.problems()
    ]


@register(TAG)
def check_project(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not django_settings.USE_TZ:
        found.append(
            Error(
                "USE_TZ is off; the SLA works with aware datetimes only.",
                hint="Set USE_TZ = True.",
                id="django_sla.E010",
            )
        )
    if not apps.is_installed("simple_history"):
        found.append(
            Error(
                "The changelog needs django-simple-history.",
                hint='Add "simple_history" to INSTALLED_APPS.',
                id="django_sla.E011",
            )
        )
    if MIDDLEWARE not in django_settings.MIDDLEWARE:
        found.append(
            Warning(
                "Who changed a ticket, and from which address, will be empty in the changelog.",
                hint=f'Add "{MIDDLEWARE}" to MIDDLEWARE.',
                id="django_sla.W010",
            )
        )
    return found


# Policies


@register(TAG)
def check_policies(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    policies = _policies()
    return [
        *_names_twice(policies),
        *_unknown_metrics(policies),
        *_unknown_fields(policies),
        *_never_asked(policies),
        *_unknown_priorities(policies),
    ]


def _policies() -> tuple[Policy, ...]:
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
                obj=_name(policy),
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
                obj=_name(policy),
                id="django_sla.E021",
            )


def _unknown_fields(policies: Iterable[Policy]) -> Messages:
    models = list(registry.tickets)
    for policy in policies if models else ():
        for path in sorted(policy.when.fields):
            if not any(_can_be_asked(model, path) for model in models):
                yield Warning(
                    f"The condition reads {say(path)}, which no ticket model has.",
                    hint=_path_hint(models, path),
                    obj=_name(policy),
                    id="django_sla.W020",
                )


def _path_hint(models: Iterable[type[Model]], path: str) -> str:
    paths = (known for model in models for known in _paths(model))
    alike = (known for known in paths if known.count("__") == path.count("__"))
    return did_you_mean(path, alike) or (
        "Name a field, with at most one step across a relation, "
        "to compare for equality or, with __in, for membership."
    )


def _never_asked(policies: Sequence[Policy]) -> Messages:
    reached = _reached(policies)
    for policy in policies[len(reached) :]:
        if policy.source is not Source.DEFAULT:
            yield Warning(
                f"It is never asked, because {_name(reached[-1])} is for every ticket.",
                hint="Give that one a condition, or put it last.",
                obj=_name(policy),
                id="django_sla.W021",
            )


def _reached(policies: Sequence[Policy]) -> Sequence[Policy]:
    """The policies up to the first that is for every ticket."""
    for index, policy in enumerate(policies):
        if policy.when == EVERY_TICKET:
            return policies[: index + 1]
    return policies


def _unknown_priorities(policies: Sequence[Policy]) -> Messages:
    known = {goal.priority for policy in policies for goal in policy.terms.goals}
    for value, priority in conf.settings.priorities.items() if policies else ():
        if not any(_has_goals(policy, priority) for policy in policies):
            yield Warning(
                f"No policy has a goal for the priority {say(priority)}.",
                hint=did_you_mean(priority, known),
                obj=f'{conf.NAME}["PRIORITIES"][{_quoted(value)}]',
                id="django_sla.W022",
            )


def _has_goals(policy: Policy, priority: str) -> bool:
    return any(policy.terms.goal(metric, priority) for metric in policy.terms.metrics)


def _name(policy: Policy) -> str:
    return f"policy {_quoted(policy.name)}"


# Ticket models


@register(TAG)
def check_tickets(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    checks: tuple[Callable[[Any], Messages], ...] = (
        _named_fields,
        _dimensions,
        _named_statuses,
        _unmapped_statuses,
        _priorities,
        _managers,
        _history,
    )
    return [
        message
        for model, sla in registry.tickets.items()
        if _is_checked(model, app_configs)
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
        if name is None or _concrete(sla.model, name) is not None:
            continue
        names = _names(sla.model)
        if name != role:
            yield Error(
                f"SLA({role}={_quoted(name)}): the model has no such field.",
                hint=did_you_mean(name, names) or f"Its fields are {', '.join(names)}.",
                obj=sla.model,
                id="django_sla.E030",
            )
        elif role != "requester" or _points_to_users(sla.model):
            suggestion = did_you_mean(name, names)
            yield Warning(
                f"The model has no field {_quoted(name)}, so {consequence}.",
                hint=f"{suggestion} Name yours, SLA({role}=…), or None.".strip(),
                obj=sla.model,
                id="django_sla.W033",
            )


def _dimensions(sla: Any) -> Messages:
    for name, path in sla.dimensions.items():
        if not _exists(sla.model, path):
            yield Error(
                f"SLA(dimensions={{{_quoted(name)}: {_quoted(path)}}}): "
                "the model has no such field.",
                hint=did_you_mean(path, _paths(sla.model)) or None,
                obj=sla.model,
                id="django_sla.E030",
            )


def _named_statuses(sla: Any) -> Messages:
    choices = _choices(sla.model, sla.status)
    known = {_fold(choice) for choice in choices}
    for status in sorted(sla.declared) if choices else ():
        if _fold(status) not in known:
            category = sla.categories[status].value
            names = [str(choice) for choice in choices]
            yield Error(
                f"SLA({category}=[{_quoted(status)}]): {sla.status} has no such choice.",
                hint=did_you_mean(status, names) or f"Its choices are {_written(choices)}.",
                obj=sla.model,
                id="django_sla.E031",
            )


def _unmapped_statuses(sla: Any) -> Messages:
    choices = _choices(sla.model, sla.status)
    mapped = {_fold(status) for status in sla.categories}
    unmapped = [choice for choice in choices if _fold(choice) not in mapped]
    if unmapped:
        # A category that is given replaces its usual names, so the line has to name all.
        are_open = [choice for choice in choices if sla.category(choice) is Category.OPEN]
        yield Warning(
            f"Nobody said what these statuses mean, so they are open: {_written(unmapped)}.",
            hint=f"If that is right: SLA(open=[{_written(are_open)}]). "
            "If not, name them under paused, resolved or closed.",
            obj=sla.model,
            id="django_sla.W030",
        )


def _priorities(sla: Any) -> Messages:
    choices = _choices(sla.model, sla.priority)
    for policy in _reached(_policies()) if choices else ():
        without = [c for c in choices if not _has_goals(policy, sla.priority_name(c))]
        # A policy without any goals promises nothing on purpose.
        if not without or not policy.terms.goals:
            continue
        message = f"The {_name(policy)} has no goals for {sla.priority}: {_written(without)}."
        if policy.when == EVERY_TICKET:
            example = f'{_written(without[:1])}: "urgent"'
            yield Warning(
                message,
                hint=f"Map them to priorities that have goals, SLA(priorities={{{example}}}) or "
                f'{conf.NAME}["PRIORITIES"], or set goals for them.',
                obj=sla.model,
                id="django_sla.W031",
            )
        elif all(_can_be_asked(sla.model, path) for path in policy.when.fields):
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
    if name is not None and _concrete(getattr(sla.model, name).model, "client_ip") is None:
        yield Warning(
            f"{name} has no client_ip, so the changelog does not tell where a change came from.",
            hint=f"{name} = HistoricalRecords(bases=[ClientIPHistory], "
            "history_manager=ClientIPHistoryManager), both from django_sla.models.",
            obj=sla.model,
            id="django_sla.W035",
        )


# Comments


@register(TAG)
def check_comments(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [
        message
        for label, watch in registry.watches.items()
        for message in _watch(label, watch, app_configs)
    ]


def _watch(label: str, watch: Watch, app_configs: Apps) -> Messages:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        names = [model._meta.label for model in apps.get_models()]
        yield Error(
            f"watch_comments({_quoted(label)}): there is no such model.",
            hint=did_you_mean(label, names) or 'Name it "app.Model".',
            id="django_sla.E040",
        )
        return
    if _is_checked(model, app_configs):
        yield from _watched_ticket(model, watch)
        yield from _watched_fields(model, watch)


def _watched_ticket(model: type[Model], watch: Watch) -> Messages:
    field = _concrete(model, watch.ticket)
    if field is None:
        yield _no_field(model, "ticket", watch.ticket)
    elif not _is_ticket(field.related_model):
        target = getattr(field.related_model, "_meta", None)
        what = f"points to {target.label}" if target else "is no foreign key"
        yield Error(
            f"watch_comments(ticket={_quoted(watch.ticket)}): the field {what}, "
            "which is no ticket with an SLA.",
            hint="Name the foreign key to a model that subclasses SLAMixin.",
            obj=model,
            id="django_sla.E042",
        )


def _is_ticket(model: Any) -> bool:
    """A ticket model, or the parent that one extends."""
    return isinstance(model, type) and any(
        issubclass(model, ticket) or model in ticket._meta.get_parent_list()
        for ticket in registry.tickets
    )


def _watched_fields(model: type[Model], watch: Watch) -> Messages:
    if not _has(model, watch.author):
        yield _no_field(model, "author", watch.author)
    if watch.at is not None and not _has(model, watch.at):
        yield _no_field(model, "at", watch.at)
    if watch.public is not True and not callable(watch.public) and not _has(model, watch.public):
        yield _no_field(
            model,
            "public",
            watch.public,
            "Name a field that is true for what the requester sees, or give a callable: "
            "public=lambda comment: not comment.internal.",
        )


def _no_field(model: type[Model], role: str, name: Any, hint: str = "") -> Error:
    # Not for "!internal": what is close to that means the opposite.
    is_name = isinstance(name, str) and name.isidentifier()
    suggestion = did_you_mean(name, _names(model)) if is_name else ""
    return Error(
        f"watch_comments({role}={_quoted(name)}): the model has no such field.",
        hint=f"{suggestion} {hint}".strip() or f"Its fields are {', '.join(_names(model))}.",
        obj=model,
        id="django_sla.E041",
    )


# Models and fields


def _is_checked(model: type[Model], app_configs: Apps) -> bool:
    return app_configs is None or model._meta.app_config in app_configs


def _names(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]


def _paths(model: type[Model]) -> Iterator[str]:
    """The model's fields, and those one step away."""
    for field in model._meta.concrete_fields:
        yield field.name
        if isinstance(field.related_model, type):
            yield from (f"{field.name}__{name}" for name in _names(field.related_model))


def _concrete(model: type[Model], name: str) -> Any:
    """The field that has a column and this name, or this attribute name; or None."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if field.concrete else None


def _has(model: type[Model], name: Any) -> bool:
    """A field, or a property, of this name."""
    return isinstance(name, str) and (_concrete(model, name) is not None or hasattr(model, name))


def _exists(model: Any, path: Any) -> bool:
    """A field at the end of any number of steps across relations."""
    name, _, rest = str(path).partition("__")
    field = _concrete(model, name) if isinstance(model, type) else None
    return field is not None and (not rest or _exists(field.related_model, rest))


def _can_be_asked(model: type[Model], path: str) -> bool:
    """A field or property of the ticket, or of what one of its foreign keys points to."""
    name, _, rest = path.partition("__")
    if not rest:
        return _has(model, name)
    field = _concrete(model, name)
    related = getattr(field, "related_model", None)
    return isinstance(related, type) and _has(related, rest)


def _points_to_users(model: type[Model]) -> bool:
    users = get_user_model()
    return any(field.related_model is users for field in model._meta.concrete_fields)


def _choices(model: type[Model], name: str | None) -> list[Any]:
    """The values to choose from; none where the field has no choices, as a foreign key."""
    field = _concrete(model, name) if name is not None else None
    if field is None:
        return []
    try:
        values = [value for value, _ in field.flatchoices]
    except Exception:  # a callable that asks a table which is not there yet
        return []
    values = [value.value if isinstance(value, Enum) else value for value in values]
    return [value for value in values if value not in (None, "")]


def _fold(value: Any) -> str:
    return str(value).casefold()


def _written(values: Iterable[Any]) -> str:
    """As they stand in a list in Python."""
    return ", ".join(map(_quoted, values))


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
