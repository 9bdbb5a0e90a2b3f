"""Real drift is found and mended, and tickets from before are adopted; nothing is lost."""

import gc
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from django_sla import registry
from django_sla.core.condition import where
from django_sla.core.policy import Policy
from django_sla.core.verdict import State
from django_sla.flow import reconcile
from django_sla.flow.reconcile import Batch, Tally
from django_sla.moment import as_of
from django_sla.registry import Watch, register_policy, unregister_policy
from django_sla.tables import terms as terms_table
from tests.conftest import MONDAY, after
from tests.flow.watching import swept
from tests.hosts.desk.models import Comment, Project, Ticket
from tests.hosts.variety.models import (
    ExtendedTicket,
    LedgerTicket,
    SharedTicket,
    SharedTicketProxy,
    SpecialNote,
    SpecialTicket,
    UUIDTicket,
)
from tests.hosts.vendor.models import VendorFollowUp

pytestmark = pytest.mark.django_db

NOW = after(100)


def old(model: Any = Ticket, **fields: Any) -> Any:
    """A ticket that was there before its model had an SLA."""
    fields.setdefault("created_at", MONDAY)
    [ticket] = QuerySet(model).bulk_create([model(**fields)])
    assert not ticket.sla_events.exists()
    return ticket


def comment(ticket: Any, author: Any, hours: float, **fields: Any) -> None:
    """One that nobody heard of."""
    Comment.objects.bulk_create(
        [Comment(ticket=ticket, author=author, created_at=after(hours), **fields)]
    )


def opened(**fields: Any) -> Ticket:
    with as_of(MONDAY):
        return Ticket.objects.create(**fields)


def behind(ticket: Any, **values: Any) -> None:
    """Write to the row past every manager."""
    QuerySet(type(ticket)).filter(pk=ticket.pk).update(**values)


def reconciled(*tickets: Any, model: Any = Ticket, **options: Any) -> Batch:
    pks = [ticket.pk for ticket in tickets]
    with as_of(options.pop("now", NOW)):
        return reconcile.reconcile(model.sla, pks, using="default", **{"repair": True, **options})


def told(batch: Batch) -> dict[str, tuple[Any, Any]]:
    [finding] = batch.findings
    return {d.what: (d.stored, d.replayed) for d in finding.differences}


def fresh(ticket: Any) -> Any:
    return type(ticket)._base_manager.get(pk=ticket.pk)


def kinds(ticket: Any) -> list[str]:
    return list(ticket.sla_events.order_by("at", "id").values_list("kind", flat=True))


def reasons(ticket: Any) -> list[tuple[str, Any, Any, str]]:
    return [(c.field, c.old, c.new, c.reason) for c in reversed(fresh(ticket).sla.changelog())]


# Drift


def test_what_is_in_step_is_left_alone(agent: Any) -> None:
    ticket = opened(priority="high")
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(1))
    ticket = fresh(ticket)
    ticket.status = "pending"
    with as_of(after(2)):
        ticket.save()
    ticket.sla.set_target("resolution", after(50), reason="Promised")
    before = (ticket.history.count(), kinds(ticket), list(ticket.sla_clocks.values()))
    batch = reconciled(ticket)
    assert (batch.tickets, batch.adopted, batch.findings) == (1, [], [])
    assert (ticket.history.count(), kinds(ticket), list(ticket.sla_clocks.values())) == before


def test_a_forged_column_is_restored_and_the_changelog_knows_what_it_said() -> None:
    ticket = opened()
    behind(ticket, resolution_target=after(999), first_responded_at=after(3))
    assert told(reconciled(ticket)) == {
        "resolution_target": (after(999), after(24)),
        "first_responded_at": (after(3), None),
    }
    row = fresh(ticket)
    assert (row.resolution_target, row.first_responded_at) == (after(24), None)
    assert [change for change in reasons(ticket) if change[3]] == [
        ("resolution_target", after(24), after(999), "found by sla_reconcile"),
        ("first_responded_at", None, after(3), "found by sla_reconcile"),
        ("resolution_target", after(999), after(24), "reconciled"),
        ("first_responded_at", after(3), None, "reconciled"),
    ]
    assert reconciled(ticket).findings == []


