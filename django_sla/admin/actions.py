"""The pages on which people do something to a ticket's clocks, and the links to them."""

from dataclasses import dataclass
from typing import Any

import django
from django.contrib import messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from django_sla.admin.action_forms import ACTIONS, ActionForm
from django_sla.exceptions import SLAError


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """An action that is offered on the page of a ticket."""

    label: str
    href: str
    """Relative to that page."""


def links(model_admin: Any, request: HttpRequest, ticket: Any) -> list[Link]:
    """What this user may do to the ticket as it stands."""
    if IS_POPUP_VAR in request.GET:
        return []
    query = _query(model_admin, request)
    return [
        Link(label=str(form.link), href=f"../sla/{name}/{query}")
        for name, form in ACTIONS.items()
        if form.allowed(model_admin, request, ticket) and not form(ticket).why_not()
    ]


def page(model_admin: Any, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
    """The page of one action. Only a POST changes anything.

    Raises:
        Http404: there is no such action.
        PermissionDenied: the user may not do this.
    """
    if action not in ACTIONS:
        raise Http404
    ticket = model_admin.get_object(request, unquote(object_id))
    if not ACTIONS[action].allowed(model_admin, request, ticket):
        raise PermissionDenied
    if ticket is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)
    form = ACTIONS[action](ticket, request.POST if request.method == "POST" else None)
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change"
    site = model_admin.admin_site.name
    back = reverse(name, args=[quote(ticket.pk)], current_app=site) + _query(model_admin, request)
    if form.is_valid() and _carried_out(form, model_admin, request):
        model_admin.message_user(request, form.done % {"ticket": ticket}, messages.SUCCESS)
        return HttpResponseRedirect(back)
    return _response(form, model_admin, request, back)


def _query(model_admin: Any, request: HttpRequest) -> str:
    """What brings the user back to the list as they had filtered it."""
    filters = model_admin.get_preserved_filters(request)
    return f"?{filters}" if filters else ""


def _carried_out(form: ActionForm, model_admin: Any, request: HttpRequest) -> bool:
    """Do it, and log it as the admin logs every change; whether that was possible."""
    try:
        with transaction.atomic(using=router.db_for_write(model_admin.model)):
            form.carry_out()
            said = f"{form.title}: {form.cleaned_data['reason']}"
            model_admin.log_change(request, form.ticket, said)
    except SLAError as error:
        form.add_error(None, str(error))
        return False
    return True


def _response(form: Any, model_admin: Any, request: HttpRequest, back: str) -> HttpResponse:
    refusal = form.why_not()
    fieldsets = [] if refusal else [(None, {"fields": list(form.fields)})]
    site = model_admin.admin_site
    request.current_app = site.name
    context = {
        **site.each_context(request),
        "title": form.title,
        "subtitle": str(form.ticket),
        "opts": model_admin.opts,
        "original": form.ticket,
        "adminform": AdminForm(form, fieldsets, {}, model_admin=model_admin),
        "inline_admin_formsets": [],
        "errors": [] if refusal else AdminErrorList(form, []),
        "media": model_admin.media + form.media,
        "refusal": refusal,
        "consequences": list(form.consequences()),
        "back": back,
        "crumbs_in_list": django.VERSION >= (6, 1),
    }
    return TemplateResponse(request, "admin/django_sla/action.html", context)
