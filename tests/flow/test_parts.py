"""Recalculations in parts: many may work at one, and it comes to what it comes to in one piece."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction

from django_sla.exceptions import PoliciesEdited, RecalculationOver
from django_sla.flow import preview as previews
from django_sla.flow import recalculate
from django_sla.models import Policy, Recalculation
from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import ExtendedTicket, UUIDTicket

pytestmark = pytest.mark.django_db

GOALS = {"*": {"response": "2h", "resolution": "8h"}}
TIGHTER = {"*": {"response": "1h", "resolution": "4h"}}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculate, "BATCH", 2)


def edited(*models: Any, each: int = 7) -> Policy:
    """A policy that was edited, and open tickets that have what it said before."""
    policy = Policy.objects.create(name="Desk", goals=GOALS)
    for number in range(each):
        for model in models or (Ticket,):
            with as_of(after(-number)):
                model.objects.create()
    policy.goals = TIGHTER
    policy.save()
    return policy


def started(parts: int) -> Recalculation:
    with as_of(after(1)):
        return recalculate.split(recalculate.start(using="default"), parts)


def looked(run: Recalculation, **options: Any) -> Recalculation:
    with as_of(after(1)):
        return recalculate.preview(run, **options)


def applied(run: Recalculation, **options: Any) -> Recalculation:
    with as_of(after(1)):
        return recalculate.apply(run, reason="New contract", **options)


def fresh(run: Recalculation) -> Recalculation:
    return Recalculation.objects.get(pk=run.pk)


def once(run: Recalculation) -> bool:
    """Ends it after one batch."""
    return True


def assert_each_changed_once(*models: Any) -> None:
    for model in models or (Ticket,):
        for ticket in model.objects.all():
            assert ticket.resolution_target == ticket.created_at + timedelta(hours=4)
            assert ticket.sla_events.filter(kind="terms_changed").count() == 1
            assert ticket.history.count() == 2
            assert ticket.history.latest().history_change_reason == "New contract"


def test_it_comes_to_the_same_as_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "LARGEST", 3)
    edited(Ticket, UUIDTicket, ExtendedTicket)
    whole = looked(started(1))
    run = looked(started(4))
    assert run.parts.count() > 3
    assert (run.phase, run.counts()) == ("ready", whole.counts())
    assert run.affected == 21
    assert [move["moved"] for move in run.largest] == [move["moved"] for move in whole.largest]
    run = applied(run)
    assert (run.phase, run.applied, run.percent, run.finished_at) == ("done", 21, 100, after(1))
    assert run.seen == 21, "each by one of the parts"
    assert_each_changed_once(Ticket, UUIDTicket, ExtendedTicket)


def test_the_parts_are_of_the_same_size_and_one_after_the_other() -> None:
    edited(each=12)
    run = looked(started(4))
    assert [part.seen for part in run.parts.order_by("pk")] == [3, 3, 3, 3, 0]
    bounds = [(part.first, part.last) for part in run.parts.order_by("pk")]
    assert bounds[0][0] == bounds[-1][1] == []
    assert all(one[1] == following[0] for one, following in pairwise(bounds))


def test_events_have_the_key_of_the_whole() -> None:
    edited()
    run = applied(looked(started(3)))
    keys = {event.key for event in Ticket.sla.event_model.objects.filter(kind="terms_changed")}
    assert keys == {f"recalculation:{run.pk}"}


def test_it_is_stopped_and_goes_on() -> None:
    edited()
    run, steps = started(3), []
    while run.phase == "previewing":
        run = looked(fresh(run), watch=once)  # each time as a new process would find it
        steps.append(run.seen)
    assert sorted(steps) == steps
    assert run.affected == 7
    while run.phase != "done":
        run = applied(fresh(run), watch=once)
    assert run.applied == 7
    assert_each_changed_once()


def test_the_sums_are_told_after_each_batch() -> None:
    edited()
    said = []

    def watch(run: Recalculation) -> bool:
        said.append((run.pk, run.seen, fresh(run).seen))
        return False

    run = looked(started(3), watch=watch)
    assert {pk for pk, *_counts in said} == {run.pk}
    assert all(told == stored for _pk, told, stored in said)


def test_what_was_looked_at_in_one_piece_is_applied_in_parts() -> None:
    edited()
    with as_of(after(1)):
        run = recalculate.preview(recalculate.start(using="default"))
    before = run.counts()
    run = recalculate.split(run, 3)
    assert {part.phase for part in run.parts.all()} == {"ready"}
    run = applied(run)
    assert run.counts() == before | {"applied": 7}
    assert_each_changed_once()


@pytest.mark.parametrize("phase", ["previewing", "applying"])
def test_what_has_begun_goes_on_in_one_piece(phase: str) -> None:
    edited()
    run = recalculate.start(using="default")
    run = looked(run, watch=once) if phase == "previewing" else applied(looked(run), watch=once)
    run = recalculate.split(run, 3)
    assert (run.is_split, run.parts.count()) == (False, 0)
    assert applied(looked(run) if phase == "previewing" else run).applied == 7


def test_it_is_split_once() -> None:
    edited()
    run = started(3)
    parts = run.parts.count()
    assert recalculate.split(run, 5).parts.count() == parts


def test_whoever_began_before_it_was_split_goes_on_with_a_part() -> None:
    edited()
    with as_of(after(1)):
        stale = recalculate.start(using="default")
    recalculate.split(fresh(stale), 3)
    run = looked(stale)
    assert (run.phase, run.affected, run.seen) == ("ready", 7, 7)
    assert sum(part.seen for part in run.parts.all()) == 7
    assert run.position == []


def test_an_edit_stops_each_of_the_parts() -> None:
    policy = edited()
    run = looked(started(3))
    run = applied(run, watch=once)
    policy.at_risk = 50
    policy.save()
    with pytest.raises(PoliciesEdited):
        applied(run)
    assert fresh(run).phase == "applying"


def test_what_is_done_is_done() -> None:
    edited()
    run = applied(looked(started(3)))
    with pytest.raises(RecalculationOver):
        applied(run)


def test_without_tickets() -> None:
    edited(each=0)
    run = looked(started(4))
    assert (run.phase, run.affected, run.parts.count()) == ("ready", 0, 1)


@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in __import__("os").environ.get("TEST_DB", "sqlite"),
    reason="SQLite has one writer at a time; run with TEST_DB=postgres or TEST_DB=mariadb",
)
def test_many_at_once() -> None:
    edited(each=60)
    run = started(8)
    errors: list[BaseException] = []
    barrier = Barrier(4)

    def work() -> None:
        try:
            barrier.wait(timeout=30)
            mine = looked(fresh(run))
            barrier.wait(timeout=60)
            with suppress(RecalculationOver):  # the others have done all of it
                applied(mine)
        except BaseException as error:
            errors.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert errors == []
    done = fresh(run)
    assert (done.phase, done.seen, done.affected, done.applied) == ("done", 60, 60, 60)
    assert_each_changed_once()


@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
def test_a_part_that_somebody_is_at_is_left_to_them() -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("There is no way to skip what somebody else has locked.")
    edited(each=6)
    run = started(3)
    busy = run.parts.order_by("pk").first()
    held, done = Barrier(2), Barrier(2)

    def hold() -> None:
        with transaction.atomic():
            list(Recalculation.objects.select_for_update().filter(pk=busy.pk))
            held.wait(timeout=30)
            done.wait(timeout=30)
        connections.close_all()

    thread = Thread(target=hold)
    thread.start()
    try:
        held.wait(timeout=30)
        for _ in range(4):
            looked(fresh(run), watch=once)
        seen = {part.pk: part.seen for part in run.parts.all()}
        assert seen.pop(busy.pk) == 0
        assert sum(seen.values()) == 4
    finally:
        done.wait(timeout=30)
        thread.join(timeout=30)
    assert looked(fresh(run)).affected == 6
