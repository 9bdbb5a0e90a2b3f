from django.contrib import admin

from django_sla.admin import SLAAdminMixin

from .models import Ticket


@admin.register(Ticket)
class TicketAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["title", "priority", "status"]
