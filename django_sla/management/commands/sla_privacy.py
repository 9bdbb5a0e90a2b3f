"""``manage.py sla_privacy``: what is known of people, and taking it away."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from django_sla.conf import settings
from django_sla.flow.privacy import (
    Person,
    Piece,
    cutoff,
    held,
    out_of_reach,
    to_erase,
    to_purge,
    work_off,
)
from django_sla.management.running import Meter, Stop, stoppable


class Command(BaseCommand):
    help = (
        "Say what is kept of people. With --purge, take away addresses that are older than "
        "RETENTION_DAYS, and the recipients of notices as old; with --erase, all that is known of "
        "one person. Facts and deadlines stay as they are. It may run on a live system, be "
        "stopped, and be started again. What was taken away cannot be brought back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--purge", action="store_true", help="take away what is older than it is kept"
        )
        what.add_argument(
            "--erase",
            metavar="USER",
            help="forget this person: the name they log in with, or the primary key, also of one "
            "whose account is gone",
        )
        parser.add_argument(
            "--reasons", action="store_true", help="with --erase: what they wrote as reasons, too"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how much it would be")

    def handle(self, **options: Any) -> None:
        if options["reasons"] and options["erase"] is None:
            raise CommandError("--reasons: belongs to --erase")
        if options["dry_run"] and options["erase"] is None and not options["purge"]:
            raise CommandError("--dry-run: belongs to --purge or --erase")
        self.quiet = options["verbosity"] == 0
        if options["purge"]:
            pieces = self._to_purge()
        elif options["erase"] is not None:
            person = _person(options["erase"])
            pieces = [
                piece
                for using in connections
                for piece in to_erase(person, using, reasons=options["reasons"])
            ]
            for label in (label for using in connections for label in out_of_reach(using)):
                self.stderr.write(f"{label} says in its own way who did what: see to it yourself")
        else:
            return self._tell()
        if options["dry_run"]:
            for piece in pieces:
                self._say(piece, piece.count(), "would be taken away")
            return None
        with stoppable() as stop:
            self._work(pieces, stop)
        if stop:
            self.stdout.write("Stopped. To go on, run the same again.")
            sys.exit(stop.status)
        return None

    def _to_purge(self) -> list[Piece]:
        before = cutoff()
        if before is None:
            raise CommandError("--purge: RETENTION_DAYS is None, which keeps addresses for good")
        return [piece for using in connections for piece in to_purge(before, using)]

    def _work(self, pieces: Iterable[Piece], stop: Stop) -> None:
        for piece in pieces:
            meter = Meter(self.stdout, piece.count(), str(piece.what), quiet=self.quiet)

            def watch(number: int, meter: Meter = meter) -> bool:
                meter.advance(number)
                return bool(stop)

            done = work_off(piece, watch)
            meter.clear()
            self._say(piece, done, "taken away")
            if stop:
                return

    def _say(self, piece: Piece, number: int, how: str) -> None:
        if number and not self.quiet:
            self.stdout.write(f"{piece.label}: {piece.what}: {number:,} {how}")

    def _tell(self) -> None:
        days = settings.retention_days
        kept = "for good" if days is None else f"{days:,} days"
        self.stdout.write(f"Addresses are kept: {settings.client_ip}, {kept}")
        for using in connections:
            for kind in held(using):
                since = "" if kind.oldest is None else f", since {_date(kind.oldest)}"
                self.stdout.write(f"{kind.label}: {kind.what}: {kind.count:,}{since}")


def _person(text: str) -> Person:
    try:
        return Person.called(text)
    except ValidationError:
        raise CommandError(f"--erase: nobody logs in as {text!r}, and it is no key") from None


def _date(instant: Any) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d}"
