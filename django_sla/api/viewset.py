"""The addresses below ``{id}/sla/`` of a host's viewset of tickets."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.viewsets import GenericViewSet

from django_sla.api import documents, requests
from django_sla.api.errors import answer
from django_sla.api.filters import SLAFilter
from django_sla.api.limits import SLAPagination, SLAThrottle
from django_sla.api.parsing import guarded

VIEW_IP = "django_sla.view_ip"
WAIVE = "django_sla.waive_breach"

ERRORS = {
    400: OpenApiResponse({"type": "object", "additionalProperties": {}}, "By field, what is wrong"),
    403: OpenApiResponse(documents.DetailDocument, "Not allowed"),
    404: OpenApiResponse(documents.DetailDocument, "No such ticket for whoever asks"),
    429: OpenApiResponse(documents.DetailDocument, "Too often"),
}
CONFLICT = {409: OpenApiResponse(documents.RefusalDocument, "Not as the ticket stands")}


def _reads(document: Any, **more: Any) -> Any:
    return extend_schema(request=None, responses={200: document, **ERRORS}, filters=False, **more)


def _writes(body: Any) -> Any:
    answers = {200: documents.TicketSLADocument, **ERRORS, **CONFLICT}
    return extend_schema(request=body, responses=answers, description=body.__doc__, filters=False)


class SLAViewSetMixin(GenericViewSet):
    """For a viewset of tickets: ``class TicketViewSet(SLAViewSetMixin, ModelViewSet)``.

    Who sees which ticket is up to the viewset's ``get_queryset`` and ``permission_classes``:
    what they do not give is not found here either.
    """

    pagination_class = SLAPagination
    filter_backends = [*api_settings.DEFAULT_FILTER_BACKENDS, SLAFilter]

    def may_change_sla(self, ticket: Any) -> bool:
        """Whether the user may put the ticket on hold, release it, and set and clear targets: by
        default, if they may change tickets, or this one."""
        user, opts = self.request.user, ticket._meta
        permission = f"{opts.app_label}.change_{opts.model_name}"
        return bool(user.has_perm(permission) or user.has_perm(permission, ticket))

    def may_waive(self, ticket: Any) -> bool:
        """Whether the user may excuse a breach of the ticket: by default, with
        ``django_sla.waive_breach``."""
        return bool(self.request.user.has_perm(WAIVE))

    def may_see_ip(self, ticket: Any) -> bool:
        """Whether the user may see from which addresses the ticket was changed: by default, with
        ``django_sla.view_ip``."""
        return bool(self.request.user.has_perm(VIEW_IP))

    @property
    def sla_throttle_scope(self) -> str | None:
        if not (self.action or "").startswith("sla"):
            return None
        return "sla_write" if self.request.method == "POST" else "sla_read"

    def get_parsers(self) -> list[Any]:
        return [guarded(parser)() for parser in self.parser_classes]

    def get_throttles(self) -> list[Any]:
        return [*super().get_throttles(), SLAThrottle()]

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(answer(exc))

    # Reading

    @_reads(documents.TicketSLADocument, description="The SLA of a ticket.")
    @action(detail=True, url_path="sla", url_name="sla")
    def sla(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._sla(self.get_object())

    @_reads(documents.TimelineDocument(many=True), description="What happened, oldest first.")
    @action(detail=True, url_path="sla/timeline", url_name="sla-timeline")
    def sla_timeline(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        page = self._page(self.get_object().sla.timeline())
        return self._pages(documents.TimelineDocument, map(documents.entry, page))

    @_reads(documents.ChangeDocument(many=True), description="What changed, newest first.")
    @action(detail=True, url_path="sla/changelog", url_name="sla-changelog")
    def sla_changelog(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        show_ip = self.may_see_ip(ticket)
        page = self._page(ticket.sla.changelog())
        return self._pages(documents.ChangeDocument, (documents.change(c, show_ip) for c in page))

    @_reads(
        documents.ExplanationDocument,
        description="Which stretches of a clock's life counted, and why the others did not.",
        parameters=[requests.ExplainQuery],
    )
    @action(detail=True, url_path="sla/explain", url_name="sla-explain")
    def sla_explain(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        query = requests.ExplainQuery(data=parameters(request))
        query.is_valid(raise_exception=True)
        found = ticket.sla.explain(query.validated_data["metric"])
        return Response(documents.ExplanationDocument(documents.explanation(found)).data)

    # Writing

    @_writes(requests.Waive)
    @action(["post"], True, "sla/waive", "sla-waive", serializer_class=requests.Waive)
    def sla_waive(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._do(requests.Waive)

    @_writes(requests.SetTarget)
    @action(["post"], True, "sla/set-target", "sla-set-target", serializer_class=requests.SetTarget)
    def sla_set_target(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._do(requests.SetTarget)

    @_writes(requests.ClearTarget)
    @action(
        ["post"],
        True,
        "sla/clear-target",
        "sla-clear-target",
        serializer_class=requests.ClearTarget,
    )
    def sla_clear_target(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._do(requests.ClearTarget)

    @_writes(requests.Pause)
    @action(["post"], True, "sla/pause", "sla-pause", serializer_class=requests.Pause)
    def sla_pause(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._do(requests.Pause)

    @_writes(requests.Resume)
    @action(["post"], True, "sla/resume", "sla-resume", serializer_class=requests.Resume)
    def sla_resume(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._do(requests.Resume)

    def _do(self, body: type[requests.Reasoned]) -> Response:
        ticket = self.get_object()
        allowed = self.may_waive if body is requests.Waive else self.may_change_sla
        if not allowed(ticket):
            self.permission_denied(self.request)
        asked = body(data=self.request.data)
        asked.is_valid(raise_exception=True)
        # Also where no middleware tells django-simple-history who asks.
        ticket._history_user = self.request.user
        asked.carry_out(ticket)
        return self._sla(ticket)

    def _sla(self, ticket: Any) -> Response:
        found = ticket.sla.as_dict() | {"hold": documents.hold(ticket.sla.hold)}
        return Response(documents.TicketSLADocument(found).data)

    def _page(self, found: list[Any]) -> list[Any]:
        page = self.paginate_queryset(found)
        return found if page is None else page

    def _pages(self, document: Any, found: Any) -> Response:
        data = document(list(found), many=True).data
        return Response(data) if self.paginator is None else self.get_paginated_response(data)


def parameters(request: Any) -> dict[str, str]:
    """The query parameters of a request, but for the one that chooses the format."""
    given = request.query_params.items()
    return {name: text for name, text in given if name != api_settings.URL_FORMAT_OVERRIDE}
