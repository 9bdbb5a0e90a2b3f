"""What a report can be grouped by, and how the groups are named and ordered."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import (
    Case,
    DateField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Trunc, TruncDate
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from django_sla.core.event import Category
from django_sla.core.policy import DEFAULT_GOALS

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

NONE, PRIORITY, STATUS, POLICY = "none", "priority", "status", "policy"
DAY, WEEK, MONTH, QUARTER = "day", "week", "month", "quarter"
PERIODS = (DAY, WEEK, MONTH, QUARTER)
BUILT_IN = (NONE, PRIORITY, STATUS, POLICY, *PERIODS)

# Looked up by `in_words`, where no catalogue would find them.
gettext_noop("priority"), gettext_noop("status"), gettext_noop("policy")
gettext_noop("day"), gettext_noop("week"), gettext_noop("month"), gettext_noop("quarter")
gettext_noop("agent"), gettext_noop("department")  # what dimensions are usually called

URGENCY = tuple(DEFAULT_GOALS)
"""The priorities whose order is known, the most urgent first."""

CATEGORIES = tuple(Category)

PLACED_AT = "placed_at"
"""The annotation of a clock's row that says when it counts."""

MANY = 500
"""Keys that are sent to the database one by one."""

AT_MOST = 2
"""How many things a report is grouped by at a time."""


def names(sla: "SLA") -> tuple[str, ...]:
    """What tickets of this model can be grouped by.

    ``priority`` and ``status`` where the model has such fields, the declared dimensions, and
    ``policy``, the periods and ``none`` always. These names come before a dimension called the
    same.
    """
    priority = [PRIORITY] if _has(sla, sla.priority) else []
    status = [STATUS] if _has(sla, sla.status) else []
    own = [name for name in sla.dimensions if name not in BUILT_IN]
    return (*priority, *own, POLICY, *PERIODS, *status, NONE)


def in_words(name: str) -> str:
    """What people call that which is grouped by: its name, in the current language. For dimensions
    of its own a host's catalogue says what that is."""
    return _(name.replace("_", " "))


def title(name: str) -> str:
    """The same, as a heading."""
    return capfirst(in_words(name))


def asked(sla: "SLA", by: str | Iterable[str]) -> tuple[str, ...]:
    """The names in ``by``: one, several in a sequence, or several with commas between them.

    Raises:
        ValueError: there is no such group, the message lists those that there are; or there are
            too many, or one twice.
    """
    found = tuple(part.strip() for part in by.split(",")) if isinstance(by, str) else tuple(by)
    for name in found or ("",):
        if name not in names(sla):
            said = _("by: %(name)r is nothing to group by; there is %(known)s")
            raise ValueError(said % {"name": name, "known": ", ".join(names(sla))})
    if len(found) > AT_MOST:
        said = _("by: %(names)s are too many; at most %(most)d")
        raise ValueError(said % {"names": ", ".join(found), "most": AT_MOST})
    if len(set(found)) < len(found) or (NONE in found and len(found) > 1):
        raise ValueError(_("by: %(names)s do not go together") % {"names": ", ".join(found)})
    return found


def groupings(sla: "SLA", by: Iterable[str], tz: tzinfo | None = None) -> tuple["Grouping", ...]:
    """The groupings of these names, none for ``none``. ``tz`` is the zone of periods, by default
    the current one."""
    return tuple(_grouping(sla, name, tz) for name in by if name != NONE)


def _grouping(sla: "SLA", by: str, tz: tzinfo | None) -> "Grouping":
    if by in PERIODS:
        return ByPeriod(by, tz)
    match by:
        case "policy":
            return ByPolicy(sla)
        case "priority":
            return ByPriority(sla, sla.priority or "")
        case "status":
            return ByStatus(sla, sla.status or "")
    return ByField(sla, sla.dimensions[by])


def _has(sla: "SLA", field: str | None) -> bool:
    return field is not None and field_at(sla, field) is not None


