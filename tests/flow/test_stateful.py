"""Random lives of tickets: what is stored live equals a replay of the events, always."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_sla.core.calendar import Calendar
from django_sla.core.condition import where
from django_sla.core.policy import Policy, Reopening
from django_sla.core.verdict import judge
from django_sla.exceptions import (
    AlreadyOnHold,
    ClockStopped,
    ContradictedTimestamp,
    NotOnHold,
    TicketDone,
)
from django_sla.flow.refresh import columns, fold, kept, load
from django_sla.moment import as_of
from django_sla.registry import register_policy, unregister_policy
from django_sla.tables.clock import SLAClock
from django_sla.tables.columns import COLUMNS
from tests.conftest import MONDAY
from tests.hosts.desk.models import Comment, Project, Ticket

OFFICE = Calendar(tz="America/Toronto", hours={"mon-fri": [("09:00", "12:00"), ("13:00", "17:00")]})
GOALS = {
    "urgent": {"response": "30m", "resolution": "3h", "next_response": "20m"},
    "*": {"response": "2h", "resolution": "9h", "closure": "40h"},
}
minutes = st.integers(1, 600)
statuses = st.sampled_from(Ticket.Status.values)
metrics = st.sampled_from(["response", "resolution"])
PAUSING = ("resolution", "closure")


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = MONDAY
        self.policies: list[str] = []

    def teardown(self) -> None:
        for name in self.policies:
            unregister_policy(name)
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(reopening=st.sampled_from(Reopening), office=st.booleans())
    def open(self, reopening: Reopening, office: bool) -> None:
        calendar = {"calendar": OFFICE} if office else {}
        for name, when in (("Project", {"project__key": "P"}), ("Every", {})):
            policy = Policy.build(
                name, GOALS, when=where(**when), reopening=reopening, **calendar, at_risk=50
            )
            register_policy(policy)
            self.policies.append(name)
        people = get_user_model().objects
        self.agent = people.create_user("a", is_staff=True)
        self.requester = people.create_user("r")
        self.project = Project.objects.create(key="P")
        with as_of(self.now):
            self.ticket = Ticket.objects.create(requester=self.requester)
        self.stale = Ticket.objects.get(pk=self.ticket.pk)

    def save(self, ticket: Ticket, **kwargs: Any) -> None:
        with as_of(self.now):
            ticket.save(**kwargs)

    @rule(wait=minutes)
    def time_passes(self, wait: int) -> None:
        self.now += timedelta(minutes=wait)

    @rule(
        who=st.sampled_from(["agent", "requester"]), internal=st.booleans(), ago=st.integers(0, 900)
    )
    def comment(self, who: str, internal: bool, ago: int) -> None:
        """Also late: a message that came by mail and is dated before what is recorded."""
        with as_of(self.now):
            Comment.objects.create(
                ticket=self.ticket,
                author=getattr(self, who),
                internal=internal,
                created_at=max(MONDAY, self.now - timedelta(minutes=ago)),
            )

    @rule(status=statuses, partial=st.booleans())
    def move(self, status: str, partial: bool) -> None:
        self.ticket.status = status
        self.save(self.ticket, **({"update_fields": ["status"]} if partial else {}))

    @rule(priority=st.sampled_from(Ticket.Priority.values), member=st.booleans())
    def change_terms(self, priority: str, member: bool) -> None:
        self.ticket.priority = priority
        self.ticket.project = self.project if member else None
        self.save(self.ticket)

    @rule(status=statuses)
    def update_behind_the_instance(self, status: str) -> None:
        with as_of(self.now):
            Ticket.objects.filter(pk=self.ticket.pk).update(status=status)

    @rule()
    def load_a_copy(self) -> None:
        self.stale = Ticket.objects.get(pk=self.ticket.pk)

    @rule()
    def save_the_stale_copy(self) -> None:
        self.save(self.stale)

    @rule(metric=metrics, hours=st.integers(1, 100), column=st.booleans())
    def set_target(self, metric: str, hours: int, column: bool) -> None:
        due = self.now + timedelta(hours=hours)
        try:
            if column:
                setattr(self.ticket, f"{metric}_target", due)
                self.save(self.ticket)
            else:
                with as_of(self.now):
                    self.ticket.sla.set_target(metric, due)
        except (ClockStopped, ContradictedTimestamp):
            self.ticket.refresh_from_db()

    @rule(metric=metrics)
    def clear_target(self, metric: str) -> None:
        try:
            with as_of(self.now):
                self.ticket.sla.clear_target(metric)
        except ClockStopped:
            pass

    @rule(metric=metrics)
    def waive(self, metric: str) -> None:
        with as_of(self.now):
            self.ticket.sla.waive(metric, "excused")

    @rule()
    def pause(self) -> None:
        with suppress(AlreadyOnHold, TicketDone), as_of(self.now):
            self.ticket.sla.pause("on hold")

    @rule()
    def resume(self) -> None:
        with suppress(NotOnHold), as_of(self.now):
            self.ticket.sla.resume("no longer on hold")

    @precondition(lambda self: self.now > MONDAY)
    @rule(ago=st.integers(0, 900), column=st.sampled_from(["resolved_at", "first_responded_at"]))
    def assign_a_timestamp(self, ago: int, column: str) -> None:
        setattr(self.ticket, column, self.now - timedelta(minutes=ago))
        try:
            self.save(self.ticket)
        except ContradictedTimestamp:
            self.ticket.refresh_from_db()

    @invariant()
    def live_equals_replay(self) -> None:
        if not hasattr(self, "ticket"):
            return
        row = Ticket.objects.get(pk=self.ticket.pk)
        lifecycle = fold(load(Ticket.sla, row.pk, "default"), "default")
        assert {name: getattr(row, name) for name in COLUMNS} == columns(lifecycle)
        stored = {(c.metric, c.cycle): c for c in row.sla_clocks.all()}
        of = Ticket.sla.clock_model.of
        replayed = {key: of(clock, row.pk) for key, clock in kept(lifecycle).items()}
        assert stored.keys() == replayed.keys()
        for key, clock in stored.items():
            for field in SLAClock._meta.local_fields[1:]:
                if field.name in SLAClock.lasting:
                    continue
                assert getattr(clock, field.attname) == getattr(replayed[key], field.attname)
        assert lifecycle.category == Ticket.sla.category(row.status)
        assert lifecycle.held == (row.sla.hold is not None)
        for clock in lifecycle.clocks:
            if clock.metric in PAUSING and clock.stopped_at is None:
                assert (clock.paused_at is not None) == lifecycle.paused
        for clock in row.sla.clocks:
            assert judge(clock, self.now) == judge(
                next(
                    c
                    for c in lifecycle.clocks
                    if (c.metric, c.cycle) == (clock.metric, clock.cycle)
                ),
                self.now,
            )

    @invariant()
    def queries_agree_with_verdicts(self) -> None:
        if not hasattr(self, "ticket"):
            return
        ticket = Ticket.objects.with_verdicts(self.now).get(pk=self.ticket.pk)
        for metric in ("response", "resolution"):
            state = ticket.sla.verdict(metric).state
            assert Ticket.objects.in_state(state, metric, self.now).filter(pk=ticket.pk).exists()
            others = [other for other in type(state) if other is not state]
            cycles = [clock for clock in ticket.sla.clocks if clock.metric == metric]
            if len(cycles) == 1:
                for other in others:
                    found = Ticket.objects.in_state(other, metric, self.now)
                    assert not found.filter(pk=ticket.pk).exists(), other


@pytest.mark.thorough
@pytest.mark.django_db
def test_lives() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
