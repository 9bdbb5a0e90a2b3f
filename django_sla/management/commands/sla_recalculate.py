"""``manage.py sla_recalculate``: the policies in force applied to open tickets."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import router
from django.utils import timezone

from django_sla.conf import did_you_mean
from django_sla.core.duration import format_short
from django_sla.exceptions import SLAError
from django_sla.flow import recalculate
from django_sla.management.arguments import instant
from django_sla.management.running import Meter, Stop, stoppable
from django_sla.models import Calendar, Policy, Recalculation
from django_sla.tables.effective import policies
from django_sla.tables.pinned import open_on_old_terms
from django_sla.tables.recalculation import Phase


class Command(BaseCommand):
    help = (
        "Apply the policies in force to open tickets, which otherwise keep the terms that they "
        "have. Says first what will change. Targets set by hand stay, and stopped clocks never "
        "change. It may run on a live system, be stopped, and go on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--policy",
            action="append",
            default=[],
            metavar="NAME",
            help="only tickets that leave this policy or come to it; may be repeated",
        )
        parser.add_argument(
            "--calendar",
            metavar="NAME",
            help="only tickets that leave a policy with this calendar or come to one",
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="only tickets opened from then on: a date or a datetime, in TIME_ZONE unless it "
            "has an offset",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would change, and change nothing"
        )
        parser.add_argument(
            "--reason", default="", help="why, for the timeline and the changelog of each ticket"
        )
        parser.add_argument(
            "--resume",
            type=int,
            metavar="NUMBER",
            help="go on with one that was stopped, or was looked at with --dry-run",
        )

    def handle(self, **options: Any) -> None:
        self.using = router.db_for_write(Recalculation)
        self.quiet = options["verbosity"] == 0
        with stoppable() as stop:
            try:
                run = self._run(options, stop)
            except SLAError as error:
                raise CommandError(str(error)) from None
        if stop:
            self._say(f"Stopped. To go on: sla_recalculate --resume {run.pk}")
            sys.exit(stop.status)

    def _run(self, options: dict[str, Any], stop: Stop) -> Recalculation:
        run = self._found(options["resume"]) if options["resume"] else self._started(options)
        if run.phase == Phase.PREVIEWING:
            run = self._watched(recalculate.preview, run, stop)
            if stop:
                return run
            for line in _findings(run):
                self._say(line)
        if options["dry_run"]:
            self._say("Nothing was changed.")
            if run.affected:
                self._say(f"To apply it: sla_recalculate --resume {run.pk}")
        elif run.affected:
            run = self._watched(recalculate.apply, run, stop, reason=options["reason"])
            self._say(f"{run.applied:,} tickets have new terms.")
        return run

    def _found(self, number: int) -> Recalculation:
        rows = Recalculation._base_manager.using(self.using)
        run: Recalculation | None = rows.filter(pk=number, part_of=None).first()
        if run is None:
            raise CommandError(f"--resume: there is no recalculation {number}")
        if run.phase == Phase.DONE:
            raise CommandError(f"--resume: recalculation {number} is at its end")
        return run

    def _started(self, options: dict[str, Any]) -> Recalculation:
        names = {self._policy(name) for name in options["policy"]}
        if options["calendar"]:
            names |= self._policies_of(options["calendar"])
        since = instant("--since", options["since"])
        return recalculate.start(policies=names, since=since, using=self.using)

    def _policy(self, name: str) -> str:
        known = {policy.name for policy in policies(self.using).all}
        known |= open_on_old_terms(self.using).keys()
        if name not in known:
            hint = did_you_mean(name, known) or f"There is {', '.join(sorted(known))}."
            raise CommandError(f"--policy: there is no policy {name!r}. {hint}")
        return name

    def _policies_of(self, name: str) -> set[str]:
        calendars = Calendar._base_manager.using(self.using)
        if not calendars.filter(name=name).exists():
            known = list(calendars.values_list("name", flat=True))
            hint = did_you_mean(name, known) or f"There is {', '.join(known) or 'none'}."
            raise CommandError(f"--calendar: there is no calendar {name!r}. {hint}")
        found = Policy._base_manager.using(self.using).filter(calendar__name=name)
        names = set(found.values_list("name", flat=True))
        if not names:
            raise CommandError(f"--calendar: no policy has the calendar {name!r}")
        return names

    def _watched(
        self, work: Callable[..., Recalculation], run: Recalculation, stop: Stop, **options: Any
    ) -> Recalculation:
        """Preview or apply, with a meter, until it is at its end or somebody asks to stop."""
        first = run.seen if work is recalculate.preview or run.phase == Phase.APPLYING else 0
        meter = Meter(self.stdout, run.total, "tickets")
        meter.advance(first)

        def watch(run: Recalculation) -> bool:
            nonlocal first
            meter.advance(run.seen - first)
            first = run.seen
            return bool(stop)

        run = work(run, watch=watch, **options)
        meter.clear()
        return run

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.stdout.write(line)


def _findings(run: Recalculation) -> Iterator[str]:
    """What a preview found."""
    yield f"{run.total:,} open tickets, of which {run.affected:,} would get other terms."
    if not run.affected:
        return
    yield f"Deadlines: {run.earlier:,} tickets earlier, {run.later:,} later."
    yield f"Breaches: {run.breached:,} tickets would become breached, {run.recovered:,} stop being."
    if run.largest:
        yield "The largest moves:"
    for move in run.largest:
        before, after = (_local(move[name]) for name in ("before", "after"))
        moved = format_short(timedelta(seconds=abs(move["moved"])))
        way = "earlier" if move["moved"] < 0 else "later"
        yield (
            f"  {move['model']} {move['pk']} {move['metric']}: {before} -> {after}, {moved} {way}"
        )


def _local(text: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
