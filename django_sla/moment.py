"""The instant at which something happens: read once by whoever acts, then passed down.

Code that plays the past, an importer or a replay, says so::

    with as_of(when):
        ticket.status = "resolved"
        ticket.save()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

from django_sla.exceptions import NaiveDatetime

_as_of: ContextVar[datetime | None] = ContextVar("django_sla_as_of", default=None)


def now() -> datetime:
    """The instant that counts as now: the one given to :func:`as_of`, else the wall clock."""
    return _as_of.get() or timezone.now()


@contextmanager
def as_of(instant: datetime) -> Iterator[None]:
    """Record what happens inside as having happened at ``instant`` (aware).

    Raises:
        NaiveDatetime: ``instant`` has no time zone.
    """
    NaiveDatetime.refuse(as_of=instant)
    token = _as_of.set(instant)
    try:
        yield
    finally:
        _as_of.reset(token)


def replaying() -> bool:
    """True inside :func:`as_of`."""
    return _as_of.get() is not None
