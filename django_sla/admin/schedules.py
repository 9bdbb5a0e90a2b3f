"""The admin of report schedules: of what, when, to whom; a look at the mail; and sending now."""

import json
from typing import Any

import django
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import JSONField, QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sla import registry
from django_sla.admin.document_form import DocumentForm
from django_sla.admin.lists import lines, read_list, write_list
from django_sla.admin.reading import instant
from django_sla.admin.report_preview import mail
from django_sla.admin.searching import SearchableAdmin
from django_sla.flow import schedules
from django_sla.models import Notice, ReportSchedule
from django_sla.moment import now as read_now
from django_sla.reports.grouping import names
from django_sla.reports.ordered import problems
from django_sla.tables.schedule import labels


class NamesField(forms.CharField):
    """Names with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return write_list(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        super().run_validators(text)
        return read_list(text)

    def run_validators(self, value: Any) -> None:
        """None of the names: what is checked is the text, before it is taken apart."""


class WhereField(forms.JSONField):
    """Refuses what is nested too deeply, and what JSON can say and UTF-8 or a database cannot."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        except (RecursionError, ValueError):
            message = self.error_messages["invalid"]
            raise forms.ValidationError(message, "invalid", {"value": value}) from None
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was refused is shown as it was sent."""
        try:
            self.to_python(data)
        except forms.ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)


class ReportScheduleForm(DocumentForm):
    model = forms.ChoiceField(label=gettext_lazy("Kind of ticket"))
    recipients = NamesField(
        label=gettext_lazy("Recipients"),
        max_length=2000,
        widget=forms.TextInput({"class": "vTextField"}),
        help_text=gettext_lazy(
            "Addresses, user:ada, group:Managers, with commas between them. They see the numbers, "
            "whatever they may see elsewhere."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if "model" in fields:
            said = self["model"].value()
            known = [*labels(), *([said] if said and said not in labels() else [])]
            fields["model"].choices = [(label, label) for label in known]
        if "by" in fields:
            fields["by"].help_text = _("One or two of these, with a comma between: %(known)s") % {
                "known": "; ".join(_groups())
            }
        if "where" in fields:
            fields["where"].help_text = _(
                'Such as {"priority": ["urgent", "high"], "department": 3}; a row by its key.'
            )
            fields["where"].widget.attrs["rows"] = 3

    def _post_clean(self) -> None:
        """The model's own checks, then what only the reports know."""
        super()._post_clean()  # type: ignore[misc]
        schedule = self.instance
        if not self.errors:
            found = problems(schedule.model, schedule.by, schedule.where)
            for name, problem in found.items():
                self.add_error(name if name in self.fields else None, problem)


def _groups() -> list[str]:
    every = sorted(registry.tickets.items(), key=lambda item: item[0]._meta.label)
    several = len(every) > 1
    return [
        f"{model._meta.label}: {', '.join(names(sla))}" if several else ", ".join(names(sla))
        for model, sla in every
    ]


