"""Tasks for django.tasks, and for the package that older versions of Django have in its place;
tests/example has a worker that takes them from the database."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from typing import Any

import django
import pytest
from django.test import override_settings

from django_sla.flow import recalculate as recalculating
from django_sla.flow.privacy import ERASED_RECIPIENT
from django_sla.integrations import tasks
from django_sla.models import Beginning, Notice
from django_sla.moment import as_of
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy

pytestmark = pytest.mark.django_db

FRAMEWORK = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}


def backend(name: str) -> Any:
    return override_settings(
        TASKS={"default": {"BACKEND": f"{FRAMEWORK}.backends.{name.lower()}.{name}Backend"}}
    )


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    Beginning.objects.create(pk=1, since=after(-1000))
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}), backend("Immediate"):
        yield


def done(task: Any, **arguments: Any) -> None:
    result = task.enqueue(**arguments)
    assert result.status == "SUCCESSFUL", [error.traceback for error in result.errors]


def test_sweep_and_deliver() -> None:
    policy(OPS)
    opened()
    with at(9):
        done(tasks.sweep)
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
        done(tasks.recalculate, number=run.pk, apply=True, reason="New contract", workers=2)
    run.refresh_from_db()
    assert (run.phase, run.applied, run.is_split) == ("done", 4, True)


def test_reconcile() -> None:
    ticket = opened()
    ticket.sla_clocks.all().delete()
    done(tasks.reconcile)
    assert ticket.sla_clocks.count() == 2


def test_purge() -> None:
    policy(OPS)
    opened()
    with at(9):
        done(tasks.sweep)
        done(tasks.purge)
        assert Notice.objects.get().recipient == "ops@example.com"
    with at(200 * 24):
        done(tasks.purge)
        assert Notice.objects.get().recipient == ERASED_RECIPIENT


def test_what_does_not_work_is_in_the_result() -> None:
    result = tasks.recalculate.enqueue(number=77)
    assert result.status == "FAILED"
    assert "DoesNotExist" in result.errors[0].traceback


def test_one_task_asks_for_others() -> None:
    policy(OPS)
    opened()
    framework = import_module(FRAMEWORK)
    with backend("Dummy"), at(9):
        tasks.sweep.enqueue(workers=3)
        queued = framework.default_task_backend.results
        assert [(r.task.name, r.kwargs) for r in queued] == [("sweep", {"workers": 3})]
        tasks.sweep.call(workers=3)  # as a worker does
        assert [(r.task.name, r.kwargs) for r in queued[1:]] == [("deliver", {"workers": 3})]


def test_both_engines_have_the_same_tasks() -> None:
    from django_sla.integrations import celery

    names = ("sweep", "deliver", "purge", "recalculate", "go_on", "reconcile", "reconcile_range")
    for name in names:
        ours, theirs = getattr(tasks, name).func, getattr(celery, name).run
        assert ours.__doc__ == theirs.__doc__
        assert signature(ours) == signature(theirs)


def test_without_either_it_says_what_to_install() -> None:
    program = (
        "import sys, importlib.util as util\n"
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'django.tasks' else found(name)\n"
        "sys.modules['django_tasks'] = None\n"
        "import django_sla.integrations.tasks\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert "pip install django-tasks" in run.stderr