def test_a_column_whose_value_the_changelog_knows_is_not_told_twice() -> None:
    ticket = opened()
    with connection.cursor() as cursor:  # so that the events are right, and the column was too
        cursor.execute(
            "UPDATE desk_ticketslaevent SET data = %s WHERE ticket_id = %s",
            ['{"priority": "high", "to": "open", "value": "medium"}', ticket.pk],
        )
    assert told(reconciled(ticket))["response_target"] == (after(8), after(4))
    assert [row.history_change_reason for row in ticket.history.all()] == ["reconciled", None]


def test_deleted_clocks_are_inserted() -> None:
    ticket = opened()
    rows = list(ticket.sla_clocks.order_by("metric").values())
    ticket.sla_clocks.filter(metric="response").delete()
    assert told(reconciled(ticket)) == {"response 1": (None, "clock")}
    again = list(ticket.sla_clocks.order_by("metric").values())
    new = {"id": 0, "watched_from": None}
    assert [row | new for row in again] == [row | new for row in rows]
    assert ticket.history.count() == 1, "no column has changed"


def test_forged_clocks_are_rewritten_and_surplus_ones_deleted() -> None:
    ticket = opened()
    resolution = ticket.sla_clocks.get(metric="resolution")
    ticket.sla_clocks.filter(metric="resolution").update(
        due_at=after(1), pauses=["forged"], outcome="met", elapsed=timedelta(hours=3)
    )
    surplus = ticket.sla_clocks.get(metric="response")
    surplus.pk, surplus.cycle = None, 2
    surplus.save()
    assert told(reconciled(ticket)) == {
        "resolution 1 due_at": (after(1), after(24)),
        "resolution 1 pauses": (["forged"], []),
        "resolution 1 outcome": ("met", ""),
        "resolution 1 elapsed": (timedelta(hours=3), None),
        "response 2": ("clock", None),
    }
    assert ticket.sla_clocks.count() == 2
    assert ticket.sla_clocks.get(metric="resolution").due_at == resolution.due_at


def test_pauses_that_are_spelled_in_another_zone_are_the_same() -> None:
    ticket = opened()
    for status, hours in (("pending", 1), ("open", 2)):
        ticket.status = status
        with as_of(after(hours)):
            ticket.save()
    clock = ticket.sla_clocks.get(metric="resolution")
    clock.pauses = [["2026-03-02T12:00:00+02:00", "2026-03-02T13:00:00+02:00"]]
    clock.save()
    assert reconciled(ticket).findings == []


def test_a_status_that_raw_sql_moved_becomes_an_event() -> None:
    ticket = opened()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE desk_ticket SET status = 'resolved' WHERE id = %s", [ticket.pk])
    found = told(reconciled(ticket))
    assert found["status"] == ("resolved", "open")
    assert found["resolved_at"] == (None, NOW)
    assert kinds(ticket) == ["opened", "status_moved"]
    assert fresh(ticket).sla.resolution.state is State.MISSED
    assert reconciled(ticket).findings == []


def test_a_move_behind_the_back_is_of_the_instant_that_its_timestamp_says() -> None:
    ticket = opened()
    behind(ticket, status="closed", resolved_at=after(5), closed_at=after(6))
    assert set(told(reconciled(ticket))) >= {"status"}
    row = fresh(ticket)
    assert (row.resolved_at, row.closed_at) == (after(5), after(6))
    assert row.sla.resolution.state is State.MET


def test_a_timestamp_earlier_than_what_is_known_does_not_date_a_move() -> None:
    ticket = opened()
    ticket.status = "pending"
    with as_of(after(5)):
        ticket.save()
    behind(ticket, status="resolved", resolved_at=after(3))
    assert told(reconciled(ticket))["resolved_at"] == (after(3), NOW)
    assert fresh(ticket).resolved_at == NOW


def test_a_forged_timestamp_without_a_move_is_no_fact() -> None:
    ticket = opened()
    ticket.status = "resolved"
    with as_of(after(2)):
        ticket.save()
    behind(ticket, resolved_at=after(1), priority="high")
    assert told(reconciled(ticket))["resolved_at"] == (after(1), after(2))
    assert kinds(ticket) == ["opened", "status_moved", "priority_changed"]


def test_a_priority_behind_the_back_judges_open_clocks_anew() -> None:
    ticket = opened(priority="low")
    behind(ticket, priority="urgent")
    found = told(reconciled(ticket))
    assert found["priority"] == ("urgent", "low")
    assert found["resolution_target"] == (after(72), after(4))
    assert fresh(ticket).sla.resolution.state is State.BREACHED
    assert reconciled(ticket).findings == []


