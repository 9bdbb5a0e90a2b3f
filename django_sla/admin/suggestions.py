"""What may be typed as the value of a condition: choices by their labels, and rows by name; and
whom escalations can tell."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.admin.lists import write_list
from django_sla.tables.asked import MODEL, SECRET, field_at
from django_sla.tables.recipients import GROUP, known_recipients

TO = "escalations.to"
"""In place of a field: whom escalations tell."""

LIMIT = 20
"""Suggestions for one text."""


def urls(model_admin: Any) -> list[URLPattern]:
    def view(request: HttpRequest) -> JsonResponse:
        """``?field=department&q=net``: ``{"values": [{"value": "3", "label": "Network"}]}``"""
        if not (
            model_admin.has_change_permission(request) or model_admin.has_add_permission(request)
        ):
            raise PermissionDenied
        text = request.GET.get("q", "").strip()
        found = suggestions(request.GET.get("field", ""), text, request.user)
        return JsonResponse(
            {"values": [{"value": str(v), "label": str(said)} for v, said in found]}
        )

    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_values"
    return [path("values/", model_admin.admin_site.admin_view(view), name=name)]


def suggestions(field_path: str, text: str, user: Any) -> list[tuple[Any, Any]]:
    """At most 20 values with what people call them, in which ``text`` occurs. What tickets have in
    fields without choices is not told, nor are rows that this user may not see."""
    if field_path == TO:
        return list(_alike(_recipients(user), text))[:LIMIT]
    if field_path == MODEL:
        kinds = [(model._meta.label, model._meta.verbose_name) for model in registry.tickets]
        return list(_alike(kinds, text))[:LIMIT]
    field = field_at(field_path)
    if isinstance(field, models.ForeignKey):
        return _rows(field, text) if _may_see(user, field.related_model) else []
    if isinstance(field, models.BooleanField):
        return list(_alike([("yes", _("yes")), ("no", _("no"))], text))
    choices = (
        [choice for choice in field.flatchoices if choice[0] not in (None, "")] if field else []
    )
    return list(_alike(choices, text))[:LIMIT]


def _recipients(user: Any) -> list[tuple[Any, Any]]:
    """Whom escalations can tell, as a list has it."""
    names = known_recipients()
    groups = Group._base_manager.order_by("name") if _may_see(user, Group) else []
    names += [f"{GROUP}{group.name}" for group in groups]
    return [(write_list([name]), name) for name in names]


def _alike(values: list[tuple[Any, Any]], text: str) -> Iterator[tuple[Any, Any]]:
    wanted = text.casefold()
    for value, label in values:
        if wanted in str(value).casefold() or wanted in str(label).casefold():
            yield value, label


def _may_see(user: Any, model: Any) -> bool:
    opts = model._meta
    return any(
        user.has_perm(f"{opts.app_label}.{get_permission_codename(action, opts)}")
        for action in ("view", "change")
    )


def _rows(field: Any, text: str) -> list[tuple[Any, Any]]:
    target = field.target_field.attname
    names = [
        other.attname
        for other in field.related_model._meta.concrete_fields
        if isinstance(other, models.CharField) and other.name not in SECRET and not other.choices
    ]
    named = Q(*((f"{name}__icontains", text) for name in names), _connector=Q.OR)
    rows = field.related_model._default_manager.complex_filter(field.get_limit_choices_to())
    found = rows.filter(named).order_by("pk").distinct()[:LIMIT] if names or not text else []
    return [(getattr(row, target), row) for row in found]
