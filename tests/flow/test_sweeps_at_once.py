"""Sweeps and deliverers side by side, on real connections."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone

from django_sla.channels import Channel
from django_sla.flow.deliver import deliver
from django_sla.flow.schedules import put_due
from django_sla.flow.sweep import sweep
from django_sla.models import Beginning, Notice, Policy, ReportSchedule
from django_sla.moment import as_of
from tests.hosts.desk.models import Ticket

pytestmark = [
    pytest.mark.threads,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        "sqlite" in __import__("os").environ.get("TEST_DB", "sqlite"),
        reason="a database in memory has one connection; run with TEST_DB=postgres or mariadb",
    ),
]

TICKETS = 300
AT_ONCE = 6


class Counter(Channel):
    for_people: ClassVar[bool] = False
    digests: ClassVar[bool] = False
    keys: ClassVar[list[str]] = []

    def send(self, message: Any) -> None:
        assert not connection.in_atomic_block, "sent inside a transaction"
        self.keys.append(message.key)


def together(job: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(AT_ONCE)

    def run() -> Any:
        try:
            barrier.wait(timeout=30)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run) for _ in range(AT_ONCE)]]


SETTINGS = {"CHANNELS": {"count": {"backend": "tests.flow.test_sweeps_at_once.Counter"}}}


@pytest.fixture
def overdue() -> Iterator[None]:
    with override_settings(DJANGO_SLA=SETTINGS):
        _fill()
        yield


def _fill() -> None:
    Counter.keys.clear()
    Beginning.objects.create(pk=1)
    escalation = {"metric": "*", "when": "due", "channel": "count", "to": []}
    Policy.objects.create(
        name="Desk", goals={"*": {"resolution": "1h"}}, escalations=[escalation], at_risk=100
    )
    late = timezone.now() - timedelta(hours=3)
    with as_of(late):
        Ticket.objects.bulk_create([Ticket() for _ in range(TICKETS)])
    # They were watched all the time, and nobody swept.
    Ticket.sla.clock_model.objects.update(watched_from=late)


@pytest.mark.usefixtures("overdue")
def test_sweeps_side_by_side_record_each_breach_once() -> None:
    runs = together(lambda: sweep(using="default"))
    events = Ticket.sla.event_model.objects.filter(kind="target_breached")
    assert events.count() == TICKETS == events.values("ticket").distinct().count()
    assert sum(run.recorded for run in runs) == TICKETS
    assert sum(run.failed for run in runs) == 0
    assert len([run for run in runs if run.recorded]) > 1, "they shared the work"
    assert Notice.objects.count() == TICKETS
    tallies = together(lambda: deliver(using="default"))
    assert sum(tally.sent for tally in tallies) == TICKETS
    assert len(Counter.keys) == len(set(Counter.keys)) == TICKETS, "none sent twice"


@pytest.mark.usefixtures("overdue")
def test_writers_and_sweeps_at_once_lose_nothing() -> None:
    """Whoever resolves tickets meanwhile waits a moment, and nobody is ended by the database."""
    pks = list(Ticket.objects.order_by("pk").values_list("pk", flat=True))
    numbers = iter(range(AT_ONCE))

    def work() -> None:
        number = next(numbers)
        if number % 2:
            sweep(using="default")
            return
        for pk in pks[number :: AT_ONCE * 2]:
            ticket = Ticket.objects.get(pk=pk)
            ticket.status = "resolved"
            ticket.save()

    together(work)
    sweep(using="default")
    events = Ticket.sla.event_model.objects.filter(kind="target_breached")
    assert events.count() == TICKETS
    assert not Ticket.sla.clock_model.objects.filter(next_at__lt=timezone.now()).exists()


@pytest.mark.usefixtures("overdue")
def test_a_report_that_is_due_is_put_into_the_outbox_by_one_of_many() -> None:
    names = [f"{number}@example.com" for number in range(5)]
    for number in range(AT_ONCE):
        schedule = ReportSchedule.objects.create(
            name=f"Report {number}",
            model="desk.Ticket",
            recurrence="daily",
            zone="UTC",
            recipients=names,
        )
        due = schedule.latest(timezone.now() - timedelta(days=2))
        ReportSchedule.objects.filter(pk=schedule.pk).update(next_at=due)
    before = Notice.objects.filter(kind="report")
    assert not before.exists()
    totals = together(lambda: put_due("default", timezone.now()))
    assert sum(totals) == AT_ONCE * len(names)
    found = Notice.objects.filter(kind="report")
    assert found.count() == AT_ONCE * len(names)
    schedules = ReportSchedule.objects.filter(next_at__gt=timezone.now())
    assert schedules.exclude(last_at=None).count() == AT_ONCE
