"""The desk under siege: its tables, tickets that come due, and what is left to do.

Each function leaves no connection open, which a fork would share.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from django_sla.flow.sweep import sweep
from django_sla.tables.delivery import Notice, Standing
from tests.crash import defects, receiver
from tests.hosts.desk.models import Ticket

OPENED = 25
"""Tickets that are opened at a time."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def closing(ask: Callable[Given, Answer]) -> Callable[Given, Answer]:
    @wraps(ask)
    def asked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return ask(*args, **kwargs)
        finally:
            connections.close_all()

    return asked


@closing
def prepare(defect: str | None) -> None:
    """A new database, with deadlines watched from now on, and the first tickets."""
    if connection.vendor != "sqlite":
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {connection.settings_dict['NAME']}")
    if defect in defects.WITHOUT_KEY:
        defects.leave_out_keys()
    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    for name in ("agnes", "bert"):
        get_user_model().objects.create_user(name, email=f"{name}@example.com")
    receiver.listen()
    sweep(using="default")
    open_tickets()


@closing
def open_tickets() -> None:
    """Some that come due in these seconds, opened an hour ago and watched since then."""
    users = list(get_user_model().objects.all())
    hour_ago = timezone.now() - timedelta(hours=1)
    tickets = [
        Ticket(
            assignee=random.choice(users),
            created_at=hour_ago + timedelta(seconds=random.uniform(-3, 2)),
        )
        for _ in range(OPENED)
    ]
    with transaction.atomic():
        opened = Ticket.objects.bulk_create(tickets)
        clocks = Ticket.sla.clock_model.objects.filter(ticket__in=opened)
        clocks.update(watched_from=F("started_at"))


@closing
def left() -> tuple[int, int]:
    """Clocks at which something is still to happen, and notices that wait."""
    clocks = Ticket.sla.clock_model.objects.exclude(next_at=None)
    notices = Notice.objects.filter(standing=Standing.WAITING)
    return clocks.count(), notices.count()
