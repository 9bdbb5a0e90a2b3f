"""Files that commands write: whole, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.core.management import CommandError


@contextmanager
def replacing(name: str) -> Iterator[IO[bytes]]:
    """A file to write to, which takes this name once all of it is there. Until then, and where
    that comes to nothing, whatever has the name stays as it is.

    Raises:
        CommandError: it cannot be written.
    """
    path = Path(name).resolve()
    if path.exists() and not path.is_file():
        # A device or a pipe, which cannot be replaced, and should not be.
        with _told(name), path.open("wb") as file:
            yield file
        return
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    with _told(name), _deleted(beside):
        with beside.open("xb") as file:
            if path.exists():
                shutil.copymode(path, beside)
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


@contextmanager
def _deleted(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"--output: {name}: {error.strerror or error}") from error