@admin.register(ReportSchedule)
class ReportScheduleAdmin(SearchableAdmin):
    """Who may change one may see its numbers, and send them to whom they like."""

    form = ReportScheduleForm
    formfield_overrides = {JSONField: {"form_class": WhereField}}
    list_display = ["name", "what", "when", "whom", "how_it_goes"]
    search_fields = ["name"]
    actions = ["send_now"]
    readonly_fields = ["shown_next", "shown_last", "problem"]
    fieldsets = [
        (None, {"fields": ["name", "enabled", "model", "by", "where", "period"]}),
        (
            gettext_lazy("When"),
            {"fields": ["recurrence", ("weekday", "day"), ("time", "zone")]},
        ),
        (gettext_lazy("To whom"), {"fields": ["recipients"]}),
        (gettext_lazy("How it goes"), {"fields": ["shown_next", "shown_last", "problem"]}),
    ]
    change_form_template = "admin/django_sla/report_schedule_form.html"

    class Media:
        css = {"all": ["django_sla/sla.css", "django_sla/admin.css"]}

    # The list

    @admin.display(description=gettext_lazy("what"))
    def what(self, schedule: ReportSchedule) -> str:
        by = [schedule.by] if schedule.by else []
        return lines([schedule.model, *by, schedule.get_period_display()])

    @admin.display(description=gettext_lazy("when"))
    def when(self, schedule: ReportSchedule) -> str:
        return schedule.in_words()

    @admin.display(description=gettext_lazy("recipients"))
    def whom(self, schedule: ReportSchedule) -> str:
        shown = schedule.recipients[:5]
        rest = len(schedule.recipients) - len(shown)
        return lines([*shown, *([_("and %(count)d more") % {"count": rest}] if rest else [])])

    @admin.display(description=gettext_lazy("how it goes"), ordering="next_at")
    def how_it_goes(self, schedule: ReportSchedule) -> str:
        """In one column, which leaves the others room."""
        said = [_("switched off")] if not schedule.enabled else []
        if schedule.next_at:
            said.append(_("next %(instant)s") % {"instant": instant(schedule.next_at)})
        if schedule.last_at:
            said.append(_("last %(instant)s") % {"instant": instant(schedule.last_at)})
        return lines([*said, *([_("with a problem")] if schedule.problem else [])])

    @admin.display(description=gettext_lazy("next"))
    def shown_next(self, schedule: ReportSchedule) -> str:
        return instant(schedule.next_at) if schedule.next_at else "—"

    @admin.display(description=gettext_lazy("last"))
    def shown_last(self, schedule: ReportSchedule) -> str:
        return instant(schedule.last_at) if schedule.last_at else "—"

    # Sending now

    @admin.action(description=gettext_lazy("Send now"), permissions=["change"])
    def send_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Into the outbox; whoever drains that sends it."""
        using, now, sent, dead = router.db_for_write(Notice), read_now(), 0, 0
        ordered = []
        for schedule in queryset:
            try:
                order = schedule.order(now, void=False)
            except (LookupError, ValueError, OSError) as error:
                self.message_user(request, f"{schedule}: {error}", messages.ERROR)
                continue
            ordered.append(schedule)
            notices = schedules.put(order, schedule.recipients, using)
            dead += sum(bool(notice.problem) for notice in notices)
            sent += sum(not notice.problem for notice in notices)
        LogEntry.objects.log_actions(
            str(request.user.pk), ordered, CHANGE, change_message=_("Sent now.")
        )
        text = ngettext(
            "%(count)d mail is in the outbox, and goes out with the next delivery.",
            "%(count)d mails are in the outbox, and go out with the next delivery.",
            sent,
        )
        level = messages.SUCCESS if sent else messages.WARNING
        self.message_user(request, text % {"count": sent}, level)
        if dead:
            text = ngettext(
                "%(count)d recipient is nobody; the list of notices says more.",
                "%(count)d recipients are nobody; the list of notices says more.",
                dead,
            )
            self.message_user(request, text % {"count": dead}, messages.ERROR)

    # The mail as it would be

    def get_urls(self) -> list[URLPattern]:
        name, wrap = "django_sla_reportschedule_preview", self.admin_site.admin_view
        return [
            path("<path:object_id>/preview/mail/", wrap(self.mail_view), name=f"{name}_mail"),
            path("<path:object_id>/preview/", wrap(self.preview_view), name=name),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A page with the mail in a frame of its own."""
        schedule = self._changeable(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": schedule,
            "title": _("Preview"),
            "media": self.media,
            "back": self._address("change", schedule),
            "crumbs_in_list": django.VERSION >= (6, 1),
            "mail": self._address("preview_mail", schedule),
        }
        return render(request, "admin/django_sla/report_preview.html", context)

    def mail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the frame shows."""
        schedule = self._changeable(request, object_id)
        return mail(schedule, router.db_for_write(Notice), read_now())

    def _changeable(self, request: HttpRequest, object_id: str) -> ReportSchedule:
        schedule = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, schedule):
            raise PermissionDenied
        if schedule is None:
            raise Http404
        return schedule

    def _address(self, page: str, schedule: ReportSchedule) -> str:
        name = f"admin:django_sla_reportschedule_{page}"
        return reverse(name, args=[schedule.pk], current_app=self.admin_site.name)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of one that is added there is nothing to tell yet."""
        every = list(super().get_fieldsets(request, obj))
        return every if obj is not None else every[:-1]
