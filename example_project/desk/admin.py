from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from django_sla.admin import SLAAdminMixin

from .models import Comment, Department, Ticket


class CommentInline(admin.StackedInline):
    model = Comment
    extra = 0
    fields = ["author", "internal", "body", "created_at"]
    readonly_fields = ["created_at"]
    autocomplete_fields = ["author"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("author")


@admin.register(Ticket)
class TicketAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["number", "title", "priority", "status"]
    list_filter = ["status", "priority", "department"]
    search_fields = ["number", "title", "requester__username", "requester__first_name"]
    autocomplete_fields = ["requester", "assignee", "department"]
    readonly_fields = ["number"]
    inlines = [CommentInline]


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    list_display = ["name", "lead"]
    list_select_related = ["lead"]
    search_fields = ["name", "lead__first_name", "lead__last_name"]
    search_help_text = "A department, or the name of its lead."
    autocomplete_fields = ["lead"]
