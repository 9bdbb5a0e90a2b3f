import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from desk.importer import NotAnExport, Tally, import_incidents, survey
from desk.play import plain_cursors

STEP = 5000
"""Rows between two lines of progress, where stderr is no terminal."""


class Command(BaseCommand):
    help = "Replay the incidents of a ServiceNow desk from an export of its audit log (CSV)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--time-zone", default="America/Sao_Paulo", help="of the times in the file"
        )
        parser.add_argument("--encoding", default="utf-8-sig")

    def handle(self, *, file: Path, time_zone: str, encoding: str, **options: Any) -> None:
        try:
            zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise CommandError(
                f"--time-zone: {time_zone!r} is not a zone such as America/Sao_Paulo"
            ) from None
        try:
            tally, seconds = self._import(file, zone, encoding)
        except NotAnExport as error:
            raise CommandError(f"{file}: {error}") from None
        except UnicodeDecodeError as error:
            raise CommandError(
                f"{file}: not text in {encoding} ({error.reason}); expected a CSV file, "
                "and see --encoding"
            ) from None
        except LookupError:
            raise CommandError(f"--encoding: unknown encoding {encoding!r}") from None
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        self.stdout.write(
            f"{_count(tally.incidents, 'incident')}, {_count(tally.events, 'event')} "
            f"in {seconds:.1f} s ({tally.events / seconds:.0f} events/s)"
        )
        if tally.known:
            self.stdout.write(f"{_count(tally.known, 'incident')} here already: left alone")
        if tally.refused:
            self.stdout.write(
                f"{_count(tally.refused, 'incident')} not imported, for the reasons above"
            )

    def _import(self, file: Path, zone: ZoneInfo, encoding: str) -> tuple[Tally, float]:
        with file.open(encoding=encoding, newline="") as text:
            surveyed = survey(text)
        tally, started = Tally(), time.monotonic()
        progress = Progress(self.stderr, surveyed.rows)

        def complain(line: int, reason: str) -> None:
            progress.clear()
            self.stderr.write(f"line {line}: {reason}")

        with file.open(encoding=encoding, newline="") as text, plain_cursors():
            for tally in import_incidents(text, zone, surveyed, complain):
                progress.show(tally.rows)
        progress.clear()
        return tally, time.monotonic() - started


def _count(number: int, what: str) -> str:
    return f"{number} {what}{pluralize(number)}"


class Progress:
    """One line that is written over on a terminal; a line now and then elsewhere."""

    def __init__(self, stream: Any, total: int):
        self._stream = stream
        self._total = total
        self._terminal = stream.isatty()
        self._next = 0.0 if self._terminal else STEP

    def show(self, rows: int) -> None:
        now = time.monotonic() if self._terminal else rows
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else STEP)
        done = f"{rows} of {self._total} rows ({rows / self._total:.0%})"
        if self._terminal:
            self._stream.write(f"\r{done}", str, ending="")
            self._stream.flush()
        else:
            self._stream.write(done, str)

    def clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K", str, ending="")
