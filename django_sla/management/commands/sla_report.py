"""``manage.py sla_report``: compliance, or time in status, on the terminal or into a file."""

from argparse import SUPPRESS, ArgumentParser
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from django_sla import registry
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
        sla = _declaration(options["model"])
        report = _report(
            sla,
            _group(sla, options["by"]),
            since=_instant("--since", options["since"]),
            until=_instant("--until", options["until"]),
            now=_instant("--now", options["now"]) or read_now(),
        )
        self.stdout.write(FORMATS[options["format"]](report), ending="")


def _declaration(label: str | None) -> "SLA":
    """The declaration of the model asked for; of the only one where none was."""
    known = {model._meta.label.lower(): sla for model, sla in registry.tickets.items()}
    labels = ", ".join(sorted(model._meta.label for model in registry.tickets))
    if not known:
        raise CommandError("No ticket model: no installed app has a subclass of SLAMixin.")
    if label is None and len(known) > 1:
        raise CommandError(f"--model: there are several ticket models; choose one of {labels}")
    if label is not None and label.lower() not in known:
        raise CommandError(f"--model: {label!r} is not a ticket model; there is {labels}")
    return known[label.lower()] if label else next(iter(known.values()))


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


def _instant(option: str, text: str | None) -> datetime | None:
    """A date stands for its first instant; what has no offset is local."""
    if text is None:
        return None
    try:
        found: date | None = parse_date(text) or parse_datetime(text)
    except ValueError:  # well-formed, but there is no such day or hour
        found = None
    if found is None:
        raise CommandError(
            f"{option}: {text!r} is not a date; write it as 2026-03-31, or 2026-03-31T18:00"
        )
    if not isinstance(found, datetime):
        found = datetime.combine(found, time())
    return timezone.make_aware(found) if timezone.is_naive(found) else found
