"""The admin of recalculations: policies applied to open tickets, after a look at what changes.

A page does a few seconds of work at each POST and shows how far it has come. A script posts again
until it is done; without the script, a button does. Whoever closes the page goes on later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import django
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db import router
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sla.admin.searching import SearchableAdmin
from django_sla.admin.ticket_page import ticket_page
from django_sla.exceptions import SLAError
from django_sla.flow import recalculate
from django_sla.models import Calendar, Policy, Recalculation
from django_sla.tables.clock import metric_name
from django_sla.tables.recalculation import Phase

APPLY = "django_sla.apply_policy"
"""The permission to apply policies to open tickets."""

SECONDS = 2
"""Work done at each POST: a page that answers soon, and is not held up by the database long."""


class ScopeForm(forms.Form):
    """Which tickets to look at."""

    policy = forms.ModelChoiceField(
        Policy.objects.all(),
        label=gettext_lazy("Policy"),
        required=False,
        empty_label=gettext_lazy("All policies"),
        help_text=gettext_lazy("Only tickets that leave it or come to it."),
    )
    calendar = forms.ModelChoiceField(
        Calendar.objects.all(),
        label=gettext_lazy("Calendar"),
        required=False,
        empty_label=gettext_lazy("All calendars"),
        help_text=gettext_lazy("Only tickets that leave a policy with it or come to one."),
    )
    since = forms.SplitDateTimeField(
        label=gettext_lazy("Opened since"), required=False, widget=AdminSplitDateTime
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("policy") and cleaned.get("calendar"):
            raise forms.ValidationError(_("Choose a policy or a calendar, not both."))
        if cleaned.get("calendar") and not cleaned["calendar"].policies.exists():
            self.add_error("calendar", _("No policy has this calendar."))
        return cleaned

    def policies(self) -> set[str]:
        """The names of the policies meant, and those that they had before."""
        policy, calendar = self.cleaned_data["policy"], self.cleaned_data["calendar"]
        if policy is None and calendar is None:
            return set()
        chosen = [policy.pk] if policy else list(calendar.policies.values_list("pk", flat=True))
        return set(Policy.history.filter(id__in=chosen).values_list("name", flat=True)) | set(
            Policy.objects.filter(pk__in=chosen).values_list("name", flat=True)
        )


class ReasonForm(forms.Form):
    """Why it is applied."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("For the timeline and the changelog of each ticket."),
        widget=AdminTextareaWidget(attrs={"rows": 3}),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LargestMove:
    """One of the largest moves, in words."""

    ticket: str
    url: str
    """Of the ticket's page; empty where the user may not see it."""
    metric: str
    before: datetime | None
    after: datetime | None
    moved: timedelta
    is_earlier: bool


