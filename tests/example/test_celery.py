"""The desk with Celery, over a real Redis: the schedule alone makes a breach known."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from tests.example.desk import ROOT, Desk, environment

BROKER = "redis://127.0.0.1:6379/9"

SETTINGS = """
from config.settings import *
from config.settings import DJANGO_SLA
from django_sla.integrations.celery import beat_schedule

CELERY_BEAT_SCHEDULE = beat_schedule(sweep=1, deliver=1)
CELERY_TASK_DEFAULT_QUEUE = {queue!r}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = {mails!r}
DJANGO_SLA = DJANGO_SLA | {{
    "ESCALATIONS": [
        {{"metric": "resolution", "when": "due", "channel": "email", "to": ["ops@example.com"]}},
    ],
}}
"""

OPEN = """
from datetime import timedelta
from desk.models import Ticket
from django.utils import timezone
from django_sla.moment import as_of
# Due in three seconds.
with as_of(timezone.now() - timedelta(hours=4) + timedelta(seconds=3)):
    ticket = Ticket.objects.create(title="A printer on fire", priority="urgent")
print("ticket", ticket.pk)
"""

RECALCULATE = """
from django_sla.flow.recalculate import start
from django_sla.integrations.celery import recalculate
from django_sla.models import Policy
Policy.objects.create(name="New", goals={"*": {"resolution": "2h"}})
run = start(using="default")
recalculate.delay(run.pk, apply=True, reason="New contract")
print("run", run.pk)
"""

SECONDS = 60
"""Until what is waited for has to have come."""


def answers() -> bool:
    with socket.socket() as connection:
        connection.settimeout(2)
        return connection.connect_ex(("127.0.0.1", 6379)) == 0


pytestmark = pytest.mark.skipif(
    not answers(), reason="There is no Redis on port 6379: service redis-server start"
)


def eventually(found: Callable[[], Any], worker: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < end, "it did not come to pass"
        assert worker.poll() is None, "the worker has ended"
        time.sleep(0.1)
    return value


@pytest.fixture
def queue() -> Iterator[str]:
    name = f"desk-{uuid4().hex}"
    yield name
    with Redis.from_url(BROKER) as redis:
        for key in redis.scan_iter(f"*{name}*"):
            redis.delete(key)


@pytest.fixture
def more(queue: str, tmp_path: Path) -> dict[str, str]:
    """The environment in which the desk runs with Celery."""
    (tmp_path / "mails").mkdir()
    settings = SETTINGS.format(queue=queue, mails=str(tmp_path / "mails"))
    (tmp_path / "quick_settings.py").write_text(settings)
    return {
        "DESK_BROKER": BROKER,
        "DJANGO_SETTINGS_MODULE": "quick_settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }


@pytest.fixture
def worker(desk: Desk, more: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "config"]
    command += ["--workdir", str(ROOT / "example_project")]
    command += ["worker", "--beat", "--schedule", str(tmp_path / "schedule")]
    command += ["--concurrency", "1", "--loglevel", "INFO", "--without-mingle"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(desk.database, **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)
            raise
        finally:
            print(log.read_text())
    assert status == 0, "it does not stop cleanly"
    assert "Traceback" not in log.read_text()


@pytest.mark.thorough
def test_a_breach_becomes_known_by_the_schedule_alone(
    desk: Desk, more: dict[str, str], worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    desk.manage("seed_desk", "--tickets", 20)
    eventually(lambda: desk.count("django_sla_beginning"), worker)
    assert not list((tmp_path / "mails").iterdir()), "what nobody watched is not told"
    pk = desk.manage("shell", "-c", OPEN, **more).split()[-1]

    breached = (
        "SELECT json_extract(data, '$.metric') FROM desk_ticketslaevent "
        f"WHERE ticket_id = {pk} AND kind = 'target_breached' "
    )
    eventually(lambda: ("resolution",) in desk.select(breached), worker)
    # Django ends each with a line of dashes; before, it is still being written.
    [mail] = eventually(
        lambda: [
            text
            for text in (path.read_text() for path in (tmp_path / "mails").iterdir())
            if text.rstrip().endswith("-" * 79)
        ],
        worker,
    )
    assert "To: ops@example.com" in mail
    assert "A printer on fire" in mail
    assert desk.select("SELECT DISTINCT standing FROM django_sla_notice") == [("sent",)]

    number = desk.manage("shell", "-c", RECALCULATE, **more).split()[-1]
    state = f"SELECT phase, affected, applied FROM django_sla_recalculation WHERE id = {number}"
    eventually(lambda: desk.select(state)[0][0] == "done", worker)
    [(_phase, affected, applied)] = desk.select(state)
    assert affected == applied > 0


def test_without_a_broker_nothing_of_it_is_imported(desk: Desk) -> None:
    program = "import sys, json; print(json.dumps('celery' in sys.modules))"
    assert json.loads(desk.manage("shell", "-c", program).splitlines()[-1]) is False
