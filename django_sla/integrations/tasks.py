"""Tasks for the engines behind ``django.tasks``, and behind the package django-tasks where Django
has none.

They wait in the queue ``default`` of the backend ``default``. Nothing of it starts a task at a
time; something else has to.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django_sla.exceptions import TasksNotInstalled
from django_sla.integrations import work

try:
    _framework = import_module("django.tasks" if find_spec("django.tasks") else "django_tasks")
except ImportError as error:
    raise TasksNotInstalled() from error

task: Any = _framework.task

WORKERS = 4
"""Tasks that do the same thing at once, at most, unless somebody says otherwise."""


@task
def sweep(workers: int = WORKERS) -> None:
    """Record what has come due; where that is much, with as many as ``workers`` tasks."""
    work.sweep(_queue, workers)


@task
def deliver(workers: int = WORKERS) -> None:
    """Send what is in the outbox; where that is much, with as many as ``workers`` tasks."""
    work.deliver(_queue, workers)


@task
def purge() -> None:
    """Take away what of people is older than ``RETENTION_DAYS``."""
    work.purge()


@task
def recalculate(
    number: int | None = None, apply: bool = False, reason: str = "", workers: int = WORKERS
) -> None:
    """Look at what a recalculation would change and, with ``apply``, change it. Without a number
    a new one is started, of all policies."""
    work.recalculate(_queue, number, apply, reason, workers)


@task
def go_on(number: int, apply: bool = False, reason: str = "") -> None:
    """Go on with a recalculation, beside others that do."""
    work.go_on(_queue, number, apply, reason)


@task
def reconcile(model: str | None = None, adopt_only: bool = False) -> None:
    """Bring the tickets of one model, or of all, in step with their events."""
    work.reconcile(_queue, model, adopt_only)


@task
def reconcile_range(
    model: str, first: str | None, last: str | None, adopt_only: bool = False
) -> None:
    """The same for tickets after the key ``first`` up to the key ``last``."""
    work.reconcile_range(model, first, last, adopt_only)


def _queue(name: str, **arguments: Any) -> None:
    {
        "sweep": sweep,
        "deliver": deliver,
        "go_on": go_on,
        "reconcile_range": reconcile_range,
    }[name].enqueue(**arguments)