@admin.register(Recalculation)
class RecalculationAdmin(SearchableAdmin):
    """What was applied, when and by whom; adding one starts with a look."""

    list_display = ["started_at", "scope", "phase", "affected", "applied", "actor", "reason"]
    list_select_related = ["actor"]
    list_filter = ["phase"]
    search_fields = ["reason"]
    ordering = ["-pk"]

    class Media:
        css = {"all": ["django_sla/sla.css", "django_sla/admin.css"]}
        js = ["django_sla/progress.js"]

    @admin.display(description=gettext_lazy("policies"))
    def scope(self, run: Recalculation) -> str:
        return ", ".join(run.policies) or _("all")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(APPLY) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(APPLY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(part_of=None)

    # The pages

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Choose the tickets, and start to look."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = {name: request.GET[name] for name in ("policy", "calendar") if name in request.GET}
        form = ScopeForm(request.POST or None, initial=asked)
        if request.method == "POST" and form.is_valid():
            run = recalculate.start(
                policies=form.policies(),
                since=form.cleaned_data["since"],
                actor_id=request.user.pk,
                using=router.db_for_write(Recalculation),
            )
            return HttpResponseRedirect(self._page(run))
        return self._response(request, _("Apply policies to open tickets"), form=form)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """How far it is and what it found. Only a POST goes on."""
        run = self.get_object(request, object_id)
        if run is None:
            self.message_user(request, _("This recalculation does not exist."), messages.WARNING)
            return HttpResponseRedirect(self._list("recalculation"))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        form = ReasonForm(request.POST if run.phase == Phase.READY and request.POST else None)
        if request.method == "POST":
            if not request.user.has_perm(APPLY):
                raise PermissionDenied
            if run.phase != Phase.READY or form.is_valid():
                reason = form.cleaned_data["reason"] if form.is_bound else ""
                return self._gone_on(request, run, reason)
        return self._response(request, _title(run), run=run, form=form)

    def _gone_on(self, request: HttpRequest, run: Recalculation, reason: str) -> HttpResponse:
        end = monotonic() + SECONDS

        def watch(run: Recalculation) -> bool:
            return monotonic() >= end

        try:
            if run.phase == Phase.PREVIEWING:
                run = recalculate.preview(run, watch=watch)
            elif run.phase != Phase.DONE:
                run = recalculate.apply(run, reason=reason, watch=watch)
        except SLAError as error:
            if _wants_json(request):
                return JsonResponse({"error": str(error)}, status=409)
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(self._page(run))
        if _wants_json(request):
            names = ("phase", "percent", "seen", "total")
            return JsonResponse({name: getattr(run, name) for name in names})
        if run.phase == Phase.DONE:
            self.message_user(request, _done(run), messages.SUCCESS)
        return HttpResponseRedirect(self._page(run))

    def _list(self, name: str) -> str:
        site = self.admin_site.name
        return reverse(f"admin:django_sla_{name}_changelist", current_app=site)

    def _page(self, run: Recalculation) -> str:
        return reverse(
            "admin:django_sla_recalculation_change",
            args=[run.pk],
            current_app=self.admin_site.name,
        )

    def _response(
        self, request: HttpRequest, title: str, *, form: Any, run: Any = None
    ) -> HttpResponse:
        site = self.admin_site
        request.current_app = site.name
        may_apply = request.user.has_perm(APPLY)
        is_asked = run is None or (run.phase == Phase.READY and run.affected and may_apply)
        fieldsets = [(None, {"fields": list(form.fields)})] if is_asked else []
        context = {
            **site.each_context(request),
            "title": title,
            "opts": self.opts,
            "run": run,
            "adminform": AdminForm(form, fieldsets, {}, model_admin=self),
            "inline_admin_formsets": [],
            "errors": AdminErrorList(form, []),
            "media": self.media + form.media,
            "largest": [self._in_words(request, move) for move in run.largest] if run else [],
            "is_under_way": run is not None and run.phase in (Phase.PREVIEWING, Phase.APPLYING),
            "may_apply": may_apply,
            "back": self._list("policy" if site.is_registered(Policy) else "recalculation"),
            "crumbs_in_list": django.VERSION >= (6, 1),
        }
        return TemplateResponse(request, "admin/django_sla/recalculation.html", context)

    def _in_words(self, request: HttpRequest, move: dict[str, Any]) -> LargestMove:
        ticket, url = ticket_page(self.admin_site, request, move["model"], move["pk"])
        before, after = (
            datetime.fromisoformat(move[name]) if move[name] else None
            for name in ("before", "after")
        )
        return LargestMove(
            ticket=ticket,
            url=url,
            metric=metric_name(move["metric"]),
            before=before,
            after=after,
            moved=timedelta(seconds=abs(move["moved"])),
            is_earlier=move["moved"] < 0,
        )


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _title(run: Recalculation) -> str:
    titles = {
        Phase.PREVIEWING: _("Looking at what would change"),
        Phase.READY: _("What would change"),
        Phase.APPLYING: _("Applying to open tickets"),
        Phase.DONE: _("Applied to open tickets"),
    }
    return titles[Phase(run.phase)]


def _done(run: Recalculation) -> str:
    said = ngettext(
        "%(count)d ticket has new terms.", "%(count)d tickets have new terms.", run.applied
    )
    return said % {"count": run.applied}
