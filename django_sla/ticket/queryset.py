"""``SLAQuerySet``: questions that read like a sentence, bulk writes that keep the clocks right."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from django_sla.core.verdict import State
from django_sla.exceptions import NaiveDatetime, UnknownTickets
from django_sla.flow import bulk
from django_sla.moment import now as read_now
from django_sla.tables import terms as terms_table


class SLAQuerySet(QuerySet[Any]):
    """Every question takes ``now`` (default: now) and, where it makes sense, one metric."""

    is_sla_queryset = True

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._verdicts_at: datetime | None = None

    # Questions

    def breached(self, metric: str | None = None, now: datetime | None = None) -> Self:
        """An open clock is past its due instant."""
        return self.in_state(State.BREACHED, metric, now)

    def at_risk(self, metric: str | None = None, now: datetime | None = None) -> Self:
        """An open clock has used most of its time, and is not breached."""
        return self.in_state(State.AT_RISK, metric, now)

    def paused(self, metric: str | None = None, now: datetime | None = None) -> Self:
        """An open clock stands still, and is not breached."""
        return self.in_state(State.PAUSED, metric, now)

    def in_state(
        self, state: State | str, metric: str | None = None, now: datetime | None = None
    ) -> Self:
        """Some clock is in this state, as :func:`core.verdict.judge` would say.

        Raises:
            NaiveDatetime: ``now`` has no time zone, as everywhere here.
            ValueError: there is no such state.
        """
        NaiveDatetime.refuse(now=now)
        return self._with_clock(_in_state(State(state), now or read_now()), metric)

    def due_before(self, instant: datetime, metric: str | None = None) -> Self:
        """An open clock must stop before ``instant``."""
        NaiveDatetime.refuse(instant=instant)
        return self._with_clock(Q(stopped_at=None, due_at__lt=instant), metric)

    def by_urgency(self) -> Self:
        """The ticket whose open clock is due first comes first; those with none due, last."""
        clocks = self.model.sla.clock_model._base_manager.filter(
            ticket=OuterRef("pk"), stopped_at=None, due_at__isnull=False
        )
        first = clocks.order_by("due_at").values("due_at")[:1]
        return self.annotate(sla_due_at=Subquery(first)).order_by(
            F("sla_due_at").asc(nulls_last=True), "pk"
        )

    def with_verdicts(self, now: datetime | None = None) -> Self:
        """Fetch the clocks along, one query for all tickets, and judge all of them at ``now``."""
        NaiveDatetime.refuse(now=now)
        queryset = self.prefetch_related("sla_clocks")
        queryset._verdicts_at = now or read_now()
        return queryset

    def _with_clock(self, clocks: Q, metric: str | None) -> Self:
        if metric is not None:
            clocks &= Q(metric=metric)
        model = self.model.sla.clock_model
        return self.filter(Exists(model._base_manager.filter(clocks, ticket=OuterRef("pk"))))

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]  # unknown to the stubs
        clone._verdicts_at = self._verdicts_at
        return clone

    def _fetch_all(self) -> None:
        super()._fetch_all()
        if self._verdicts_at is None:
            return
        found: list[Any] = self._result_cache or []
        tickets: list[Any] = [ticket for ticket in found if isinstance(ticket, models.Model)]
        _judge(tickets, self._verdicts_at, self.db)

    # Writes

    def update(self, **kwargs: Any) -> int:
        """As Django's; fields that matter to the SLA leave events and changelog rows."""
        self._for_write = True
        names = {self._attname(name) for name in kwargs}
        return bulk.update(
            self.model.sla, self, names, lambda batch: QuerySet.update(batch, **kwargs)
        )

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's; with events, clocks, targets and changelog rows for each ticket.

        Raises:
            UnknownTickets: with ``ignore_conflicts`` or ``update_conflicts`` the database does
                not say which tickets it created.
        """
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            raise UnknownTickets(self.model.__name__)
        tickets = list(objs)
        if not tickets:
            return tickets
        self._for_write = True
        return bulk.bulk_create(
            self.model.sla,
            tickets,
            lambda objs: super(SLAQuerySet, self).bulk_create(objs, *args, **kwargs),
            self.db,
        )

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def _attname(self, name: str) -> str:
        return getattr(self.model._meta.get_field(name), "attname", name)


def judged_together(tickets: list[Any], now: datetime) -> None:
    """What ``with_verdicts`` does, for tickets that are there already and are not yet judged."""
    tickets = [ticket for ticket in tickets if "_sla_now" not in ticket.__dict__]
    if tickets:
        models.prefetch_related_objects(tickets, "sla_clocks")
        _judge(tickets, now, tickets[0]._state.db or "default")


def _judge(tickets: Iterable[Any], now: datetime, using: str) -> None:
    clocks = [clock for ticket in tickets for clock in ticket.sla_clocks.all()]
    terms_table.read({clock.terms_id for clock in clocks}, using)
    for ticket in tickets:
        ticket.__dict__["_sla_now"] = now


def _in_state(state: State, now: datetime) -> Q:
    """A state as a condition on the clocks' rows."""
    running = Q(stopped_at=None, outcome="", due_at__gte=now)
    match state:
        case State.MET | State.MISSED | State.NONE:
            return Q(outcome=state.value)
        case State.BREACHED:
            return Q(stopped_at=None, due_at__lt=now)
        case State.PAUSED:
            return Q(stopped_at=None, outcome="", paused_at__isnull=False, due_at=None)
        case State.AT_RISK:
            return running & Q(warn_at__lte=now)
        case _:  # on track
            return running & (Q(warn_at=None) | Q(warn_at__gt=now))
