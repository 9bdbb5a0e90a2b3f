"""Whose tickets a person is shown, and what of them is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import capfirst

from django_sla import registry
from django_sla.core.verdict import State, Verdict
from django_sla.models import SLA, SLAQuerySet

ASSIGNEE = "assignee"

URGENCY = (State.BREACHED, State.AT_RISK, State.ON_TRACK, State.PAUSED)
"""The states of open clocks, the most urgent first."""


class AgentTickets:
    """For views that show somebody their tickets. Override ``get_tickets`` to show others::

    class TeamTickets:
        def get_tickets(self, model, user):
            return model.objects.filter(team__members=user)


    class TeamQueue(TeamTickets, QueueView):
        pass
    """

    def get_tickets(self, model: Any, user: Any) -> QuerySet[Any]:
        """The tickets of a ticket model that ``user`` may see: those whose assignee they are, and
        none where no field of the model says who that is."""
        path = model.sla.recipients.get(ASSIGNEE)
        tickets: QuerySet[Any] = model._default_manager.all()
        return tickets.filter(**{path: user}) if _leads_to_user(model, path) else tickets.none()

    def open_tickets(self, user: Any) -> list[SLAQuerySet]:
        """Of each ticket model, those of them with an open clock for which something is promised,
        what is due first before all else."""
        found = [self._open(sla, self.get_tickets(sla.model, user)) for sla in declarations()]
        return [tickets for tickets in found if not tickets.query.is_empty()]

    def _open(self, sla: SLA, tickets: QuerySet[Any]) -> SLAQuerySet:
        if not isinstance(tickets, SLAQuerySet):
            # Of a manager of the host's own, which cannot ask about clocks.
            keys = tickets.order_by().values("pk")
            own = SLAQuerySet(sla.model, using=tickets.db)
            tickets = own.none() if tickets.query.is_empty() else own.filter(pk__in=keys)
        clocks = sla.clock_model._base_manager.filter(
            ticket=OuterRef("pk"), stopped_at=None, outcome=""
        )
        tickets = tickets.filter(Exists(clocks)).by_urgency()
        return tickets.select_related(sla.priority) if _is_relation(sla) else tickets


def declarations() -> list[SLA]:
    return sorted(registry.tickets.values(), key=lambda sla: sla.model._meta.label)


def _leads_to_user(model: Any, path: Any) -> bool:
    """Whether a field path ends at a user; a callable cannot be asked of the database."""
    if not isinstance(path, str):
        return False
    for step in path.split("__"):
        try:
            model = model._meta.get_field(step).related_model if model else None
        except FieldDoesNotExist:
            return False
    return model is not None and issubclass(get_user_model(), model)


def _is_relation(sla: SLA) -> bool:
    """Whether the priority of a ticket is a row of its own."""
    try:
        return bool(sla.model._meta.get_field(sla.priority).is_relation)
    except FieldDoesNotExist:
        return False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A ticket with something due, judged at one instant."""

    ticket: Any
    verdicts: tuple[Verdict, ...]
    """Of its open clocks for which something is promised, what is due first before all else."""

    @property
    def state(self) -> State:
        """The most urgent of all."""
        return min((verdict.state for verdict in self.verdicts), key=URGENCY.index)

    @property
    def key(self) -> str:
        """What tells it from every other ticket, as part of an HTML id."""
        return f"{self.ticket._meta.model_name}-{self.ticket.pk}"

    @cached_property
    def url(self) -> str:
        find = getattr(self.ticket, "get_absolute_url", None)
        return str(find()) if find is not None else ""

    @cached_property
    def priority(self) -> str:
        """As the host's people know it."""
        name = type(self.ticket).sla.priority or ""
        display = getattr(self.ticket, f"get_{name}_display", None)
        value = display() if display is not None else getattr(self.ticket, name, "")
        return capfirst(str(value if value is not None else ""))

    @property
    def policy(self) -> str:
        clock = self.verdicts[0].clock
        return clock.terms.name if clock is not None and clock.terms is not None else ""


def entries(tickets: Iterable[SLAQuerySet], now: datetime, most: int) -> list[Entry]:
    """At most ``most`` tickets, what is due first before all else. Two queries for each kind."""
    found = [
        Entry(ticket=ticket, verdicts=_open_verdicts(ticket, now))
        for some in tickets
        for ticket in some.with_verdicts(now)[:most]
    ]
    # What another connection has stopped between the two queries has nothing left to show.
    return sorted((entry for entry in found if entry.verdicts), key=_by_due)[:most]


def _open_verdicts(ticket: Any, now: datetime) -> tuple[Verdict, ...]:
    metrics = dict.fromkeys(clock.metric for clock in ticket.sla.clocks)
    verdicts = [ticket.sla.verdict(metric, now) for metric in metrics]
    return tuple(sorted((v for v in verdicts if v.state in URGENCY), key=_due_first))


def _due_first(verdict: Verdict) -> tuple[bool, float]:
    return (verdict.due is None, verdict.due.timestamp() if verdict.due else 0)


def _by_due(entry: Entry) -> tuple[bool, float]:
    return _due_first(entry.verdicts[0])