def test_a_status_that_is_empty_by_now_is_recorded_once() -> None:
    ticket = opened()
    behind(ticket, status="")
    assert "status" in told(reconciled(ticket))
    assert reconciled(ticket).findings == []


def test_comments_that_nobody_heard_of_become_replies(agent: Any, requester: Any) -> None:
    ticket = opened(requester=requester)
    comment(ticket, agent, 2)
    comment(ticket, requester, 1)
    comment(ticket, agent, 0.5, internal=True)
    keys = [
        f"desk.comment:{pk}" for pk in Comment.objects.order_by("pk").values_list("pk", flat=True)
    ]
    found = told(reconciled(ticket))
    assert found[keys[0]] == (after(2), None)
    assert found[keys[1]] == (after(1), None)
    assert keys[2] not in found
    assert fresh(ticket).first_responded_at == after(2)
    assert kinds(ticket) == ["opened", "requester_replied", "agent_replied"]
    for heard in Comment.objects.all():
        heard.save()
    assert len(kinds(ticket)) == 3, "the same fact under the same key"


def test_a_status_mapped_anew_is_no_drift(monkeypatch: Any) -> None:
    ticket = opened(status="working")
    monkeypatch.setitem(Ticket.sla._folded, "working", Ticket.sla.category("pending"))
    assert reconciled(ticket).findings == []


# One that cannot be replayed


def test_a_corrupt_event_does_not_stop_the_others() -> None:
    corrupt, headless, forged = opened(), opened(), opened()
    corrupt.sla_events.update(kind="exploded")
    headless.status = "pending"
    headless.save()
    headless.sla_events.filter(kind="opened").delete()
    behind(forged, response_target=None)
    batch = reconciled(corrupt, headless, forged)
    problems = {finding.pk: finding.problem for finding in batch.findings if finding.problem}
    assert set(problems) == {corrupt.pk, headless.pk}
    assert "exploded" in problems[corrupt.pk]
    assert "restore the first event" in problems[headless.pk]
    assert fresh(forged).response_target == after(8)


def test_a_rule_of_the_hosts_that_fails_does_not_stop_the_others(
    agent: Any, monkeypatch: Any
) -> None:
    ticket, fine = old(), old()
    comment(ticket, agent, 2, body="broken")
    comment(fine, agent, 2)

    def rule(user: Any, ticket_: Any) -> bool:
        return bool({fine.pk: True}[ticket_.pk])

    monkeypatch.setattr(Ticket.sla, "responder", rule)
    batch = reconciled(ticket, fine)
    assert batch.adopted == [fine.pk]
    assert [(f.pk, f.problem) for f in batch.findings] == [(ticket.pk, f"KeyError: {ticket.pk}")]
    assert kinds(ticket) == []


def test_a_rule_of_the_hosts_that_the_database_refuses_ends_the_batch(
    agent: Any, monkeypatch: Any
) -> None:
    """On some databases the transaction is over then, whatever comes after it."""
    comment(ticket := old(), agent, 2)

    def rule(user: Any, ticket: Any) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM nowhere")
        return True

    monkeypatch.setattr(Ticket.sla, "responder", rule)
    with pytest.raises(DatabaseError, match="nowhere"):
        reconciled(ticket)
    assert kinds(ticket) == []


def test_a_ticket_of_which_nothing_says_when_it_was_opened_is_told() -> None:
    ticket, fine = old(LedgerTicket, created_at=None), old(LedgerTicket)
    batch = reconciled(ticket, fine, model=LedgerTicket)
    assert batch.adopted == [fine.pk]
    [(pk, problem)] = [(finding.pk, finding.problem) for finding in batch.findings]
    assert (pk, problem.partition(";")[0]) == (
        ticket.pk,
        "Nothing says when this ticket was opened",
    )


