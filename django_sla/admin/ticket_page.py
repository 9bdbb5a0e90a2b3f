"""Tickets that pages of the SLA name."""

from typing import Any

from django.apps import apps
from django.contrib.admin.exceptions import NotRegistered
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


def ticket_page(site: Any, request: HttpRequest, label: str, pk: Any) -> tuple[str, str]:
    """A ticket's name and page, for those who may see it; else its key alone, and nothing.

    ``label`` is that of its model.
    """
    key = f"{label} {pk}"
    try:
        model = apps.get_model(label)
        shown = site.get_model_admin(model)
    except (LookupError, NotRegistered):
        return key, ""
    ticket = shown.get_object(request, str(pk))
    if ticket is None or not shown.has_view_permission(request, ticket):
        return key, ""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        url = reverse(name, args=[ticket.pk], current_app=site.name)
    except NoReverseMatch:
        url = ""
    return str(ticket), url
