from django.contrib import admin

from django_sla.admin import SLAAdminMixin

from .models import Bug


@admin.register(Bug)
class BugAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["title", "priority", "status"]