def test_terms_that_are_gone_are_a_problem_of_the_tickets_that_had_them(monkeypatch: Any) -> None:
    register_policy(Policy.build("Gone", {"*": {"response": "1h"}}, when=where(priority="high")))
    try:
        ticket, fine = opened(priority="high"), opened()
    finally:
        unregister_policy("Gone")
    gone, read = ticket.sla_events.get().terms_id, terms_table.read

    def read_others(fingerprints: Any, using: str) -> Any:
        if gone in (wanted := set(fingerprints)):
            raise KeyError(gone)
        return read(wanted, using)

    monkeypatch.setattr(terms_table, "read", read_others)
    behind(fine, response_target=None)
    problem, repaired = reconciled(ticket, fine).findings
    assert (problem.pk, problem.problem) == (ticket.pk, f"KeyError: {gone!r}")
    assert (repaired.pk, repaired.problem) == (fine.pk, "")


# Adoption


def test_an_old_ticket_is_adopted_by_its_row_and_its_comments(agent: Any, requester: Any) -> None:
    ticket = old(priority="high", status="resolved", resolved_at=after(9), requester=requester)
    comment(ticket, requester, 1)
    comment(ticket, agent, 3)
    comment(ticket, agent, 2)
    comment(ticket, agent, 1, internal=True)
    batch = reconciled(ticket)
    assert (batch.adopted, batch.findings, batch.undated) == ([ticket.pk], [], 0)
    row = fresh(ticket)
    assert (row.first_responded_at, row.resolved_at) == (after(2), after(9))
    assert (row.response_target, row.resolution_target) == (after(4), after(8))
    assert row.sla.response.state is State.MET
    assert row.sla.resolution.state is State.MISSED
    assert kinds(ticket) == [
        "opened", "requester_replied", "agent_replied", "agent_replied", "status_moved",
    ]  # fmt: skip
    assert {(change[0], change[3]) for change in reasons(ticket)} == {
        (name, "adopted")
        for name in (
            "created_at", "response_target", "resolution_target", "first_responded_at",
            "resolved_at",
        )
    }  # fmt: skip
    assert reconciled(ticket).findings == []
    for said in Comment.objects.all():
        said.save()
    assert len(kinds(ticket)) == 5


def test_a_first_change_adopts_the_same_way(agent: Any) -> None:
    saved, commented, updated = (old() for _ in range(3))
    for ticket in (saved, commented, updated):
        comment(ticket, agent, 2)
        comment(ticket, agent, 3)
    saved.priority = "high"
    with as_of(NOW):
        saved.save()
        Comment.objects.create(ticket=commented, author=agent, created_at=after(4))
        Ticket.objects.filter(pk=updated.pk).update(priority="high")
    for ticket in (saved, commented, updated):
        assert fresh(ticket).first_responded_at == after(2)
        assert kinds(ticket).count("agent_replied") == 2 + (ticket is commented)
        assert reconciled(ticket).findings == []


def test_the_policy_that_was_effective_at_the_opening_is_chosen() -> None:
    for name, hours, period in (
        ("Then", 1, {"effective_until": after(1)}),
        ("Now", 2, {"effective_from": after(1)}),
    ):
        register_policy(Policy.build(name, {"*": {"response": f"{hours}h"}}, **period))
    try:
        ticket = old()
        reconciled(ticket)
    finally:
        for name in ("Then", "Now"):
            unregister_policy(name)
    assert fresh(ticket).response_target == after(1)


@pytest.mark.parametrize(
    ("fields", "told_of", "result"),
    [
        # A first response that a comment contradicts, and one that none does.
        ({"first_responded_at": after(5)}, {"first_responded_at": (after(5), after(2))}, {}),
        ({"first_responded_at": after(1)}, {}, {"first_responded_at": after(1)}),
        ({"first_responded_at": after(2)}, {}, {"first_responded_at": after(2)}),
        # An open ticket that was resolved.
        ({"resolved_at": after(3)}, {"resolved_at": (after(3), None)}, {}),
        # Resolved before it was opened.
        (
            {"status": "resolved", "resolved_at": after(-3)},
            {"resolved_at": (after(-3), MONDAY)},
            {},
        ),
        # Resolved after it was closed: closed is the later word.
        (
            {"status": "closed", "resolved_at": after(9), "closed_at": after(6)},
            {"resolved_at": (after(9), after(6))},
            {"closed_at": after(6)},
        ),
        # Closed, and only the resolution has an instant.
        ({"status": "closed", "resolved_at": after(9)}, {}, {"closed_at": after(9)}),
        # Closed once, and resolved now.
        (
            {"status": "resolved", "resolved_at": after(9), "closed_at": after(6)},
            {"closed_at": (after(6), None)},
            {"resolved_at": after(9)},
        ),
        # A deadline of the host's own.
        ({"resolution_target": after(1)}, {"resolution_target": (after(1), after(24))}, {}),
    ],
)
def test_what_contradicts_the_events_is_told_and_stays_in_the_changelog(
    agent: Any, fields: dict[str, Any], told_of: dict[str, Any], result: dict[str, Any]
) -> None:
    ticket = old(**fields)
    comment(ticket, agent, 2)
    batch = reconciled(ticket)
    assert batch.adopted == [ticket.pk]
    assert (told(batch) if told_of else batch.findings) == (told_of or [])
    # Of two words on the first response, the later one or the same is no fact of its own.
    spoken = 1 + (fields.get("first_responded_at") == after(1))
    assert kinds(ticket).count("agent_replied") == spoken
    row = fresh(ticket)
    expected = {name: right for name, (_stored, right) in told_of.items()} | result
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.status == fields.get("status", "open")
    said = {change[0]: change[2] for change in reasons(ticket) if change[3].startswith("found")}
    assert {name: said[name] for name in told_of} == {
        name: was for name, (was, _) in told_of.items()
    }
    assert reconciled(ticket).findings == []


