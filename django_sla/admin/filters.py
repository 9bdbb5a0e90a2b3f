"""List filters: tickets by the state of their clocks."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_sla.models import SLAQuerySet
from django_sla.tables.clock import StateName


class SLAStateFilter(admin.SimpleListFilter):
    """Tickets with some clock in a state; subclasses look at the clocks of one metric."""

    title = _("SLA")
    parameter_name = "sla"
    metric: str | None = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(StateName.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        state = self.value()
        if state is None or state not in StateName.values:
            return None
        if isinstance(queryset, SLAQuerySet):
            return queryset.in_state(state, self.metric)
        # A host may keep a manager that knows nothing of SLAs.
        tickets = SLAQuerySet(queryset.model, using=queryset.db).in_state(state, self.metric)
        return queryset.filter(pk__in=tickets.values("pk"))


class ResponseStateFilter(SLAStateFilter):
    """Tickets by the state of their response clock."""

    title = _("response")
    parameter_name = "sla_response"
    metric = "response"


class ResolutionStateFilter(SLAStateFilter):
    """Tickets by the state of their resolution clock."""

    title = _("resolution")
    parameter_name = "sla_resolution"
    metric = "resolution"
