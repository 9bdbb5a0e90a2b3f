"""Where a worker dies. The functions of the product are wrapped in the worker alone; the product
itself knows nothing of it."""

import os
import random
import signal
from collections.abc import Callable
from typing import Any

from django_sla.flow import deliver, sweep

Die = Callable[[], None]

SWEEPING = ("before record", "amid record", "after record", "after commit")
DELIVERING = ("after claim", "before send", "after send", "after mark")

LATEST = 3
"""At which time of coming by a point, at most, a worker dies there."""


def arm(point: str, note: Callable[[str], None]) -> None:
    """Have this process die at ``point``; ``note`` is told just before."""
    countdown = iter(range(random.randint(1, LATEST), -1, -1))

    def come_by() -> None:
        if next(countdown) == 1:
            note(point)
            os.kill(os.getpid(), signal.SIGKILL)

    _POINTS[point](come_by)


def _before_record(die: Die) -> None:
    usual = sweep.record_batch

    def record_batch(*args: Any, **kwargs: Any) -> Any:
        die()
        return usual(*args, **kwargs)

    sweep.record_batch = record_batch


def _amid_record(die: Die) -> None:
    """The events are written, and the notices are not."""
    usual = sweep.insert

    def insert(rows: Any, using: str) -> None:
        usual(rows, using)
        if rows and isinstance(rows[0], sweep.SLAEvent):
            die()

    sweep.insert = insert


def _after_record(die: Die) -> None:
    """Everything is written, and not committed."""
    usual = sweep.update_many

    def update_many(*args: Any, **kwargs: Any) -> None:
        usual(*args, **kwargs)
        die()

    sweep.update_many = update_many


def _after_commit(die: Die) -> None:
    usual = sweep.record_batch

    def record_batch(*args: Any, **kwargs: Any) -> Any:
        batch = usual(*args, **kwargs)
        if batch.events:
            die()
        return batch

    sweep.record_batch = record_batch


def _after_claim(die: Die) -> None:
    usual = deliver.claim

    def claim(*args: Any, **kwargs: Any) -> Any:
        held = usual(*args, **kwargs)
        if held.notices:
            die()
        return held

    deliver.claim = claim


def _before_send(die: Die) -> None:
    usual = deliver.message_of

    def message_of(*args: Any, **kwargs: Any) -> Any:
        message = usual(*args, **kwargs)
        die()
        return message

    deliver.message_of = message_of


def _after_send(die: Die) -> None:
    usual = deliver.send

    def send(*args: Any, **kwargs: Any) -> Any:
        outcome = usual(*args, **kwargs)
        die()
        return outcome

    deliver.send = send


def _after_mark(die: Die) -> None:
    usual = deliver.mark

    def mark(*args: Any, **kwargs: Any) -> None:
        usual(*args, **kwargs)
        die()

    deliver.mark = mark


_POINTS = {
    "before record": _before_record,
    "amid record": _amid_record,
    "after record": _after_record,
    "after commit": _after_commit,
    "after claim": _after_claim,
    "before send": _before_send,
    "after send": _after_send,
    "after mark": _after_mark,
}
