"""What the commands have in common that run again and again."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connections

from django_sla.flow.sweep import databases
from django_sla.management.running import Stop, stoppable

LONGEST = 60.0
"""Seconds until a database that is away is asked again, at most."""

Turn = Callable[[str, Stop], bool]
"""One round on one database; whether all went well."""


def seconds(text: str) -> float:
    """The value of ``--loop``.

    Raises:
        ValueError: it is not a number of seconds from 0.1 to 86,400.
    """
    value = float(text)
    if not 0.1 <= value <= 86_400:
        raise ValueError(text)
    return value


def add_loop(parser: CommandParser) -> None:
    parser.add_argument(
        "--loop",
        type=seconds,
        metavar="SECONDS",
        help="go on until asked to stop, by Ctrl-C or SIGTERM, with a pause of so many seconds",
    )


def rounds(command: BaseCommand, turn: Turn, pause: float | None) -> None:
    """Run ``turn`` on every database that has tickets, once or again and again. Asked to stop, it
    finishes what it has begun and ends with the status 0.

    Raises:
        CommandError: once: something failed, or a database is away.
    """
    with stoppable() as stop:
        well = True
        while not stop:
            well = _round(command, turn, stop)
            if pause is None:
                break
            stop.wait(pause if well else min(LONGEST, max(pause, 1.0)))
    if pause is None:
        if stop:
            sys.exit(stop.status)
        if not well:
            raise CommandError("Not everything went well; see above.")


def _round(command: BaseCommand, turn: Turn, stop: Stop) -> bool:
    well = True
    for using in databases():
        _refresh(using)
        try:
            well = turn(using, stop) and well
        except (InterfaceError, OperationalError) as error:
            command.stderr.write(f"{using}: the database is away: {error}".strip())
            well = False
    return well


def _refresh(using: str) -> None:
    """Of a process that runs for days the server may have closed the connection."""
    connection = connections[using]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def told(command: BaseCommand, problems: Iterable[Any], most: int = 5) -> None:
    """The first few problems, and how many more there are."""
    listed = list(problems)
    for problem in listed[:most]:
        command.stderr.write(str(problem))
    if len(listed) > most:
        command.stderr.write(f"… and {len(listed) - most} more")
