"""``manage.py sla_deliver``: send what is in the outbox."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from django_sla.flow.deliver import Tally, deliver
from django_sla.management.running import Stop
from django_sla.management.watching import add_loop, rounds, told


class Command(BaseCommand):
    help = (
        "Send the notices that are due. What fails is tried again later, ten times in a day and a "
        "half; then it is given up and can be sent again from the admin. Any number may run side "
        "by side. The exit status is 1 where one failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_loop(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["loop"] is not None or not options["verbosity"]

        def turn(using: str, stop: Stop) -> bool:
            return report(self, deliver(using=using, watch=lambda tally: bool(stop)), quiet=quiet)

        rounds(self, turn, options["loop"])


def report(command: BaseCommand, tally: Tally, *, quiet: bool) -> bool:
    """Say what was sent; whether all of it was."""
    if not quiet or tally.sent:
        command.stdout.write(
            f"{tally.sent:,} sent, {tally.failed:,} to be tried again, {tally.dead:,} given up, "
            f"{tally.moot:,} no longer needed"
        )
    told(command, tally.problems)
    return not (tally.failed or tally.dead)
