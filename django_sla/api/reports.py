"""Reports: numbers about the tickets that somebody may see."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from django_sla.api.documents import ReportDocument
from django_sla.api.fields import BoundField, Strict
from django_sla.api.limits import SLAThrottle
from django_sla.api.viewset import ERRORS, parameters
from django_sla.moment import now as read_now
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.format import to_json
from django_sla.reports.grouping import NONE


class ReportQuery(Strict):
    by = serializers.CharField(default=NONE, help_text="What to group by; an error lists it all.")
    since = BoundField(required=False, help_text="The beginning of the period.")
    until = BoundField(required=False, help_text="Its end, which is not in it; else now.")


class ComplianceReportView(GenericAPIView):
    """How far promises were kept, by group and in total.

    Subclass it and say in ``get_queryset`` whose tickets are counted for whoever asks::

        class Compliance(ComplianceReportView):
            def get_queryset(self):
                return Ticket.objects.filter(department__members=self.request.user)
    """

    permission_classes = [IsAuthenticated]
    pagination_class = None
    serializer_class = ReportDocument
    sla_throttle_scope = "sla_report"

    report_class = ComplianceReport
    max_days = 366
    """The longest period."""
    default_days = 30
    """The period that is meant where nobody says since when."""
    max_groups = 1000
    """The most rows."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """As Django's.

        Raises:
            ImproperlyConfigured: nothing says whose tickets are counted.
        """
        if cls.get_queryset is ComplianceReportView.get_queryset:
            raise ImproperlyConfigured(_WHOSE.format(cls.__name__))
        view: Callable[..., Any] = super().as_view(**initkwargs)
        return view

    def get_queryset(self) -> QuerySet[Any]:
        """The tickets that whoever asks may see.

        Raises:
            ImproperlyConfigured: a subclass does not say.
        """
        raise ImproperlyConfigured(_WHOSE.format(type(self).__name__))

    def get_throttles(self) -> list[Any]:
        return [*super().get_throttles(), SLAThrottle()]

    @extend_schema(
        parameters=[ReportQuery],
        responses={
            200: OpenApiResponse(ReportDocument),
            **{code: ERRORS[code] for code in (400, 403, 429)},
        },
    )
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        report = self._report(ReportQuery(data=parameters(request)))
        if len(report.rows) > self.max_groups:
            said = _("There are %(count)d groups, and at most %(most)d are answered at once.")
            numbers = {"count": len(report.rows), "most": self.max_groups}
            raise serializers.ValidationError({"by": [said % numbers]}, "too_many")
        return Response(json.loads(to_json(report)))

    def _report(self, query: ReportQuery) -> Any:
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, read_now()
        until = asked.get("until", now)
        since = asked.get("since", until - timedelta(days=self.default_days))
        if since >= until:
            raise serializers.ValidationError({"since": [_("It must be before the end.")]})
        if until - since > timedelta(days=self.max_days):
            said = _("The period may have at most %(days)d days.") % {"days": self.max_days}
            raise serializers.ValidationError({"since": [said]}, "too_long")
        tickets = self.filter_queryset(self.get_queryset())
        try:
            return self.report_class(tickets, by=asked["by"], since=since, until=until, now=now)
        except ValueError as error:
            # Of what can be wrong, only this is still left.
            raise serializers.ValidationError({"by": [str(error)]}, "unknown") from None


_WHOSE = "{0}: override get_queryset() to say which tickets whoever asks may see."
