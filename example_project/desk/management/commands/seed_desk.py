import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from desk.invent import incidents
from desk.models import Department, Ticket
from desk.play import Player, plain_cursors

LOGINS = {
    "admin": {"first_name": "Robin", "last_name": "Admin", "is_staff": True, "is_superuser": True},
    "agent": {"first_name": "Alex", "last_name": "Moreau", "is_staff": True},
    "requester": {"first_name": "Jamie", "last_name": "Chen"},
}
"""Each has its name for a password, which is why this is for the demo alone."""


class Command(BaseCommand):
    help = "Fill the demo with invented tickets of the last 30 days, and with users to log in as."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=300, metavar="N")
        parser.add_argument(
            "--if-empty", action="store_true", help="add no tickets where there are some already"
        )

    def handle(self, *, tickets: int, if_empty: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This makes users with well-known passwords: for DEBUG alone.")
        if tickets < 0:
            raise CommandError(f"--tickets: expected a number from 0 on, got {tickets}")
        for name, values in LOGINS.items():
            self._login(name, values)
        present = Ticket.objects.count()
        if if_empty and present:
            self.stdout.write(f"There are {present} tickets already: none added.")
        else:
            self._play(tickets)
        self._complete()
        self.stdout.write("Log in as one of these; the password is the name:")
        for name, what in (
            ("admin", "everything, and the admin"),
            ("agent", "works on every ticket"),
            ("requester", "sees their own tickets"),
        ):
            self.stdout.write(f"  {name:10} {what}")

    def _login(self, name: str, values: dict[str, Any]) -> None:
        user, new = get_user_model().objects.get_or_create(username=name, defaults=values)
        if new:
            user.set_password(name)
            user.save()

    def _complete(self) -> None:
        """Who is told of deadlines: a lead of each department, and addresses of all."""
        users = get_user_model().objects
        agents = list(users.filter(is_staff=True, is_superuser=False).order_by("pk"))
        for number, department in enumerate(Department.objects.filter(lead=None)):
            department.lead = agents[number % len(agents)]
            department.save()
        for user in users.filter(email=""):
            user.email = f"{user.username}@example.com"
            user.save()

    def _play(self, count: int) -> None:
        player, events, started = Player(), 0, time.monotonic()
        with plain_cursors():
            for incident in incidents(count, timezone.now()):
                player.play(incident)
                events += 1 + len(incident.steps)
        seconds = time.monotonic() - started
        self.stdout.write(f"Added {count} tickets with {events} events in {seconds:.1f} s.")
