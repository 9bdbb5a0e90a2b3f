"""Sweepers and deliverers at work while they, and the database server, are killed."""

import argparse
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.conf import settings

from tests.crash import desk, faults, worker
from tests.crash.check import check
from tests.crash.servers import Server
from tests.crash.worker import AGENT, DELIVERER, SWEEPER

SETTLES = 90
"""Seconds until everything has to be recorded and told, once nobody is killed any more."""
SETTLES_WITH_DEFECT = 15

TAIL = 2_000
"""Characters of what the workers said, where one ended by itself."""

MOST = 20
"""Of what is wrong, as many are told."""


class Siege:
    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        self.server = server
        self.options = options
        self.staff: dict[int, str] = {}
        """The roles of the workers that are alive, by process id."""
        self.points = {
            SWEEPER: [point for point in faults.SWEEPING if point in options.points],
            DELIVERER: [point for point in faults.DELIVERING if point in options.points],
            AGENT: [],
        }
        self.decks: dict[str, list[str]] = {SWEEPER: [], DELIVERER: [], AGENT: []}
        """Of each role, the points at which the next ones die, so that each has its turn."""
        self.kills: Counter[str] = Counter()
        """Workers that were killed, by role; and ``server``."""
        self.problems: list[str] = []

    def run(self) -> dict[str, Any]:
        """What came of it, as JSON types."""
        options = self.options
        desk.prepare(options.defect)
        begun = time.monotonic()
        numbers = {SWEEPER: options.sweepers, DELIVERER: options.deliverers, AGENT: options.agents}
        for role in Counter(numbers).elements():
            self.hire(role)
        self.fight()
        fought = time.monotonic()
        self.settle()
        self.dismiss()
        # Each message is marked by itself: whoever dies has sent one that nobody knows of. Where
        # the server dies, every deliverer may have.
        allowed = self.kills[DELIVERER] + self.kills["server"] * options.deliverers
        verdict = desk.closing(check)(allowed)
        wrong = self.problems + verdict.wrong
        return asdict(verdict) | {
            "wrong": wrong if len(wrong) <= MOST else [*wrong[:MOST], f"{len(wrong)} in all"],
            "kills": dict(self.kills),
            "points": dict(Counter(deaths())),
            "seconds": [round(fought - begun), round(time.monotonic() - fought)],
        }

    def hire(self, role: str) -> None:
        point = None
        if self.points[role] and not self.is_over():
            deck = self.decks[role]
            deck += random.sample(self.points[role], len(self.points[role])) if not deck else []
            point = deck.pop()
        self.staff[worker.start(role, point, self.options.defect)] = role

    def replace(self) -> None:
        """Hire somebody for each who died; nobody for those who were asked to go home."""
        while self.staff:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            role = self.staff.pop(pid)
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                self.kills[role] += 1
                self.hire(role)
            elif status or role != AGENT:
                said = (settings.HOME / worker.LOG).read_text()[-TAIL:]
                self.problems.append(f"a {role} ended by itself, status {status}: …{said}")

    def is_over(self) -> bool:
        """Whether there have been enough kills, and somebody has died at every point."""
        points = {point for some in self.points.values() for point in some}
        return self.kills.total() >= self.options.kills and points <= set(deaths())

    def is_lost(self) -> bool:
        """Whether nothing good can come of going on."""
        return bool(self.problems) and not self.options.defect

    def fight(self) -> None:
        """Kill until it is over, with enough to do all the time."""
        patience = time.monotonic() + 60 + 5 * self.options.kills
        servers_at = self.server_kills()
        at_random = self.options.kills // 4 if self.options.random else 0
        looked = 0.0
        while not self.is_over() and not self.is_lost():
            if time.monotonic() > patience:
                self.problems.append(f"only {self.kills.total()} kills")
                return
            time.sleep(0.02)
            self.replace()
            if at_random and random.random() < 0.02:
                at_random -= 1
                with suppress(ProcessLookupError):
                    os.kill(random.choice(list(self.staff)), signal.SIGKILL)
            if servers_at and self.kills.total() >= servers_at[0]:
                servers_at.pop(0)
                self.kill_server()
            if time.monotonic() - looked > 0.25:
                looked = time.monotonic()
                clocks, notices = desk.left()
                if clocks < desk.OPENED and notices < 12 * desk.OPENED:
                    desk.open_tickets()

    def server_kills(self) -> list[int]:
        """After how many kills the server is killed, too."""
        if not self.server.programs or not self.options.random:
            return []
        every = min(max(self.options.kills // 3, 1), 20)
        return list(range(every, self.options.kills, every))

    def kill_server(self) -> None:
        self.server.kill()
        self.kills["server"] += 1
        time.sleep(random.uniform(0, 0.5))
        self.server.start()

    def settle(self) -> None:
        """Wait until everything is recorded and told. Some still die, as it was arranged."""
        for pid in [pid for pid, role in self.staff.items() if role == AGENT]:
            os.kill(pid, signal.SIGTERM)
        patience = SETTLES_WITH_DEFECT if self.options.defect else SETTLES
        deadline = time.monotonic() + patience
        while any(desk.left()) and not self.is_lost():
            if time.monotonic() > deadline:
                self.problems.append("left over: {} clocks, {} notices".format(*desk.left()))
                return
            time.sleep(0.1)
            self.replace()

    def dismiss(self) -> None:
        """Ask all to stop; whoever does not is a problem."""
        for pid in self.staff:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while self.staff and time.monotonic() < deadline:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                time.sleep(0.02)
            elif os.WIFSIGNALED(status):
                self.kills[self.staff.pop(pid)] += 1
            elif (role := self.staff.pop(pid)) and status:
                self.problems.append(f"a {role} that was asked to stop ended with {status}")
        for pid, role in self.staff.items():
            self.problems.append(f"a {role} does not stop")
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def deaths() -> list[str]:
    """Each point at which a worker has died."""
    return settings.DEATHS.read_text().splitlines() if settings.DEATHS.exists() else []
