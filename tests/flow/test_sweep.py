"""The sweep: each threshold is recorded once, and told of where somebody wants to know."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import DataError, OperationalError, connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from django_sla import registry, signals
from django_sla.flow import sweep as sweeping
from django_sla.flow.recalculate import apply, preview, start
from django_sla.models import Beginning, Calendar, Notice, Sweep
from django_sla.moment import as_of
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import ExtendedTicket, UUIDTicket

pytestmark = pytest.mark.django_db

SETTINGS = {"CHANNELS": CHANNELS}
LOW = {"field": "priority", "operator": "is", "value": "low"}


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """The first sweep was long ago."""
    Beginning.objects.create(pk=1, since=after(-1000))
    with override_settings(DJANGO_SLA=SETTINGS):
        yield


def told(ticket: Any) -> list[tuple[str, str]]:
    """What time did to a ticket."""
    kinds = ("target_warned", "target_breached", "escalated")
    rows = ticket.sla_events.filter(kind__in=kinds).order_by("at", "id")
    return [(row.kind, row.data["metric"]) for row in rows]


def notices() -> list[tuple[str, str, str]]:
    rows = Notice.objects.order_by("id")
    return [(row.kind, row.channel, row.recipient) for row in rows]


def note(when: str = "due", **more: Any) -> dict[str, Any]:
    return {"metric": "*", "when": when, "channel": "note", "to": ["ops@example.com"], **more}


# What is recorded


def test_nothing_is_due_and_nothing_happens() -> None:
    policy()
    ticket = opened()
    run = swept(1)
    assert (run.due, run.recorded, run.lag) == (0, 0, 0.0)
    assert run.finished_at == after(1)
    assert told(ticket) == []


def test_each_threshold_is_recorded_once_when_it_has_passed() -> None:
    policy()
    ticket = opened()
    assert swept(1.6).recorded == 1
    assert told(ticket) == [("target_warned", "response")]
    assert swept(1.7).recorded == 0
    run = swept(9)
    assert (run.due, run.recorded, run.breaches) == (2, 3, 2)
    assert run.lag == timedelta(hours=7).total_seconds(), "since the response was due"
    assert told(ticket) == [
        ("target_warned", "response"),
        ("target_breached", "response"),
        ("target_warned", "resolution"),
        ("target_breached", "resolution"),
    ]
    breach = ticket.sla_events.get(kind="target_breached", data__metric="resolution")
    assert (breach.at, breach.recorded_at, breach.due) == (after(8), after(9), after(8))
    assert breach.actor is None
    assert breach.data["cycle"] == "1"
    assert swept(1000).due == 0, "nothing is left to happen"


def test_on_the_dot_is_in_time() -> None:
    policy(at_risk=100)
    ticket = opened()
    assert swept(2).recorded == 0
    assert told(ticket) == []
    assert swept(2.001).breaches == 1


def test_a_breach_stays_recorded_and_a_new_deadline_may_be_breached_again() -> None:
    policy(at_risk=100)
    ticket = opened()
    swept(9)
    with at(9):
        ticket.sla.set_target("resolution", after(12), "Agreed")
    assert swept(11).recorded == 0
    assert swept(13).breaches == 1
    due = ticket.sla_events.filter(kind="target_breached", data__metric="resolution")
    assert [event.at for event in due.order_by("at")] == [after(8), after(12)]


def test_a_clock_that_stopped_late_has_its_breach_and_one_in_time_has_none() -> None:
    policy(at_risk=100)
    late, in_time = opened(), opened()
    for ticket, hours in ((late, 9), (in_time, 7)):
        with at(hours):
            ticket.status = "resolved"
            ticket.save()
    run = swept(10)
    assert run.notices == 0
    assert ("target_breached", "resolution") in told(late)
    assert ("target_breached", "resolution") not in told(in_time)
    assert swept(11).due == 0


def test_a_pause_moves_what_comes_after_it() -> None:
    policy(at_risk=50)
    ticket = opened()
    swept(4.5)
    with at(5):
        ticket.status = "pending"
        ticket.save()
    assert swept(20).recorded == 0, "the response was breached before, and is recorded"
    with at(20):
        ticket.status = "open"
        ticket.save()
    assert swept(22.9).recorded == 0
    assert swept(23.1).breaches == 1
    assert told(ticket).count(("target_warned", "resolution")) == 1


def test_new_terms_are_watched_at_once() -> None:
    desk = policy(at_risk=100)
    ticket = opened()
    swept(3)
    desk.goals = {"*": {"response": "2h", "resolution": "4h"}}
    with at(3):
        desk.save()
        apply(preview(start(using="default")), reason="Faster")
    assert swept(4.1).breaches == 1
    assert told(ticket)[-1] == ("target_breached", "resolution")


def test_every_kind_of_ticket_is_swept() -> None:
    policy(at_risk=100)
    for model in (Ticket, UUIDTicket, ExtendedTicket):
        opened(model=model)
    swept(9)
    for model in (Ticket, UUIDTicket, ExtendedTicket):
        ticket = model.objects.get()
        assert told(ticket)[-1] == ("target_breached", "resolution"), model


def test_the_past_that_nobody_watched_is_recorded_and_not_told() -> None:
    Beginning.objects.all().delete()
    policy(note())
    before, after_ = opened(), opened(7)
    run = swept(9)
    assert run.breaches == 2
    assert run.notices == 0
    assert Beginning.objects.get().since == after(9)
    assert told(before)[-1] == ("target_breached", "resolution")
    assert swept(16).notices == 1, "what comes to pass later is told"
    assert told(after_)[-1] == ("target_breached", "resolution")


def test_clocks_from_before_there_was_a_sweep_are_found_by_the_first_one() -> None:
    Beginning.objects.all().delete()
    policy()
    ticket = opened()
    ticket.sla_clocks.update(next_at=None, watched_from=None)
    assert swept(9).breaches == 2
    assert told(ticket)[-1] == ("target_breached", "resolution")


def test_an_imported_ticket_is_recorded_and_not_told() -> None:
    policy(note())
    with at(100), as_of(after(0)):
        Ticket.objects.create()
    run = swept(100.5)
    assert (run.breaches, run.notices) == (2, 0)


# What is told


def test_whom_an_escalation_names_is_told() -> None:
    people = get_user_model().objects
    anna = people.create_user("anna", email="anna@example.com")
    policy(note(to=["assignee", "ops@example.com"], metric="resolution"))
    opened(assignee=anna)
    opened()
    swept(9)
    assert notices() == [
        ("target_breached", "note", f"user:{anna.pk}"),
        ("target_breached", "note", "ops@example.com"),
        ("target_breached", "note", "ops@example.com"),
    ]
    notice = Notice.objects.first()
    assert (notice.metric, notice.at, notice.due) == ("resolution", after(8), after(8))
    assert notice.sweep == Sweep.objects.latest("id").pk


def test_a_group_a_name_of_the_host_and_a_channel_with_a_destination() -> None:
    people = get_user_model().objects
    managers = Group.objects.create(name="Managers")
    for name, active in (("boss", True), ("gone", False)):
        managers.user_set.add(people.create_user(name, is_active=active))
    registry.register_recipients("duty", who := lambda ticket: ["duty@example.com", ""])
    try:
        policy(
            note("6h after", metric="resolution", to=["group:Managers", "duty"]),
            {"metric": "resolution", "when": "50%", "channel": "machine", "to": []},
        )
        opened()
        assert swept(4.1).notices == 1
        swept(14.1)
    finally:
        del registry.recipients["duty"]
    assert who
    assert notices() == [
        ("escalated", "machine", ""),
        ("escalated", "note", f"user:{people.get(username='boss').pk}"),
        ("escalated", "note", "duty@example.com"),
    ]
    assert [n.when for n in Notice.objects.order_by("id")] == ["50%", "6h after", "6h after"]


def test_a_group_is_asked_for_once_whatever_the_number_of_tickets() -> None:
    boss = get_user_model().objects.create_user("boss")
    boss.groups.add(Group.objects.create(name="Managers"))
    policy(note(metric="resolution", to=["group:Managers"]))
    for _ in range(3):
        opened()
    with CaptureQueriesContext(connection) as captured:
        swept(9)
    assert notices() == [("target_breached", "note", f"user:{boss.pk}")] * 3
    assert sum("auth_group" in query["sql"] for query in captured) == 1


def test_whom_a_ticket_model_works_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"desk": lambda ticket: f"{ticket.title}@example.com"}
    monkeypatch.setattr(Ticket.sla, "recipients", names)
    policy(note(metric="resolution", to=["desk"]))
    opened(title="printers")
    swept(9)
    assert notices() == [("target_breached", "note", "printers@example.com")]


@pytest.mark.parametrize("quiet", ["paused", "waived", "resolved"])
def test_nothing_is_told_of_a_ticket_that_is(quiet: str) -> None:
    policy(note(metric="resolution"))
    ticket = opened()
    with at(8.5):
        if quiet == "waived":
            ticket.sla.waive("resolution", "The vendor's fault")
        else:
            ticket.status = "pending" if quiet == "paused" else "resolved"
            ticket.save()
    run = swept(9)
    assert run.notices == 0
    assert ("target_breached", "resolution") in told(ticket)


def test_a_warning_that_comes_too_late_is_not_told() -> None:
    policy(note("at_risk", metric="resolution"), note("due", metric="resolution"))
    opened()
    swept(9)
    assert [kind for kind, _channel, _who in notices()] == ["target_breached"]


def test_at_risk_from_all_of_the_goal_on_is_the_breach() -> None:
    policy(note("at_risk", metric="resolution"), at_risk=100)
    opened()
    swept(9)
    assert notices() == [("target_breached", "note", "ops@example.com")]


def test_what_waits_for_opening_hours_is_due_then() -> None:
    office = Calendar.objects.create(
        name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}
    )
    policy(
        note(metric="response", in_hours=True),
        note(metric="response", to=["duty@example.com"]),
        calendar=office,
        at_risk=100,
    )
    opened(6)  # due at 17:00 of the same day
    swept(8.5)
    due = {notice.recipient: notice.try_at for notice in Notice.objects.all()}
    assert due == {"ops@example.com": after(24), "duty@example.com": after(8.5)}


def test_the_same_person_is_told_once() -> None:
    anna = get_user_model().objects.create_user("anna")
    group = Group.objects.create(name="Managers")
    group.user_set.add(anna)
    policy(note(to=["assignee", "group:Managers"], metric="resolution"), note(to=["assignee"]))
    opened(assignee=anna)
    swept(9)
    assert len(notices()) == 2, "of the response, and of the resolution"


def test_signals_are_for_those_who_listen() -> None:
    policy()
    opened()
    swept(1.6)
    assert notices() == []

    def receiver(**kwargs: Any) -> None: ...

    signals.target_breached.connect(receiver, sender=Ticket)
    try:
        swept(9)
    finally:
        signals.target_breached.disconnect(receiver, sender=Ticket)
    assert notices() == [("target_breached", "signal", "")] * 2


def test_a_clock_that_stops_in_time_is_met() -> None:
    policy()
    in_time, late = opened(), opened()

    def receiver(**kwargs: Any) -> None: ...

    signals.target_met.connect(receiver)
    try:
        for ticket, hours in ((in_time, 1), (late, 9)):
            with at(hours):
                ticket.status = "resolved"
                ticket.save()
        with at(10):
            in_time.sla.waive("resolution", "Nothing to excuse")
    finally:
        signals.target_met.disconnect(receiver)
    assert notices() == [("target_met", "signal", "")] * 2
    assert {n.ticket for n in Notice.objects.all()} == {str(in_time.pk)}


# What goes wrong


def test_a_poisoned_ticket_does_not_stop_the_others() -> None:
    policy(note())
    poisoned, sound = opened(), opened()
    poisoned.sla_clocks.filter(metric="resolution").update(pauses=["forged"])
    run = swept(9)
    assert run.failed == 1
    assert run.problem.startswith(f"{poisoned.pk}: ")
    assert told(sound)[-1] == ("target_breached", "resolution")
    assert swept(9.1).due == 0, "it is left alone for a while"
    assert swept(9.2).failed == 1, "and looked at again"
    poisoned.sla_clocks.filter(metric="resolution").update(pauses=[])
    assert swept(9.4).breaches == 1


def test_what_the_database_refuses_is_found_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    policy(note())
    poisoned, sound = opened(), opened()
    real = sweeping._event

    def event(sla: Any, ticket: Any, *args: Any) -> Any:
        row = real(sla, ticket, *args)
        if ticket.pk == poisoned.pk:
            row.kind = None
        return row

    monkeypatch.setattr(sweeping, "_event", event)
    run = swept(9)
    assert run.failed == 1
    assert told(poisoned) == []
    assert told(sound)[-1] == ("target_breached", "resolution")
    monkeypatch.undo()
    assert swept(9.2).breaches == 2


def test_a_database_that_goes_away_meanwhile_is_no_problem_of_the_ticket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy()
    ticket = opened()
    answers = [DataError("out of range"), OperationalError("the connection is closed")]

    def record_batch(*args: Any) -> Any:
        raise answers.pop(0)

    monkeypatch.setattr(sweeping, "record_batch", record_batch)
    with pytest.raises(OperationalError, match="is closed"):
        swept(9)
    monkeypatch.undo()
    swept(9)
    assert told(ticket)[-1] == ("target_breached", "resolution")


def test_what_waits_for_opening_hours_that_never_come_is_told_at_once() -> None:
    once = Calendar.objects.create(
        name="Once", tz="UTC", hours={}, special_days={"2026-03-02": [["09:00", "17:00"]]}
    )
    policy(note(in_hours=True), calendar=once, conditions=[LOW])
    policy(name="Others")
    waiting, sound = opened(priority="low"), opened()
    run = swept(9)
    assert (run.failed, run.problem) == (0, "")
    assert told(waiting)[-1] == told(sound)[-1] == ("target_breached", "resolution")
    waits = Notice.objects.filter(ticket=str(waiting.pk), channel="note").latest("id")
    assert waits.try_at == waits.created_at


def test_a_channel_that_cannot_say_whether_it_has_addresses_stops_no_breach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy(note())
    ticket = opened()

    def fails(channel: Any) -> bool:
        raise RuntimeError("the directory is away")

    monkeypatch.setattr(Recorder, "addressed", property(fails))
    run = swept(9)
    assert (run.failed, run.breaches) == (0, 2)
    assert told(ticket)[-1] == ("target_breached", "resolution")
    notices = Notice.objects.filter(ticket=str(ticket.pk), channel="note")
    assert {notice.problem for notice in notices} == {"RuntimeError: the directory is away"}


def test_a_name_that_stands_for_nobody_is_told_to_nobody_and_said() -> None:
    who = {"fails": True}

    def duty(ticket: Any) -> list[str]:
        if who["fails"]:
            raise RuntimeError("the rota is away")
        return ["duty@example.com"]

    registry.register_recipients("duty", duty)
    try:
        policy(note(metric="resolution", to=["duty"]))
        ticket = opened()
        swept(9)
    finally:
        del registry.recipients["duty"]
    notice = Notice.objects.get()
    assert (notice.standing, notice.recipient) == ("dead", "to:duty")
    assert notice.problem == "RuntimeError: the rota is away"
    assert ("target_breached", "resolution") in told(ticket)


def test_a_channel_that_the_settings_lack_by_now_is_said() -> None:
    policy(note(metric="resolution"))
    opened()
    with override_settings(DJANGO_SLA={}):
        swept(9)
    notice = Notice.objects.get()
    assert notice.standing == "dead"
    assert "note" in notice.problem


def test_a_database_that_ends_a_batch_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    policy()
    ticket = opened()
    real, calls = sweeping.record_batch, []

    def record_batch(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("deadlock detected")
        return real(*args, **kwargs)

    monkeypatch.setattr(sweeping, "record_batch", record_batch)
    monkeypatch.setattr("django_sla.flow.retry.WAIT", 0)
    if connection.in_atomic_block:
        with pytest.raises(OperationalError):
            swept(9)  # inside somebody else's transaction, which is over
        return
    swept(9)
    assert told(ticket)


def test_a_long_sweep_tells_meanwhile_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    policy(goals={"*": {"resolution": "8h"}}, at_risk=100)
    for _ in range(3):
        opened()
    monkeypatch.setattr(sweeping, "BATCH", 1)
    monkeypatch.setattr(sweeping, "ABREAST", 1)
    seconds = count(step=2)
    monkeypatch.setattr(sweeping, "monotonic", lambda: next(seconds))
    known: list[int] = []

    def watch(run: Sweep) -> bool:
        known.append(Sweep.objects.get().recorded)
        return False

    with at(9):
        sweeping.sweep(using="default", watch=watch)
    assert known[:3] == [1, 2, 3]


# What it costs


def test_the_number_of_queries_does_not_grow() -> None:
    people = get_user_model().objects
    policy(note(to=["assignee"], metric="resolution"), at_risk=100)

    def queries(number: int) -> int:
        for index in range(number):
            assignee = people.create_user(f"{number}-{index}", email="a@example.com")
            opened(assignee=assignee)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert swept(9).breaches == 2 * number
        Ticket.objects.all().delete()
        return len(captured)

    assert queries(2) == queries(20)


def test_a_sweep_that_finds_nothing_costs_next_to_nothing(
    django_assert_num_queries: Any,
) -> None:
    policy()
    opened()
    with django_assert_num_queries(3 + len(registry.tickets)):
        swept(1)


def test_old_sweeps_are_taken_away_and_their_sums_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    policy()
    opened()
    swept(9)
    Sweep.objects.update(started_at=after(-1000))
    sweeping._prune("default", after(10))
    assert not Sweep.objects.exists()
    beginning = Beginning.objects.get()
    assert (beginning.recorded, beginning.breaches, beginning.failed) == (4, 2, 0)


def test_sweeps_that_found_nothing_are_taken_away_sooner() -> None:
    policy()
    opened()
    swept(1)
    swept(9)
    Sweep.objects.update(started_at=after(-30))
    sweeping._prune("default", after(0))
    assert [run.due for run in Sweep.objects.all()] == [2]


def test_a_reply_after_the_breach_is_recorded_changes_nothing_of_it(agent: Any) -> None:
    policy()
    ticket = opened()
    swept(3)
    with at(4):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(4))
    swept(5)
    assert told(ticket).count(("target_breached", "response")) == 1
    with at(6):
        kinds = [entry.kind for entry in ticket.sla.timeline()]
    assert kinds == ["opened", "target_warned", "target_breached", "agent_replied"]
