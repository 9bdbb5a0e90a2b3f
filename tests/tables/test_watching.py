"""What is known of the sweeps and of the outbox, beside what real ones did."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from django_sla.flow import deliver as delivering
from django_sla.flow import sweep as sweeping
from django_sla.models import Beginning, Notice, Sweep
from django_sla.tables import watching as watching_table
from django_sla.tables.watching import Health, Totals, Watching, rough, totals, watching
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

OPS = {"when": "due", "channel": "note", "to": ["ops@example.com"]}
MINUTE = 1 / 60
"""Of an hour."""


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def seen(hours: float) -> Watching:
    return watching("default", after(hours))


def delivered(hours: float) -> None:
    with at(hours):
        delivering.deliver(using="default")


def test_before_the_first_sweep() -> None:
    policy()
    opened()
    found = seen(1)
    assert (found.started_at, found.finished_at, found.age) == (None, None, None)
    assert (found.due, found.lag) == (0, timedelta(0))
    assert found.health() is Health.NEVER


def test_a_sweep_is_remembered_and_grows_old() -> None:
    opened()
    swept(0.1)
    found = seen(0.1 + 2 * MINUTE)
    assert (found.finished_at, found.age) == (after(0.1), timedelta(minutes=2))
    assert found.health() is Health.OK
    assert seen(0.1 + 5 * MINUTE).health() is Health.OK
    assert seen(0.1 + 6 * MINUTE).health() is Health.LATE
    assert seen(0).age == timedelta(0), "the clock of another machine is ahead"


def test_what_is_due_and_by_how_much_the_oldest_is_late() -> None:
    policy()
    opened()
    opened(0.5, UUIDTicket, status="new")
    swept(0.1)
    assert (seen(1.5).due, seen(1.5).lag) == (0, timedelta(0)), "on the dot"
    found = seen(2.5)
    assert (found.due, found.lag) == (2, timedelta(hours=1)), "their responses are at risk"
    assert found.health(max_age=timedelta(days=1)) is Health.LATE
    assert found.health(max_age=timedelta(days=1), max_lag=timedelta(hours=1)) is Health.OK
    swept(2.5)
    assert (seen(2.5).due, seen(2.5).health()) == (0, Health.OK)


def test_due_clocks_are_not_counted_without_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(watching_table, "MOST", 2)
    policy()
    for hours in (0.1, 0, 0.2):
        opened(hours)
    assert seen(1.75).due == 2
    assert seen(1.75).lag == timedelta(minutes=15), "of the oldest of all"


def test_failures_are_news_for_a_while() -> None:
    policy()
    broken = opened()
    Ticket.sla.clock_model.objects.filter(ticket=broken).update(pauses="nonsense")
    swept(2.5)
    swept(2.5 + MINUTE)
    found = seen(2.5 + 2 * MINUTE)
    assert (found.failures, found.health()) == (1, Health.FAILING)
    assert found.problem.startswith(f"{broken.pk}: ")
    assert seen(2.5 + 14.9 * MINUTE).failures == 1
    assert seen(2.5 + 15.1 * MINUTE).failures == 0


def test_the_problem_is_that_of_the_latest_failure() -> None:
    for minute, problem in ((1, "first"), (3, "latest"), (2, "second")):
        Sweep.objects.create(finished_at=after(minute * MINUTE), failed=2, problem=problem)
    found = seen(0.1)
    assert (found.failures, found.problem) == (6, "latest")


def test_a_sweep_that_never_finished() -> None:
    Sweep.objects.create(started_at=after(0))
    swept(0.2)
    assert seen(0.2).unfinished == 0, "it may still be running"
    assert seen(0.3).unfinished == 1
    assert seen(0.3).finished_at == after(0.2)


def test_the_outbox_by_how_far_it_has_come() -> None:
    policy(OPS, goals={"*": {"resolution": "8h"}})
    for _number in range(3):
        opened()
    swept(0.1)  # what passed before the first of all is told to nobody
    swept(9)
    found = seen(9.5)
    assert (found.waiting, found.later, found.dead) == (3, 0, 0)
    assert found.overdue == timedelta(minutes=30)
    assert found.health(max_age=timedelta(days=1)) is Health.LATE, "nobody delivers"
    Recorder.fails[:] = [ConnectionError("refused")]
    delivered(9.5)
    Notice.objects.filter(standing="sent").first().delete()
    Notice.objects.filter(standing="sent").update(standing="dead")
    found = seen(9.5)
    assert (found.waiting, found.later, found.dead) == (0, 1, 1)
    assert found.overdue == timedelta(0)
    assert found.health(max_age=timedelta(days=1)) is Health.OK


def test_totals_are_kept_when_old_sweeps_are_taken_away(monkeypatch: Any) -> None:
    assert totals("default") == Totals(recorded=0, breaches=0, failed=0)
    policy()
    opened()
    swept(3)
    opened(3)
    swept(20)
    # The first sweep finds a warning and a breach; the second one three of each.
    sums = Totals(recorded=8, breaches=4, failed=0)
    assert totals("default") == sums
    with at(24 * 15 + 3):
        sweeping._prune("default", after(24 * 15 + 3))
    assert Sweep.objects.count() == 0
    assert Beginning.objects.get().breaches == 4
    assert totals("default") == sums


def test_the_number_of_queries_is_flat() -> None:
    policy(OPS)

    def queries(tickets: int) -> int:
        for number in range(tickets):
            opened(number / 10)
        Sweep.objects.bulk_create(
            [Sweep(finished_at=after(19), failed=number % 2) for number in range(tickets)]
        )
        swept(18)
        with CaptureQueriesContext(connection) as captured:
            seen(20)
            totals("default")
        return len(captured)

    queries(1)
    assert queries(2) == queries(20)


def test_a_clock_that_stopped_late_is_due_until_its_breach_is_recorded() -> None:
    policy()
    late, in_time = opened(), opened()
    for ticket, hours in ((in_time, 1), (late, 10)):
        with at(hours):
            ticket.status = "resolved"
            ticket.save()
    assert seen(11).due == 2, "the response and the resolution of one of them"
    swept(11)
    assert seen(20).due == 0


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=0), "0s"),
        (timedelta(seconds=39.7), "40s"),
        (timedelta(minutes=1), "1m"),
        (timedelta(hours=2, minutes=5, seconds=9), "2h 5m"),
    ],
)
def test_a_duration_for_people(duration: timedelta, words: str) -> None:
    assert rough(duration) == words
