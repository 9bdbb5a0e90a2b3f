"""Database servers of our own, in a directory of their own, that can be killed and started again.

Only processes are killed, never the machine: what a server has handed to the operating system
is kept, so none of them needs to wait for the disk.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds until a server has to have started."""


def die_with_parent() -> None:
    """Have this process killed when the one that started it is gone, in whatever way."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """What all have in common; SQLite, which has no server, is nothing but a file."""

    kind = "sqlite"
    programs: Sequence[str] = ()
    owner: str | None = None
    """As whom it runs where we are root."""

    def __init__(self, home: Path) -> None:
        """``home`` is a directory of its own; what is there from before is used again."""
        self.home = home
        self.data = home / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> list[str]:
        """The programs that are not on this machine."""
        return [name for name in cls.programs if program(name) is None]

    def environment(self, database: str) -> dict[str, str]:
        """By which ``tests.crash.settings`` finds it."""
        return {
            "TEST_DB": self.kind,
            "TEST_DB_HOST": "127.0.0.1",
            "TEST_DB_PORT": str(self.port),
            "TEST_DB_NAME": database,
            "TEST_DB_USER": "root" if self.kind == "mariadb" else "postgres",
            "TEST_DB_PASSWORD": "",
            "CRASH_HOME": str(self.home),
        }

    def start(self) -> None:
        """Start it, and wait until it lets somebody in.

        Raises:
            TimeoutError: it does not; its log says why.
        """

    def kill(self) -> None:
        """End it at once, without a word."""

    def _run(self, name: str, *arguments: str) -> None:
        with (self.home / "log").open("ab") as log:
            subprocess.run(
                [str(program(name)), *arguments],
                stdout=log,
                stderr=log,
                check=True,
                timeout=PATIENCE,
                **self._as_owner(),
            )

    def _spawn(self, name: str, *arguments: str) -> None:
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(program(name)), *arguments],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
                **self._as_owner(),
            )

    def _as_owner(self) -> dict[str, Any]:
        as_root = os.geteuid() == 0 and self.owner is not None
        identity = {"user": self.owner, "group": self.owner, "extra_groups": []} if as_root else {}
        return {"cwd": self.home, **identity}

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


class MariaDB(Server):
    kind = "mariadb"
    programs = ("mariadbd", "mariadb-install-db")

    def start(self) -> None:
        user = ["--user=root"] if os.geteuid() == 0 else []
        if not self.data.exists():
            self._run(
                "mariadb-install-db",
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--datadir={self.data}",
                *user,
            )
        self._spawn(
            "mariadbd",
            "--no-defaults",
            f"--datadir={self.data}",
            f"--socket={self.home / 'socket'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=64M",
            *user,
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"MariaDB does not start, see {self.home / 'log'}")
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None


class Postgres(Server):
    kind = "postgres"
    programs = ("initdb", "postgres", "pg_isready")
    owner = "postgres"

    def start(self) -> None:
        if not self.data.exists():
            if os.geteuid() == 0:
                shutil.chown(self.home, "postgres", "postgres")
            self._run(
                "initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8",
                "--locale=C", f"--pgdata={self.data}",
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL does not start, see {self.home / 'log'}")
            if self._process is None or self._process.poll() is not None:
                # It refuses to as long as a child of the one before is alive.
                self._spawn(
                    "postgres", "-D", str(self.data), "-p", str(self.port), "-k", str(self.home),
                    "-h", "127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off",
                )  # fmt: skip
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        command = [str(program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, timeout=PATIENCE).returncode == 0

    def kill(self) -> None:
        """The server and all its children, before any of them can react to another's end."""
        if self._process is None:
            return
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in map(int, children):
            os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait(PATIENCE)
        self._process = None


SERVERS: dict[str, type[Server]] = {kind.kind: kind for kind in (Server, Postgres, MariaDB)}


def program(name: str) -> str | None:
    """Where it is: Debian keeps PostgreSQL's own ones out of the way."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *map(str, versions)]
    return shutil.which(name, path=os.pathsep.join(places))
