"""Reports: numbers about the tickets that somebody may see."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import api_settings

from django_sla.api.documents import ReportDocument, SLADocument
from django_sla.api.fields import BoundField, OneOf, Strict
from django_sla.api.filters import parameter
from django_sla.api.limits import SLAPagination, SLAThrottle
from django_sla.api.viewset import ERRORS, parameters
from django_sla.moment import now as read_now
from django_sla.registry import metrics
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.figures import Row
from django_sla.reports.format import to_json
from django_sla.reports.grouping import NONE, is_unset
from django_sla.reports.time_by_dimension import TimeByDimensionReport
from django_sla.reports.time_in_status import TimeInStatusReport
from django_sla.reports.where import conditions, filterable
from django_sla.ticket.queryset import judged_together

IS_NULL = "__isnull"
"""What follows the name of a filter that asks for those that have none."""

YES, NO = ("true", "1"), ("false", "0")


class PeriodQuery(Strict):
    since = BoundField(required=False, help_text="The beginning of the period.")
    until = BoundField(required=False, help_text="Its end, which is not in it; else now.")


class MetricsField(serializers.CharField):
    """Names of metrics with commas between them."""

    default_error_messages = {"unknown": _("“{given}” is no metric; there is {known}.")}

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        known = [metric.name for metric in metrics()]
        names = tuple(name.strip() for name in super().to_internal_value(data).split(","))
        for name in names:
            if name not in known:
                self.fail("unknown", given=name, known=", ".join(known))
        return tuple(dict.fromkeys(names))


class ComplianceQuery(PeriodQuery):
    by = serializers.CharField(
        default=NONE,
        help_text="What to group by, or two with a comma between them; an error lists it all.",
    )
    compare = serializers.BooleanField(
        default=False, help_text="Each figure of the period before, too, and the change since."
    )
    metrics = MetricsField(
        required=False, help_text="With commas between them; else response and resolution."
    )
    order_by = serializers.CharField(
        required=False, help_text="A figure to sort the rows by, with a minus the highest first."
    )


class DimensionQuery(PeriodQuery):
    by = serializers.CharField(help_text="A dimension of the tickets; an error lists them.")


class NumberField(OneOf):
    """A column of the compliance report, or ``late`` of a metric: missed and breached."""

    component = "SLANumber"

    @staticmethod
    def known() -> list[str]:
        found = ["tickets", "open", "reopened", "without_policy", "breached", "at_risk"]
        figures = ("met", "missed", "breached", "late", "excused", "compliance", "adjusted")
        return found + [f"{metric.name}_{figure}" for metric in metrics() for figure in figures]


class NumberQuery(PeriodQuery):
    number = NumberField(help_text="Of the compliance report under the same filters.")
    page = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)


class ReportFilter(BaseFilterBackend):
    """Priority, status and the dimensions of the tickets: ``?priority=high&priority=urgent``, and
    ``?department__isnull=true`` for those that have none."""

    taken = frozenset(
        ["by", "since", "until", "compare", "metrics", "order_by", "number", "page", "page_size"]
    )
    """What reports ask besides; a dimension called so cannot be filtered by."""

    def names(self, model: Any) -> list[str]:
        return [name for name in filterable(model.sla) if name not in self.taken]

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        wrong: dict[str, list[str]] = {}
        for name in self.names(queryset.model):
            values: list[Any] = request.query_params.getlist(name)
            flag = request.query_params.get(f"{name}{IS_NULL}")
            if flag is not None and flag.lower() not in (*YES, *NO):
                wrong[f"{name}{IS_NULL}"] = [_("It must be true or false.")]
            elif flag is not None and flag.lower() in YES:
                values = [*values, None]
            if not values:
                continue
            if any(value is not None and is_unset(value) for value in values):
                said = _("It is empty; those that have none are %s=true.") % f"{name}{IS_NULL}"
                wrong[name] = [said]
                continue
            try:
                queryset = queryset.filter(*conditions(queryset.model.sla, {name: values}))
            except ValueError as error:
                wrong[name] = [str(error)]
        if wrong:
            raise serializers.ValidationError(wrong, "unknown")
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Those of ``view.queryset``, where that says the model."""
        found = []
        for name in self.names(view.queryset.model) if view.queryset is not None else ():
            several = {"type": "array", "items": {"type": "string", "minLength": 1}}
            found.append(parameter(name, "Tickets with one of these values.", several))
            none = {"type": "boolean"}
            found.append(parameter(f"{name}{IS_NULL}", "Those that have none, too.", none))
        return found


def _described(query: Any, answer: Any = ReportDocument, *more: int) -> Any:
    """``more`` codes of errors."""
    return extend_schema(
        parameters=[query],
        responses={
            200: OpenApiResponse(answer),
            **{code: ERRORS[code] for code in (400, 403, *more, 429)},
        },
        filters=True,
    )


