"""Tasks for Celery, and when they are due; needs the extra ``celery``.

Nothing of Django is needed to import this, so that the settings may::

    CELERY_BEAT_SCHEDULE = beat_schedule()
"""

from typing import Any

from django.db.utils import InterfaceError, OperationalError

from django_sla.exceptions import CeleryNotInstalled

try:
    from celery import shared_task
except ImportError as error:
    raise CeleryNotInstalled() from error

WORKERS = 4
"""Tasks that do the same thing at once, at most, unless somebody says otherwise."""

LIMIT = 600
"""Seconds after which a task that hangs is killed; what it has done stays. They end by themselves
long before."""

DAY = 86_400

FRESH = 60
"""Seconds that a task which only helps is worth waiting for."""

_AGAIN = {
    # They can be run twice, so what a worker had begun when it was stopped is begun anew.
    "acks_late": True,
    "ignore_result": True,
    "time_limit": LIMIT,
}
"""Of tasks that the schedule starts again and again."""

_ONCE = _AGAIN | {
    # Nobody starts these again: neither where a worker was killed, nor where the database was
    # away for a while.
    "reject_on_worker_lost": True,
    "autoretry_for": (InterfaceError, OperationalError),
    "retry_backoff": 5,
    "retry_backoff_max": 600,
    "max_retries": 20,
}


@shared_task(name="django_sla.sweep", **_AGAIN)
def sweep(workers: int = WORKERS) -> None:
    """Record what has come due; where that is much, with as many as ``workers`` tasks."""
    from django_sla.integrations import work

    work.sweep(_queue, workers)


@shared_task(name="django_sla.deliver", **_AGAIN)
def deliver(workers: int = WORKERS) -> None:
    """Send what is in the outbox; where that is much, with as many as ``workers`` tasks."""
    from django_sla.integrations import work

    work.deliver(_queue, workers)


@shared_task(name="django_sla.purge", **_AGAIN)
def purge() -> None:
    """Take away what of people is older than ``RETENTION_DAYS``."""
    from django_sla.integrations import work

    work.purge()


@shared_task(name="django_sla.recalculate", **_ONCE)
def recalculate(
    number: int | None = None, apply: bool = False, reason: str = "", workers: int = WORKERS
) -> None:
    """Look at what a recalculation would change and, with ``apply``, change it. Without a number
    a new one is started, of all policies."""
    from django_sla.integrations import work

    work.recalculate(_queue, number, apply, reason, workers)


@shared_task(name="django_sla.go_on", **_ONCE)
def go_on(number: int, apply: bool = False, reason: str = "") -> None:
    """Go on with a recalculation, beside others that do."""
    from django_sla.integrations import work

    work.go_on(_queue, number, apply, reason)


@shared_task(name="django_sla.reconcile", **_ONCE)
def reconcile(model: str | None = None, adopt_only: bool = False) -> None:
    """Bring the tickets of one model, or of all, in step with their events."""
    from django_sla.integrations import work

    work.reconcile(_queue, model, adopt_only)


@shared_task(name="django_sla.reconcile_range", **_ONCE)
def reconcile_range(
    model: str, first: str | None, last: str | None, adopt_only: bool = False
) -> None:
    """The same for tickets after the key ``first`` up to the key ``last``."""
    from django_sla.integrations import work

    work.reconcile_range(model, first, last, adopt_only)


_TASKS = {task.name: task for task in (sweep, deliver, go_on, reconcile_range)}


def _queue(name: str, **arguments: Any) -> None:
    helps = name in ("sweep", "deliver")
    task = _TASKS[f"django_sla.{name}"]
    task.apply_async(kwargs=arguments, expires=FRESH if helps else None)


def beat_schedule(
    *, sweep: float = 30, deliver: float = 30, purge: float = DAY, workers: int = WORKERS
) -> dict[str, Any]:
    """Entries for ``CELERY_BEAT_SCHEDULE``.

    Args:
        sweep: how many seconds lie between two sweeps.
        deliver: the same for what is in the outbox. What a sweep puts there is sent at once.
        purge: the same for taking away what of people is older than ``RETENTION_DAYS``.
        workers: how many tasks may do the same thing at once where there is much to do.
    """
    return {
        f"django_sla.{name}": {
            "task": f"django_sla.{name}",
            "schedule": seconds,
            "kwargs": arguments,
            # Where workers are away or busy, one of them is waiting and not a thousand.
            "options": {"expires": seconds},
        }
        for name, seconds, arguments in (
            ("sweep", sweep, {"workers": workers}),
            ("deliver", deliver, {"workers": workers}),
            ("purge", purge, {}),
        )
    }
