"""The desk for programs: its tickets with their SLA, and how far promises were kept."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema_view
from drf_spectacular.utils import extend_schema as says
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from django_sla.api import (
    ComplianceReportView,
    ComplianceTicketsView,
    SLASerializerMixin,
    SLAViewSetMixin,
    TimeByDimensionView,
    TimeInStatusView,
)
from django_sla.models import SLAQuerySet

from .models import Ticket
from .views import visible


class TicketSerializer(SLASerializerMixin, ModelSerializer):
    class Meta:
        model = Ticket
        fields = ["number", "title", "priority", "status", "requester", "assignee", "department"]


class Visible:
    """Staff see every ticket, others their own."""

    request: Any

    def get_queryset(self) -> SLAQuerySet:
        return visible(self.request.user)


REFUSED = {code: OpenApiResponse({"type": "object"}) for code in (400, 403, 404)}


@extend_schema_view(
    list=says(responses={200: TicketSerializer(many=True), **REFUSED}),
    retrieve=says(responses={200: TicketSerializer, **REFUSED}),
)
class TicketViewSet(Visible, SLAViewSetMixin, ReadOnlyModelViewSet):
    queryset = Ticket.objects.none()
    """Only for the schema: what there is, says ``get_queryset``."""
    serializer_class = TicketSerializer
    lookup_field = "number"

    def may_change_sla(self, ticket: Ticket) -> bool:
        return bool(self.request.user.is_staff)


class Reported(Visible):
    queryset = Ticket.objects.none()
    """Only for the schema, too."""


class ComplianceView(Reported, ComplianceReportView):
    """How far the desk kept its promises."""


class NumberView(Reported, ComplianceTicketsView):
    """The tickets behind a number of that."""


class StatusView(Reported, TimeInStatusView):
    """How long tickets were in each status."""


class DimensionView(Reported, TimeByDimensionView):
    """How long tickets were with each agent, department and category."""


router = SimpleRouter()
router.register("tickets", TicketViewSet)

urlpatterns = [
    *router.urls,
    path("reports/compliance/", ComplianceView.as_view(), name="compliance"),
    path("reports/compliance/tickets/", NumberView.as_view(), name="compliance-tickets"),
    path("reports/time-in-status/", StatusView.as_view(), name="time-in-status"),
    path("reports/time-with/", DimensionView.as_view(), name="time-with"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]
