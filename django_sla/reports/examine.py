"""Tickets judged under draft policies, a range of keys at a time, in this process or another."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from django_sla.core.policy import Terms
from django_sla.flow.judging import Judge
from django_sla.reports.findings import Findings
from django_sla.reports.grouping import Grouping, groupings
from django_sla.reports.replay import Replay
from django_sla.tables.effective import Policies

Range = tuple[Any, Any]
"""Keys after the first and up to the second; None: no bound."""


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Says of a range of tickets how they stand and would have stood. Another process can be given
    it: it pickles, with the question for the tickets instead of the tickets."""

    tickets: QuerySet[Any]
    policies: Policies
    group_names: tuple[str, ...]
    only: frozenset[str]
    """Names of policies: only tickets that get one of them. None: all."""
    now: datetime
    effective: datetime
    tz: tzinfo

    def __call__(self, keys: Range) -> Findings:
        found = Findings.nothing(len(self.groupings))
        groups = {pk: keys for pk, *keys in self._within(*keys)}
        choices = self._judge.choices(list(groups))
        # In the order of the keys, in which databases need not answer.
        terms: Mapping[Any, Terms] = {
            pk: choices[pk][0]
            for pk in groups
            if pk in choices and (not self.only or choices[pk][0].name in self.only)
        }
        for pk, promises in self._replay.promises(terms):
            found.note(pk, groups[pk], promises)
        found.seen = len(groups)
        return found

    def _within(self, after: Any, last: Any) -> QuerySet[Any]:
        names = {f"sla_group_{i}": g.of_tickets() for i, g in enumerate(self.groupings)}
        bounds = {"pk__gt": after, "pk__lte": last}
        rows = self.tickets.filter(**{name: key for name, key in bounds.items() if key is not None})
        return rows.annotate(**names).order_by("pk").values_list("pk", *names)

    @cached_property
    def groupings(self) -> tuple[Grouping, ...]:
        return groupings(self._sla, self.group_names, self.tz)

    @property
    def _sla(self) -> Any:
        return self.tickets.model.sla

    @cached_property
    def _judge(self) -> Judge:
        using = self.tickets.db
        return Judge(sla=self._sla, policies=self.policies, now=self.effective, using=using)

    @cached_property
    def _replay(self) -> Replay:
        return Replay(sla=self._sla, now=self.now, using=self.tickets.db)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        tickets = given.pop("tickets")
        return _examiner, (tickets.model, tickets.query, tickets.db, given)


def _examiner(model: Any, query: Any, using: str, given: Mapping[str, Any]) -> Examiner:
    tickets = model._base_manager.using(using)
    tickets.query = query
    return Examiner(tickets=tickets, **given)
