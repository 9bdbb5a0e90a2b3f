from django.contrib import admin

from django_sla.admin import SLAAdminMixin

from .models import Reply, Ticket


class ReplyInline(admin.StackedInline):
    model = Reply
    extra = 0


@admin.register(Ticket)
class TicketAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["title", "priority", "status", "assignee"]
    list_select_related = ["assignee"]
    inlines = [ReplyInline]
