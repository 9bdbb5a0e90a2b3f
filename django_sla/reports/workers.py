"""Work cut into pieces, and done by several processes.

No model may be imported here: a new process comes here first, before its Django is set up. That is
also why work and pieces travel as bytes, and are read afterwards.
"""

import os
import pickle  # nosec B403 - between a process and those it started
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

import django
from django.db import connections

from django_sla.exceptions import CannotShare
from django_sla.tables.place import place

Piece = TypeVar("Piece")
Found = TypeVar("Found")

_given = b""
_work: Callable[[Any], Any] | None = None


def in_order(
    work: Callable[[Piece], Found], pieces: Iterable[Piece], workers: int
) -> Generator[Found, None, None]:
    """What ``work`` gives for each piece, in the order of the pieces. To end it early, close it.

    The processes are new ones, and not copies of this one: they share none of its connections.
    Each sets up Django by ``DJANGO_SETTINGS_MODULE`` and connects by itself, to the databases that
    this one is connected to.

    Raises:
        CannotShare: others cannot do it, as it is in the memory of this one.
        BrokenProcessPool: one of them was killed.
        Exception: what ``work`` raised first.
    """
    given = pickle.dumps((_databases(), work))
    executor = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (given,))
    try:
        with _without_interrupts():
            found = executor.map(_do, map(pickle.dumps, pieces))
        yield from found
    finally:
        executor.shutdown(cancel_futures=True)


def _databases() -> dict[str, tuple[dict[str, Any], str]]:
    """Their settings, as they are by now: the suite of a project has databases of its own. And the
    schema that this process is in, where each tenant has one."""
    found = {}
    for alias in connections:
        connection: Any = connections[alias]
        if connection.vendor == "sqlite" and connection.is_in_memory_db():
            raise CannotShare(f"the database {alias!r} is in memory")
        found[alias] = connection.settings_dict, place(alias)[1]
    return found


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; those that are begun here shall not hear of it,
    from their first moment on. This one hears of it afterwards, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(given: bytes) -> None:
    global _given
    _given = given
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for systems that cannot block it
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed cannot end the others."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # pragma: no cover - nothing is measured of a process that ends so


def _do(piece: bytes) -> Any:
    global _work
    if _work is None:
        django.setup()
        databases, work = pickle.loads(_given)  # nosec B301
        for alias, (settings, schema) in databases.items():
            connection: Any = connections[alias]
            connection.settings_dict.update(settings)
            if schema:
                connection.set_schema(schema)
        _work = work
    return _work(pickle.loads(piece))  # nosec B301
