from django.contrib import admin

from django_sla.admin import SLAAdminMixin
from tests.hosts.desk.models import Ticket


@admin.register(Ticket)
class TicketAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["title", "priority", "status", "assignee"]
    list_select_related = ["assignee"]
    list_filter = ["priority"]
    search_fields = ["title"]
