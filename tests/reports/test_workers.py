"""Work done by several processes: in order, on the same database, and none of them left over."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.db import connections

from django_sla.core.errors import NoOpenTime
from django_sla.exceptions import CannotShare
from django_sla.models import Policy
from django_sla.reports.workers import in_order

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]


Begin = Callable[[float], tuple[subprocess.Popen[str], list[int]]]


@pytest.fixture(autouse=True)
def nobody_is_left_over() -> Iterator[None]:
    yield
    assert active_children() == []


def who(piece: float) -> tuple[float, int, list[str]]:
    """The piece after so many seconds, who did it, and what they see."""
    sleep(piece)
    return piece, os.getpid(), list(Policy.objects.values_list("name", flat=True))


def killed(piece: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def never_open(piece: int) -> int:
    if piece == 2:
        raise NoOpenTime("never")
    return piece


def test_in_the_order_of_the_pieces_and_on_the_same_database() -> None:
    Policy.objects.create(name="Desk", goals={"*": {"resolution": "8h"}})
    pieces = [0.5, 0.0, 0.1, 0.0]
    found = list(in_order(who, pieces, 2))
    assert [piece for piece, _pid, _seen in found] == pieces
    pids = {pid for _piece, pid, _seen in found}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert all(seen == ["Desk"] for _piece, _pid, seen in found)


def test_whoever_closes_it_does_not_wait_for_the_rest() -> None:
    with closing(in_order(who, [0.0, *[0.3] * 90], 2)) as found:
        next(found)
        start = monotonic()
    assert monotonic() - start < 10


def test_an_error_is_raised_as_it_is_and_ends_the_others() -> None:
    found = in_order(never_open, range(100), 2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(NoOpenTime, match="never"):
        next(found)


def test_one_that_is_killed_is_told_and_nothing_waits_for_it() -> None:
    with pytest.raises(BrokenProcessPool):
        list(in_order(killed, range(10), 2))


def test_they_are_in_the_schema_of_whoever_began_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.reports.in_schema import schema

    monkeypatch.setattr(connections["default"], "schema_name", "acme", raising=False)
    assert list(in_order(schema, range(3), 1)) == ["acme"] * 3


def test_where_signals_cannot_be_kept_away_the_work_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")  # as on Windows
    assert list(in_order(str, range(3), 1)) == ["0", "1", "2"]


def test_a_database_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    if connections["default"].vendor != "sqlite":
        pytest.skip("a server is in nobody's memory")
    monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: True)
    with pytest.raises(CannotShare, match="'default' is in memory"):
        next(in_order(never_open, range(3), 2))


PARENT = """
if __name__ == "__main__":
    import signal

    import django

    # Whoever runs these tests in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    django.setup()
    from django.db import connection
    from django_sla.reports.workers import in_order
    from tests.reports.test_workers import note

    connection.settings_dict["NAME"] = "unused"
    list(in_order(note, [("{folder}", {seconds})] * 4, 2))
"""


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin somebody in a terminal of their own, and wait until their two workers work."""
    parents = []

    def begin(seconds: float) -> tuple[subprocess.Popen[str], list[int]]:
        path = tmp_path / "parent.py"
        path.write_text(PARENT.format(folder=tmp_path, seconds=seconds))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
        parent = subprocess.Popen(
            [sys.executable, path],
            env=environment,
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )
        parents.append(parent)
        wait_for(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        return parent, [int(path.stem) for path in tmp_path.glob("*.pid")]

    yield begin
    for parent in parents:
        parent.kill()
        parent.communicate()


def test_they_end_when_whoever_began_them_is_killed(begin: Begin) -> None:
    parent, pids = begin(120)
    parent.kill()
    wait_for(lambda: not any(map(is_alive, pids)))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals are sent otherwise there")
def test_ctrl_c_is_for_whoever_began_them_alone(begin: Begin) -> None:
    parent, pids = begin(2)
    os.killpg(parent.pid, signal.SIGINT)
    _out, errors = parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGINT
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt") == 1
    wait_for(lambda: not any(map(is_alive, pids)))


def note(asked: tuple[str, float]) -> None:
    """Say who works, and work for so many seconds."""
    folder, seconds = asked
    (Path(folder) / f"{os.getpid()}.pid").touch()
    sleep(seconds)


def wait_for(condition: Callable[[], bool]) -> None:
    end = monotonic() + 30
    while not condition():
        assert monotonic() < end
        sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
