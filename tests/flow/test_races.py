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

from django_sla.moment import as_of
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


def test_the_same_terms_pinned_for_the_first_time_by_many(settings: Any) -> None:
    for round_number in range(10):
        settings.DJANGO_SLA = {"GOALS": {"medium": {"response": f"{round_number + 1}h"}}}
        together([lambda: Ticket.objects.create() for _ in range(WRITERS)])
    assert Ticket.objects.count() == 10 * WRITERS
    assert Ticket.sla.clock_model.objects.filter(terms=None).count() == 0


def test_the_lock_is_the_servers_own() -> None:
    """These tests mean nothing where ``select_for_update`` does nothing."""
    assert connection.features.has_select_for_update
    close_old_connections()
