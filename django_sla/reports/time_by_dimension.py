"""Where the time went: how long tickets were with each agent, or each department."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.reports.grouping import ByField
from django_sla.reports.stays import ZERO, Spent, StayReport
from django_sla.tables.history import history_of


class TimeByDimensionReport(StayReport):
    """Time with each agent, department or other dimension of the tickets opened in the period, so
    that a ticket that was handed on counts where it was.

    From its opening until it is closed, else resolved, else until now, by the clock on the wall.
    Who had it when is read from the changelog, which has the fields of the ticket itself: of a
    dimension that lies beyond one, as the team of the assignee, what that field points to counts
    as it is now. Before the first entry its value counts; where the changelog has no entry of a
    ticket, or does not track the field, the present value counts for all of its time. What was
    written without an entry, a bulk update of this field alone, did not happen here.

    Two queries, read side by side, one ticket after the other; and one for a dimension beyond.
    """

    def __init__(self, queryset: QuerySet[Any], **options: Any):
        """As for :class:`PeriodReport`; ``by`` one dimension, the priority or the status.

        Raises:
            ValueError: also where ``by`` is something else.
        """
        super().__init__(queryset, **options)
        grouping = self.groupings[0] if len(self.groupings) == 1 else None
        if not isinstance(grouping, ByField):
            said = _("by: %(name)r is no dimension in which a ticket spends time")
            raise ValueError(said % {"name": self.by})
        self.path = grouping.path

    @property
    def _history(self) -> QuerySet[Any] | None:
        """The changelog of these tickets; None where it does not track the field."""
        model = self.sla.model
        history = history_of(model).model
        if self.path.partition("__")[0] not in {field.name for field in history.tracked_fields}:
            return None
        rows: QuerySet[Any] = history._base_manager.using(self.all_tickets.db).order_by()
        return rows.filter(**{f"{model._meta.pk.attname}__in": self.tickets.values("pk")})

    @property
    def _named(self) -> QuerySet[Any]:
        history = self._history
        return self.all_tickets if history is None else history

    @cached_property
    def _spent(self) -> dict[Any, dict[str, Any]]:
        spent, place = Spent(), self._place
        entries = _by_ticket(self._entries())
        waiting = next(entries, None)
        tickets = self.tickets.order_by("pk").values_list(
            "pk", "created_at", "closed_at", "resolved_at", self._field
        )
        for pk, opened, closed, resolved, present in tickets.iterator():
            told: list[tuple[datetime, Any]] = []
            if waiting is not None and waiting[0] == pk:
                told = waiting[1]
                waiting = next(entries, None)
            end = closed or resolved or self.now
            stays = holders(told or [(opened, present)], opened, end)
            spent.add((place(value), lasted) for value, lasted in stays)
        return spent.by_key

    def _entries(self) -> Iterator[tuple[Any, datetime, Any]]:
        """Key of the ticket, instant and value of each entry, ticket by ticket."""
        history = self._history
        if history is None:
            return iter(())
        key = self.sla.model._meta.pk.attname
        ordered = history.order_by(key, "history_date", "history_id")
        return ordered.values_list(key, "history_date", self._field).iterator()

    @cached_property
    def _field(self) -> str:
        """The ticket's own field, as rows hold it."""
        return self.sla.attname(self.path.partition("__")[0])

    @cached_property
    def _place(self) -> Callable[[Any], Any]:
        """From the value of the ticket's own field to that of the dimension."""
        name, _, rest = self.path.partition("__")
        if not rest:
            return lambda value: value
        field = self.sla.field(name)
        rows = field.related_model._base_manager.using(self.all_tickets.db).order_by()
        beyond = dict(rows.values_list(field.target_field.attname, rest))
        return beyond.get


def _by_ticket(
    entries: Iterator[tuple[Any, datetime, Any]],
) -> Iterator[tuple[Any, list[tuple[datetime, Any]]]]:
    for key, some in groupby(entries, key=itemgetter(0)):
        yield key, [(at, value) for _key, at, value in some]


def holders(
    told: Iterable[tuple[datetime, Any]], opened: datetime, end: datetime
) -> Iterator[tuple[Any, timedelta]]:
    """The values that one ticket had in order, and how long each.

    ``told`` in order, at least one; the first holds from the opening on. What is told after the
    end lasts no time.
    """
    (_at, value), *later = told
    since = opened
    for at, changed in later:
        if changed != value:
            until = max(since, min(at, end))
            yield value, until - since
            value, since = changed, until
    yield value, max(end - since, ZERO)
