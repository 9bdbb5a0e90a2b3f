"""A desk for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.example.desk import Desk


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
