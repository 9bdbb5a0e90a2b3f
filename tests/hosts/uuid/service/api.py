from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from django_sla.api import SLASerializerMixin, SLAViewSetMixin

from .models import Ticket


class TicketSerializer(SLASerializerMixin, ModelSerializer):
    class Meta:
        model = Ticket
        fields = ["id", "title", "status", "priority", "requester", "assignee"]


class TicketViewSet(SLAViewSetMixin, ModelViewSet):
    queryset = Ticket.objects.order_by("pk")
    serializer_class = TicketSerializer