def test_a_done_ticket_of_which_nothing_tells_since_when_is_counted() -> None:
    undated, dated = old(status="closed"), old(status="closed", closed_at=after(3))
    assert reconciled(undated, dated).undated == 1
    assert fresh(undated).resolved_at == NOW


def test_comments_without_an_instant_are_left_out(agent: Any, monkeypatch: Any) -> None:
    watch = registry.watches["desk.comment"]
    timeless = type(watch)(ticket=watch.ticket, author=watch.author, public=watch.public)
    monkeypatch.setitem(registry.watches, "desk.comment", timeless)
    ticket = old()
    comment(ticket, agent, 2)
    reconciled(ticket)
    assert kinds(ticket) == ["opened"]


def test_a_watch_on_a_model_that_is_not_there_stops_nobody(agent: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(registry.watches, "desk.coment", registry.watches["desk.comment"])
    ticket = old()
    comment(ticket, agent, 2)
    reconciled(ticket)
    assert kinds(ticket) == ["opened", "agent_replied"]


def test_an_author_may_be_worked_out(agent: Any, monkeypatch: Any) -> None:
    watch = replace(registry.watches["desk.comment"], author="writer")
    monkeypatch.setitem(registry.watches, "desk.comment", watch)
    monkeypatch.setattr(Comment, "writer", property(lambda comment: comment.author), raising=False)
    ticket = old()
    comment(ticket, agent, 2)
    reconciled(ticket)
    assert fresh(ticket).first_responded_at == after(2)


def test_adopt_only_leaves_others_alone() -> None:
    forged, ticket = opened(), old()
    behind(forged, response_target=None)
    batch = reconciled(forged, ticket, adopt_only=True)
    assert (batch.adopted, batch.findings) == ([ticket.pk], [])
    assert fresh(forged).response_target is None


def test_a_ticket_whose_events_were_deleted_is_adopted_over_its_clocks() -> None:
    ticket = opened()
    ticket.sla_events.all().delete()
    ticket.sla_clocks.filter(metric="response").update(due_at=after(1))
    assert reconciled(ticket).adopted == [ticket.pk]
    assert ticket.sla_clocks.get(metric="response").due_at == after(8)
    assert ticket.sla_clocks.count() == 2


# A dry run


def test_a_dry_run_writes_nothing_and_locks_nothing(agent: Any) -> None:
    forged, ticket = opened(), old(priority="urgent")
    comment(ticket, agent, 2)
    behind(forged, status="resolved")
    new = Policy.build("New", {"*": {"response": "2h"}}, when=where(priority="urgent"))
    register_policy(new)  # whose terms have no row yet
    try:
        with CaptureQueriesContext(connection) as queries:
            batch = reconciled(forged, ticket, repair=False)
    finally:
        unregister_policy("New")
    statements = [query["sql"] for query in queries]
    assert all(sql.startswith("SELECT") and "FOR " not in sql for sql in statements), statements
    assert batch.adopted == [ticket.pk]
    assert told(batch)["status"] == ("resolved", "open")
    assert (kinds(forged), kinds(ticket)) == (["opened"], [])
    assert reconciled(forged, ticket).adopted == [ticket.pk]


def test_a_write_that_comes_between_the_reads_of_a_dry_run_is_no_difference(
    monkeypatch: Any,
) -> None:
    ticket = opened()
    load = reconcile.load_batch

    def load_and_save(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(reconcile, "load_batch", load)
        found = load(*arguments, **options)
        busy = fresh(ticket)
        busy.status = "pending"
        with as_of(after(1)):
            busy.save()
        return found

    monkeypatch.setattr(reconcile, "load_batch", load_and_save)
    assert reconciled(ticket, repair=False).findings == []


# Which tickets, in which order


def chosen(model: Any = Ticket, **options: Any) -> list[Any]:
    return [pk for pk, _at in reconcile.keys(model.sla, using="default", **options)]


@pytest.mark.parametrize("model", [Ticket, UUIDTicket])
def test_newest_first_in_pages(model: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(reconcile, "PAGE", 3)
    hours = [0, 5, 5, 5, 5, 2, 9, 1, 5]
    tickets = [old(model, created_at=after(hour)) for hour in hours]
    ordered = list(QuerySet(model).order_by("-created_at", "-pk").values_list("pk", flat=True))
    assert chosen(model) == ordered
    assert len(ordered) == len(tickets)
    at = {ticket.pk: ticket.created_at for ticket in tickets}
    assert chosen(model, since=after(2), before=after(9)) == [
        pk for pk in ordered if after(2) <= at[pk] < after(9)
    ]


def test_adoption_goes_on_with_the_tickets_that_have_no_events() -> None:
    tickets = [old(created_at=after(hour)) for hour in range(5)]
    run = reconcile.run(
        Ticket.sla,
        reconcile.keys(Ticket.sla, using="default", adopt_only=True),
        using="default", repair=True, adopt_only=True, size=2,
    )  # fmt: skip
    assert next(run).adopted == [tickets[3].pk, tickets[4].pk]
    run.close()  # as whoever stops does
    assert chosen(adopt_only=True) == [tickets[i].pk for i in (2, 1, 0)]


def test_each_batch_is_on_its_own() -> None:
    tickets = [old(created_at=after(hour)) for hour in range(5)]
    tally = Tally()
    keys = reconcile.keys(Ticket.sla, using="default")
    for batch in reconcile.run(
        Ticket.sla, keys, using="default", repair=True, adopt_only=False, size=2
    ):
        tally.add(batch)
    assert (tally.tickets, tally.adopted, tally.oldest) == (5, 5, MONDAY)
    assert all(ticket.sla_clocks.count() == 2 for ticket in tickets)


def test_the_number_of_queries_does_not_grow_with_the_tickets(agent: Any) -> None:
    register_policy(Policy.build("Ops", {"*": {"response": "1h"}}, when=where(project__key="OPS")))
    try:
        counts = []
        for number in (1, 5, 15):  # the first writes the row of the terms
            project = Project.objects.create(key="OPS")
            tickets = [old(project=project, status="resolved") for _ in range(number)]
            for ticket in tickets:
                comment(ticket, agent, 2)
            with CaptureQueriesContext(connection) as adopting:
                reconciled(*tickets)
            ids = [ticket.pk for ticket in tickets]
            QuerySet(Ticket).filter(pk__in=ids).update(response_target=None, status="open")
            Ticket.sla.clock_model.objects.filter(ticket__in=ids, metric="response").delete()
            with CaptureQueriesContext(connection) as mending:
                assert len(reconciled(*tickets).findings) == number
            counts.append((len(adopting), len(mending)))
            assert all(ticket.sla_clocks.count() == 2 for ticket in tickets)
    finally:
        unregister_policy("Ops")
    assert counts[1] == counts[2]


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_tickets(monkeypatch: Any) -> None:
    monkeypatch.setattr(reconcile, "PAGE", 100)

    def peak(tickets: int) -> int:
        QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY) for _ in range(tickets)])
        keys = reconcile.keys(Ticket.sla, using="default", adopt_only=True)
        tracemalloc.start()
        for _batch in reconcile.run(
            Ticket.sla, keys, using="default", repair=True, adopt_only=True, size=50
        ):
            gc.collect()  # when garbage goes depends on all the other tests
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)  # warms up what is kept
    assert peak(1500) < peak(300) * 1.5


