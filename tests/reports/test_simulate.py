"""What if: what would have been met and missed under draft policies, and nothing written."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_sla.core.verdict import State, judge
from django_sla.flow.policy_export import export
from django_sla.flow.refresh import kept, load
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of
from django_sla.reports import findings, simulate
from django_sla.reports.draft import drafted, from_file
from django_sla.reports.format import FORMATS
from django_sla.reports.grouping import names
from django_sla.reports.replay import KEPT, LATE, OPEN, Replay, replayed
from django_sla.reports.simulate import Simulation
from django_sla.tables.effective import policies
from tests.conftest import after
from tests.hosts.desk.models import Comment, Department, Ticket
from tests.hosts.variety.models import OwnTicket, UUIDTicket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

GOALS = {"*": {"response": "2h", "resolution": "8h"}}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "BATCH", 3)


@pytest.fixture
def desk() -> Policy:
    return Policy.objects.create(name="Desk", goals=GOALS, order=10)


def draft(row: Policy, **values: Any) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    return drafted("default", policies=[row])


def simulated(found: Any, at: float = 100, **options: Any) -> Simulation:
    tickets = options.pop("queryset", Ticket.objects.all())
    return Simulation(tickets, found, now=after(at), **options).run()


def counts(simulation: Simulation, metric: str = "resolution") -> tuple[int, ...]:
    """Met, late; both under the draft; newly met, newly late."""
    tally = simulation.total.metrics[metric]
    return (
        tally.met, tally.late, tally.met_then, tally.late_then, tally.newly_met, tally.newly_late,
    )  # fmt: skip


def test_who_would_have_met_and_missed(desk: Policy) -> None:
    for hours in (2, 6, 7, 20):
        moved(opened(), "resolved", hours)
    opened()  # open and past due either way
    found = simulated(draft(desk, goals={"*": {"response": "2h", "resolution": "6h"}}))
    assert counts(found) == (3, 2, 2, 3, 0, 1)
    assert found.total.tickets == found.seen == 5
    assert found.changed_tickets == 1
    total = found.total.metrics["resolution"]
    assert (total.compliance, total.compliance_then) == (60, 40)
    found = simulated(draft(desk, goals={"*": {"response": "2h", "resolution": "20h"}}))
    assert counts(found) == (3, 2, 4, 1, 1, 0)


def test_nothing_is_written(desk: Policy) -> None:
    moved(opened(), "resolved", 7)
    found = draft(desk, goals={"*": {"resolution": "1h"}})
    with CaptureQueriesContext(connection) as captured:
        simulated(found)
    assert all(query["sql"].startswith("SELECT") for query in captured)
    assert Policy.objects.get().goals == GOALS


def test_the_policies_in_force_change_nothing_of_tickets_that_have_their_terms(
    desk: Policy,
) -> None:
    moved(opened(), "resolved", 20)
    moved(moved(opened(), "resolved", 1), "open", 2)
    found = simulated(policies("default"))
    assert counts(found) == (0, 2, 0, 2, 0, 0)
    assert found.changed == []


def test_what_is_open_and_not_yet_due_is_in_no_count(desk: Policy) -> None:
    opened(95)
    found = simulated(draft(desk, goals={"*": {"resolution": "1h"}}))
    assert counts(found) == (0, 0, 0, 1, 0, 1)
    assert counts(found, "response") == (0, 1, 0, 0, 1, 0)  # nothing would be promised


def test_a_calendar_in_place_of_the_one_that_is_saved(desk: Policy) -> None:
    office = Calendar.objects.create(
        name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}
    )
    desk.calendar = office
    desk.save()
    moved(opened(), "resolved", 24)  # Tuesday at nine, as the eighth hour ends on Monday
    assert counts(simulated(policies("default"))) == (0, 1, 0, 1, 0, 0)
    office.hours = {"mon": [["09:00", "16:00"]], "tue": [["09:00", "17:00"]]}
    found = simulated(drafted("default", calendars=[office]))
    assert counts(found) == (0, 1, 1, 0, 1, 0)
    assert Calendar.objects.get().hours["mon"] == [["09:00", "17:00"]]


def test_pauses_and_targets_set_by_hand_stay(desk: Policy) -> None:
    moved(moved(moved(opened(), "pending", 1), "open", 50), "resolved", 53)  # four hours of work
    promised = opened()
    with as_of(after(1)):
        promised.sla.set_target("resolution", after(60), "promised")
    moved(promised, "resolved", 59)
    found = simulated(draft(desk, goals={"*": {"resolution": "4h"}}))
    assert counts(found) == (2, 0, 2, 0, 0, 0)
    found = simulated(draft(desk, goals={"*": {"resolution": "3h"}}))
    assert counts(found) == (2, 0, 1, 1, 0, 1)


@pytest.mark.parametrize(("rule", "late"), [("resume", 1), ("restart", 0), ("keep", 0)])
def test_another_rule_for_reopening_is_folded(desk: Policy, rule: str, late: int) -> None:
    moved(moved(moved(opened(), "resolved", 7), "open", 20), "resolved", 26)
    found = simulated(draft(desk, reopening=rule))
    cycles = 2 if rule == "restart" else 1
    assert counts(found)[2:4] == (cycles - late, late)
    assert counts(found)[:2] == (0, 1)  # the settings say resume


def test_what_was_closed_and_is_only_resolved_was_reopened_too(desk: Policy) -> None:
    desk.goals = {"*": {"closure": "8h"}}
    desk.save()
    moved(moved(opened(), "closed", 7), "resolved", 20)
    found = simulated(draft(desk, reopening="restart"))
    assert counts(found, "closure") == (0, 1, 1, 1, 1, 1)  # the second cycle is late, the first not


def test_a_metric_that_nothing_was_promised_of(desk: Policy) -> None:
    moved(moved(opened(), "resolved", 2), "closed", 30)
    found = simulated(draft(desk, goals={"*": {"resolution": "8h", "closure": "24h"}}))
    assert counts(found, "closure") == (0, 0, 0, 1, 0, 1)
    # It names what is promised in its own order.
    assert found.by_group().metrics == ["response", "resolution", "closure"]


def test_policies_choose_by_what_a_ticket_is_now(desk: Policy) -> None:
    network = Department.objects.create(name="Network")
    moved(opened(department=network), "resolved", 6)
    moved(opened(), "resolved", 6)
    strict = Policy(
        name="Strict",
        goals={"*": {"resolution": "4h"}},
        conditions=[{"field": "department", "operator": "is", "value": network.pk}],
    )
    found = simulated(drafted("default", policies=[strict]))
    assert counts(found) == (2, 0, 1, 1, 0, 1)
    by = {row.label: row for row in found.by_group("department").rows}
    assert [by["Network"].tickets, by["(none)"].tickets] == [1, 1]
    assert by["Network"].metrics["resolution"].newly_late == 1
    assert by["(none)"].metrics["resolution"].newly_late == 0
    only = simulated(drafted("default", policies=[strict]), only=["Strict"])
    assert only.total.tickets == 1


def test_a_draft_that_is_not_yet_effective_needs_another_instant(desk: Policy) -> None:
    moved(opened(), "resolved", 6)
    found = draft(desk, goals={"*": {"resolution": "4h"}}, effective_from=after(200))
    assert counts(simulated(found))[5] == 0
    assert counts(simulated(found, effective=after(200)))[5] == 1


def test_by_priority_and_every_dimension_with_the_keys_of_what_changes(
    desk: Policy, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "LARGEST", 2)
    late = [
        moved(opened(priority="low", assignee=agent), "resolved", hours) for hours in (5, 7, 8, 6)
    ]
    moved(opened(priority="urgent"), "resolved", 1)
    found = simulated(draft(desk, goals={"*": {"response": "2h", "resolution": "4h"}}))
    assert found.group_names == ("priority", "agent", "department")
    rows = found.by_group("priority").rows
    assert [(row.label, row.metrics["resolution"].newly_late) for row in rows] == [
        ("Urgent", 0),
        ("Low", 4),
    ]
    assert [row.label for row in found.by_group("agent").rows] == ["agent", "(none)"]
    assert [(one.pk, one.over) for one in found.changed] == [
        (late[2].pk, timedelta(hours=4)),
        (late[1].pk, timedelta(hours=3)),
    ]
    assert found.changed[0].newly_late
    assert found.changed[0].due_now == after(8)
    assert found.changed[0].due_then == after(4)
    with pytest.raises(ValueError, match="nothing to group by"):
        Simulation(Ticket.objects.all(), policies("default"), groups=["colour"])


def test_the_period_is_that_of_the_opening_and_the_newest_can_be_asked_for(desk: Policy) -> None:
    for hours in range(6):
        moved(opened(hours), "resolved", hours + 5)
    found = draft(desk, goals={"*": {"resolution": "4h"}})
    assert counts(simulated(found, since=after(2), until=after(5)))[5] == 3
    cut = simulated(found, newest=2)
    assert (cut.total.tickets, cut.is_cut) == (2, True)
    whole = simulated(found, newest=6)
    assert (whole.total.tickets, whole.is_cut) == (6, False)
    assert simulated(found, newest=100).count() == 6
    assert simulated(found, queryset=Ticket.objects.none(), newest=2).total.tickets == 0


def test_it_can_be_watched_and_stopped(desk: Policy) -> None:
    for _ in range(7):
        opened()
    seen = []
    found = Simulation(Ticket.objects.all(), policies("default"), now=after(1))

    def watch(simulation: Simulation) -> bool:
        seen.append(simulation.seen)
        return len(seen) == 2

    assert found.run(watch).is_stopped
    assert seen == [3, 6]


def test_the_number_of_queries_grows_with_the_batches_alone(
    desk: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "BATCH", 1000)

    def queries(count: int) -> int:
        for _ in range(count):
            moved(moved(opened(), "pending", 1), "resolved", 6)
        found = draft(desk, reopening="restart")
        with CaptureQueriesContext(connection) as captured:
            simulated(found)
        return len(captured)

    assert queries(2) >= queries(20)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rule", ["resume", "restart"])
def test_several_workers_find_what_one_finds(
    desk: Policy, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every number, by every group, and the same of several tickets that are as late."""
    random = Random(3)
    agents = [get_user_model().objects.create_user(name) for name in ("one", "two")]
    departments = [Department.objects.create(name=name) for name in ("Network", "Office")]
    for _ in range(40):
        ticket = opened(
            random.randrange(3),
            priority=random.choice(Ticket.Priority.values),
            assignee=random.choice([None, *agents]),
            department=random.choice([None, *departments]),
        )
        hours = 24
        for status in ("pending", "open", "resolved", "open", "resolved"):
            hours += random.randrange(1, 6)
            moved(ticket, status, hours)
    found = draft(
        desk,
        reopening=rule,
        goals={"urgent": {"resolution": "30h"}, "*": {"resolution": "24h", "closure": "1h"}},
        conditions=[{"field": "priority", "operator": "is_not", "value": "low"}],
    )
    groups = names(Ticket.sla)
    asked = {"since": after(1), "groups": groups, "now": after(100)}
    with monkeypatch.context() as patched:
        patched.setattr(simulate, "BATCH", 1000)  # at one go
        one = Simulation(Ticket.objects.all(), found, **asked).run()
    two = Simulation(Ticket.objects.filter(pk__gt=0), found, **asked).run(workers=2)
    assert one.seen > 20
    assert (one.seen, one.changed_tickets) == (two.seen, two.changed_tickets)
    for name in groups:
        assert one.by_group(name) == two.by_group(name)
    assert all(len(one.by_group(name).rows) > 2 for name in ("priority", "agent", "department"))
    assert one.changed == two.changed
    assert len(one.changed) > 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [UUIDTicket, OwnTicket])
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_every_kind_of_host(desk: Policy, model: Any, workers: int) -> None:
    for _ in range(7):
        with as_of(after(0)):
            model.objects.create()
    found = Simulation(model.objects.all(), policies("default"), now=after(10**5))
    found.run(workers=workers)
    assert found.total.tickets == 7
    assert counts(found) == (0, 7, 0, 7, 0, 0)


