"""The history page: who changed what and when, in words, and for some from which address."""

from typing import Any

import django
from django.contrib.admin.utils import label_for_field, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin
from simple_history.utils import get_history_model_for_model

from django_sla.admin.history import ChangeInWords
from django_sla.admin.searching import SearchableAdmin

VIEW_IP = "django_sla.view_ip"
"""The permission to see the addresses that changes came from."""


class HistoryPage(SearchableAdmin, SimpleHistoryAdmin):
    """django-simple-history's admin with our page."""

    object_history_template = "admin/django_sla/object_history.html"
    object_history_list_template = "admin/django_sla/object_history_list.html"
    object_history_form_template = "admin/django_sla/object_history_form.html"
    change_in_words: type[ChangeInWords] = ChangeInWords

    def history_model(self) -> Any:
        # A proxy has none of its own.
        return get_history_model_for_model(self.model._meta.concrete_model)

    def get_history_list_display(self, request: HttpRequest) -> list[str]:
        """The host's own, and the address, for those who may see it."""
        columns = list(super().get_history_list_display(request))
        if not request.user.has_perm(VIEW_IP):
            return [name for name in columns if name != "client_ip"]
        has_ip = any(field.name == "client_ip" for field in self.history_model()._meta.fields)
        return columns + ["client_ip"] * (has_ip and "client_ip" not in columns)

    def get_historical_record_context_helper(
        self, request: HttpRequest, historical_record: Any
    ) -> ChangeInWords:
        return self.change_in_words(self.model, historical_record)

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> QuerySet[Any]:
        """As inherited; but that would ask a model without foreign keys for related rows of no
        name, which is all of them, and deprecated."""
        history = history_manager.model
        if any(field.is_relation for field in history.tracked_fields):
            return super().get_history_queryset(request, history_manager, pk_name, object_id)
        rows = history_manager.filter(**{pk_name: object_id})
        has_user = not isinstance(history.history_user, property)
        return rows.select_related("history_user") if has_user else rows

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        _check_key(self.model, object_id)
        history = self.history_model()
        columns = [
            (name, capfirst(str(label_for_field(name, history, self))))
            for name in self.get_history_list_display(request)
        ]
        context = {"media": self.media, "history_columns": columns, **(extra_context or {})}
        return super().history_view(request, object_id, context)

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # What SIMPLE_HISTORY_EDIT offers: a changelog that can be edited is none.
        if "_change_history" in request.POST:
            raise PermissionDenied
        _check_key(self.model, object_id)
        _check_key(self.history_model(), version_id)
        context = {
            "crumbs_in_list": django.VERSION >= (6, 1),
            "change_history": False,
            **(extra_context or {}),
        }
        return super().history_form_view(request, object_id, version_id, context)


def _check_key(model: Any, text: str) -> None:
    """
    Raises:
        Http404: no row has such a key.
    """
    try:
        model._meta.pk.to_python(unquote(text))
    except ValidationError:
        raise Http404 from None
