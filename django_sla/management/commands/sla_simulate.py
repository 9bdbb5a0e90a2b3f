"""``manage.py sla_simulate``: what would have been met and missed under draft policies."""

import sys
from argparse import SUPPRESS, ArgumentParser
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import CommandError

from django_sla.conf import did_you_mean
from django_sla.core.errors import CalendarError
from django_sla.exceptions import CannotShare, InvalidPolicyFile, PoliciesDiffer
from django_sla.flow.policy_document import MOST_BYTES
from django_sla.management.arguments import add_model, declaration, instant
from django_sla.management.printing import PrintingCommand
from django_sla.management.running import Meter, stoppable
from django_sla.management.simulation_text import SIMULATED, SUGGESTED
from django_sla.models import Calendar, Policy
from django_sla.moment import now as read_now
from django_sla.reports.draft import from_file
from django_sla.reports.format import FORMATS
from django_sla.reports.grouping import NONE, PRIORITY, names
from django_sla.reports.simulate import Simulation
from django_sla.reports.suggest import suggest
from django_sla.tables.effective import Policies, policies

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

STREAM = "-"

MOST_WORKERS = 61
"""More than Windows can wait for, and than a database has use for."""


class Command(PrintingCommand):
    help = (
        "Say what would have been met and missed, had the policies of a file been in force when "
        "tickets were opened; or those that are in force now. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            metavar="FILE",
            help="policies and calendars as sla_policies --export writes them, taken as "
            "sla_policies --load would; - reads the input. Without it, the policies in force",
        )
        add_model(parser)
        parser.add_argument(
            "--policy",
            action="append",
            default=[],
            metavar="NAME",
            help="only tickets that would have this policy; may be repeated",
        )
        parser.add_argument(
            "--calendar",
            metavar="NAME",
            help="the same for all policies with this calendar of the database",
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="only tickets opened from then on: a date or a datetime, in TIME_ZONE unless it "
            "has an offset",
        )
        parser.add_argument("--until", metavar="WHEN", help="only tickets opened before then")
        parser.add_argument(
            "--by",
            metavar="GROUP",
            help="priority, none (only the total), a dimension that the model declares, or what "
            "else sla_report groups by",
        )
        parser.add_argument(
            "--newest", type=int, metavar="N", help="only the N tickets opened last"
        )
        parser.add_argument(
            "--effective",
            metavar="WHEN",
            help="take the policies that are effective then, instead of now",
        )
        parser.add_argument(
            "--suggest",
            action="store_true",
            help="say instead which targets so many percent of the tickets would have met",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            metavar="N",
            help="how many processes look at tickets at the same time, each with a connection to "
            "the database (default: 1)",
        )
        parser.add_argument("--format", choices=FORMATS, default="table")
        parser.add_argument("--now", help=SUPPRESS)

    def handle(self, **options: Any) -> None:
        sla = declaration(options["model"])
        period: dict[str, Any] = {
            name: instant(f"--{name}", options[name]) for name in ("since", "until")
        }
        period["now"] = instant("--now", options["now"]) or read_now()
        if period["since"] and period["until"] and period["since"] >= period["until"]:
            raise CommandError(f"--since: {period['since']} is not before --until")
        tickets = sla.model._default_manager.all()
        if options["suggest"]:
            if options["file"] or options["policy"] or options["calendar"]:
                raise CommandError("--suggest looks at what was, and takes no policies.")
            found = suggest(tickets, **period)
            self.stdout.write(SUGGESTED[options["format"]](found), ending="")
            return
        if options["newest"] is not None and options["newest"] < 1:
            raise CommandError("--newest: expected a number from 1 on")
        if not 1 <= options["workers"] <= MOST_WORKERS:
            raise CommandError(f"--workers: expected a number from 1 to {MOST_WORKERS}")
        by = _group(sla, options["by"])
        draft = self._draft(options["file"], tickets.db)
        simulation = Simulation(
            tickets,
            draft,
            groups=[by],
            only=_only(draft, options["policy"], options["calendar"], tickets.db),
            newest=options["newest"],
            effective=instant("--effective", options["effective"]),
            **period,
        )
        quiet, workers = options["verbosity"] == 0, options["workers"]
        status = self._watched(simulation, quiet=quiet, workers=workers)
        self.stdout.write(SIMULATED[options["format"]](simulation, by), ending="")
        if status:
            self.stderr.write(f"Stopped: tickets looked at: {simulation.seen:,}")
            sys.exit(status)

    def _draft(self, path: str | None, using: str) -> Policies:
        if path is None:
            return policies(using)
        try:
            return from_file(_read(path), using)
        except InvalidPolicyFile as error:
            raise CommandError(str(error)) from None

    def _watched(self, simulation: Simulation, *, quiet: bool, workers: int) -> int:
        """Run it with a meter, on the terminal of the errors so that the result can be piped; the
        exit status where somebody asks to stop, else 0."""
        meter = Meter(self.stderr, simulation.count(), "tickets", quiet=quiet)
        seen = 0
        with stoppable() as stop:

            def watch(simulation: Simulation) -> bool:
                nonlocal seen
                meter.advance(simulation.seen - seen)
                seen = simulation.seen
                return bool(stop)

            try:
                simulation.run(watch, workers=workers)
            except CalendarError as error:
                raise CommandError(f"A deadline cannot be told: {error}") from None
            except (CannotShare, PoliciesDiffer) as error:
                raise CommandError(f"--workers: {error}") from None
            except BrokenProcessPool:
                raise CommandError(
                    "--workers: a process ended before its work was done. Where it was killed for "
                    "want of memory, ask for fewer."
                ) from None
            finally:
                meter.clear()
        return stop.status if stop else 0


def _read(path: str) -> bytes:
    try:
        if path == STREAM:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"FILE: {error}") from None


def _group(sla: "SLA", by: str | None) -> str:
    known = names(sla)
    if by is None:
        return PRIORITY if PRIORITY in known else NONE
    if by not in known:
        raise CommandError(f"--by: {by!r} is nothing to group by; there is {', '.join(known)}")
    return by


def _only(draft: Policies, asked: list[str], calendar: str | None, using: str) -> set[str]:
    """The names of the policies asked for; none: all."""
    known = [policy.name for policy in draft.all]
    for name in asked:
        if name not in known:
            hint = did_you_mean(name, known) or f"There is {', '.join(known)}."
            raise CommandError(f"--policy: there is no policy {name!r}. {hint}")
    found = set(asked)
    if calendar is not None:
        if not Calendar._base_manager.using(using).filter(name=calendar).exists():
            raise CommandError(f"--calendar: there is no calendar {calendar!r}")
        rows = Policy._base_manager.using(using).filter(calendar__name=calendar, name__in=known)
        names_of_rows = set(rows.values_list("name", flat=True))
        if not names_of_rows:
            raise CommandError(f"--calendar: no policy has the calendar {calendar!r}")
        found |= names_of_rows
    return found
