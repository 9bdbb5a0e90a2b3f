"""Real connections at once: what one writer does must not undo what another has done."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.db import close_old_connections, connection, connections, transaction
from django.db.models import QuerySet

from django_sla.flow import recalculate, reconcile
from django_sla.flow.refresh import columns, fold, load
from django_sla.models import Policy
from django_sla.moment import as_of
from django_sla.tables import edition
from django_sla.tables.columns import COLUMNS
from django_sla.tables.effective import policies
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket

pytestmark = [
    pytest.mark.threads,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "sqlite" in __import__("os").environ.get("TEST_DB", "sqlite"),
        reason="SQLite has one writer at a time; run with TEST_DB=postgres or TEST_DB=mariadb",
    ),
]

WRITERS = 4
ROUNDS = 1000


def together(jobs: list[Callable[[], None]]) -> None:
    """Run jobs at once, each on a connection of its own; the first error is raised."""
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        try:
            barrier.wait(timeout=30)
            job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(run, job) for job in jobs]:
            future.result(timeout=60)


def test_the_earliest_comment_is_the_first_response_every_time(agent: Any) -> None:
    """Four writers, their comments committed in random order, a thousand rounds."""
    rng = random.Random(4)
    with as_of(MONDAY):
        tickets = Ticket.objects.bulk_create([Ticket() for _ in range(ROUNDS)])
    plans = [
        [(ticket.pk, rng.randrange(1, 10_000), rng.random() * 0.002) for ticket in tickets]
        for _ in range(WRITERS)
    ]
    in_step = threading.Barrier(WRITERS)

    def writer(plan: list[tuple[int, int, float]]) -> None:
        for pk, minutes, pause in plan:
            in_step.wait(timeout=60)
            at = MONDAY + timedelta(minutes=minutes)
            with transaction.atomic():
                Comment.objects.create(ticket_id=pk, author=agent, created_at=at)
                sleep(pause)  # so that the order of the commits is not that of the comments

    jobs = [lambda plan=plan: writer(plan) for plan in plans]
    barrier = threading.Barrier(WRITERS)

    def run(job: Callable[[], None]) -> None:
        try:
            barrier.wait(timeout=30)
            job()
        except BaseException:
            in_step.abort()
            raise
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as pool:
        for future in [pool.submit(run, job) for job in jobs]:
            future.result(timeout=500)

    earliest = {
        ticket.pk: MONDAY + timedelta(minutes=min(plan[number][1] for plan in plans))
        for number, ticket in enumerate(tickets)
    }
    found = dict(Ticket.objects.values_list("pk", "first_responded_at"))
    assert found == earliest
    stopped = Ticket.sla.clock_model.objects.filter(metric="response")
    assert dict(stopped.values_list("ticket_id", "stopped_at")) == earliest


def test_a_reply_and_a_move_at_once_both_stand(agent: Any) -> None:
    for _ in range(30):
        with as_of(MONDAY):
            ticket = Ticket.objects.create()
        stale = Ticket.objects.get(pk=ticket.pk)

        def reply(pk: int = ticket.pk) -> None:
            Comment.objects.create(ticket_id=pk, author=agent, created_at=after(1))

        def resolve(stale: Ticket = stale) -> None:
            stale.status = "resolved"
            with as_of(after(2)):
                stale.save()

        together([reply, resolve])
        row = Ticket.objects.get(pk=ticket.pk)
        assert (row.first_responded_at, row.resolved_at) == (after(1), after(2))
        assert row.sla_events.count() == 3


def test_a_reply_is_not_lost_to_an_old_snapshot(agent: Any) -> None:
    """Under REPEATABLE READ, a transaction that has read before another one commits."""
    if connection.vendor != "mysql":
        pytest.skip("PostgreSQL refuses to write from an old snapshot")
    with as_of(MONDAY):
        pk = Ticket.objects.create().pk

    def reply() -> None:
        Comment.objects.create(ticket_id=pk, author=agent, created_at=after(1))

    isolation = connection.isolation_level
    connection.close()
    connection.isolation_level = "repeatable read"
    connection.settings_dict["OPTIONS"]["isolation_level"] = "repeatable read"
    try:
        with transaction.atomic():
            ticket = Ticket.objects.get(pk=pk)
            together([reply])
            ticket.status = "resolved"
            with as_of(after(2)):
                ticket.save()
    finally:
        connection.settings_dict["OPTIONS"].pop("isolation_level")
        connection.close()
        connection.isolation_level = isolation
    row = Ticket.objects.get(pk=pk)
    assert (row.first_responded_at, row.resolved_at) == (after(1), after(2))


def test_bulk_updates_of_the_same_tickets_do_not_wait_for_each_other_for_ever() -> None:
    with as_of(MONDAY):
        pks = [ticket.pk for ticket in Ticket.objects.bulk_create([Ticket() for _ in range(50)])]

    def move(status: str, order: str) -> Callable[[], None]:
        return lambda: Ticket.objects.filter(pk__in=pks).order_by(order).update(status=status)

    for _ in range(5):
        together([move("pending", "pk"), move("resolved", "-pk"), move("open", "title")])
    for ticket in Ticket.objects.filter(pk__in=pks).with_verdicts():
        assert (ticket.status == "resolved") == (ticket.resolved_at is not None)
        assert (ticket.status == "pending") == (ticket.sla.resolution.clock.paused_at is not None)


def test_a_save_does_not_wait_for_the_ticket_next_to_it(settings: Any) -> None:
    """On MariaDB an insert that finds its row there would lock the gap before that."""
    settings.DJANGO_SLA = {"REOPENING": "restart"}
    with as_of(MONDAY):
        first, second = Ticket.objects.bulk_create([Ticket(), Ticket()])

    def move(ticket: Ticket, status: str, hours: float) -> None:
        ticket.status = status
        with as_of(after(hours)):
            ticket.save()

    def reopen() -> None:
        try:
            move(first, "open", 2)
        finally:
            connections.close_all()

    move(first, "resolved", 1)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        move(second, "resolved", 1)
        pool.submit(reopen).result(timeout=10)
    cycles = Ticket.sla.clock_model.objects.filter(metric="resolution").order_by("ticket", "cycle")
    assert list(cycles.values_list("ticket", "cycle")) == [
        (first.pk, 1),
        (first.pk, 2),
        (second.pk, 1),
    ]


def test_the_same_terms_pinned_for_the_first_time_by_many(settings: Any) -> None:
    for round_number in range(10):
        settings.DJANGO_SLA = {"GOALS": {"medium": {"response": f"{round_number + 1}h"}}}
        together([lambda: Ticket.objects.create() for _ in range(WRITERS)])
    assert Ticket.objects.count() == 10 * WRITERS
    assert Ticket.sla.clock_model.objects.filter(terms=None).count() == 0


def test_tickets_are_adopted_while_others_comment_on_them_and_save_them(agent: Any) -> None:
    rng = random.Random(7)
    tickets = QuerySet(Ticket).bulk_create(
        [Ticket(created_at=after(-rng.randrange(100)), status="open") for _ in range(200)]
    )
    pks = [ticket.pk for ticket in tickets]
    earlier = Comment.objects.bulk_create(
        Comment(ticket_id=pk, author=agent, created_at=after(3)) for pk in pks
    )

    def adopt() -> None:
        keys = reconcile.keys(Ticket.sla, using="default", adopt_only=True)
        for _batch in reconcile.run(
            Ticket.sla, keys, using="default", repair=True, adopt_only=True, size=20
        ):
            pass

    def reply() -> None:
        for pk in rng.sample(pks, len(pks)):
            with transaction.atomic():
                Comment.objects.create(ticket_id=pk, author=agent, created_at=after(2))

    def resolve() -> None:
        for pk in sorted(pks, key=lambda pk: pk % 7):
            ticket = Ticket.objects.get(pk=pk)
            ticket.status = "resolved"
            with as_of(after(4)):
                ticket.save()

    together([adopt, reply, resolve, adopt])
    later = Comment.objects.exclude(pk__in=[comment.pk for comment in earlier])
    keys = dict(later.values_list("ticket_id", "pk"))
    for ticket, comment in zip(Ticket.objects.order_by("pk"), earlier, strict=True):
        assert (ticket.first_responded_at, ticket.resolved_at) == (after(2), after(4))
        events = list(ticket.sla_events.order_by("kind", "at").values_list("kind", "key"))
        assert [kind for kind, _key in events] == [
            "agent_replied", "agent_replied", "opened", "status_moved",
        ]  # fmt: skip
        assert [key for _kind, key in events[:2]] == [
            f"desk.comment:{keys[ticket.pk]}", f"desk.comment:{comment.pk}",
        ]  # fmt: skip
        assert ticket.sla_clocks.count() == 2
    batch = reconcile.reconcile(Ticket.sla, pks, using="default", repair=False)
    assert (batch.adopted, batch.findings) == ([], [])


def test_the_lock_is_the_servers_own() -> None:
    """These tests mean nothing where ``select_for_update`` does nothing."""
    assert connection.features.has_select_for_update
    close_old_connections()


def taken(ticket: Ticket) -> str:
    clock = ticket.sla.clock("response")
    assert clock is not None
    return clock.terms.name


def test_an_edit_that_is_not_committed_holds_up_no_ticket() -> None:
    """Neither a new one nor one that is saved, though the policies are asked for under its lock."""
    goals = {"*": {"response": "1h"}}
    policy = Policy.objects.create(name="Before", goals=goals)
    ticket = Ticket.objects.create()

    def work() -> list[str]:
        found = Ticket.objects.get(pk=ticket.pk)
        found.priority = "low" if found.priority == "high" else "high"
        found.save()
        return [taken(found), taken(Ticket.objects.create())]

    found: list[list[str]] = []
    with transaction.atomic():
        policy.name = "After"
        policy.save()
        together([lambda: found.append(work())])
    together([lambda: found.append(work())])
    assert found == [["Before", "Before"], ["After", "After"]]


def test_edits_at_once_wait_for_each_other_and_all_are_in_force() -> None:
    goals = {"*": {"response": "1h"}}
    assert edition.read("default") == edition.NONE

    def writer(number: int) -> None:
        for turn in range(10):
            Policy.objects.create(name=f"{number}-{turn}", order=turn, goals=goals)
            policies("default")

    together([lambda number=number: writer(number) for number in range(WRITERS)])
    assert len(policies("default").all) == 10 * WRITERS + 1
    assert Policy.history.count() == 10 * WRITERS


def test_policies_are_applied_while_the_same_tickets_are_worked_on(
    agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes first, each ticket ends as its events say, and nobody's work is lost."""
    monkeypatch.setattr(recalculate, "BATCH", 7)
    desk = Policy.objects.create(name="Desk", goals={"*": {"response": "2h", "resolution": "8h"}})
    with as_of(MONDAY):
        tickets = [Ticket.objects.create() for _ in range(60)]
    desk.goals = {"*": {"response": "1h", "resolution": "4h"}}
    desk.save()
    with as_of(after(0.1)):
        run = recalculate.preview(recalculate.start(using="default"))

    def apply() -> None:
        with as_of(after(0.3)):
            recalculate.apply(run, reason="New contract")

    def comment() -> None:
        for ticket in tickets:
            Comment.objects.create(ticket_id=ticket.pk, author=agent, created_at=after(0.2))

    def move() -> None:
        for ticket in reversed(tickets):
            with as_of(after(0.4)):
                stale = Ticket.objects.get(pk=ticket.pk)
                stale.status, stale.priority = "pending", "high"
                stale.save()

    together([apply, comment, move])
    for ticket in tickets:
        ticket.refresh_from_db()
        assert ticket.first_responded_at == after(0.2)
        assert ticket.status == "pending"
        assert {clock.terms.fingerprint for clock in ticket.sla.clocks if not clock.stopped_at} == {
            policies("default").all[0].terms.fingerprint
        }
        lifecycle = fold(load(Ticket.sla, ticket.pk, "default"), "default")
        assert {name: getattr(ticket, name) for name in COLUMNS} == columns(lifecycle)
