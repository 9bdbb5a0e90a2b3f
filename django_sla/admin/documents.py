"""What the admins of policies and calendars have in common."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.db import router
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.admin import unsaved, what_if
from django_sla.admin.document_form import ListForm
from django_sla.admin.document_history import DocumentChangeInWords
from django_sla.admin.forms import texts
from django_sla.admin.history_page import HistoryPage
from django_sla.admin.old_terms import tickets_on_old_terms
from django_sla.admin.recalculations import APPLY


class DocumentAdmin(HistoryPage):
    """Parts that are edited as tables, and read as such by those who may only look."""

    save_as = True
    change_form_template = "admin/django_sla/document_form.html"
    change_in_words = DocumentChangeInWords
    beside_the_form = ["what_if"]
    """Pages that the form can be sent to as it stands."""

    class Media:
        css = {"all": ["django_sla/sla.css", "django_sla/admin.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        words = self.in_words(obj)
        return [
            (name, {**options, "fields": [words.get(field, field) for field in options["fields"]]})
            for name, options in fieldsets
        ]

    def in_words(self, obj: Any) -> Mapping[Any, str]:
        """What stands in place of a field for those who may only look, by the field's name."""
        raise NotImplementedError

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return texts(self.model, super().get_changeform_initial_data(request))

    def get_urls(self) -> list[Any]:
        return [*what_if.urls(self), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        may_edit = (
            self.has_add_permission(request)
            if row is None
            else self.has_change_permission(request, row)
        )
        if may_edit and unsaved.may_ask(request):
            context |= {f"{name}_url": self._beside(name, row) for name in self.beside_the_form}
        return super().render_change_form(request, context, *args, **kwargs)

    def _beside(self, name: str, row: Any) -> str:
        name = f"{self.opts.model_name}_{name}"
        return self.page(f"{name}_new") if row is None else self.page(name, row.pk)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": ListForm, **kwargs})

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().response_add(request, obj, *args, **kwargs)
        self.tell(request, obj, added=True)
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        response = super().response_change(request, obj)
        self.tell(request, obj, added=False)
        return response

    def tell(self, request: HttpRequest, obj: Any, *, added: bool) -> None:
        """Say what a save means, after the admin has said that it is saved."""
        raise NotImplementedError

    def tell_of_open_tickets(
        self, request: HttpRequest, policies: Iterable[int], query: str
    ) -> None:
        """Say how many open tickets keep the terms that these policies had before."""
        counts = tickets_on_old_terms(router.db_for_write(self.model))
        count = sum(counts.get(pk, 0) for pk in policies)
        if count:
            said = ngettext(
                "New tickets get the new terms. %(count)d open ticket keeps its own.",
                "New tickets get the new terms. %(count)d open tickets keep theirs.",
                count,
            )
            self.tell_with_link(request, said % {"count": count}, query)

    def tell_with_link(self, request: HttpRequest, said: str, query: str) -> None:
        """A message that leads on to applying the policies, for those who may."""
        url = self.apply_url(request, query)
        if url:
            words = _("See what would change")
            said = format_html('{} <a href="{}">{}</a>', said, url, words)
        self.message_user(request, said, messages.INFO)

    def apply_url(self, request: HttpRequest, query: str) -> str:
        """Where policies are applied to open tickets; empty for those who may not."""
        url = self.page("recalculation_add") if request.user.has_perm(APPLY) else ""
        return f"{url}?{query}" if url else ""

    def page(self, name: str, *args: Any) -> str:
        """The address of a page of policies or calendars; empty where this site has none, because
        only one of the two is registered there."""
        try:
            return reverse(f"admin:django_sla_{name}", args=args, current_app=self.admin_site.name)
        except NoReverseMatch:
            return ""
