"""The example project as its users run it: in a process of its own, with its own settings."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, "example_project/manage.py"]
SECONDS = 120
"""After which nothing is waited for any longer."""

ADDRESS = re.compile(r"server at (http://[\w.:]+)/")


def environment(database: Path, **more: str) -> dict[str, str]:
    inherited = {name: v for name, v in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return inherited | {"DESK_DB": str(database), "PYTHONUNBUFFERED": "1"} | more


def run(database: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, *map(str, arguments)],
        cwd=ROOT,
        env=environment(database, **more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


class Desk:
    """A desk with a database of its own."""

    def __init__(self, database: Path):
        self.database = database

    def manage(self, *arguments: object, ok: bool = True, **more: str) -> str:
        """What a management command prints, on both streams."""
        done = run(self.database, *arguments, **more)
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, output
        assert "Traceback" not in output, output
        return output

    @contextmanager
    def served(self, **more: str) -> Iterator[str]:
        """``runserver`` for as long as the block lasts; gives its address."""
        log = self.database.with_suffix(".log")
        with log.open("wb") as requests:
            server = subprocess.Popen(
                # At any port that is free.
                [*MANAGE, "runserver", "--noreload", "127.0.0.1:0"],
                cwd=ROOT,
                env=environment(self.database, **more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=requests,
                text=True,
            )
        assert server.stdout is not None
        impatience = Timer(SECONDS, server.kill)
        impatience.start()
        try:
            said = [next(server.stdout, "")]
            while said[-1] and not ADDRESS.search(said[-1]):
                said.append(next(server.stdout, ""))
            impatience.cancel()
            address = ADDRESS.search(said[-1])
            assert address, "".join(said) + log.read_text()
            yield address[1]
        finally:
            impatience.cancel()
            server.kill()
            server.communicate()
        assert "Internal Server Error" not in log.read_text(), log.read_text()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Nobody else can write to the database for as long as the block lasts."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def select(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str) -> int:
        return self.select(f"SELECT COUNT(*) FROM {table}")[0][0]

    def schema(self) -> dict[str, str]:
        """What made each table and index, by its name."""
        return dict(self.select("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
