"""Where does this come from? The page with the policies in force and the source of each value."""

from typing import Any

import django
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from django_sla.moment import now
from django_sla.reports.sources import describe


def urls(model_admin: Any) -> list[URLPattern]:
    def view(request: HttpRequest) -> HttpResponse:
        return page(model_admin, request)

    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_sources"
    return [path("sources/", model_admin.admin_site.admin_view(view), name=name)]


def page(model_admin: Any, request: Any) -> HttpResponse:
    """
    Raises:
        PermissionDenied: the user may not see policies.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    site = model_admin.admin_site
    request.current_app = site.name
    context = {
        **site.each_context(request),
        "title": _("Where does this come from?"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "policies": describe(model_admin.get_queryset(request).db, now()),
        "crumbs_in_list": django.VERSION >= (6, 1),
    }
    return TemplateResponse(request, "admin/django_sla/sources.html", context)
