"""The page that adds public holidays to calendars: first what they are, then the change."""

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import django
from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sla.exceptions import HolidaysNotInstalled
from django_sla.flow import holidays
from django_sla.moment import now


def urls(model_admin: Any) -> list[URLPattern]:
    def view(request: HttpRequest) -> HttpResponse:
        return page(model_admin, request)

    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_holidays"
    return [path("holidays/", model_admin.admin_site.admin_view(view), name=name)]


def url(model_admin: Any, calendars: Iterable[Any]) -> str:
    """The page for these calendars."""
    pks = ",".join(str(calendar.pk) for calendar in calendars)
    return f"{model_admin.page('calendar_holidays')}?ids={pks}"


class HolidaysForm(forms.Form):
    """Where, and of which years."""

    region = forms.ChoiceField(label=gettext_lazy("Country or part of one"))
    years = forms.CharField(
        label=gettext_lazy("Years"),
        help_text=gettext_lazy("One, such as 2026, or several: 2026-2028."),
        max_length=20,
        widget=forms.TextInput({"class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        region: Any = self.fields["region"]
        region.choices = [("", "---------"), *_regions()]
        year = now().year
        self.fields["years"].initial = f"{year}-{year + 1}"

    def clean(self) -> None:
        """``found`` is what will be added."""
        if self.errors:
            return
        country, _sep, part = self.cleaned_data["region"].partition("-")
        try:
            years = holidays.read_years(self.cleaned_data["years"])
            found = holidays.public_holidays(country, part, years)
        except ValidationError as error:
            for name, messages_ in error.message_dict.items():
                self.add_error(name if name in self.fields else "region", messages_)
        else:
            self.cleaned_data["found"] = found

    def choice(self) -> str:
        """What was chosen, as one text."""
        return f"{self['region'].value()} {self['years'].value()}"


def _regions() -> list[tuple[str, Any]]:
    """Each country as a whole, then its parts."""
    names = _country_names()
    return [
        (
            names.get(code, code),
            [
                (code, _("%s, all of it") % names.get(code, code)),
                *((f"{code}-{part}", f"{code}-{part}") for part in parts),
            ],
        )
        for code, parts in sorted(
            holidays.countries().items(), key=lambda item: names.get(item[0], item[0])
        )
    ]


@cache
def _country_names() -> dict[str, str]:
    """By code, in English: the time zone database has them."""
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text("utf-8")
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    return {code: name for code, _tab, name in (line.partition("\t") for line in lines)}


_KEY = re.compile("[0-9]{1,18}")
"""No database has room for a longer one."""


def page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Only a POST that says so changes anything.

    Raises:
        Http404: it names no calendar that is there.
        PermissionDenied: the user may not change one of them.
    """
    pks = [pk for pk in request.GET.get("ids", "").split(",") if _KEY.fullmatch(pk)]
    calendars = list(model_admin.get_queryset(request).filter(pk__in=pks))
    if not all(model_admin.has_change_permission(request, calendar) for calendar in calendars):
        raise PermissionDenied
    if not calendars:
        raise Http404
    if not holidays.available():
        return _response(model_admin, request, calendars, None)
    form = HolidaysForm(request.POST if request.method == "POST" else None)
    # Whoever chose something else meanwhile has not seen what that is.
    seen = request.POST.get("seen") == form.choice()
    if form.is_valid() and "_add" in request.POST and seen:
        return _add(model_admin, request, calendars, form.cleaned_data["found"])
    return _response(model_admin, request, calendars, form)


def _add(
    model_admin: Any, request: HttpRequest, calendars: list[Any], found: dict[date, str]
) -> HttpResponse:
    with transaction.atomic(using=router.db_for_write(model_admin.model)):
        for calendar in calendars:
            count = holidays.add_holidays(calendar, found)
            said = ngettext("Added %(count)d holiday.", "Added %(count)d holidays.", count)
            said %= {"count": count}
            if count:
                model_admin.log_change(request, calendar, said)
            model_admin.message_user(request, f"{calendar}: {said}", messages.SUCCESS)
    for calendar in calendars:
        model_admin.tell(request, calendar, added=False)
    return HttpResponseRedirect(_back(model_admin, calendars))


def _back(model_admin: Any, calendars: list[Any]) -> str:
    if len(calendars) > 1:
        return str(model_admin.page("calendar_changelist"))
    return str(model_admin.page("calendar_change", calendars[0].pk))


def _response(
    model_admin: Any, request: HttpRequest, calendars: list[Any], form: Any
) -> HttpResponse:
    site = model_admin.admin_site
    request.current_app = site.name
    fieldsets = [(None, {"fields": list(form.fields)})] if form is not None else []
    found = form.cleaned_data.get("found", {}) if form is not None and form.is_valid() else {}
    preview = [
        (day, name, sum(day.isoformat() not in calendar.holidays for calendar in calendars))
        for day, name in found.items()
    ]
    context = {
        **site.each_context(request),
        "title": _("Add public holidays"),
        "subtitle": ", ".join(map(str, calendars)),
        "opts": model_admin.opts,
        "original": ", ".join(map(str, calendars)),
        "adminform": AdminForm(form, fieldsets, {}, model_admin=model_admin),
        "inline_admin_formsets": [],
        "errors": AdminErrorList(form, []) if form is not None else [],
        "media": model_admin.media,
        "refusal": "" if form is not None else HolidaysNotInstalled(),
        "preview": preview,
        "choice": form.choice() if form is not None else "",
        "new": sum(new > 0 for _day, _name, new in preview),
        "back": _back(model_admin, calendars),
        "crumbs_in_list": django.VERSION >= (6, 1),
    }
    return TemplateResponse(request, "admin/django_sla/public_holidays.html", context)
