"""A host's API: agents see the tickets of their departments, others their own."""

from typing import Any

from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from django_sla.api import (
    ComplianceReportView,
    ComplianceTicketsView,
    SLASerializerMixin,
    SLAViewSetMixin,
    TimeByDimensionView,
    TimeInStatusView,
)
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket


class TicketSerializer(SLASerializerMixin, ModelSerializer):
    class Meta:
        model = Ticket
        fields = ["id", "title", "status", "priority", "created_at", "resolution_target"]


class Scoped:
    """A department is a group of the same name."""

    request: Any

    def get_queryset(self) -> Any:
        user = self.request.user
        if user.is_superuser:
            return Ticket.objects.order_by("pk")
        if user.is_staff:
            departments = user.groups.values("name")
            return Ticket.objects.filter(department__name__in=departments).order_by("pk")
        return Ticket.objects.filter(requester=user).order_by("pk")


class TicketViewSet(Scoped, SLAViewSetMixin, ModelViewSet):
    queryset = Ticket.objects.none()
    serializer_class = TicketSerializer
    permission_classes = [IsAuthenticated]


class UUIDTicketSerializer(SLASerializerMixin, ModelSerializer):
    class Meta:
        model = UUIDTicket
        fields = "__all__"


class UUIDTicketViewSet(SLAViewSetMixin, ModelViewSet):
    queryset = UUIDTicket.objects.order_by("pk")
    serializer_class = UUIDTicketSerializer
    permission_classes = [IsAuthenticated]


class Compliance(Scoped, ComplianceReportView):
    queryset = Ticket.objects.none()


class Behind(Scoped, ComplianceTicketsView):
    queryset = Ticket.objects.none()


class InStatus(Scoped, TimeInStatusView):
    queryset = Ticket.objects.none()


class With(Scoped, TimeByDimensionView):
    queryset = Ticket.objects.none()


router = SimpleRouter()
router.register("tickets", TicketViewSet)
router.register("uuid", UUIDTicketViewSet, basename="uuid")

urlpatterns = [
    path("", include(router.urls)),
    path("compliance/", Compliance.as_view()),
    path("compliance/tickets/", Behind.as_view()),
    path("time-in-status/", InStatus.as_view()),
    path("time-with/", With.as_view()),
]