def test_a_file_as_it_would_be_loaded(desk: Policy) -> None:
    office = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    Policy.objects.create(
        name="Kept",
        goals={"*": {"resolution": "1h"}},
        calendar=office,
        conditions=[{"field": "priority", "operator": "is", "value": "low"}],
    )
    text = export("default").replace('"resolution": "8h"', '"resolution": "4h"')
    text = text.replace('"17:00"', '"12:00"')
    found = {one.name: one for one in from_file(text.encode(), "default").all}
    assert found["Desk"].terms.goal("resolution", "low") == timedelta(hours=4)
    assert found["Kept"].terms.calendar.between(after(0), after(24)) == timedelta(hours=3)
    only = '{"version": 1, "calendars": {"Office": {"tz": "UTC", "hours": {"mon": [["09:00", "11:00"]]}}}, "policies": []}'  # noqa: E501
    found = {one.name: one for one in from_file(only.encode(), "default").all}
    assert found["Kept"].terms.calendar.between(after(0), after(24)) == timedelta(hours=2)
    assert {one.name for one in policies("default").all} == set(found)


@pytest.mark.parametrize("name", FORMATS)
def test_it_is_a_report_in_every_format(desk: Policy, name: str) -> None:
    moved(opened(), "resolved", 6)
    found = simulated(draft(desk, goals={"*": {"resolution": "4h"}}))
    said = FORMATS[name](found.by_group("priority"))
    assert "Medium" in said
    assert "Total" in said


