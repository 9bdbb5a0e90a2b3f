"""The example project runs as its users run it: in a process of its own, with its own settings."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(database: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: v for name, v in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "example_project/manage.py", *map(str, arguments)],
        cwd=ROOT,
        env=inherited | {"DESK_DB": str(database)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


class Desk:
    """A desk with a database of its own."""

    def __init__(self, database: Path):
        self.database = database

    def manage(self, *arguments: object, ok: bool = True, **environment: str) -> str:
        """What a management command prints, on both streams."""
        done = run(self.database, *arguments, **environment)
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, output
        assert "Traceback" not in output, output
        return output

    def select(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str) -> int:
        return self.select(f"SELECT COUNT(*) FROM {table}")[0][0]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("desk") / "desk.sqlite3"
    Desk(database).manage("migrate", "--verbosity", 0)
    return database


@pytest.fixture
def desk(migrated: Path, tmp_path: Path) -> Desk:
    return Desk(Path(shutil.copy(migrated, tmp_path / "desk.sqlite3")))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write a file; give its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "export.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
