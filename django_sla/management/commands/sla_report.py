"""``manage.py sla_report``: compliance, or time in status, on the terminal or into a file."""

from argparse import SUPPRESS, ArgumentParser
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from django_sla.management.arguments import declaration, instant
from django_sla.moment import now as read_now
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.format import FORMATS, Report
from django_sla.reports.grouping import PRIORITY, STATUS, names
from django_sla.reports.time_in_status import TimeInStatusReport

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


class Command(BaseCommand):
    help = (
        "Report how far promises were kept: compliance, response and resolution times, by group. "
        "Without options: all tickets, by priority."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--model",
            metavar="APP.MODEL",
            help="the ticket model; needed where there are several",
        )
        parser.add_argument(
            "--by",
            metavar="GROUP",
            help="priority, month, status (time in each), none (only the total), or a dimension "
            "that the model declares, such as agent",
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="only what is due, and tickets opened, from then on: a date or a datetime, in "
            "TIME_ZONE unless it has an offset",
        )
        parser.add_argument(
            "--until",
            metavar="WHEN",
            help="only what is due, and tickets opened, before then; a date is its first instant",
        )
        parser.add_argument("--format", choices=FORMATS, default="table")
        parser.add_argument("--now", help=SUPPRESS)

    def handle(self, **options: Any) -> None:
        sla = declaration(options["model"])
        report = _report(
            sla,
            _group(sla, options["by"]),
            since=instant("--since", options["since"]),
            until=instant("--until", options["until"]),
            now=instant("--now", options["now"]) or read_now(),
        )
        self.stdout.write(FORMATS[options["format"]](report), ending="")


def _group(sla: "SLA", by: str | None) -> str:
    known = names(sla)
    if by is None:
        return PRIORITY if PRIORITY in known else known[-1]
    if by not in known:
        raise CommandError(f"--by: {by!r} is nothing to group by; there is {', '.join(known)}")
    return by


def _report(
    sla: "SLA", by: str, *, since: datetime | None, until: datetime | None, now: datetime
) -> Report:
    if since is not None and until is not None and since >= until:
        raise CommandError(f"--since: {since} is not before --until, {until}")
    tickets = sla.model._default_manager.all()
    if by == STATUS:
        return TimeInStatusReport(tickets, since=since, until=until, now=now)
    return ComplianceReport(tickets, by=by, since=since, until=until, now=now)