STATES = {
    State.MET: KEPT,
    State.MISSED: LATE,
    State.BREACHED: LATE,
    State.NONE: "",
    State.ON_TRACK: OPEN,
    State.AT_RISK: OPEN,
    State.PAUSED: OPEN,
}


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_reading_the_rows_gives_what_folding_all_events_gives(data: Any) -> None:
    """Whatever a ticket has been through, and whichever way it is judged."""
    with transaction.atomic():
        goals = st.sampled_from(
            [
                GOALS,
                {"low": {"response": "1h"}, "*": {"resolution": "3h"}},
                {"*": {"resolution": "4h", "closure": "20h", "next_response": "1h"}},
            ]
        )
        rules = st.sampled_from(["resume", "restart", "keep"])
        desk = Policy.objects.create(
            name="Desk", goals=data.draw(goals), reopening=data.draw(rules)
        )
        office = Calendar.objects.create(
            name="Office", tz="America/Toronto", hours={"mon": [["09:00", "17:00"]]}
        )
        author = get_user_model().objects.create_user("staff", is_staff=True)
        other = get_user_model().objects.create_user("other")
        ticket = opened(requester=other)
        hours = 0.0
        for _ in range(data.draw(st.integers(0, 8))):
            hours += data.draw(st.sampled_from([0.25, 1, 3, 30]))
            with as_of(after(hours)):
                match data.draw(
                    st.sampled_from(["status", "status", "priority", "target", "reply", "edit"])
                ):
                    case "status":
                        ticket.status = data.draw(st.sampled_from(Ticket.Status.values))
                        ticket.save()
                    case "priority":
                        ticket.priority = data.draw(st.sampled_from(Ticket.Priority.values))
                        ticket.save()
                    case "target" if ticket.sla.clock("resolution").stopped_at is None:
                        ticket.sla.set_target("resolution", after(hours + 5), "promised")
                    case "reply":
                        who = data.draw(st.sampled_from([author, other]))
                        Comment.objects.create(ticket=ticket, author=who, created_at=after(hours))
                    case "edit":
                        desk.goals, desk.reopening = data.draw(goals), data.draw(rules)
                        desk.save()
        desk.goals, desk.reopening = data.draw(goals), data.draw(rules)
        desk.calendar = data.draw(st.sampled_from([None, office]))
        terms = drafted("default", policies=[desk]).all[0].terms
        now = after(hours + data.draw(st.sampled_from([0, 1, 50])))

        replay = Replay(sla=Ticket.sla, now=now, using="default")
        [(_pk, promises)] = replay.promises({ticket.pk: terms})
        found = {(one.metric, one.cycle): one.then for one in promises if one.then.is_}
        lifecycle = replayed(load(Ticket.sla, ticket.pk, "default"), terms, "default")
        verdicts = {key: judge(clock, now) for key, clock in kept(lifecycle).items()}
        expected = {
            key: (STATES[verdict.state], verdict.due)
            for key, verdict in verdicts.items()
            if STATES[verdict.state]
        }
        assert {key: (one.is_, one.due) for key, one in found.items()} == expected

        present = {(one.metric, one.cycle): one.now.is_ for one in promises if one.now.is_}
        rows = Ticket.sla.clock_model.objects.filter(ticket=ticket)
        assert present == {
            (row.metric, row.cycle): LATE
            if row.outcome == "missed" or (row.due_at and not row.stopped_at and row.due_at < now)
            else (KEPT if row.stopped_at else OPEN)
            for row in rows
            if row.outcome != "none"
        }
        transaction.set_rollback(True)
