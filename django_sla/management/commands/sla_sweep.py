"""``manage.py sla_sweep``: record what has come due, and tell whom it concerns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from django_sla.flow import sweep as sweeping
from django_sla.flow.deliver import deliver
from django_sla.management.commands.sla_deliver import report
from django_sla.management.running import Stop
from django_sla.management.watching import add_loop, rounds


class Command(BaseCommand):
    help = (
        "Record every deadline that has passed and every warning that is due, once, and put what "
        "is to be told of them into the outbox. With --loop it also sends what is there. Any "
        "number may run side by side. The exit status is 1 where a ticket could not be looked at."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_loop(parser)
        parser.add_argument(
            "--deliver",
            action="store_true",
            help="send what is in the outbox afterwards; with --loop this goes without saying",
        )
        parser.add_argument(
            "--no-deliver",
            action="store_true",
            help="with --loop: leave the outbox to manage.py sla_deliver",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        loop = options["loop"]
        delivers = (loop is not None or options["deliver"]) and not options["no_deliver"]
        verbosity = options["verbosity"]

        def turn(using: str, stop: Stop) -> bool:
            run = sweeping.sweep(using=using, watch=lambda run: bool(stop))
            if verbosity and (loop is None or run.due or run.notices or verbosity > 1):
                self.stdout.write(
                    f"{run.due:,} due, the oldest {run.lag:,.0f} s late: {run.recorded:,} recorded "
                    f"({run.breaches:,} breaches), {run.notices:,} notices"
                )
            if run.failed:
                self.stderr.write(
                    f"{run.failed:,} tickets could not be looked at, and will be again in ten "
                    f"minutes. The first: {run.problem}"
                )
            well = not run.failed
            if delivers and not stop:
                tally = deliver(using=using, watch=lambda tally: bool(stop))
                well = report(self, tally, quiet=loop is not None or not verbosity) and well
            return well

        rounds(self, turn, loop)
