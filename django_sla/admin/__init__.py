"""The admin of a ticket model: badges in the list, targets and timeline in the form."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Model, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils.functional import lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from simple_history.models import to_historic

from django_sla.admin import actions, dashboard
from django_sla.admin.calendars import CalendarAdmin
from django_sla.admin.filters import ResolutionStateFilter, ResponseStateFilter, SLAStateFilter
from django_sla.admin.forms import SLATicketForm, texts
from django_sla.admin.history import tell_what_was_done
from django_sla.admin.history_page import HistoryPage
from django_sla.admin.notices import NoticeAdmin
from django_sla.admin.policies import PolicyAdmin
from django_sla.admin.recalculations import RecalculationAdmin
from django_sla.admin.schedules import ReportScheduleAdmin
from django_sla.admin.sweeps import SweepAdmin
from django_sla.exceptions import SLAError
from django_sla.models import SLAQuerySet
from django_sla.tables.columns import TARGETS

__all__ = [
    "CalendarAdmin",
    "NoticeAdmin",
    "PolicyAdmin",
    "RecalculationAdmin",
    "ReportScheduleAdmin",
    "ResolutionStateFilter",
    "ResponseStateFilter",
    "SLAAdminMixin",
    "SLAStateFilter",
    "SweepAdmin",
]

COLUMNS = ("sla_response", "sla_resolution")
TIMESTAMPS = ("created_at", "first_responded_at", "resolved_at", "closed_at")
PANELS = ("sla_status", "sla_timeline")


def _words() -> SafeString:
    return render_to_string("admin/django_sla/words.txt")


COUNTDOWN = Script(
    "django_sla/countdown.js", defer=True, **{"data-words": lazy(_words, SafeString)()}
)
"""Lets the badges go on counting. What it writes is in the language of whoever asks."""


class SLAAdminMixin(HistoryPage):
    """Put before the ``ModelAdmin`` of a ticket model::

        @admin.register(Ticket)
        class TicketAdmin(SLAAdminMixin, admin.ModelAdmin):
            list_display = ["title", "priority", "status"]

    What the host declares stays; the columns, the filter and the fields that it does not name
    are added after its own.
    """

    class Media:
        css = {"all": ["django_sla/sla.css"]}
        js = [COUNTDOWN]

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the clocks fetched along, so that no row asks for its own."""
        tickets = super().get_queryset(request)
        if isinstance(tickets, SLAQuerySet):
            return tickets.with_verdicts()
        return tickets.prefetch_related("sla_clocks")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        return columns + [name for name in COLUMNS if name not in columns]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = list(super().get_list_filter(request))
        own = any(isinstance(f, type) and issubclass(f, SLAStateFilter) for f in filters)
        return filters if own else [*filters, SLAStateFilter]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": SLATicketForm, **kwargs})

    @admin.display(description=_("Response"), ordering="response_target")
    def sla_response(self, ticket: Any) -> SafeString:
        return _render("badge", ticket, metric="response")

    @admin.display(description=_("Resolution"), ordering="resolution_target")
    def sla_resolution(self, ticket: Any) -> SafeString:
        return _render("badge", ticket, metric="resolution")

    # The form

    @admin.display(description=_("State"))
    def sla_status(self, ticket: Any) -> SafeString | str:
        return _panel("status", ticket, actions=getattr(ticket, "sla_actions", ()))

    @admin.display(description=_("Timeline"))
    def sla_timeline(self, ticket: Any) -> SafeString | str:
        return _panel("timeline", ticket)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = [*super().get_readonly_fields(request, obj), *TIMESTAMPS, *PANELS]
        if obj is not None:
            names += [name for name in TARGETS if not _takes_target(obj, TARGETS[name])]
        return list(dict.fromkeys(names))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The host's, then those of our fields that it did not place itself."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.fieldsets and not self.fields:
            ours = {*TARGETS, *TIMESTAMPS, *PANELS, "sla_reason"}
            fieldsets = _only(fieldsets, lambda name: name not in ours)
        placed = {*flatten_fieldsets(fieldsets), *self._excluded(request, obj)}
        rest = self._sla_fieldsets(request, obj)
        return fieldsets + _only(rest, lambda name: name not in placed)

    def _excluded(self, request: HttpRequest, obj: Any) -> Sequence[str]:
        """What the host leaves out: the admin says so, else its form, as with Django."""
        excluded = self.get_exclude(request, obj)
        if excluded is None:
            excluded = getattr(getattr(self.form, "_meta", None), "exclude", None)
        return excluded or ()

    def _sla_fieldsets(self, request: HttpRequest, obj: Any) -> list[Any]:
        title = _("Service level agreement")
        if obj is None:
            return [(title, {"fields": [tuple(TARGETS)]})]
        fields: list[Any] = [tuple(TARGETS)]
        takes_target = any(_takes_target(obj, metric) for metric in TARGETS.values())
        if takes_target and self.has_change_permission(request, obj):
            fields.append("sla_reason")
        fields.append(TIMESTAMPS)
        if to_historic(obj) is not None:
            return [(title, {"fields": fields})]
        return [
            (title, {"fields": ["sla_status", *fields]}),
            (_("Timeline"), {"fields": ["sla_timeline"]}),
        ]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if "fields" not in kwargs:
            kwargs["fields"] = flatten_fieldsets(self.get_fieldsets(request, obj))
        if isinstance(kwargs["fields"], list):
            # No column: Django would not know it.
            kwargs["fields"] = [name for name in kwargs["fields"] if name != "sla_reason"]
        form: Any = super().get_form(request, obj, change, **kwargs)
        return type(form)(
            form.__name__, (SLATicketForm, form), {"sla_reason": self._reason_field()}
        )

    def _reason_field(self) -> Any:
        column = self.history_model()._meta.get_field("history_change_reason")
        return column.formfield(
            label=_("Reason"),
            help_text=_("Why a target changes, for the changelog."),
            required=False,
            widget=AdminTextInputWidget,
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return texts(self.model, super().get_changeform_initial_data(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        reason = form.cleaned_data.get("sla_reason")
        if reason:
            obj._change_reason = reason
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        ticket = context.get("original")
        if ticket is not None:
            # A panel is given the ticket alone; what its reader may do travels along.
            ticket.sla_actions = actions.links(self, request, ticket)
        return super().render_change_form(request, context, *args, **kwargs)

    # What is done by hand

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_sla"
        view = self.admin_site.admin_view(self.sla_action_view)
        return [
            *dashboard.urls(self),
            path("<path:object_id>/sla/<slug:action>/", view, name=name),
            *super().get_urls(),
        ]

    def sla_action_view(self, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
        return actions.page(self, request, object_id, action)

    # Somebody else may be faster than a form: between its check and the save the clock stops.

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_say_why(super().changeform_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = self._or_say_why(super().changelist_view, request, *args, **kwargs)
        return dashboard.link_from(self, response)

    def _or_say_why(
        self, view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if request.method != "POST":  # would be sent to itself for ever
            return view(request, *args, **kwargs)
        try:
            return view(request, *args, **kwargs)
        except SLAError as error:
            self.message_user(request, _("Not saved: %s") % error, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    # The history

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Sequence[Any], **kwargs: Any
    ) -> None:
        super().set_history_delta_changes(request, historical_records, **kwargs)
        tell_what_was_done(self.model, historical_records)


def _takes_target(ticket: Any, metric: str) -> bool:
    """Whether a metric's target may still be changed."""
    if to_historic(ticket) is not None:
        return False
    clock = ticket.sla.clock(metric)
    return clock is None or clock.stopped_at is None


def _only(fieldsets: Sequence[Any], wanted: Callable[[str], bool]) -> list[Any]:
    """Fieldsets with the fields that are wanted, without the lines and sets this leaves empty."""
    kept = []
    for name, options in fieldsets:
        lines: list[Any] = []
        for line in options["fields"]:
            if isinstance(line, str):
                lines += [line] * wanted(line)
            elif some := tuple(field for field in line if wanted(field)):
                lines.append(some)
        if lines:
            kept.append((name, {**options, "fields": lines}))
    return kept


def _panel(name: str, ticket: Model, **context: Any) -> SafeString | str:
    """Nothing for a ticket that is not there yet, and for a version of the past: its clocks are
    those of the present."""
    if ticket._state.adding or to_historic(ticket) is not None:
        return "—"
    return _render(name, ticket, **context)


def _render(name: str, ticket: Model, **context: Any) -> SafeString:
    """One of our templates, which draw with the template tags as a host's own pages do."""
    return render_to_string(f"admin/django_sla/{name}.html", {"ticket": ticket, **context})
