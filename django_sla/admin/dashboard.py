"""The dashboard of a ticket model, in the admin: of the tickets that its admin shows."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from django_sla.admin.ticket_page import change_page
from django_sla.views.dashboard import DashboardView


class AdminDashboardView(DashboardView):
    """Who may see the tickets in the admin may see their numbers."""

    template_name = "admin/django_sla/dashboard.html"
    tickets_template_name = "admin/django_sla/dashboard_tickets.html"
    forecast_template_name = "admin/django_sla/dashboard_forecast.html"
    model_admin: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_models(self) -> list[Any]:
        return [self.model_admin.model.sla]

    def get_tickets(self, model: Any, user: Any) -> QuerySet[Any]:
        return self.model_admin.get_queryset(self.request)

    def ticket_url(self, ticket: Any) -> str:
        return change_page(self.model_admin, ticket)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(
            **self.model_admin.admin_site.each_context(self.request),
            opts=self.model_admin.opts,
            **context,
        )


def urls(model_admin: Any) -> list[URLPattern]:
    view = AdminDashboardView.as_view(model_admin=model_admin)
    name = f"{_name(model_admin)}_sla_dashboard"
    return [path("sla-dashboard/", model_admin.admin_site.admin_view(view), name=name)]


def link_from(model_admin: Any, response: Any) -> Any:
    """The list of tickets with a link to the dashboard, around whatever template it has."""
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        names: Any = response.template_name
        template = select_template([names] if isinstance(names, str) else list(names))
        address = reverse(
            f"admin:{_name(model_admin)}_sla_dashboard", current_app=model_admin.admin_site.name
        )
        context = {"sla_list_template": template, "sla_dashboard_url": address}
        response.context_data = {**(response.context_data or {}), **context}
        response.template_name = "admin/django_sla/ticket_list.html"
    return response


def _name(model_admin: Any) -> str:
    return f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"
