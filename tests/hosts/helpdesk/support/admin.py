"""helpdesk's admin of tickets, with service levels."""

from django.contrib import admin
from helpdesk.admin import TicketAdmin

from django_sla.admin import SLAAdminMixin
from support.models import SupportTicket


@admin.register(SupportTicket)
class SupportTicketAdmin(SLAAdminMixin, TicketAdmin):
    pass
