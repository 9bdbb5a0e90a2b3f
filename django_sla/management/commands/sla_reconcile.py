"""``manage.py sla_reconcile``: tickets brought in step with their events, and old ones adopted."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import router
from django.utils import timezone

from django_sla.flow import reconcile
from django_sla.flow.reconcile import Batch, Key, Tally
from django_sla.flow.replies import watches_of
from django_sla.management.arguments import declaration, declarations, instant, tickets
from django_sla.management.running import Meter, Stop, stoppable

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

MOST = 10_000
"""Tickets in a batch: more is more than one statement takes on some databases."""


class Command(BaseCommand):
    help = (
        "Replay the events of tickets, show where clocks and columns say something else, and bring "
        "them in step. Tickets without events, from before their model had an SLA, are adopted. "
        "It may run on a live system, be stopped, and be started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "tickets",
            nargs="*",
            metavar="TICKET",
            help="the primary keys of some tickets; without any, all of them, newest first",
        )
        parser.add_argument(
            "--model",
            metavar="APP.MODEL",
            help="the ticket model; without it all of them, or the only one there is for TICKET",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="change nothing; the exit status is 1 where something differs",
        )
        parser.add_argument(
            "--adopt-only", action="store_true", help="leave tickets alone that have events"
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="only tickets created from then on: a date or a datetime, in TIME_ZONE unless it "
            "has an offset",
        )
        parser.add_argument(
            "--before",
            metavar="WHEN",
            help="only tickets created before then; a run that is stopped says where to go on",
        )
        parser.add_argument(
            "--batch",
            type=int,
            metavar="N",
            default=reconcile.BATCH,
            help="how many tickets are locked at a time (default: %(default)s)",
        )

    def handle(self, **options: Any) -> None:
        self.options = options
        if not 1 <= options["batch"] <= MOST:
            raise CommandError(f"--batch: expected 1 to {MOST}, got {options['batch']}")
        self.period = {name: instant(f"--{name}", options[name]) for name in ("since", "before")}
        some = options["tickets"]
        chosen = [declaration(options["model"])] if some else declarations(options["model"])
        status = 0
        with stoppable() as stop:
            for number, sla in enumerate(chosen, start=1):
                tally = self._reconcile(sla, stop)
                if tally.problems or (options["dry_run"] and (tally.adopted or tally.differing)):
                    status = 1
                if stop:
                    self._say_how_to_go_on(tally, chosen[number:])
                    break
        if stop or status:
            sys.exit(stop.status if stop else status)

    def _reconcile(self, sla: "SLA", stop: Stop) -> Tally:
        using = router.db_for_write(sla.model)
        quiet = self.options["verbosity"] < 1
        keys, total = self._keys(sla, using, count=self.stdout.isatty() and not quiet)
        meter = Meter(self.stdout, total, "tickets", quiet=quiet)
        tally = Tally()
        batches = reconcile.run(
            sla,
            keys,
            using=using,
            repair=not self.options["dry_run"],
            adopt_only=self.options["adopt_only"],
            size=self.options["batch"],
        )
        for batch in batches:
            meter.clear()
            self._tell(sla, batch)
            tally.add(batch)
            meter.advance(batch.tickets)
            if stop:
                break
        meter.clear()
        if self.options["verbosity"] > 0:
            for line in (*self._sum(sla, tally), *_notes(sla, tally, using)):
                self.stdout.write(line)
        return tally

    def _keys(self, sla: "SLA", using: str, count: bool) -> tuple[Iterable[Key], int]:
        """The tickets asked for, and how many they are, or 0 where nobody wants to know."""
        if self.options["tickets"]:
            found = tickets(sla, self.options["tickets"], using)
            return [(ticket.pk, ticket.created_at) for ticket in found], len(found)
        what = {"using": using, "adopt_only": self.options["adopt_only"], **self.period}
        total = reconcile.chosen(sla, **what).count() if count else 0
        return reconcile.keys(sla, **what), total

    def _tell(self, sla: "SLA", batch: Batch) -> None:
        name, verbosity = sla.model._meta.label, self.options["verbosity"]
        for finding in batch.findings:
            if finding.problem:
                self.stderr.write(f"{name} {finding.pk}: cannot be replayed: {finding.problem}")
            for difference in finding.differences if verbosity > 0 else ():
                self.stdout.write(
                    f"{name} {finding.pk}: {difference.what}: stored {_said(difference.stored)}, "
                    f"replayed {_said(difference.replayed)}"
                )
        for pk in batch.adopted if verbosity > 1 else ():
            self.stdout.write(f"{name} {pk}: {self._done('adopted')}")

    def _sum(self, sla: "SLA", tally: Tally) -> Iterator[str]:
        yield (
            f"{sla.model._meta.label}: {tally.tickets:,} tickets looked at; "
            f"{tally.adopted:,} {self._done('adopted')}, {tally.differing:,} "
            f"{self._done('repaired')}, {tally.problems:,} cannot be replayed."
        )

    def _done(self, what: str) -> str:
        return f"to be {what}" if self.options["dry_run"] else what

    def _say_how_to_go_on(self, tally: Tally, left: "list[SLA]") -> None:
        line = "Stopped. To go on, run it again"
        if tally.oldest is not None and not self.options["adopt_only"]:
            # Others may have been created at the same instant.
            line += f" with --before {(tally.oldest + timedelta(microseconds=1)).isoformat()}"
        self.stdout.write(line)
        if left:
            names = ", ".join(sla.model._meta.label for sla in left)
            self.stdout.write(f"Not looked at yet: {names}. Choose one with --model.")


def _notes(sla: "SLA", tally: Tally, using: str) -> Iterator[str]:
    """What the numbers do not say."""
    if tally.undated:
        yield (
            f"{tally.undated:,} of those without events are done, and nothing tells since when: "
            "they count as resolved at the instant of their adoption. Where a field of yours "
            "knows, fill in resolved_at first."
        )
    for comment, watch in watches_of(sla):
        if watch.at is None:
            yield (
                f"Comments of {comment._meta.label} are left out, because no field says when they "
                "were written: name it, watch_comments(at=…)."
            )
    if missing := reconcile.without_creation(sla, using=using):
        yield f"{missing:,} tickets are left out, because their created_at is empty: fill it in."


def _said(value: Any) -> str:
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(" ")
    return "nothing" if value in (None, "") else str(value)