# When a sweep has to look


def test_a_clock_that_no_sweep_would_look_at_is_found() -> None:
    ticket = opened()
    swept(0)  # the first one looks for clocks that were there before it
    ticket.sla_clocks.filter(metric="resolution").update(next_at=None)
    ticket.sla_clocks.filter(metric="response").update(next_at=after(1000))
    assert swept(90).recorded == 0
    differences = told(reconciled(ticket))
    assert differences == {
        "resolution 1 next_at": (None, after(18)),
        "response 1 next_at": (after(1000), after(6)),
    }
    assert swept(100).recorded == 4, "a warning and a breach of each"
    assert reconciled(ticket).findings == []


def test_what_a_sweep_has_done_is_no_drift() -> None:
    for hours, recorded in ((1, 0), (7, 1), (9, 1), (19, 1), (25, 1)):
        ticket = Ticket.objects.first() or opened()
        assert swept(hours).recorded == recorded
        assert reconciled(ticket, now=after(hours), repair=False).findings == []
    assert set(ticket.sla_clocks.values_list("next_at", flat=True)) == {None}


def test_a_breach_that_was_recorded_and_is_gone_is_recorded_again() -> None:
    """As after a backup of one table was restored, and not of the other."""
    ticket = opened()
    swept(90)
    ticket.sla_events.filter(kind="target_breached", data__metric="resolution").delete()
    assert told(reconciled(ticket)) == {"resolution 1 next_at": (None, after(24))}
    assert swept(101).breaches == 1
    assert reconciled(ticket).findings == []


