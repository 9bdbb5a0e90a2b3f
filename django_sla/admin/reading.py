"""Rows that the machinery writes and people only read."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import formats, timezone

from django_sla.admin.searching import SearchableAdmin


class ReadOnlyAdmin(SearchableAdmin):
    """Neither added, nor changed, nor deleted."""

    # There may be very many of them.
    show_full_result_count = False

    class Media:
        css = {"all": ["django_sla/sla.css", "django_sla/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def instant(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
