"""The admin of policies."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.db import router
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.admin import sources, suggested_goals, suggestions
from django_sla.admin.document_history import conditions_in_words
from django_sla.admin.documents import DocumentAdmin
from django_sla.admin.escalation_form import escalations_as_the_settings_say, of_the_settings
from django_sla.admin.lists import lines
from django_sla.admin.old_terms import tickets_on_old_terms
from django_sla.admin.policy_form import (
    PolicyForm,
    as_the_settings_say,
    listed_priorities,
    priority_in_words,
)
from django_sla.core.duration import parse_duration
from django_sla.core.policy import Policy as PolicyValue
from django_sla.core.policy import Source, asked
from django_sla.models import Policy
from django_sla.tables import escalation
from django_sla.tables.clock import metric_name
from django_sla.tables.effective import policies

FEW = 20
"""Policies that are looked through without filters."""

DEFAULTS = ("calendar", "at_risk", "reopening")
"""What a policy may leave to the settings."""

STEP = 10
"""Between the order of one new policy and the next, so that others fit between them."""


class Columns:
    """The columns of the list that need to know more than the row; asked once for all rows."""

    def __init__(self, request: HttpRequest, model_admin: Any):
        self._request = request
        self._admin = model_admin
        self._using = router.db_for_write(Policy)

    @cached_property
    def _old(self) -> dict[int, int]:
        return tickets_on_old_terms(self._using)

    @cached_property
    def _never_asked(self) -> dict[str, PolicyValue]:
        return never_asked(self._using)

    @admin.display(description=gettext_lazy("for tickets where"))
    def conditions(self, policy: Policy) -> SafeString:
        said = lines(conditions_in_words(policy.conditions))
        before = self._never_asked.get(policy.name)
        if before is None:
            return said
        warning = _never_asked(before)
        return format_html('{}<p class="sla-list__warning">{}</p>', said, warning)

    @admin.display(description=gettext_lazy("open tickets on older terms"))
    def old_terms(self, policy: Policy) -> SafeString | str:
        count = self._old.get(policy.pk, 0)
        url = self._admin.apply_url(self._request, f"policy={policy.pk}")
        if not count or not url:
            return str(count or "—")
        return format_html('<a href="{}">{}</a>', url, count)


def never_asked(using: str) -> dict[str, PolicyValue]:
    """The policies that are never asked, by name, each with the one before it that is for every
    ticket. That the built-in one may be among them is nobody's mistake."""
    all_ = policies(using).all
    reached = asked(all_)
    rest = all_[len(reached) :]
    return {policy.name: reached[-1] for policy in rest if policy.source is not Source.DEFAULT}


def _never_asked(before: PolicyValue) -> str:
    return _("Never asked: “%(name)s” comes before it and is for every ticket.") % {
        "name": before.name
    }