# Kinds of tickets


def test_a_uuid_key_is_adopted() -> None:
    ticket = old(UUIDTicket, status="resolved", resolved_at=after(2))
    assert reconciled(ticket, model=UUIDTicket).adopted == [ticket.pk]
    assert fresh(ticket).sla.resolution.state is State.MET


def test_a_child_of_somebody_elses_ticket_is_adopted_with_comments_on_the_parent(
    agent: Any,
) -> None:
    child = ExtendedTicket(subject="Old", state=3, urgency=1, created_at=MONDAY)
    child.resolved_at = after(3)
    child.save_base()
    VendorFollowUp.objects.bulk_create(
        [
            VendorFollowUp(ticket_id=child.pk, user=agent, public=public, date=after(hours))
            for hours, public in ((0.5, True), (0.2, False))
        ]
    )
    assert reconciled(child, model=ExtendedTicket).adopted == [child.pk]
    row = fresh(child)
    assert (row.first_responded_at, row.resolved_at) == (after(0.5), after(3))
    assert row.resolution_target == after(4)
    QuerySet(ExtendedTicket).filter(pk=child.pk).update(state=1, resolution_target=None)
    assert {"state", "resolution_target"} <= set(told(reconciled(child, model=ExtendedTicket)))
    assert fresh(child).resolved_at is None


def test_a_special_kind_of_ticket_has_it_in_its_own_changelog() -> None:
    with as_of(MONDAY):
        plain, proxy = SharedTicket.objects.create(), SharedTicketProxy.objects.create()
        special = SpecialTicket.objects.create()
    QuerySet(SharedTicket).update(resolution_target=None)
    batch = reconciled(plain, proxy, special, model=SharedTicket)
    assert {finding.pk for finding in batch.findings} == {plain.pk, proxy.pk, special.pk}
    for ticket in (plain, proxy, special):
        assert reasons(ticket)[-1] == ("resolution_target", None, after(24), "reconciled")
    assert SharedTicket.history.filter(id=special.pk).count() == 0


def test_comments_on_a_special_kind_of_ticket_are_replies(agent: Any, monkeypatch: Any) -> None:
    watch = Watch(
        ticket="ticket",
        author="author",
        public=True,
        at="at",
        responder=lambda user, ticket: bool(ticket.colour == "red"),
    )
    monkeypatch.setitem(registry.watches, "variety.specialnote", watch)
    with as_of(MONDAY):
        special, plain = SpecialTicket.objects.create(), SharedTicket.objects.create()
    for hours in (1, 2):
        SpecialNote.objects.create(ticket=special, author=agent, at=after(hours))
    reconciled(special, plain, model=SharedTicket)
    assert kinds(special) == ["opened", "agent_replied", "agent_replied"]
    assert fresh(special).first_responded_at == after(1)
    assert fresh(plain).first_responded_at is None
