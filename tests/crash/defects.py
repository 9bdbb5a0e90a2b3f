"""Defects that somebody could build in, each seeded in the workers to show that it is caught.

Those that a unique key would hide are seeded where there is none.
"""

from contextlib import nullcontext
from time import sleep
from types import SimpleNamespace
from typing import Any

from django.db import connections
from django.utils import timezone

from django_sla.flow import deliver, sweep
from django_sla.tables.delivery import Notice, Standing
from tests.crash.receiver import note
from tests.hosts.desk.models import Ticket

WITHOUT_KEY = ("no_key", "naive")


def leave_out_keys() -> None:
    """Have the tables made without the unique constraints on events and notices."""
    Ticket.sla.event_model._meta.constraints = []
    Notice._meta.get_field("key")._unique = False


def seed(defect: str) -> None:
    """Build a defect into this process."""
    {
        "no_key": _no_key,
        "naive": _naive,
        "in_pieces": _in_pieces,
        "early": _early,
        "marks_first": _marks_first,
    }[defect]()


def _in_pieces() -> None:
    """The events are committed before the notices are written."""
    usual = sweep.insert

    def insert(rows: Any, using: str) -> None:
        usual(rows, using)
        if rows and isinstance(rows[0], sweep.SLAEvent):
            connections[using].connection.commit()

    sweep.insert = insert


def _no_key() -> None:
    """Whoever dies before moving on is expected to be refused by the key the next time."""
    _in_pieces()
    sweep._known = lambda sla, looks, using: set()


def _naive() -> None:
    """Look, and if it is not there, insert: no lock, no transaction, no key."""

    def taken(sla: Any, due: Any, now: Any, using: str) -> Any:
        rows = list(due[: sweep.BATCH])
        found = sla.rows(using).filter(pk__in={row.ticket_id for row in rows})
        return rows, {ticket.pk: ticket for ticket in found}

    usual = sweep.insert

    def insert(rows: Any, using: str) -> None:
        sleep(0.02)
        usual(rows, using)

    sweep._taken = taken
    sweep.latest = lambda model, using: model._base_manager.using(using)
    sweep.insert = insert
    sweep.transaction = SimpleNamespace(atomic=lambda **kwargs: nullcontext())


def _early() -> None:
    """What is to be told is told where it is recorded, before that is committed."""
    usual = sweep.insert

    def insert(rows: Any, using: str) -> None:
        for row in rows:
            if isinstance(row, Notice):
                note(row.key, [row.key])
                row.standing, row.sent_at = Standing.SENT.value, timezone.now()
        usual(rows, using)

    sweep.insert = insert


def _marks_first() -> None:
    """What is to be sent is marked as sent, and then sent."""
    usual = deliver.send

    def send(notices: Any, using: str) -> Any:
        keys = [notice.pk for notice in notices]
        found = Notice.objects.using(using).filter(pk__in=keys)
        found.update(standing=Standing.SENT.value, sent_at=timezone.now(), claim="")
        return usual(notices, using)

    deliver.send = send