@admin.register(Policy)
class PolicyAdmin(DocumentAdmin):
    """Policies, in the order in which they are asked."""

    form = PolicyForm
    list_display = ["order", "name", "goal_ranges", "calendar_name", "in_force"]
    list_display_links = ["name"]
    list_editable = ["order"]
    list_filter = ["enabled", "calendar"]
    list_select_related = ["calendar"]
    search_fields = ["name", "calendar__name"]
    fieldsets = [
        (None, {"fields": ["name", "enabled", "order", "fallback"]}),
        (
            gettext_lazy("For which tickets"),
            {"fields": ["conditions"], "classes": ["sla-table-set"]},
        ),
        (gettext_lazy("Goals"), {"fields": ["goals"], "classes": ["sla-table-set"]}),
        (gettext_lazy("Calendar and rules"), {"fields": ["calendar", "at_risk", "reopening"]}),
        (
            gettext_lazy("Escalations"),
            {"fields": ["escalations"], "classes": ["sla-table-set"]},
        ),
        (gettext_lazy("When it is in force"), {"fields": ["effective_from", "effective_until"]}),
    ]
    change_list_template = "admin/django_sla/policy_list.html"
    beside_the_form = ["what_if", "suggested_goals"]

    # The list

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Only where there is much to filter: they take a quarter of the page."""
        filters = list(super().get_list_filter(request))
        return filters if request.GET or self.get_queryset(request).count() > FEW else []

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = Columns(request, self)
        found = list(super().get_list_display(request))
        after_name = found.index("name") + 1 if "name" in found else len(found)
        found.insert(after_name, columns.conditions)
        return [*found, columns.old_terms]

    @admin.display(description=gettext_lazy("goals"))
    def goal_ranges(self, policy: Policy) -> SafeString:
        """The shortest and the longest goal of each metric."""
        return lines(_ranges(policy.goals))

    @admin.display(description=gettext_lazy("calendar"), ordering="calendar__name")
    def calendar_name(self, policy: Policy) -> str:
        return str(policy.calendar or _("as the settings say"))

    @admin.display(description=gettext_lazy("in force"))
    def in_force(self, policy: Policy) -> SafeString:
        return lines(_when(policy))

    # The form

    def get_urls(self) -> list[Any]:
        own = [*suggestions.urls(self), *suggested_goals.urls(self), *sources.urls(self)]
        return [*own, *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return suggested_goals.only_shown(form) if suggested_goals.is_unsaved(request) else form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = Policy._default_manager.aggregate(last=Max("order"))["last"] or 0
        initial = {"order": last + STEP, "escalations": of_the_settings()}
        return {**initial, **super().get_changeform_initial_data(request)}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        fields = context["adminform"].form.fields
        for name in {"conditions", "escalations"} & fields.keys():
            fields[name].widget.attrs["data-values"] = self.page("policy_values")
        if suggested_goals.is_unsaved(request):
            said = _("Nothing is saved yet. Change the form further, or save it.")
            self.message_user(request, said, messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)

    # For those who may only look

    def in_words(self, obj: Any) -> dict[Any, str]:
        empty = [name for name in DEFAULTS if getattr(obj, name) in (None, "")]
        defaults = {name: f"default_{name}" for name in empty}
        tables = ("conditions", "goals", "escalations")
        return {**{name: f"{name}_in_words" for name in tables}, **defaults}

    @admin.display(description=gettext_lazy("calendar"))
    def default_calendar(self, policy: Policy) -> str:
        return as_the_settings_say()["calendar"]

    @admin.display(description=gettext_lazy("at risk from"))
    def default_at_risk(self, policy: Policy) -> str:
        return as_the_settings_say()["at_risk"]

    @admin.display(description=gettext_lazy("reopening"))
    def default_reopening(self, policy: Policy) -> str:
        return as_the_settings_say()["reopening"]

    @admin.display(description=gettext_lazy("conditions"))
    def conditions_in_words(self, policy: Policy) -> SafeString:
        return lines(conditions_in_words(policy.conditions))

    @admin.display(description=gettext_lazy("goals"))
    def goals_in_words(self, policy: Policy) -> SafeString:
        metrics = [metric.name for metric in registry.metrics()]
        priorities = dict.fromkeys([*listed_priorities(), *sorted(policy.goals)])
        rows = [
            (
                priority_in_words(priority),
                [policy.goals[priority].get(name, "—") for name in metrics],
            )
            for priority in priorities
            if priority in policy.goals
        ]
        head = [_("Priority"), *map(metric_name, metrics)]
        return render_to_string("admin/django_sla/plain_table.html", {"head": head, "rows": rows})

    @admin.display(description=gettext_lazy("escalations"))
    def escalations_in_words(self, policy: Policy) -> SafeString | str:
        if policy.escalations is None:
            return escalations_as_the_settings_say()
        return lines(escalation.listed(policy.escalations))

    # What a save means

    def tell(self, request: HttpRequest, obj: Any, *, added: bool) -> None:
        if added:
            said = _("It is for new tickets; open tickets keep their terms until it is applied.")
            self.tell_with_link(request, said, f"policy={obj.pk}")
        else:
            self.tell_of_open_tickets(request, [obj.pk], f"policy={obj.pk}")
        for warning in self._warnings(obj):
            self.message_user(request, warning, messages.WARNING)

    def _warnings(self, policy: Policy) -> Iterator[str]:
        yield from policy.warnings()
        for name, before in never_asked(router.db_for_write(Policy)).items():
            if name == policy.name:
                yield _never_asked(before)
            elif before.name == policy.name:
                yield _(
                    "“%(name)s” is never asked any more, because this one is for every ticket."
                ) % {"name": name}


def _ranges(goals: Any) -> Iterator[str]:
    for metric in registry.metrics():
        found = {row[metric.name] for row in goals.values() if metric.name in row}
        if found:
            ends = [min(found, key=parse_duration), max(found, key=parse_duration)]
            yield f"{metric_name(metric.name)} {'–'.join(dict.fromkeys(ends))}"


def _when(policy: Policy) -> Iterator[str]:
    if not policy.enabled:
        yield _("disabled")
    if policy.fallback:
        yield _("fallback")
    if policy.effective_from is not None:
        yield _("from %s") % _instant(policy.effective_from)
    if policy.effective_until is not None:
        yield _("until %s") % _instant(policy.effective_until)
    if policy.enabled and not policy.fallback and policy.effective_from == policy.effective_until:
        yield _("always")


def _instant(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
