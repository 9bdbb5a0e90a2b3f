"""The dashboard: how far promises are kept, for those who answer for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views import View

from django_sla.models import SLA
from django_sla.moment import now as read_now
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.dashboard import Dashboard
from django_sla.reports.export import available, streamed
from django_sla.reports.tickets import TicketList
from django_sla.ticket.queryset import judged_together
from django_sla.views.dashboard.form import PeriodForm
from django_sla.views.dashboard.outlook import Outlook
from django_sla.views.dashboard.panels import NOW, Panels
from django_sla.views.dashboard.tables import files
from django_sla.views.tickets import declarations

PERMISSION = "django_sla.view_reports"


class DashboardView(LoginRequiredMixin, View):
    """Numbers about the tickets that ``get_tickets`` gives; with the parameter ``tickets`` the
    tickets behind one of them, and with ``forecast`` what is to be expected. Some twenty queries,
    whatever the number of tickets.

    Override ``get_tickets`` to show somebody the numbers of some tickets::

        class DepartmentDashboard(DashboardView):
            def get_tickets(self, model, user):
                return model.objects.filter(department__lead=user)
    """

    http_method_names = ["get", "head", "options"]

    template_name = "django_sla/dashboard.html"
    tickets_template_name = "django_sla/dashboard_tickets.html"
    forecast_template_name = "django_sla/dashboard_forecast.html"
    objective: float | None = None
    """Percent of promises that are to be kept; None for that of the settings."""
    by: Iterable[str] | None = None
    """What there are tables by; None for the priority and all declared dimensions."""
    page_size = 50
    """Tickets on a page of those behind a number."""

    def get_tickets(self, model: Any, user: Any) -> QuerySet[Any]:
        """The tickets of a ticket model whose numbers ``user`` may see: all of them for those with
        the permission ``django_sla.view_reports``, none for others."""
        tickets: QuerySet[Any] = model._default_manager.all()
        return tickets if user.has_perm(PERMISSION) else tickets.none()

    def get_models(self) -> list[SLA]:
        """The ticket models that there are dashboards of."""
        return declarations()

    def ticket_url(self, ticket: Any) -> str:
        """The page of a ticket; empty where there is none."""
        find = getattr(ticket, "get_absolute_url", None)
        return str(find()) if find is not None else ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self._answer(read_now())
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    def _answer(self, now: datetime) -> HttpResponseBase:
        form = PeriodForm(self.request.GET, self.declaration, now, timezone.get_current_timezone())
        if not form.is_valid():
            context = self.get_context_data(form=form)
            return render(self.request, self.template_name, context, status=400)
        dashboard = Dashboard(
            self.tickets,
            form.named_period,
            where=form.where,
            now=now,
            objective=self.objective,
            by=None if self.by is None else tuple(self.by),
        )
        panels = Panels(dashboard, form, self.request.GET, self.ticket_url)
        if number := self.request.GET.get("tickets"):
            return self._tickets_of(number, panels)
        if self.request.GET.get("forecast"):
            return self._forecast(dashboard, panels)
        if by := self.request.GET.get("report"):
            return self._report_by(by, dashboard)
        context = self.get_context_data(form=form, panels=panels)
        return render(self.request, self.template_name, context)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """``title``, ``form``, ``panels`` where it is valid, and the models to choose from."""
        return {
            "title": _("Service levels"),
            "models": self._links_to_models(),
            "model": self.declaration.model._meta,
            "time_zone": timezone.get_current_timezone_name(),
            **context,
        }

    def _tickets_of(self, number: str, panels: Panels) -> HttpResponseBase:
        """The tickets behind a number, as a page or as a file."""
        try:
            tickets, title = panels.tickets_of(number)
        except ValueError:
            raise Http404(_("There is no such number.")) from None
        if format := self._format():
            return streamed(TicketList(tickets, now=panels.now), self._file(number), format)
        ordered = tickets.order_by("-created_at", "-pk")
        page = Paginator(ordered, self.page_size).get_page(self.request.GET.get("page"))
        judged_together(list(page), panels.now)
        context = self.get_context_data(
            panels=panels,
            title=title,
            is_of_period=number not in NOW,
            metrics=panels.metrics,
            back_url=panels.address.at(),
            files=files(panels.address, tickets=number),
            page=page,
            previous_url=self._page_url(panels, number, page.has_previous() and page.number - 1),
            next_url=self._page_url(panels, number, page.has_next() and page.number + 1),
            lines=[panels.line(ticket) for ticket in page],
        )
        return render(self.request, self.tickets_template_name, context)

    def _forecast(self, dashboard: Dashboard, panels: Panels) -> HttpResponseBase:
        context = self.get_context_data(
            panels=panels,
            title=_("Forecast"),
            outlook=Outlook(dashboard, self.ticket_url),
            back_url=panels.address.at(),
        )
        return render(self.request, self.forecast_template_name, context)

    def _report_by(self, by: str, dashboard: Dashboard) -> HttpResponseBase:
        """What a table shows, and all other figures, as a file."""
        if by not in dashboard.by:
            raise Http404(_("There is no such table."))
        report = ComplianceReport(self.tickets, by=by, **dashboard.span, **dashboard.options)
        return streamed(report, self._file(by), self._format() or "csv")

    def _format(self) -> str:
        """
        Raises:
            Http404: it cannot be written here.
        """
        name = self.request.GET.get("format", "")
        if name and name not in available():
            said = _("There is no such format; there is %s.")
            raise Http404(said % ", ".join(available()))
        return name

    def _file(self, of: str) -> str:
        return f"{self.declaration.model._meta.model_name} {of}"

    def _page_url(self, panels: Panels, number: str, page: int) -> str:
        return panels.address.at(tickets=number, page=str(page)) if page else ""

    # Which tickets

    @cached_property
    def _allowed(self) -> Mapping[str, tuple[SLA, QuerySet[Any]]]:
        """By the label of the model; without those of which nothing is to be seen."""
        found = {
            sla.model._meta.label_lower: (sla, self.get_tickets(sla.model, self.request.user))
            for sla in self.get_models()
        }
        return {name: pair for name, pair in found.items() if not pair[1].query.is_empty()}

    @cached_property
    def _chosen(self) -> tuple[SLA, QuerySet[Any]]:
        """
        Raises:
            PermissionDenied: there are no tickets of which this user may see anything.
            Http404: not of those that are asked for.
        """
        if not self._allowed:
            raise PermissionDenied
        name = self.request.GET.get("model") or next(iter(self._allowed))
        if name not in self._allowed:
            raise Http404(_("There is no such dashboard."))
        return self._allowed[name]

    @property
    def declaration(self) -> Any:
        return self._chosen[0]

    @property
    def tickets(self) -> QuerySet[Any]:
        return self._chosen[1]

    def _links_to_models(self) -> list[tuple[str, str, bool]]:
        """Name, address, and whether it is the one shown; nothing where there is but one."""
        if len(self._allowed) < 2:
            return []
        found = []
        for name, (sla, _tickets) in self._allowed.items():
            address = QueryDict(mutable=True)
            address["model"] = name
            names = sla.model._meta.verbose_name_plural
            found.append((str(names), f"?{address.urlencode()}", sla is self.declaration))
        return found
