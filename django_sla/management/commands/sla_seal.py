"""``manage.py sla_seal``: a chain of digests over events and changelogs."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from django_sla.exceptions import SLAError
from django_sla.flow.seal import Verification, seal
from django_sla.flow.sweep import databases
from django_sla.management.running import stoppable
from django_sla.models import Seal

MOST = 20
"""Findings that are told one by one."""


class Command(BaseCommand):
    help = (
        "Seal events and changelogs: digests of what was written before the last run, in a chain. "
        "With --verify, say what is not as it was sealed. A seal does not prevent a change, it "
        "shows one; keep the digest that is printed where nobody can reach who can change the "
        "database. The exit status is 1 where something is not as it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--verify", action="store_true", help="compare all that is sealed, and change nothing"
        )
        parser.add_argument(
            "--expect",
            metavar="DIGEST",
            help="with --verify: a digest that was printed before has to be in the chain",
        )

    def handle(self, **options: Any) -> None:
        if options["expect"] is not None and not options["verify"]:
            raise CommandError("--expect: belongs to --verify")
        self.quiet = options["verbosity"] == 0
        if options["verify"]:
            self._verify(options["expect"])
        else:
            self._seal()

    def _seal(self) -> None:
        with stoppable() as stop:
            for using in databases():
                try:
                    rows = seal(using, watch=lambda number: bool(stop))
                except SLAError as error:
                    raise CommandError(str(error)) from None
                newest = Seal._base_manager.using(using).last()
                if newest is not None and not self.quiet:
                    self.stdout.write(
                        f"{using}: {rows:,} rows sealed; seal {newest.number:,} is {newest.digest}"
                    )
        if stop:
            sys.exit(stop.status)

    def _verify(self, expected: str | None) -> None:
        found, digests = 0, set()
        for using in databases():
            look = Verification(using)
            for finding in look.findings():
                found += 1
                if found <= MOST:
                    self.stderr.write(f"{using}: {finding}")
            digests |= set(look.digests)
            if not self.quiet:
                self.stdout.write(
                    f"{using}: {len(look.digests):,} seals, {look.rows:,} rows; of "
                    f"{look.forgotten:,} a name or an address was taken away since, "
                    f"{look.deleted:,} went with their tickets"
                )
        if found > MOST:
            self.stderr.write(f"… and {found - MOST:,} more")
        if expected is not None and expected.strip().lower() not in digests:
            raise CommandError("--expect: no seal has this digest: the chain is another one")
        if found:
            raise CommandError(f"{found:,} things are not as they were sealed.")
