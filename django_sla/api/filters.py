"""Lists of tickets by the state of their clocks and by what is due."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend, OrderingFilter

from django_sla.api.fields import InstantField, MetricField, StateField, Strict
from django_sla.ticket.queryset import SLAQuerySet

ORDERING = "ordering"
BY_DUE = ("sla_due", "-sla_due")


class ListQuery(Strict):
    sla_state = StateField(
        required=False, help_text="Tickets with a clock, the latest or an earlier, in this state."
    )
    sla_metric = MetricField(
        required=False, help_text="The metric that `sla_state` and `due_…` speak of; else any."
    )
    due_before = InstantField(required=False, help_text="An open clock is due before this.")
    due_after = InstantField(required=False, help_text="An open clock is due at this or later.")


class SLAFilter(BaseFilterBackend):
    """``sla_state``, ``sla_metric``, ``due_before``, ``due_after`` and ``ordering=sla_due``.

    For lists; what is asked of one ticket is left alone. Another ``ordering`` is left to an
    ``OrderingFilter`` among the backends before it, and is an error where there is none.
    """

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        if getattr(view, "detail", False):
            return queryset
        given = request.query_params
        names = ListQuery().fields
        query = ListQuery(data={name: given[name] for name in names if name in given})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        metric = asked.get("sla_metric")
        if state := asked.get("sla_state"):
            queryset = _narrowed(queryset, lambda tickets: tickets.in_state(state, metric))
        bounds = {"due_before": "due_at__lt", "due_after": "due_at__gte"}
        if due := Q(**{bounds[name]: asked[name] for name in bounds if name in asked}):
            queryset = queryset.filter(_open_clock(queryset.model, due, metric))
        return self._ordered(given.get(ORDERING), queryset, view)

    def _ordered(self, ordering: str | None, queryset: Any, view: Any) -> Any:
        if ordering in BY_DUE:
            found = SLAQuerySet.by_urgency(queryset)
            last = F("sla_due_at").desc(nulls_last=True)
            return found if ordering == BY_DUE[0] else found.order_by(last, "-pk")
        if ordering is not None and not _orders(view):
            known = _("It must be one of these: %(known)s.") % {"known": ", ".join(BY_DUE)}
            raise ValidationError({ORDERING: [known]})
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        found = []
        for name, field in ListQuery().fields.items():
            known = list(field.known()) if hasattr(field, "known") else None
            schema = {"enum": known} if known else {"format": "date-time"}
            found.append(parameter(name, field.help_text, schema))
        if not _orders(view):
            by_due = {"enum": list(BY_DUE)}
            found.append(parameter(ORDERING, "By the open clock that is due first.", by_due))
        return found


def parameter(name: str, description: Any, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": str(description),
        "schema": {"type": "string"} | schema,
    }


def _orders(view: Any) -> bool:
    """Whether another backend takes what ``ordering`` says."""
    return any(issubclass(backend, OrderingFilter) for backend in view.filter_backends)


def _narrowed(queryset: Any, ask: Callable[[SLAQuerySet], SLAQuerySet]) -> Any:
    if isinstance(queryset, SLAQuerySet):
        return ask(queryset)
    # Of a manager of the host's own, which cannot ask about clocks.
    own = SLAQuerySet(queryset.model, using=queryset.db)
    return queryset.filter(pk__in=ask(own).values("pk"))


def _open_clock(model: Any, due: Q, metric: str | None) -> Exists:
    clocks = model.sla.clock_model._base_manager.filter(due, ticket=OuterRef("pk"), stopped_at=None)
    return Exists(clocks.filter(metric=metric) if metric else clocks)