class ReportView(GenericAPIView):
    """What the reports have in common. Subclass one and say in ``get_queryset`` whose tickets are
    counted for whoever asks::

        class Compliance(ComplianceReportView):
            queryset = Ticket.objects.none()  # for the schema

            def get_queryset(self):
                return Ticket.objects.filter(department__members=self.request.user)
    """

    permission_classes = [IsAuthenticated]
    pagination_class: Any = None
    serializer_class: Any = ReportDocument
    filter_backends = [*api_settings.DEFAULT_FILTER_BACKENDS, ReportFilter]
    sla_throttle_scope = "sla_report"

    report_class: Any
    query_class: Any = PeriodQuery
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
        if cls.get_queryset is ReportView.get_queryset:
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

    def answer(self) -> Response:
        report, asked = self._report()
        if len(report.rows) > self.max_groups:
            said = _("There are %(count)d groups, and at most %(most)d are answered at once.")
            numbers = {"count": len(report.rows), "most": self.max_groups}
            raise serializers.ValidationError({"by": [said % numbers]}, "too_many")
        return Response(_ordered(json.loads(to_json(report)), asked.get("order_by")))

    def _report(self) -> tuple[Any, Mapping[str, Any]]:
        """What is asked for, and with what."""
        tickets = self.filter_queryset(self.get_queryset())
        filters = {
            n for name in ReportFilter().names(tickets.model) for n in (name, name + IS_NULL)
        }
        given = {n: text for n, text in parameters(self.request).items() if n not in filters}
        query = self.query_class(data=given)
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, read_now()
        until = asked.get("until", now)
        since = asked.get("since", until - timedelta(days=self.default_days))
        if since >= until:
            raise serializers.ValidationError({"since": [_("It must be before the end.")]})
        if until - since > timedelta(days=self.max_days):
            said = _("The period may have at most %(days)d days.") % {"days": self.max_days}
            raise serializers.ValidationError({"since": [said]}, "too_long")
        try:
            return self.make(tickets, asked, since=since, until=until, now=now), asked
        except ValueError as error:
            # Of what can be wrong, only this is still left.
            raise serializers.ValidationError({"by": [str(error)]}, "unknown") from None

    def make(self, tickets: QuerySet[Any], asked: Mapping[str, Any], **period: Any) -> Any:
        """The report over these tickets.

        Raises:
            ValueError: it cannot be grouped so.
        """
        by = {"by": asked["by"]} if "by" in asked else {}
        return self.report_class(tickets, **by, **period)


class ComplianceReportView(ReportView):
    """How far promises were kept, by group and in total."""

    report_class = ComplianceReport
    query_class = ComplianceQuery

    @_described(ComplianceQuery)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.answer()

    def make(self, tickets: QuerySet[Any], asked: Mapping[str, Any], **period: Any) -> Any:
        chosen: dict[str, Any] = {n: asked.get(n) for n in ("by", "compare", "metrics")}
        return self.report_class(tickets, **chosen, **period)


class ComplianceTicketsView(ReportView):
    """The tickets behind a number of the compliance report, the newest first, with their SLA."""

    report_class = ComplianceReport
    query_class = NumberQuery
    serializer_class = SLADocument
    pagination_class = SLAPagination

    def make(self, tickets: QuerySet[Any], asked: Mapping[str, Any], **period: Any) -> Any:
        every = [metric.name for metric in metrics()]
        return self.report_class(tickets, metrics=every, **period)

    @_described(NumberQuery, SLADocument(many=True), 404)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        report, asked = self._report()
        found = report.tickets_of(Row(), asked["number"]).order_by("-created_at", "-pk")
        page = self.paginate_queryset(found)
        tickets = list(found if page is None else page)
        judged_together(tickets, report.now)
        data = SLADocument([ticket.sla.as_dict() for ticket in tickets], many=True).data
        return Response(data) if page is None else self.get_paginated_response(data)


class TimeInStatusView(ReportView):
    """How long tickets were in each status, by the clock on the wall."""

    report_class = TimeInStatusReport

    @_described(PeriodQuery)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.answer()


class TimeByDimensionView(ReportView):
    """How long tickets were with each agent, department or what else they declare."""

    report_class = TimeByDimensionReport
    query_class = DimensionQuery

    @_described(DimensionQuery)
    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.answer()


def _ordered(document: dict[str, Any], name: str | None) -> dict[str, Any]:
    """With the rows in the order of one figure, those without it last.

    Raises:
        ValidationError: there is no such figure.
    """
    if name is None:
        return document
    field = name.removeprefix("-")
    if field not in document["total"]:
        said = _("“%(name)s” is no figure; there is %(known)s.")
        known = ", ".join(document["total"])
        raise serializers.ValidationError({"order_by": [said % {"name": field, "known": known}]})
    known_rows = [row for row in document["rows"] if row[field] is not None]
    known_rows.sort(key=lambda row: row[field], reverse=name.startswith("-"))
    rest = [row for row in document["rows"] if row[field] is None]
    return document | {"rows": known_rows + rest}


_WHOSE = "{0}: override get_queryset() to say which tickets whoever asks may see."