class Grouping(ABC):
    """What tells groups of tickets apart."""

    @abstractmethod
    def of_tickets(self) -> Combinable:
        """The group of a ticket, by its row."""

    @abstractmethod
    def of_clocks(self) -> Combinable:
        """The group of a clock, by its row annotated with ``PLACED_AT``."""

    @abstractmethod
    def labelled(self, keys: Iterable[Any], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        """The groups in the order of the report, each with what people call it.

        ``tickets`` are all those of the report, whatever its period. At most one query.
        """


@dataclass(frozen=True)
class ByPeriod(Grouping):
    """Tickets by the day, week (from Monday), month or quarter of their opening, clocks by that in
    which they count. Its first day is the key."""

    kind: str
    tz: tzinfo | None = None

    def of_tickets(self) -> Combinable:
        return self._start("created_at")

    def of_clocks(self) -> Combinable:
        return self._start(PLACED_AT)

    def _start(self, name: str) -> Combinable:
        # The local day first: MariaDB leaves the hour on the week of a datetime.
        day = TruncDate(name, tzinfo=self.tz)
        return Trunc(day, self.kind, output_field=DateField())

    def labelled(self, keys: Iterable[date], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        return [(key, self.label(key)) for key in sorted(keys)]

    def label(self, first: date) -> str:
        return period_label(self.kind, first)


@dataclass(frozen=True)
class ByPart(Grouping):
    """Clocks by the parts of a period that is known, a number each, from 0. Cheaper than
    ``ByPeriod``, whose dates SQLite works out in Python, and with the empty parts among them."""

    labels: tuple[str, ...]
    ends: tuple[datetime, ...]
    """Before when each part is."""

    def of_tickets(self) -> Combinable:
        raise NotImplementedError  # only clocks are told apart so

    def of_clocks(self) -> Combinable:
        ends = enumerate(self.ends)
        before = [When(**{f"{PLACED_AT}__lt": end}, then=Value(number)) for number, end in ends]
        return Case(*before, default=None, output_field=IntegerField())

    def labelled(self, keys: Iterable[Any], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        return list(enumerate(self.labels))


def period_label(kind: str, first: date) -> str:
    """As ISO 8601 writes it: ``2026-03-31``, ``2026-W14``, ``2026-03``; ``2026-Q1``."""
    match kind:
        case "week":
            return f"{first:%G-W%V}"
        case "month":
            return f"{first:%Y-%m}"
        case "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
    return first.isoformat()


@dataclass(frozen=True)
class ByPolicy(Grouping):
    """Clocks by the name of the policy whose terms they are pinned to, tickets by that of the
    terms that they got last."""

    sla: "SLA"

    def of_tickets(self) -> Combinable:
        events = self.sla.event_model._base_manager.filter(ticket=OuterRef("pk"))
        last = events.filter(terms__isnull=False).order_by("-at", "-id")
        return Subquery(last.values(policy_name=self.of_clocks())[:1], output_field=TextField())

    def of_clocks(self) -> Combinable:
        # Wrapped, to be compared as text and not as JSON.
        name = KeyTextTransform("name", "terms__document")
        return ExpressionWrapper(name, output_field=TextField())

    def labelled(self, keys: Iterable[Any], tickets: QuerySet[Any]) -> list[tuple[Any, str]]:
        found = [(key, _label(key, {})) for key in keys]
        return sorted(found, key=lambda group: (is_unset(group[0]), group[1].casefold(), group[1]))


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
        found = list(keys)
        labels = self.labels(found, tickets)
        named = [(key, _label(key, labels)) for key in found]
        return sorted(named, key=lambda group: self.position(*group))

    def labels(self, keys: Sequence[Any], tickets: QuerySet[Any]) -> Mapping[str, str]:
        """What people call the groups, by the text of their keys."""
        field = field_at(self.sla, self.path)
        if field is None:
            return {}
        if not field.is_relation:
            return {str(value): str(label) for value, label in field.flatchoices}
        target = field.target_field.attname
        related = field.related_model._base_manager.using(tickets.db)
        # So many keys as any database takes; of more, all that the tickets refer to.
        known = [key for key in keys if not is_unset(key)]
        wanted = known if len(known) <= MANY else tickets.values(self.path)
        found = related.filter(**{f"{target}__in": wanted})
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
        field = field_at(self.sla, self.path)
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


def field_at(sla: "SLA", path: str) -> Any:
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
