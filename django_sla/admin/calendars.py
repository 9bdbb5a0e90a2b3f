"""The admin of calendars."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla.admin import hours, public_holidays
from django_sla.admin.calendar_form import CalendarForm, new_calendar
from django_sla.admin.documents import DocumentAdmin
from django_sla.admin.week import preview
from django_sla.models import Calendar
from django_sla.moment import now
from django_sla.tables.effective import UNREADABLE


@admin.register(Calendar)
class CalendarAdmin(DocumentAdmin):
    """Calendars, with a picture of this week and the next."""

    form = CalendarForm
    list_display = ["name", "tz", "hours_in_words", "next_holiday", "used_by"]
    search_fields = ["name", "tz"]
    fieldsets = [
        (None, {"fields": ["name", "tz"]}),
        (gettext_lazy("Opening hours"), {"fields": ["hours"], "classes": ["sla-table-set"]}),
        (gettext_lazy("Holidays"), {"fields": ["holidays"], "classes": ["sla-table-set"]}),
        (gettext_lazy("Special days"), {"fields": ["special_days"], "classes": ["sla-table-set"]}),
    ]
    actions = ["add_public_holidays"]
    change_form_template = "admin/django_sla/calendar_form.html"

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(policy_count=Count("policies"))

    @admin.display(description=gettext_lazy("opening hours"))
    def hours_in_words(self, calendar: Calendar) -> str:
        return hours.week_in_words(calendar.hours)

    @admin.display(description=gettext_lazy("next holiday"))
    def next_holiday(self, calendar: Calendar) -> str:
        today = now().date().isoformat()
        day = min((day for day in calendar.holidays if day >= today), default=None)
        return f"{hours.date_in_words(day)} {calendar.holidays[day]}" if day else "—"

    @admin.display(description=gettext_lazy("policies"), ordering="policy_count")
    def used_by(self, calendar: Any) -> SafeString | str:
        count, url = calendar.policy_count, self.page("policy_changelist")
        if not count or not url:
            return str(count or "—")
        return format_html('<a href="{}?calendar__id__exact={}">{}</a>', url, calendar.pk, count)

    @admin.action(
        description=gettext_lazy("Add public holidays to the selected calendars…"),
        permissions=["change"],
    )
    def add_public_holidays(self, request: HttpRequest, calendars: QuerySet[Any]) -> HttpResponse:
        return HttpResponseRedirect(public_holidays.url(self, calendars))

    # The form

    def get_urls(self) -> list[Any]:
        return [*public_holidays.urls(self), *super().get_urls()]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**new_calendar(), **super().get_changeform_initial_data(request)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        return [
            *fieldsets,
            (_("This week and the next"), {"fields": ["week"], "classes": ["sla-table-set"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "week"]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        calendar = context.get("original")
        if calendar is not None and self.has_change_permission(request, calendar):
            context["holidays_url"] = public_holidays.url(self, [calendar])
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("week"))
    def week(self, calendar: Calendar) -> SafeString | str:
        try:
            context = {"preview": preview(calendar, now())}
        except UNREADABLE:  # typed just now, and refused
            return "—"
        return render_to_string("admin/django_sla/week.html", context)

    # For those who may only look

    def in_words(self, obj: Any) -> dict[Any, str]:
        return {
            "hours": "week_table",
            "holidays": "holidays_table",
            "special_days": "special_days_table",
        }

    @admin.display(description=gettext_lazy("opening hours"))
    def week_table(self, calendar: Calendar) -> str:
        week = [
            (hours.weekday(day), hours.day_in_words(calendar.hours.get(day))) for day in hours.DAYS
        ]
        return _table(_("Day"), _("Open"), week)

    @admin.display(description=gettext_lazy("holidays"))
    def holidays_table(self, calendar: Calendar) -> str:
        return _table(_("Date"), _("Name"), _dated(calendar.holidays))

    @admin.display(description=gettext_lazy("special days"))
    def special_days_table(self, calendar: Calendar) -> str:
        said = {day: hours.day_in_words(spans) for day, spans in calendar.special_days.items()}
        return _table(_("Date"), _("Open"), _dated(said))

    # What a save means

    def tell(self, request: HttpRequest, obj: Any, *, added: bool) -> None:
        policies = obj.policies.values_list("pk", flat=True)
        self.tell_of_open_tickets(request, policies, f"calendar={obj.pk}")


def _dated(days: dict[str, str]) -> list[tuple[str, str]]:
    return [(hours.date_in_words(day), said or "—") for day, said in sorted(days.items())]


def _table(head: str, cell: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return "—"
    context = {"head": [head, cell], "rows": [(name, [said]) for name, said in rows]}
    return render_to_string("admin/django_sla/plain_table.html", context)
