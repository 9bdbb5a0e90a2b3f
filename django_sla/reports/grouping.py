"""What a report can be grouped by, and how the groups are named and ordered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from django_sla.core.event import Category
from django_sla.core.policy import DEFAULT_GOALS

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

NONE, MONTH, PRIORITY, STATUS = "none", "month", "priority", "status"

URGENCY = tuple(DEFAULT_GOALS)
"""The priorities whose order is known, the most urgent first."""

CATEGORIES = tuple(Category)

PLACED_AT = "placed_at"
"""The annotation of a clock's row that says when it counts."""


def names(sla: "SLA") -> tuple[str, ...]:
    """What tickets of this model can be grouped by.

    ``priority`` and ``status`` where the model has such fields, the declared dimensions, and
    ``month`` and ``none`` always. These names come before a dimension called the same.
    """
    built_in = [PRIORITY] if _has(sla, sla.priority) else []
    own = [name for name in sla.dimensions if name not in (NONE, MONTH, PRIORITY, STATUS)]
    return (*built_in, *own, MONTH, *([STATUS] if _has(sla, sla.status) else []), NONE)


def grouping(sla: "SLA", by: str) -> "Grouping":
    """The grouping of that name.

    Raises:
        ValueError: there is none; the message lists those that there are.
    """
    if by not in names(sla):
        raise ValueError(f"by: {by!r} is nothing to group by; there is {', '.join(names(sla))}")
    match by:
        case "none":
            return Grouping()
        case "month":
            return ByMonth()
        case "priority":
            return ByPriority(sla, sla.priority or "")
        case "status":
            return ByStatus(sla, sla.status or "")
    return ByField(sla, sla.dimensions[by])


def _has(sla: "SLA", field: str | None) -> bool:
    return field is not None and _field(sla, field) is not None


class Grouping:
    """All tickets in one; the others subclass it."""

    def of_tickets(self) -> Combinable | None:
        """The group of a ticket, by its row; None where there is but one."""
        return None

    def of_clocks(self) -> Combinable | None:
        """The group of a clock, by its row annotated with ``PLACED_AT``."""
        return None

    def labelled(self, keys: Iterable[Any], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        """The groups in the order of the report, each with what people call it.

        ``tickets`` are all those of the report, whatever its period. At most one query.
        """
        return []


class ByMonth(Grouping):
    """Tickets by the month of their opening, clocks by the month in which they count, both in
    the current time zone. The first of the month is the key."""

    def of_tickets(self) -> Combinable:
        return self._month("created_at")

    def of_clocks(self) -> Combinable:
        return self._month(PLACED_AT)

    def _month(self, name: str) -> Combinable:
        return TruncMonth(name, output_field=DateField())

    def labelled(self, keys: Iterable[date], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        return [(key, f"{key:%Y-%m}") for key in sorted(keys)]


@dataclass(frozen=True)
class ByField(Grouping):
    """By a field of the ticket or of something that it refers to."""

    sla: "SLA"
    path: str

    def of_tickets(self) -> Combinable:
        return F(self.path)

    def of_clocks(self) -> Combinable:
        return F(f"ticket__{self.path}")

    def labelled(self, keys: Iterable[Any], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        labels = self.labels(tickets)
        found = [(key, _label(key, labels)) for key in keys]
        return sorted(found, key=lambda group: self.position(*group))

    def labels(self, tickets: QuerySet[Any]) -> Mapping[str, str]:
        """What people call the groups, by the text of their keys."""
        field = _field(self.sla, self.path)
        if field is None:
            return {}
        if not field.is_relation:
            return {str(value): str(label) for value, label in field.flatchoices}
        target = field.target_field.attname
        related = field.related_model._base_manager.using(tickets.db)
        found = related.filter(**{f"{target}__in": tickets.values(self.path)})
        return {str(getattr(row, target)): display_name(row) for row in found}

    def position(self, key: Any, label: str) -> tuple[Any, ...]:
        """What the groups are sorted by: here the label, and last what has none."""
        return (is_unset(key), label.casefold(), str(key))


class ByPriority(ByField):
    """The most urgent first, then those that only the host knows."""

    def position(self, key: Any, label: str) -> tuple[Any, ...]:
        name = self.sla.priority_name(key)
        rank = URGENCY.index(name) if name in URGENCY else len(URGENCY)
        return (is_unset(key), rank, label.casefold(), str(key))


class ByStatus(ByField):
    """In the order of the field's choices; without any, by category."""

    @cached_property
    def _choices(self) -> list[str]:
        field = _field(self.sla, self.path)
        return [str(value) for value, _ in getattr(field, "flatchoices", ())]

    def position(self, key: Any, label: str) -> tuple[Any, ...]:
        known = self._choices
        choice = known.index(str(key)) if str(key) in known else len(known)
        category = CATEGORIES.index(self.sla.category(key))
        return (is_unset(key), choice, category, label.casefold(), str(key))


def is_unset(key: Any) -> bool:
    return key is None or key == ""


def _label(key: Any, labels: Mapping[str, str]) -> str:
    return _("(none)") if is_unset(key) else labels.get(str(key), str(key))


def display_name(row: Any) -> str:
    """What people call a row: a user's full name, or what the model says."""
    full_name = getattr(row, "get_full_name", None)
    return (full_name() if callable(full_name) else "") or str(row)


def _field(sla: "SLA", path: str) -> Any:
    """The field at the end of a path; None where that is none, as a transform of one."""
    model: Any = sla.model
    field: Any = None
    try:
        for name in path.split("__"):
            field = model._meta.get_field(name)
            model = field.related_model
    except (FieldDoesNotExist, AttributeError):
        return None
    return field
