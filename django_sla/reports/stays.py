"""What reports of where the time went have in common."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_sla.reports.base import PeriodReport
from django_sla.reports.format import Column, Unit
from django_sla.reports.grouping import title

ZERO = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class StayRow:
    """How long tickets were in one place, by the clock on the wall."""

    key: Any = ""
    label: str = ""
    tickets: int = 0
    """Those that were ever there, however short."""
    total: timedelta = ZERO

    @property
    def average(self) -> timedelta | None:
        """For each of these tickets, all of its stays together."""
        return self.total / self.tickets if self.tickets else None


class StayReport(PeriodReport):
    """Time in each place, of the tickets opened in the period. Subclasses read the stays."""

    @cached_property
    @abstractmethod
    def _spent(self) -> dict[Any, dict[str, Any]]:
        """The fields of a row, but for its label, by its key."""

    @property
    def _named(self) -> QuerySet[Any]:
        """The rows that know of every place."""
        return self.all_tickets

    @cached_property
    def rows(self) -> list[StayRow]:
        groups = self.groupings[0].labelled(self._spent, self._named)
        return [StayRow(key=key, label=label, **self._spent[key]) for key, label in groups]

    @cached_property
    def total(self) -> StayRow:
        """Every ticket once, and the time in all places."""
        total = sum((row.total for row in self.rows), ZERO)
        return StayRow(label=_("Total"), tickets=self.tickets.count(), total=total)

    @property
    def columns(self) -> list[Column]:
        titles = (
            ("group", "label", self._title, Unit.TEXT),
            ("tickets", "tickets", _("Tickets"), Unit.COUNT),
            ("average", "average", _("Average time"), Unit.DURATION),
            ("total", "total", _("Total time"), Unit.DURATION),
        )
        return [
            Column(name=name, title=title, unit=unit, value=attrgetter(attribute))
            for name, attribute, title, unit in titles
        ]

    @property
    def _title(self) -> str:
        return title(self.by)


class Spent:
    """Adds up the stays of one ticket after the other."""

    def __init__(self) -> None:
        self.by_key: dict[Any, dict[str, Any]] = {}

    def add(self, stays: Any) -> None:
        """``stays`` of one ticket: ``(key, timedelta)``."""
        lasted: dict[Any, timedelta] = {}
        for key, time in stays:
            lasted[key] = lasted.get(key, ZERO) + time
        for key, time in lasted.items():
            row = self.by_key.setdefault(key, {"tickets": 0, "total": ZERO})
            row["tickets"] += 1
            row["total"] += time
