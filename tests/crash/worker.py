"""A process that works until it dies: a sweeper, a deliverer, or an agent at the same tickets."""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connection

from django_sla.flow import deliver, sweep
from tests.crash import defects, faults
from tests.crash.servers import die_with_parent
from tests.hosts.desk.models import Ticket

LOG = "workers.log"
"""What workers say, all of them in one file."""

SWEEPER, DELIVERER, AGENT = "sweeper", "deliverer", "agent"


def start(role: str, fault: str | None, defect: str | None) -> int:
    """Fork one; its process id. It ends with the status 0 when it is asked to by SIGTERM.

    The caller has no open connection to the database: two processes would share it.
    """
    # Whoever is asked to stop before having begun has stopped.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, lambda signum, frame: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    if pid:
        return pid
    status = 1
    try:
        die_with_parent()
        random.seed()
        log = os.open(settings.HOME / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, sys.stdout.fileno())
        os.dup2(log, sys.stderr.fileno())
        hurry()
        if defect is not None:
            defects.seed(defect)
        if fault is not None:
            faults.arm(fault, note_death)
        ROLES[role]()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def hurry() -> None:
    """Nobody waits for minutes here, and many small batches have more places to die at."""
    sweep.BATCH = 5
    deliver.BATCH = 10
    deliver.LEASE = timedelta(seconds=6)
    deliver.GRACE = timedelta(seconds=1)
    deliver.PAUSE = timedelta(seconds=0.5)
    deliver.LONGEST_PAUSE = timedelta(seconds=2)


def note_death(point: str) -> None:
    deaths = os.open(settings.DEATHS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(deaths, f"{point}\n".encode())


def _sweep() -> None:
    call_command("sla_sweep", "--loop", "0.1", "--no-deliver", "--verbosity", "0")


def _deliver() -> None:
    call_command("sla_deliver", "--loop", "0.1", "--verbosity", "0")


def _work() -> None:
    """Save tickets, so that their clocks are written anew beside the sweeps."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda signum, frame: asked.append(signum))
    while not asked:
        try:
            ticket = Ticket.objects.order_by("?").first()
            if ticket is not None:
                ticket.status = "working" if ticket.status == "open" else "open"
                ticket.save()
        except (DatabaseError, InterfaceError):
            connection.close()  # killed, or a deadlock
        time.sleep(0.02)


ROLES: dict[str, Callable[[], None]] = {SWEEPER: _sweep, DELIVERER: _deliver, AGENT: _work}
