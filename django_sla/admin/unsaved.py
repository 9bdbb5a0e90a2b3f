"""Pages that the form of a policy or a calendar is sent to as it stands, and that save nothing."""

from collections.abc import Callable
from typing import Any

import django
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

PERMISSIONS = ("django_sla.view_policy", "django_sla.change_policy")


def may_ask(request: Any) -> bool:
    return bool(request.user.has_perms(PERMISSIONS))


def urls(
    model_admin: Any, address: str, page: Callable[[Any, Any, Any], HttpResponse]
) -> list[URLPattern]:
    """Of a page below the form, new or of a row, which is called with the model admin, the request
    and the row, None of a new one.

    It answers POST alone, and raises PermissionDenied unless the user may see and change
    policies, and this one.
    """

    def view(request: Any, object_id: str | None = None) -> HttpResponse:
        row = _allowed(model_admin, request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return page(model_admin, request, row)

    wrapped = model_admin.admin_site.admin_view(view)
    opts = model_admin.opts
    name = f"{opts.app_label}_{opts.model_name}_{address.replace('-', '_')}"
    return [
        path(f"add/{address}/", wrapped, name=f"{name}_new"),
        path(f"<path:object_id>/{address}/", wrapped, name=name),
    ]


def _allowed(model_admin: Any, request: HttpRequest, object_id: str | None) -> Any:
    row = model_admin.get_object(request, object_id) if object_id else None
    may_edit = (
        model_admin.has_change_permission(request, row)
        if row is not None
        else object_id is None and model_admin.has_add_permission(request)
    )
    if not may_ask(request) or not may_edit:
        raise PermissionDenied
    return row


def answer(
    model_admin: Any, request: Any, row: Any, template: str, **context: Any
) -> TemplateResponse:
    """The page in the frame of the admin."""
    request.current_app = model_admin.admin_site.name
    frame = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": row,
        "media": model_admin.media,
        "crumbs_in_list": django.VERSION >= (6, 1),
    }
    return TemplateResponse(request, f"admin/django_sla/{template}", {**frame, **context})


def tickets_of(site: Any, request: Any, model: Any) -> tuple[Any, bool]:
    """The tickets that the user may see, and True; where they may see none in the admin, all of
    them, and False."""
    try:
        shown = site.get_model_admin(model)
    except NotRegistered:
        shown = None
    if shown is not None and shown.has_view_permission(request):
        return shown.get_queryset(request).order_by(), True
    return model._default_manager.all(), False
