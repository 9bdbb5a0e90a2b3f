"""Celery's tasks by themselves; tests/example has a real worker, a real broker and the schedule."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.schedules import maybe_schedule
from django.db import OperationalError
from django.test import override_settings
from django.utils import timezone

from django_sla.flow import recalculate as recalculating
from django_sla.integrations import celery as tasks
from django_sla.integrations import work
from django_sla.models import Beginning, Feed, Notice
from django_sla.moment import as_of
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy

pytestmark = pytest.mark.django_db

OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}


@pytest.fixture(autouse=True)
def app() -> Iterator[Celery]:
    """An app that runs a task where it is called, as if it came from a broker."""
    app = Celery("tests", broker="memory://", set_as_current=True)
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True
    yield app
    app.close()


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    Beginning.objects.create(pk=1, since=after(-1000))
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def test_sweep_and_deliver() -> None:
    policy(OPS)
    opened()
    with at(9):
        tasks.sweep.delay()
    assert Notice.objects.get().standing == "sent"
    assert len(Recorder.said) == 1


def test_recalculate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculating, "BATCH", 1)
    desk = policy()
    for _ in range(4):
        opened()
    desk.goals = {"*": {"resolution": "4h"}}
    desk.save()
    with as_of(after(1)):
        run = recalculating.start(using="default")
        tasks.recalculate.delay(run.pk, apply=True, reason="New contract", workers=2)
    run.refresh_from_db()
    assert (run.phase, run.applied, run.is_split) == ("done", 4, True)


def test_reconcile() -> None:
    ticket = opened()
    ticket.sla_clocks.all().delete()
    tasks.reconcile.delay()
    assert ticket.sla_clocks.count() == 2


def test_purge(agent: Any) -> None:
    long_ago = timezone.now() - timedelta(days=181)
    Feed.make(agent, long_ago)
    Feed.revoke(agent, long_ago)
    tasks.purge.delay()
    assert not Feed.objects.exists()


def test_what_is_kept_for_good_is_not_purged(agent: Any) -> None:
    Feed.make(agent, timezone.now() - timedelta(days=4_000))
    Feed.revoke(agent, timezone.now() - timedelta(days=4_000))
    with override_settings(DJANGO_SLA={"RETENTION_DAYS": None}):
        tasks.purge.delay()
    assert Feed.objects.exists()


def test_the_schedule_names_tasks_that_exist(app: Celery) -> None:
    app.finalize()
    schedule = tasks.beat_schedule(sweep=15, deliver=60, purge=3_600, workers=2)
    assert {entry["task"]: entry["schedule"] for entry in schedule.values()} == {
        "django_sla.sweep": 15,
        "django_sla.deliver": 60,
        "django_sla.purge": 3_600,
    }
    for entry in schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"] == {"expires": entry["schedule"]}, "or a backlog would pile up"
        assert maybe_schedule(entry["schedule"]).run_every.total_seconds() == entry["schedule"]
        is_alone = entry["task"] == "django_sla.purge"
        assert entry["kwargs"] == ({} if is_alone else {"workers": 2})


def test_what_is_queued_is_a_task_of_this_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, Any, Any]] = []
    for task in (tasks.sweep, tasks.deliver, tasks.go_on, tasks.reconcile_range):

        def keep(kwargs: Any, expires: Any, name: str = task.name) -> None:
            sent.append((name, kwargs, expires))

        monkeypatch.setattr(task, "apply_async", keep)
    tasks._queue("sweep", workers=1)
    tasks._queue("go_on", number=7)
    assert sent == [
        ("django_sla.sweep", {"workers": 1}, tasks.FRESH),
        ("django_sla.go_on", {"number": 7}, None),
    ]


def test_what_nobody_else_starts_again_is_tried_again_when_the_database_is_back(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.conf.task_eager_propagates = False  # an eager retry is raised, too
    calls = []

    def go_on(*args: Any) -> None:
        calls.append(args)
        if len(calls) < 3:
            raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(work, "go_on", go_on)
    tasks.go_on.delay(7)
    assert len(calls) == 3


def test_how_tasks_are_run() -> None:
    for task in tasks._TASKS.values():
        assert task.acks_late, task
        assert task.ignore_result, task
        assert task.time_limit > work.TURN * 2, task
    for task in (tasks.go_on, tasks.recalculate, tasks.reconcile, tasks.reconcile_range):
        assert task.reject_on_worker_lost, task


def test_the_settings_may_import_the_schedule() -> None:
    """Before Django is set up."""
    program = "from django_sla.integrations.celery import beat_schedule; print(beat_schedule())"
    done = python(program)
    assert done.returncode == 0, done.stderr
    assert "django_sla.sweep" in done.stdout


def test_without_celery_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['celery'] = None; import django_sla.integrations.celery"
    assert 'pip install "django-sla[celery]"' in python(program).stderr


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_nothing_else_needs_celery() -> None:
    program = (
        "import sys; sys.modules['celery'] = None\n"
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "from importlib import import_module; from pkgutil import walk_packages\n"
        "import django_sla\n"
        "for found in walk_packages(django_sla.__path__, 'django_sla.'):\n"
        "    found.name.endswith('.celery') or import_module(found.name)\n"
    )
    done = python(program)
    assert done.returncode == 0, done.stderr
