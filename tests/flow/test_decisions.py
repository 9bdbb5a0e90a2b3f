"""One test for each row of the decisions table, named after it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext

from django_sla.core.calendar import Calendar
from django_sla.core.condition import where
from django_sla.core.policy import Policy
from django_sla.core.verdict import State
from django_sla.exceptions import (
    AlreadyOnHold,
    ClockStopped,
    ContradictedTimestamp,
    NaiveDatetime,
    NoClock,
    NotOnHold,
    ReasonMissing,
    TicketDone,
)
from django_sla.models import Calendar as SLACalendar
from django_sla.models import Policy as SLAPolicy
from django_sla.moment import as_of
from django_sla.registry import register_policy, unregister_policy
from tests.conftest import MONDAY, after
from tests.hosts.assets.models import AssetTicket
from tests.hosts.desk.models import Comment, Department, Project, Ticket
from tests.hosts.variety.models import StampedTicket

pytestmark = pytest.mark.django_db


def opened(at: datetime = MONDAY, **fields: Any) -> Ticket:
    with as_of(at):
        return Ticket.objects.create(**fields)


def moved(ticket: Ticket, status: str, hours: float) -> None:
    ticket.status = status
    with as_of(after(hours)):
        ticket.save()


def comment(ticket: Ticket, author: Any, hours: float, **fields: Any) -> Comment:
    with as_of(after(hours)):
        return Comment.objects.create(
            ticket=ticket, author=author, created_at=after(hours), **fields
        )


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def kinds(ticket: Any) -> list[str]:
    return list(ticket.sla_events.order_by("at", "id").values_list("kind", flat=True))


# Where is "now" read?


def test_now_is_read_once_by_the_outermost_caller() -> None:
    ticket = opened()
    event = ticket.sla_events.get()
    clocks = set(ticket.sla_clocks.values_list("started_at", flat=True))
    assert {ticket.created_at, event.at, event.recorded_at, *clocks} == {MONDAY}


def test_a_naive_datetime_is_refused() -> None:
    ticket = opened()
    ticket.resolution_target = datetime(2026, 3, 4)  # noqa: DTZ001  that is the point
    with pytest.raises(NaiveDatetime, match="resolution_target"):
        ticket.save()
    with pytest.raises(NaiveDatetime, match="due"):
        fresh(ticket).sla.set_target("resolution", datetime(2026, 3, 4))  # noqa: DTZ001
    assert fresh(ticket).resolution_target == after(24)
    with pytest.raises(ValueError, match="as_of"), as_of(datetime(2026, 3, 4)):  # noqa: DTZ001
        pass


# Status → meaning


def test_an_unmapped_status_is_open() -> None:
    ticket = opened(status="triage")
    assert ticket.sla.resolution.clock.paused_at is None
    assert ticket.resolved_at is None


# What counts as a response


def test_a_public_comment_by_staff_is_the_response(agent: Any, requester: Any) -> None:
    ticket = opened(requester=requester)
    comment(ticket, requester, 1)
    comment(ticket, agent, 2, internal=True)
    assert fresh(ticket).first_responded_at is None
    comment(ticket, agent, 3)
    comment(ticket, agent, 4)
    assert fresh(ticket).first_responded_at == after(3)
    assert kinds(ticket) == ["opened", "requester_replied", "agent_replied", "agent_replied"]


def test_staff_who_is_the_requester_does_not_answer_themselves(agent: Any) -> None:
    ticket = opened(requester=agent)
    comment(ticket, agent, 1)
    assert fresh(ticket).first_responded_at is None


def test_the_earliest_comment_wins_whatever_order_they_are_committed_in(agent: Any) -> None:
    ticket = opened()
    for hours in (5, 2, 3, 1, 4):
        comment(ticket, agent, hours)
    assert fresh(ticket).first_responded_at == after(1)


def test_a_comment_edited_later_is_no_second_reply(agent: Any) -> None:
    ticket = opened()
    answer = comment(ticket, agent, 1)
    answer.body = "Corrected"
    answer.save()
    assert kinds(ticket) == ["opened", "agent_replied"]


def test_a_comment_stamped_before_its_ticket_answers_at_once(agent: Any) -> None:
    ticket = opened()
    comment(ticket, agent, -1)
    assert fresh(ticket).first_responded_at == MONDAY
    assert ticket.sla.response.elapsed == timedelta(0)


# Due


def test_a_pause_before_the_due_instant_moves_it_by_the_time_paused() -> None:
    ticket = opened()  # medium: 24 h
    moved(ticket, "pending", 2)
    moved(ticket, "open", 5)
    assert fresh(ticket).resolution_target == after(27)


def test_a_pause_after_the_due_instant_moves_nothing_and_unbreaches_nothing() -> None:
    ticket = opened()
    moved(ticket, "pending", 25)
    moved(ticket, "open", 40)
    assert fresh(ticket).resolution_target == after(24)
    assert ticket.sla.verdict("resolution", after(41)).state is State.BREACHED


def test_a_pause_that_begins_exactly_at_the_due_instant_moves_nothing() -> None:
    ticket = opened()
    moved(ticket, "pending", 24)
    moved(ticket, "open", 30)
    assert fresh(ticket).resolution_target == after(24)
    assert ticket.sla.verdict("resolution", after(31)).state is State.BREACHED


# Pause


def test_while_paused_there_is_no_due_instant_and_no_breach() -> None:
    ticket = opened()
    moved(ticket, "pending", 2)
    verdict = ticket.sla.verdict("resolution", after(1000))
    assert (verdict.state, verdict.due) == (State.PAUSED, None)
    assert verdict.remaining == timedelta(hours=22)
    assert fresh(ticket).resolution_target == after(24), "the column keeps the last one"
    assert ticket.sla.verdict("response", after(9)).state is State.BREACHED, "response never pauses"


def test_paused_straight_to_resolved_leaves_the_pause_out() -> None:
    ticket = opened()
    moved(ticket, "pending", 2)
    moved(ticket, "resolved", 100)
    verdict = ticket.sla.resolution
    assert (verdict.state, verdict.elapsed) == (State.MET, timedelta(hours=2))


def test_time_outside_opening_hours_is_not_a_pause() -> None:
    hours = {"mon": [("09:00", "17:00")], "tue": [("09:00", "17:00")]}
    policy = Policy.build(
        "Office", {"*": {"resolution": "10h"}}, calendar=Calendar(tz="UTC", hours=hours)
    )
    register_policy(policy)
    try:
        ticket = opened()
        verdict = ticket.sla.verdict("resolution", after(10))
        assert (verdict.state, verdict.elapsed) == (State.AT_RISK, timedelta(hours=8))
        assert ticket.resolution_target == after(26)
        moved(ticket, "pending", 10)
        moved(ticket, "open", 12)
        assert fresh(ticket).resolution_target == after(26), "nothing was lost while closed"
    finally:
        unregister_policy("Office")


# Holds


def held(ticket: Ticket, hours: float, reason: str = "the vendor is asked") -> None:
    with as_of(after(hours)):
        ticket.sla.pause(reason)


def released(ticket: Ticket, hours: float) -> None:
    with as_of(after(hours)):
        ticket.sla.resume()


def test_a_hold_pauses_the_clocks_that_pause_whatever_the_status() -> None:
    ticket = opened()
    held(ticket, 2)
    moved(ticket, "working", 3)
    verdict = ticket.sla.verdict("resolution", after(1000))
    assert (verdict.state, verdict.remaining) == (State.PAUSED, timedelta(hours=22))
    assert ticket.sla.verdict("response", after(9)).state is State.BREACHED, "response never pauses"
    released(ticket, 7)
    assert fresh(ticket).resolution_target == after(24 + 5)


def test_a_hold_is_known_with_its_reason_and_its_person(agent: Any) -> None:
    ticket = opened()
    assert ticket.sla.hold is None
    ticket._history_user = agent
    held(ticket, 2, "the vendor is asked")
    hold = ticket.sla.hold
    assert (hold.at, hold.actor, hold.data["reason"]) == (after(2), agent, "the vendor is asked")
    assert fresh(ticket).sla.hold == hold
    released(ticket, 3)
    assert ticket.sla.hold is fresh(ticket).sla.hold is None
    held(ticket, 4, "once more")
    assert ticket.sla.hold.data["reason"] == "once more"
    assert Ticket().sla.hold is None


def test_a_hold_and_a_paused_status_are_one_pause() -> None:
    one, other = opened(), opened()
    held(one, 2)
    moved(one, "pending", 3)
    moved(one, "open", 4)
    assert one.sla.verdict("resolution", after(4)).state is State.PAUSED, "still on hold"
    released(one, 6)
    moved(other, "pending", 2)
    held(other, 3)
    released(other, 4)
    assert other.sla.verdict("resolution", after(4)).state is State.PAUSED, "still pending"
    moved(other, "open", 6)
    for ticket in (one, other):
        assert fresh(ticket).resolution_target == after(24 + 4)


@pytest.mark.parametrize("done", ["resolved", "closed"])
def test_resolving_or_closing_ends_a_hold_and_reopening_does_not_bring_it_back(done: str) -> None:
    ticket = opened()
    held(ticket, 2)
    moved(ticket, done, 10)
    assert ticket.sla.hold is None
    assert ticket.sla.resolution.elapsed == timedelta(hours=2)
    moved(ticket, "open", 20)
    assert ticket.sla.hold is None
    assert ticket.sla.verdict("resolution", after(21)).elapsed == timedelta(hours=3)


def test_a_hold_that_makes_no_sense_is_refused() -> None:
    ticket = opened()
    with pytest.raises(NotOnHold, match="not on hold"):
        ticket.sla.resume()
    with pytest.raises(ReasonMissing, match="reason"):
        ticket.sla.pause(" ")
    held(ticket, 1)
    with pytest.raises(AlreadyOnHold, match="already"):
        fresh(ticket).sla.pause("twice")
    moved(ticket, "resolved", 2)
    with pytest.raises(TicketDone, match="resolved"):
        ticket.sla.pause("too late")
    with pytest.raises(NotOnHold, match="not on hold"):
        ticket.sla.resume("too late")
    assert kinds(ticket) == ["opened", "held", "status_moved"]


def test_what_is_done_by_hand_is_the_latest_word() -> None:
    ticket = opened()
    moved(ticket, "pending", 4)
    moved(ticket, "open", 5)
    held(ticket, 1)  # by a server whose clock is behind
    with as_of(after(3)):
        ticket.sla.set_target("response", after(9))
    assert list(ticket.sla_events.order_by("id").values_list("at", flat=True))[3:] == [
        after(5), after(5),
    ]  # fmt: skip
    assert ticket.sla.resolution.clock.paused_at == after(5)
    with as_of(after(2)):
        ticket.sla.resume()
        ticket.sla.set_target("response", after(7))
    assert fresh(ticket).response_target == after(7)
    assert ticket.sla.hold is None


# On the dot


def test_a_reply_exactly_at_the_due_instant_is_in_time(agent: Any) -> None:
    punctual, late = opened(), opened()
    comment(punctual, agent, 8)
    with as_of(after(8) + timedelta(microseconds=1)):
        Comment.objects.create(
            ticket=late, author=agent, created_at=after(8) + timedelta(microseconds=1)
        )
    assert fresh(punctual).sla.response.state is State.MET
    assert fresh(late).sla.response.state is State.MISSED


# Opened by staff for a customer


def test_a_ticket_opened_by_staff_still_owes_a_response(agent: Any, requester: Any) -> None:
    ticket = opened(requester=requester, assignee=agent)
    assert ticket.first_responded_at is None
    assert ticket.sla.verdict("response", MONDAY).state is State.ON_TRACK


# Next response


def test_next_response_runs_from_the_first_unanswered_message(agent: Any, requester: Any) -> None:
    policy = Policy.build("Chat", {"*": {"response": "8h", "next_response": "2h"}})
    register_policy(policy)
    try:
        ticket = opened(requester=requester)
        comment(ticket, requester, 0.5)
        assert ticket.sla.clock("next_response") is None, "the first response is owed first"
        comment(ticket, agent, 1)
        comment(ticket, requester, 2)
        comment(ticket, requester, 3)
        assert fresh(ticket).sla.verdict("next_response", after(3)).due == after(4)
        comment(ticket, agent, 3.5)
        comment(ticket, requester, 10)
        again = fresh(ticket).sla.clock("next_response")
        assert (again.cycle, again.started_at) == (2, after(10))
        assert fresh(ticket).response_target == after(8)
    finally:
        unregister_policy("Chat")


def test_a_fact_that_comes_late_takes_back_what_followed_without_it(
    agent: Any, requester: Any
) -> None:
    register_policy(Policy.build("Chat", {"*": {"resolution": "8h", "next_response": "2h"}}))
    try:
        ticket = opened(requester=requester)
        comment(ticket, agent, 1)
        comment(ticket, requester, 4)
        assert fresh(ticket).sla.clock("next_response") is not None
        ticket.refresh_from_db()
        ticket.status, ticket.resolved_at = "resolved", after(3)
        with as_of(after(6)):
            ticket.save()
        assert fresh(ticket).sla.clock("next_response") is None, "it was resolved by then"
    finally:
        unregister_policy("Chat")


# Resolved without a reply


def test_resolved_without_a_reply_stops_the_response_clock() -> None:
    ticket = opened()
    moved(ticket, "resolved", 3)
    assert fresh(ticket).first_responded_at is None
    assert ticket.sla.response.state is State.MET
    assert ticket.sla.response.elapsed == timedelta(hours=3)


# Closed without resolving


def test_closing_resolves_at_the_same_instant() -> None:
    ticket = opened()
    moved(ticket, "closed", 3)
    assert (fresh(ticket).resolved_at, fresh(ticket).closed_at) == (after(3), after(3))


# Reopened


def reopened(rule: str) -> Ticket:
    policy = Policy.build(rule, {"*": {"resolution": "24h"}}, reopening=rule)
    register_policy(policy)
    try:
        ticket = opened()
        moved(ticket, "resolved", 10)
        moved(ticket, "closed", 12)
        moved(ticket, "open", 30)
    finally:
        unregister_policy(rule)
    return fresh(ticket)


def test_reopened_resume_goes_on_with_the_same_clock() -> None:
    ticket = reopened("resume")
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)
    assert ticket.resolution_target == after(24 + 20)
    verdict = ticket.sla.verdict("resolution", after(31))
    assert (verdict.elapsed, verdict.clock.cycle) == (timedelta(hours=11), 1)


def test_reopened_restart_is_a_second_cycle() -> None:
    ticket = reopened("restart")
    assert ticket.resolved_at is None
    assert ticket.resolution_target == after(30 + 24)
    assert [clock.cycle for clock in ticket.sla.clocks if clock.metric == "resolution"] == [1, 2]


def test_reopened_keep_lets_the_first_resolution_stand() -> None:
    ticket = reopened("keep")
    assert (ticket.resolved_at, ticket.closed_at) == (after(10), after(12))
    moved(ticket, "resolved", 50)
    assert fresh(ticket).resolved_at == after(10)
    assert ticket.sla.resolution.elapsed == timedelta(hours=10)


def test_a_host_that_clears_the_timestamp_in_reopening_is_not_refused() -> None:
    register_policy(Policy.build("Kept", {"*": {"resolution": "24h"}}, reopening="keep"))
    try:
        ticket = opened()
        moved(ticket, "resolved", 10)
        ticket.resolved_at = None
        moved(ticket, "open", 30)
    finally:
        unregister_policy("Kept")
    assert ticket.resolved_at == fresh(ticket).resolved_at == after(10), "the policy says so"


# Priority or policy field changes


def test_a_priority_change_judges_open_clocks_again_from_their_start(agent: Any) -> None:
    ticket = opened()
    comment(ticket, agent, 2)
    moved(ticket, "pending", 3)
    moved(ticket, "open", 5)
    ticket.priority = "urgent"
    with as_of(after(5)):
        ticket.save()
    assert fresh(ticket).resolution_target == after(4 + 2), "pauses are kept"
    assert fresh(ticket).response_target == after(8), "a stopped clock never changes"


def test_a_policy_field_change_chooses_the_terms_again() -> None:
    gold = Project.objects.create(key="GOLD")
    policy = Policy.build("Gold", {"*": {"resolution": "2h"}}, when=where(project__key="GOLD"))
    register_policy(policy)
    try:
        ticket = opened()
        assert ticket.resolution_target == after(24)
        ticket.project = gold
        with as_of(after(1)):
            ticket.save()
        assert fresh(ticket).resolution_target == after(2)
        assert kinds(ticket) == ["opened", "terms_changed"]
    finally:
        unregister_policy("Gold")


# Policy or calendar edited


def test_an_edited_policy_is_for_new_tickets(settings: Any) -> None:
    old = opened()
    settings.DJANGO_SLA = {"GOALS": {"medium": {"resolution": "3h"}}}
    moved(old, "pending", 1)
    moved(old, "open", 2)
    assert fresh(old).resolution_target == after(25)
    assert opened().resolution_target == after(3)


def test_an_edited_policy_or_calendar_of_the_database_is_for_new_tickets() -> None:
    always = [["00:00", "24:00"]]
    office = SLACalendar.objects.create(name="Office", hours={"mon-sun": always})
    desk = SLAPolicy.objects.create(
        name="Desk", goals={"*": {"resolution": "10h"}}, calendar=office
    )
    old = opened()
    desk.goals = {"*": {"resolution": "3h"}}
    desk.save()
    between = opened()
    office.hours = {"mon": always, "tue": always}
    office.special_days = {MONDAY.date().isoformat(): [["10:00", "24:00"]]}
    office.save()
    for ticket in (old, between):
        moved(ticket, "pending", 1)
        moved(ticket, "open", 2)
    assert fresh(old).resolution_target == after(11)
    assert fresh(between).resolution_target == after(4)
    assert opened().resolution_target == after(4), "it opens an hour later, and 3 h are promised"


# Target set by hand


def test_a_target_set_by_hand_is_left_alone_until_it_is_cleared() -> None:
    ticket = opened()
    ticket.resolution_target = after(50)
    with as_of(after(1)):
        ticket.save()
    ticket.priority = "urgent"
    with as_of(after(2)):
        ticket.save()
    assert fresh(ticket).resolution_target == after(50)
    ticket.sla.clear_target("resolution")
    assert ticket.resolution_target == after(4)
    assert kinds(ticket)[1:] == ["target_set", "priority_changed", "target_cleared"]


def test_the_reason_and_the_actor_of_a_target_are_kept(agent: Any) -> None:
    ticket = opened()
    ticket.resolution_target, ticket._change_reason = after(50), "agreed"
    ticket.save()
    ticket._history_user = agent
    ticket.sla.set_target("response", after(5), "promised")
    events = list(ticket.sla_events.filter(kind="target_set").order_by("id"))
    assert [event.data["reason"] for event in events] == ["agreed", "promised"]
    assert [event.actor for event in events] == [None, agent]
    assert ticket.history.first().history_user == agent


def test_a_pause_moves_a_target_set_by_hand() -> None:
    ticket = opened()
    with as_of(after(1)):
        ticket.sla.set_target("resolution", after(10), "promised on the phone")
    moved(ticket, "pending", 2)
    assert fresh(ticket).resolution_target == after(10)
    assert ticket.sla.verdict("resolution", after(20)).due is None
    moved(ticket, "open", 5)
    assert fresh(ticket).resolution_target == after(13)


def test_a_target_set_during_a_pause_is_moved_by_what_was_left_of_it() -> None:
    ticket = opened()
    moved(ticket, "pending", 2)
    with as_of(after(3)):
        ticket.sla.set_target("resolution", after(10))
    moved(ticket, "open", 5)
    assert fresh(ticket).resolution_target == after(12)


def test_a_stopped_clock_takes_no_new_target() -> None:
    ticket = opened()
    moved(ticket, "resolved", 1)
    with pytest.raises(ClockStopped, match="resolution"):
        ticket.sla.set_target("resolution", after(90))
    ticket.resolution_target = after(90)
    with pytest.raises(ContradictedTimestamp, match="resolution_target"):
        ticket.save()
    assert fresh(ticket).resolution_target == after(24)


# Breach


def test_no_correction_unbreaches_a_clock_that_was_breached_when_it_was_paused() -> None:
    ticket = opened()
    moved(ticket, "pending", 30)
    verdict = ticket.sla.verdict("resolution", after(31))
    assert (verdict.state, verdict.due) == (State.BREACHED, after(24))


def test_a_waived_breach_stays_a_breach() -> None:
    ticket = opened()
    moved(ticket, "resolved", 30)
    ticket.sla.waive("resolution", "the customer asked us to wait")
    assert ticket.sla.resolution.state is State.MISSED
    assert ticket.sla.resolution.clock.waived
    with pytest.raises(ReasonMissing, match="reason"):
        ticket.sla.waive("resolution", " ")
    with pytest.raises(NoClock, match=r"'triage'.*resolution"):
        ticket.sla.waive("triage", "there is none")


# queryset.update(), bulk_create, bulk_update


def test_update_records_events_in_a_constant_number_of_queries() -> None:
    def queries(count: int) -> int:
        pks = [opened().pk for _ in range(count)]
        with (
            as_of(after(3)),
            CaptureQueriesContext(
                connection,
            ) as captured,
        ):
            Ticket.objects.filter(pk__in=pks).update(status="resolved")
        assert set(Ticket.objects.filter(pk__in=pks).values_list("resolved_at", flat=True)) == {
            after(3)
        }
        assert set(
            Ticket.history.filter(id__in=pks, resolved_at=after(3)).values_list("id", flat=True)
        ) == set(pks)
        return len(captured)

    assert queries(2) == queries(20)  # what SQLite takes in one statement on Django 5.2


def test_update_of_other_fields_is_djangos_own() -> None:
    ticket = opened()
    with CaptureQueriesContext(connection) as captured:
        Ticket.objects.update(title="Renamed")
    assert len(captured) == 2, "the policies in force are asked for: one may read the title"
    assert kinds(ticket) == ["opened"]


def test_bulk_update_records_events() -> None:
    tickets = [opened(), opened()]
    tickets[0].status, tickets[1].status = "resolved", "pending"
    with as_of(after(2)):
        Ticket.objects.bulk_update(tickets, ["status"])
    assert fresh(tickets[0]).resolved_at == after(2)
    assert fresh(tickets[1]).sla.resolution.state is State.PAUSED


def test_bulk_create_is_a_constant_number_of_queries() -> None:
    def queries(count: int) -> int:
        with as_of(MONDAY), CaptureQueriesContext(connection) as captured:
            made = Ticket.objects.bulk_create(
                [Ticket(title=f"Bulk {count}", priority="high") for _ in range(count)]
            )
        assert {ticket.resolution_target for ticket in made} == {after(8)}
        stored = Ticket.objects.filter(title=f"Bulk {count}")
        assert {ticket.response_target for ticket in stored} == {after(4)}
        assert {ticket.sla_clocks.count() for ticket in stored} == {2}
        assert Ticket.history.filter(title=f"Bulk {count}").count() == count
        return len(captured)

    queries(1)  # writes the row of the terms
    assert queries(2) == queries(20)


# Stale instance saved later


def test_a_stale_instance_does_not_overwrite_newer_columns(agent: Any) -> None:
    ticket = opened()
    stale = fresh(ticket)
    comment(ticket, agent, 1)
    ticket.sla.set_target("resolution", after(99))
    stale.title = "Saved by a view that loaded it long ago"
    stale.save()
    assert fresh(ticket).first_responded_at == after(1)
    assert fresh(ticket).resolution_target == after(99)
    assert kinds(ticket).count("target_set") == 1
    assert stale.first_responded_at == after(1), "and it has learnt"


def test_two_who_say_the_same_say_it_once() -> None:
    ticket = opened()
    other = fresh(ticket)
    other.priority = "high"
    for one in (ticket, other):
        one.first_responded_at = after(1)
        with as_of(after(2)):
            one.save()
    assert fresh(other).first_responded_at == after(1)
    assert kinds(ticket) == ["opened", "agent_replied", "priority_changed"]


def test_an_instance_of_which_only_a_part_was_loaded_is_saved_with_what_follows() -> None:
    opened()
    ticket = Ticket.objects.only("status").get()
    moved(ticket, "resolved", 2)
    assert ticket.resolved_at == fresh(ticket).resolved_at == after(2)
    assert kinds(ticket) == ["opened", "status_moved"]


def test_what_was_before_is_read_from_the_row() -> None:
    ticket = opened()
    stale = fresh(ticket)
    moved(ticket, "resolved", 1)
    with as_of(after(2)):
        stale.save()  # still says open, and so the row will say: it is a reopening
    assert fresh(ticket).resolved_at is None
    assert kinds(ticket) == ["opened", "status_moved", "status_moved"]


def test_the_row_is_the_latest_word_whatever_the_clock_of_its_writer_says() -> None:
    ticket = opened()
    moved(ticket, "resolved", 2)
    moved(ticket, "pending", 1)  # by a server whose clock is behind
    assert fresh(ticket).resolved_at is None
    assert fresh(ticket).sla.resolution.clock.paused_at == after(2)


def test_a_value_that_only_the_database_knows_is_looked_up_afterwards() -> None:
    ticket = opened()
    ticket.priority = Value("urgent")
    with as_of(after(1)):
        ticket.save()
    assert ticket.resolution_target == fresh(ticket).resolution_target == after(4)
    ticket = fresh(ticket)
    ticket.priority = Value("high")
    with as_of(after(1)):
        ticket.save()
        ticket.priority = "high"
        ticket.save()
    assert fresh(ticket).resolution_target == after(8)
    assert "target_set" not in kinds(ticket), "what was learnt is nobody's change"


def test_a_partial_save_writes_the_columns_that_follow_and_no_others() -> None:
    ticket = opened()
    ticket.status = "resolved"
    ticket.title = "Not saved"
    ticket.resolution_target = after(77)  # kept for a later save
    with as_of(after(1)):
        ticket.save(update_fields=["status"])
    row = fresh(ticket)
    assert (row.resolved_at, row.title) == (after(1), "A ticket")
    assert row.resolution_target == after(24)
    assert ticket.resolution_target == after(77)


# A timestamp that host code assigns


def test_an_assigned_timestamp_is_a_fact_at_that_instant() -> None:
    with as_of(after(100)):
        ticket = Ticket.objects.create(
            status="closed",
            created_at=MONDAY,
            first_responded_at=after(1),
            resolved_at=after(5),
            closed_at=after(20),
        )
    row = fresh(ticket)
    assert (row.created_at, row.resolved_at, row.closed_at) == (MONDAY, after(5), after(20))
    assert row.sla.resolution.elapsed == timedelta(hours=5)
    assert row.sla.response.elapsed == timedelta(hours=1)


def test_a_host_that_stamps_its_own_tickets_is_believed() -> None:
    ticket = StampedTicket.objects.create()
    ticket.status = "resolved"
    ticket.save()
    assert StampedTicket.objects.get().resolved_at == ticket.resolved_at
    assert ticket.sla_events.filter(kind="status_moved").get().at == ticket.resolved_at


@pytest.mark.parametrize(
    ("column", "hours"), [("resolved_at", -1), ("first_responded_at", -1), ("closed_at", 1)]
)
def test_an_assigned_timestamp_against_the_order_of_events_is_refused(
    column: str, hours: float
) -> None:
    ticket = opened()
    moved(ticket, "resolved", 2)
    moved(ticket, "closed", 3)
    setattr(ticket, column, after(hours))
    with pytest.raises(ContradictedTimestamp, match=column):
        ticket.save()
    assert fresh(ticket).resolved_at == after(2)
    assert fresh(ticket).closed_at == after(3)


def test_a_corrected_created_at_moves_the_start() -> None:
    ticket = opened()
    moved(ticket, "pending", 1)
    moved(ticket, "open", 3)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=after(-10))
    assert fresh(ticket).resolution_target == after(-10 + 24 + 2)


# Policy lookup


def test_policies_are_asked_in_order_database_code_settings_default(settings: Any) -> None:
    settings.DJANGO_SLA = {
        "POLICIES": [
            {
                "name": "High from settings",
                "goals": {"*": {"resolution": "3h"}},
                "when": {"priority": "high"},
            }
        ]
    }
    assert opened(priority="high").resolution_target == after(3)
    assert opened(priority="low").resolution_target == after(72)
    fallback = {"name": "Fallback", "fallback": True, "goals": {"*": {"resolution": "9h"}}}
    SLAPolicy.objects.create(**fallback)
    assert opened(priority="high").resolution_target == after(3)
    assert opened(priority="low").resolution_target == after(9)
    register_policy(Policy.build("From code", {"*": {"resolution": "2h"}}))
    try:
        assert opened(priority="high").resolution_target == after(2)
        for hours in (1, 4):  # of one order, the first by name
            goals = {"*": {"resolution": f"{hours}h"}}
            SLAPolicy.objects.create(name=f"Database {hours}", order=5, goals=goals)
        assert opened(priority="high").resolution_target == after(1)
        goals = {"*": {"resolution": "30m"}}
        SLAPolicy.objects.create(name="First in the database", order=4, goals=goals)
        assert opened(priority="high").resolution_target == after(0.5)
    finally:
        unregister_policy("From code")


def test_a_policy_is_taken_from_its_first_instant_to_before_its_last() -> None:
    SLAPolicy.objects.create(
        name="Fair",
        goals={"*": {"resolution": "1h"}},
        effective_from=after(10),
        effective_until=after(20),
    )
    early = opened(after(9))
    assert early.resolution_target == after(9 + 24)
    assert opened(after(10)).resolution_target == after(11)
    assert opened(after(19)).resolution_target == after(20)
    assert opened(after(20)).resolution_target == after(20 + 24)
    with as_of(after(15)):
        early.priority = "low"
        early.save()
    assert early.resolution_target == after(10), "chosen again while it is effective"


@pytest.mark.parametrize("way", ["project", "customer", "department", "category"])
def test_a_policy_by_project_customer_department_or_category(way: str, requester: Any) -> None:
    model, field, ours, theirs = {
        "project": (Ticket, "project", Project(key="OPS"), Project(key="NET")),
        "customer": (Ticket, "requester", requester, None),
        "department": (Ticket, "department", Department(name="IT"), Department(name="HR")),
        "category": (AssetTicket, "sort", 2, 1),
    }[way]
    for row in (ours, theirs):
        if isinstance(row, Project | Department):
            row.save()
    SLAPolicy.objects.create(
        name="Ours",
        conditions=[{"field": field, "operator": "is", "value": str(getattr(ours, "pk", ours))}],
        goals={"*": {"resolution": "1h"}},
    )
    with as_of(MONDAY):
        taken = model.objects.create(**{field: ours})
        left = model.objects.create(**{field: theirs})
    assert taken.resolution_target == after(1)
    assert left.resolution_target != after(1)
    setattr(left, field, ours)
    with as_of(after(0.5)):
        left.save()
    assert left.resolution_target == after(1), "judged from its start"


# Who, outside a request


def test_outside_a_request_it_is_the_system() -> None:
    ticket = opened()
    row = ticket.history.get()
    assert (row.history_user, row.client_ip) == (None, None)
    assert ticket.sla_events.get().actor is None


def test_deadlines_follow_the_wall_clock_over_a_clock_change() -> None:
    office = Calendar(
        tz="America/Toronto",
        hours={"mon-sun": [("01:00", "05:00")]},
        holidays=[date(2026, 3, 10)],
    )
    register_policy(Policy.build("Night", {"*": {"resolution": "4h"}}, calendar=office))
    try:
        # 8 March 2026: 02:00 to 03:00 is skipped in Toronto, so that night has three hours.
        ticket = opened(datetime(2026, 3, 8, 5, tzinfo=UTC))
        assert ticket.resolution_target == datetime(2026, 3, 9, 6, tzinfo=UTC)
    finally:
        unregister_policy("Night")
