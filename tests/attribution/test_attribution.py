"""Under load, each change is written down as of who made it, and from where: no mix-up ever.

A threaded WSGI server and two ASGI servers are asked by a hundred clients at once, some views
raise, and the system itself is at work in between. ``SOAK=1`` makes it 100,000 changes.
"""

import logging
import os
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import connection, connections
from simple_history.models import HistoricalRecords

from tests.attribution.check import Found, check
from tests.attribution.clients import clients, drive, plan
from tests.attribution.servers import SyncOnly, asgi, threaded
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]

CHANGES = 100_000 if os.environ.get("SOAK") else 2_000
FEW = 200
"""Changes in which a mix-up that is certain to happen shows."""


@pytest.fixture(autouse=True)
def desk(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.attribution.views"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.DJANGO_SLA = {"TRUSTED_PROXIES": ["127.0.0.1"]}


@pytest.fixture(autouse=True)
def write_ahead() -> Iterator[None]:
    """On SQLite, with a write-ahead log, as in production: readers wait for nobody."""
    if connection.vendor != "sqlite":
        yield
        return
    options = connection.settings_dict["OPTIONS"]
    usual = options["init_command"]
    connection.close()
    options["init_command"] = "PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL;"
    yield
    connection.close()
    options["init_command"] = usual


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Views that break are meant to."""
    caplog.set_level(logging.CRITICAL, logger="django.request")


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Threads take turns more often than usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.002)
    yield
    sys.setswitchinterval(usual)


@contextmanager
def system_at_work() -> Iterator[None]:
    """Tickets are opened by nobody: by a thread outside of any request, and when one is over."""
    over = threading.Event()
    rng = random.Random(3)

    def work() -> None:
        try:
            while not over.wait(0.02):
                Ticket.objects.create(title="By the system")
        finally:
            connections.close_all()

    def finished(**kwargs: Any) -> None:
        if rng.random() < 0.05:
            try:
                Ticket.objects.create(title="After a request")
            finally:
                connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    request_finished.connect(finished)
    try:
        yield
    finally:
        request_finished.disconnect(finished)
        over.set()
        thread.join(30)
    assert Ticket.objects.filter(title="By the system").exists()
    assert Ticket.objects.filter(title="After a request").exists()


def under_load(settings: Any, changes: int) -> Found:
    """What the changelog and the events say after so many changes."""
    requests = plan(clients(), changes, random.Random(changes))
    with ExitStack() as stack:
        ports = [
            stack.enter_context(threaded()),
            stack.enter_context(asgi(settings)),
            stack.enter_context(asgi(settings, f"{SyncOnly.__module__}.{SyncOnly.__name__}")),
        ]
        stack.enter_context(system_at_work())
        problems = drive(requests, ports)
    found = check(requests)
    found.wrong += problems
    return found


def test_no_change_is_written_down_as_somebody_elses(settings: Any) -> None:
    found = under_load(settings, CHANGES)
    assert found.wrong == []
    assert found.rows >= CHANGES
    assert found.events >= CHANGES


def test_a_request_in_a_module_global_is_caught(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last request to come in is taken for the one being served."""

    class Global(SimpleNamespace):
        def __delattr__(self, name: str) -> None:
            self.__dict__.pop(name, None)  # two requests end, one was kept

    monkeypatch.setattr(HistoricalRecords, "context", Global())
    found = under_load(settings, FEW)
    assert mixed_up(found) > FEW / 10


def test_a_request_that_is_kept_for_a_thread_is_caught(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event loop serves all its requests on one thread, and saves on others."""
    monkeypatch.setattr(HistoricalRecords, "context", threading.local())
    found = under_load(settings, FEW)
    assert mixed_up(found) > FEW / 10


def test_a_request_that_is_never_forgotten_is_caught(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system does after a request would be its client's."""

    kept = HistoricalRecords.context

    class Lasting:
        def __getattr__(self, name: str) -> Any:
            return getattr(kept, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(kept, name, value)

        def __delattr__(self, name: str) -> None:
            pass

    monkeypatch.setattr(HistoricalRecords, "context", Lasting())
    found = under_load(settings, FEW)
    assert any("the system" in wrong for wrong in found.wrong), found.wrong


def mixed_up(found: Found) -> int:
    return sum(" at " in wrong for wrong in found.wrong)
