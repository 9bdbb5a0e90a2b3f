"""``manage.py sla_sweep`` and ``manage.py sla_deliver``."""

import os
import signal
import threading
from collections.abc import Iterator
from io import StringIO
from time import monotonic, sleep
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import override_settings

from django_sla.management.commands import sla_sweep
from django_sla.models import Beginning, Notice, Sweep
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy

pytestmark = pytest.mark.django_db

OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    Beginning.objects.create(pk=1, since=after(-1000))
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def run(name: str, *args: Any, hours: float = 9) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    with at(hours, tick="--loop" in args):
        call_command(name, *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_once() -> None:
    policy(OPS, goals={"*": {"resolution": "8h"}})
    opened()
    out, err = run("sla_sweep")
    assert out == ("1 due, the oldest 10,800 s late: 2 recorded (1 breaches), 1 notices\n"), (
        "late since the warning"
    )
    assert err == ""
    assert Recorder.said == []
    out, err = run("sla_deliver")
    assert out == "1 sent, 0 to be tried again, 0 given up, 0 no longer needed\n"
    assert len(Recorder.said) == 1


def test_sweep_and_deliver_in_one() -> None:
    policy(OPS)
    opened()
    out, _err = run("sla_sweep", "--deliver")
    assert out.endswith("1 sent, 0 to be tried again, 0 given up, 0 no longer needed\n")


def test_the_exit_status_says_that_a_ticket_could_not_be_looked_at() -> None:
    policy()
    ticket = opened()
    ticket.sla_clocks.filter(metric="resolution").update(pauses=["forged"])
    err = StringIO()
    with at(9), pytest.raises(CommandError, match="Not everything went well"):
        call_command("sla_sweep", stdout=StringIO(), stderr=err)
    assert f"The first: {ticket.pk}: " in err.getvalue()


def test_the_exit_status_says_that_one_could_not_be_sent() -> None:
    policy(OPS)
    opened()
    run("sla_sweep")
    Recorder.fails[:] = [ConnectionError("refused")]
    err = StringIO()
    with at(9), pytest.raises(CommandError, match="Not everything went well"):
        call_command("sla_deliver", stdout=StringIO(), stderr=err)
    assert err.getvalue() == "note ops@example.com: ConnectionError: refused\n"


def test_of_many_that_could_not_be_sent_the_first_few_are_told() -> None:
    policy(OPS | {"to": [f"ops{number}@example.com" for number in range(7)]})
    opened()
    run("sla_sweep")
    Recorder.fails[:] = [ConnectionError("refused")] * 7
    err = StringIO()
    with at(9), pytest.raises(CommandError, match="Not everything went well"):
        call_command("sla_deliver", stdout=StringIO(), stderr=err)
    lines = err.getvalue().splitlines()
    assert [line.endswith(": ConnectionError: refused") for line in lines] == [True] * 5 + [False]
    assert lines[-1] == "… and 2 more"


def test_the_exit_status_says_that_somebody_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sla_sweep.sweeping.sweep

    def sweep_and_ask_to_stop(**options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return sweep(**options)

    monkeypatch.setattr(sla_sweep.sweeping, "sweep", sweep_and_ask_to_stop)
    with pytest.raises(SystemExit) as stopped:
        run("sla_sweep", "--deliver")
    assert stopped.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize("wrong", ["0", "-1", "nonsense", "nan", "1e9"])
def test_a_loop_needs_seconds(wrong: str) -> None:
    with pytest.raises(CommandError, match="--loop"):
        call_command("sla_sweep", "--loop", wrong)


def test_a_loop_goes_on_until_it_is_asked_to_stop() -> None:
    policy(OPS, goals={"*": {"resolution": "8h"}})
    opened()

    def stop() -> None:
        deadline = monotonic() + 20
        while len(Recorder.said) < 1 and monotonic() < deadline:
            sleep(0.02)
        sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        run("sla_sweep", "--loop", "0.1")
    finally:
        thread.join()
    assert Sweep.objects.count() > 2
    assert Notice.objects.get().standing == "sent"


def test_a_loop_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def sweep(*, using: str, watch: Any) -> Any:
        calls.append(using)
        if len(calls) == 1:
            raise OperationalError("the server closed the connection unexpectedly")
        os.kill(os.getpid(), signal.SIGTERM)
        return Sweep()

    monkeypatch.setattr(sla_sweep.sweeping, "sweep", sweep)
    _out, err = run("sla_sweep", "--loop", "0.1")
    assert "default: the database is away: the server closed the connection" in err
    assert len(calls) == 2


def test_once_a_database_that_is_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def sweep(**kwargs: Any) -> Any:
        raise OperationalError("connection refused")

    monkeypatch.setattr(sla_sweep.sweeping, "sweep", sweep)
    with pytest.raises(CommandError, match="Not everything went well"):
        call_command("sla_sweep", stdout=StringIO(), stderr=StringIO())
