"""Tickets that pages of the SLA name."""

from typing import Any

from django.apps import apps
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.utils import quote
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
    return str(ticket), change_page(shown, ticket)


def change_page(model_admin: Any, ticket: Any) -> str:
    """The address of a ticket's page; empty where its admin has no such page."""
    opts, site = model_admin.opts, model_admin.admin_site
    name = f"admin:{opts.app_label}_{opts.model_name}_change"
    try:
        return reverse(name, args=[quote(ticket.pk)], current_app=site.name)
    except NoReverseMatch:
        return ""
