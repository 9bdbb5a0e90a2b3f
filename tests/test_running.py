"""Commands that take a while: how they are stopped, and how far they say that they are."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.utils import timezone

from django_sla.flow import seal as sealing
from django_sla.management import running
from django_sla.management.running import Meter, stoppable
from django_sla.models import Seal
from tests.hosts.desk.models import Ticket


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_command_in_a_thread_hears_no_signals_and_leaves_them_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def work() -> bool:
        with stoppable() as stop:
            assert signal.getsignal(signal.SIGTERM) is before
            return bool(stop)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() is False


@pytest.mark.parametrize(
    ("total", "left"), [(90, "89 s left"), (91, "2 min left"), (5401, "1.5 h left")]
)
def test_how_long_it_will_take(monkeypatch: Any, total: int, left: str) -> None:
    clock = iter([0.0, 1.0])
    monkeypatch.setattr(running, "monotonic", lambda: next(clock))
    terminal = Terminal()
    Meter(OutputWrapper(terminal), total, "tickets").advance(1)
    assert terminal.getvalue().endswith(f"1 of {total:,} tickets, 1 a second, {left}")


def seal(**options: Any) -> str:
    out = StringIO()
    call_command("sla_seal", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def unsealed(db: None) -> Any:
    """Rows that were seen and are to be sealed now."""
    Ticket.objects.create()
    seal()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        yield


@pytest.mark.django_db
def test_without_anything_to_seal_nothing_is_said() -> None:
    assert seal() == ""


def test_who_seals_quietly_hears_nothing(unsealed: None) -> None:
    assert seal(verbosity=0) == ""
    assert Seal.objects.exclude(records=b"").exists()
    out = StringIO()
    call_command("sla_seal", "--verify", verbosity=0, stdout=out)
    assert out.getvalue() == ""


def test_a_signal_ends_sealing_after_a_seal(unsealed: None, monkeypatch: Any) -> None:
    pack = sealing.pack

    def pack_and_ask_to_stop(*args: Any) -> bytes:
        os.kill(os.getpid(), signal.SIGTERM)
        return pack(*args)

    monkeypatch.setattr(sealing, "pack", pack_and_ask_to_stop)
    with pytest.raises(SystemExit) as stopped:
        seal()
    assert stopped.value.code == 128 + signal.SIGTERM
    assert Seal.objects.exclude(records=b"").count() == 1
    monkeypatch.undo()
    assert ": 1 rows sealed; " in seal()


def test_who_seals_while_somebody_else_does_is_told(unsealed: None, monkeypatch: Any) -> None:
    pack = sealing.pack

    def pack_after_somebody_else(*args: Any) -> bytes:
        monkeypatch.undo()
        sealing.seal("default")
        return pack(*args)

    monkeypatch.setattr(sealing, "pack", pack_after_somebody_else)
    with pytest.raises(CommandError, match="Somebody else is sealing"):
        seal()
