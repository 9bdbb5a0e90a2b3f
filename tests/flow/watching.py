"""What the tests of the sweep and of delivery share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import time_machine

from django_sla.channels import Channel
from django_sla.flow.sweep import sweep
from django_sla.models import Policy, Sweep
from tests.conftest import after
from tests.hosts.desk.models import Ticket

GOALS = {"*": {"response": "2h", "resolution": "8h"}}
"""Response is due after 2 hours and at risk after 1.5; resolution after 8 and 6."""


@contextmanager
def at(hours: float, *, tick: bool = False) -> Iterator[None]:
    """The wall clock says so many hours after Monday, and stands unless it may ``tick``."""
    with time_machine.travel(after(hours), tick=tick):
        yield


def policy(*escalations: dict[str, Any], **values: Any) -> Policy:
    return Policy.objects.create(
        **{"name": "Desk", "goals": GOALS, "escalations": list(escalations), **values}
    )


def opened(hours: float = 0, model: Any = Ticket, **values: Any) -> Any:
    with at(hours):
        return model.objects.create(**values)


def swept(hours: float) -> Sweep:
    with at(hours):
        return sweep(using="default")


class Recorder(Channel):
    """Keeps what it was given to say; ``fails`` is raised as often as it is in the list."""

    addressed: ClassVar[bool] = True
    said: ClassVar[list[Any]] = []
    fails: ClassVar[list[Exception]] = []

    def send(self, message: Any) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.said.append(message)


class Machine(Recorder):
    """The same for programs: with a destination of its own, one at a time."""

    addressed: ClassVar[bool] = False
    for_people: ClassVar[bool] = False
    digests: ClassVar[bool] = False


CHANNELS = {
    "note": {"backend": "tests.flow.watching.Recorder"},
    "machine": {"backend": "tests.flow.watching.Machine"},
}
