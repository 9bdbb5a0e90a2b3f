"""``SLA(...)``: the one line of configuration on a ticket model."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, overload

from django.db.models import Model, QuerySet

from django_sla.conf import settings
from django_sla.core.event import Category
from django_sla.tables.columns import COLUMNS
from django_sla.ticket.face import TicketSLA

DEFAULT_STATUSES: Mapping[Category, tuple[str, ...]] = {
    Category.OPEN: ("new", "open", "active", "assigned", "in_progress", "reopened"),
    Category.PAUSED: ("pending", "paused", "on_hold", "waiting"),
    Category.RESOLVED: ("resolved", "solved"),
    Category.CLOSED: ("closed",),
}
"""What statuses mean where a host does not say, compared without regard to case."""


class SLA:
    """What the SLA needs to know of a ticket model. Every part is optional.

    On an instance the attribute gives a :class:`TicketSLA` instead.
    """

    # Any, because the companions' key to the ticket is not on their abstract bases.
    model: Any
    event_model: Any
    clock_model: Any

    def __init__(
        self,
        *,
        status: str | None = "status",
        priority: str | None = "priority",
        requester: str | None = "requester",
        open: Iterable[Any] = (),
        paused: Iterable[Any] = (),
        resolved: Iterable[Any] = (),
        closed: Iterable[Any] = (),
        priorities: Mapping[Any, str] | None = None,
        dimensions: Mapping[str, str] | None = None,
        recipients: Mapping[str, str | Callable[[Any], Any]] | None = None,
        responder: Callable[[Any, Any], bool] | None = None,
    ):
        """
        Args:
            status, priority, requester: the model's own field names.
            open, paused, resolved, closed: the statuses of each category. A category that is
                not given keeps its usual names (``DEFAULT_STATUSES``); a status that nobody
                named is open, and a system check says so.
            priorities: policy priority by the model's own value, where the two differ.
            dimensions: what reports group by: a field path by name, ``{"agent": "assignee"}``.
            recipients: whom escalations can tell, by name: the field path of a user or of users,
                ``{"lead": "department__lead"}``, or a callable ``(ticket)`` that gives a user or
                an address, or several. ``"assignee"`` is the field of this name, where the model
                has one.
            responder: ``(user, ticket) -> bool``, whether a reply by this user is a response.

        Raises:
            ValueError: a status is in two categories.
        """
        self.status = status
        self.priority = priority
        self.requester = requester
        self.dimensions = dict(dimensions or {})
        self._recipients = dict(recipients or {})
        self.priorities = {_fold(k): _fold(v) for k, v in (priorities or {}).items()}
        self.responder = responder
        self._by_paths: dict[frozenset[str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        given = {
            Category.OPEN: tuple(open),
            Category.PAUSED: tuple(paused),
            Category.RESOLVED: tuple(resolved),
            Category.CLOSED: tuple(closed),
        }
        self.declared = frozenset(str(s) for statuses in given.values() for s in statuses)
        self._options: dict[str, Any] = {
            "status": status, "priority": priority, "requester": requester,
            "priorities": priorities, "dimensions": dimensions, "recipients": recipients,
            "responder": responder,
            **{category.value: statuses for category, statuses in given.items()},
        }  # fmt: skip
        self.categories: dict[str, Category] = {}
        for category, statuses in given.items():
            for value in statuses:
                if str(value) in self.categories:
                    raise ValueError(
                        f"SLA({category}=…): {value!r} is {self.categories[str(value)]} already"
                    )
                self.categories[str(value)] = category
        named = {_fold(status) for status in self.categories}
        for category, statuses in DEFAULT_STATUSES.items():
            if not given[category]:
                self.categories |= {s: category for s in statuses if _fold(s) not in named}
        self._folded = {_fold(status): category for status, category in self.categories.items()}

    def copy(self) -> "SLA":
        """The same declaration, for another model."""
        return SLA(**self._options)

    @overload
    def __get__(self, ticket: None, owner: type[Model]) -> "SLA": ...
    @overload
    def __get__(self, ticket: Model, owner: type[Model]) -> TicketSLA: ...
    def __get__(self, ticket: Any, owner: Any) -> Any:
        if ticket is None:
            return self
        face = ticket.__dict__.get("_sla_face")
        if face is None:
            face = ticket.__dict__["_sla_face"] = TicketSLA(ticket, self)
        return face

    def category(self, status: Any) -> Category:
        """What a status means; open where nobody said."""
        return self._folded.get(_fold(status), Category.OPEN)

    def priority_name(self, value: Any) -> str:
        """The priority as policies name it: mapped here, else in the settings, else as it is."""
        name = _fold(value)
        return self.priorities.get(name) or settings.priorities.get(name) or name

    def is_responder(
        self, user: Any, ticket: Model, own: Callable[..., bool] | None = None
    ) -> bool:
        """Whether a public message by ``user`` is a response: by default, if they are staff and
        not the requester."""
        rule = own or self.responder or settings.responder
        if rule is not None:
            return bool(rule(user, ticket))
        return bool(getattr(user, "is_staff", False)) and user.pk != self.requester_id(ticket)

    def requester_id(self, ticket: Model) -> Any:
        return getattr(ticket, self.attname(self.requester), None) if self.requester else None

    @cached_property
    def recipients(self) -> Mapping[str, str | Callable[[Any], Any]]:
        """Whom escalations can tell, by name."""
        usual = {"assignee": "assignee"} if "assignee" in self._fields else {}
        return usual | self._recipients

    def rows(self, using: str) -> QuerySet[Any]:
        """Every ticket, past the managers of the host, without the writes of ours."""
        return QuerySet(self.model, using=using)

    def open_clocks(self, using: str) -> QuerySet[Any]:
        """The rows of all clocks that still run."""
        clocks: QuerySet[Any] = self.clock_model._base_manager.using(using)
        return clocks.filter(stopped_at=None)

    def field(self, name: str) -> Any:
        return self._fields[name]

    @cached_property
    def _fields(self) -> dict[str, Any]:
        fields = {field.name: field for field in self.model._meta.concrete_fields}
        return fields | {field.attname: field for field in fields.values()}

    def policy_fields(self, paths: frozenset[str]) -> tuple[str, ...]:
        """The attribute names of this model's fields that conditions read, which read ``paths``."""
        return self._names(paths)[1]

    def watched(self, paths: frozenset[str]) -> tuple[str, ...]:
        """The attribute names of all fields that matter to the SLA."""
        return self._names(paths)[0]

    def _names(self, paths: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        names = self._by_paths.get(paths)
        if names is None:
            first = {path.partition("__")[0] for path in paths}
            asked = sorted(self._fields[name].attname for name in first if name in self._fields)
            own = [self.attname(name) for name in (self.status, self.priority)]
            own = [name for name in own if name in self._fields]
            watched = tuple(dict.fromkeys((*own, *COLUMNS, *asked)))
            names = self._by_paths[paths] = (watched, tuple(asked))
        return names

    def attname(self, name: str | None) -> str:
        """The name under which a row holds a field: ``status_id`` for a foreign key. No field
        has the empty name."""
        return self._fields[name].attname if name in self._fields else name or ""

    def status_of(self, row: Mapping[str, Any]) -> Any:
        return row.get(self.attname(self.status))

    def priority_of(self, row: Mapping[str, Any]) -> Any:
        return row.get(self.attname(self.priority))

    def row(self, ticket: Model, paths: frozenset[str]) -> dict[str, Any]:
        """What an instance says of the watched fields."""
        return {name: getattr(ticket, name) for name in self.watched(paths)}

    def attnames(self, names: Iterable[str]) -> set[str]:
        return {self._fields[name].attname for name in names if name in self._fields}

    def written(
        self, ticket: Model, names: Iterable[str], fields: set[str] | None
    ) -> dict[str, Any]:
        """Of the fields ``names``, but for the six columns, those that a save of ``ticket``
        writes."""
        state = ticket.__dict__
        return {
            name: _clean(self._fields[name], state[name])
            for name in names
            if name in state and name not in COLUMNS and (fields is None or name in fields)
        }


def _clean(field: Any, value: Any) -> Any:
    return value if hasattr(value, "resolve_expression") else field.to_python(value)


def _fold(value: Any) -> str:
    return str(value).casefold()
