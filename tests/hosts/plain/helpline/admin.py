from django.contrib import admin

from django_sla.admin import SLAAdminMixin

from .models import Call


@admin.register(Call)
class CallAdmin(SLAAdminMixin, admin.ModelAdmin):
    list_display = ["subject", "urgency", "state"]
