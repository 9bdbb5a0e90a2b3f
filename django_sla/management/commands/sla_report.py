"""``manage.py sla_report``: compliance, or where the time went, on the terminal, into a file, or as
a mail."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.management import CommandError

from django_sla.exceptions import XLSXNotInstalled
from django_sla.management.arguments import add_model, declaration, instant
from django_sla.management.arguments import where as where_of
from django_sla.management.files import replacing
from django_sla.management.mailing import mail, scheduled
from django_sla.management.printing import PrintingCommand
from django_sla.moment import now as read_now
from django_sla.reports import export
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.format import FORMATS, Report, to_table
from django_sla.reports.grouping import NONE, PRIORITY, STATUS, names
from django_sla.reports.time_by_dimension import TimeByDimensionReport
from django_sla.reports.time_in_status import TimeInStatusReport
from django_sla.tables.schedule import Order, project_zone

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


class Command(PrintingCommand):
    help = (
        "Report how far promises were kept: compliance, response and resolution times, by group. "
        "Without options: all tickets, by priority."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_model(parser)
        parser.add_argument(
            "--by",
            metavar="GROUP",
            help="priority, policy, day, week, month, quarter, status (time in each), none (only "
            "the total), or a dimension that the model declares, such as agent; or two of them "
            "with a comma between",
        )
        parser.add_argument(
            "--time-with",
            metavar="NAME",
            help="instead, how long tickets were with each agent or department, or whatever "
            "dimension is named",
        )
        parser.add_argument(
            "--where",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="only tickets of this priority, status or dimension, a row by its key; of one "
            "name several times: any of them; nothing after the = for what has none",
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
        parser.add_argument(
            "--compare",
            action="store_true",
            help="beside the period before, of the same length; needs --since",
        )
        parser.add_argument("--detail", action="store_true", help="all figures in the table too")
        parser.add_argument("--format", choices=[*FORMATS, XLSX], default="table")
        parser.add_argument("--output", metavar="FILE", help="a file to write to; xlsx needs one")
        parser.add_argument(
            "--email",
            metavar="WHOM",
            action="append",
            default=[],
            help="mail it instead, with charts and the CSV: an address, user:NAME or group:NAME; "
            "may be repeated",
        )
        parser.add_argument(
            "--schedule",
            metavar="NAME",
            help="the report of this schedule, mailed now to those whom it names, or whom --email "
            "does",
        )
        parser.add_argument("--now", help=SUPPRESS)

    def handle(self, **options: Any) -> None:
        if options["schedule"] is not None or options["email"]:
            self._mail(options)
            return
        kind, output = options["format"], options["output"]
        if kind == XLSX and output is None:
            raise CommandError("--format: xlsx is no text; name a file with --output")
        sla = declaration(options["model"])
        report = _report(
            sla,
            options,
            since=instant("--since", options["since"]),
            until=instant("--until", options["until"]),
            now=instant("--now", options["now"]) or read_now(),
            where=where_of(options["where"]),
        )
        write = FORMATS | {"table": partial(to_table, detail=options["detail"])}
        if output is None:
            self.stdout.write(write[kind](report), ending="")
            return
        try:
            with replacing(output) as file:
                file.writelines(_pieces(report, kind, write))
        except XLSXNotInstalled as error:
            raise CommandError(str(error)) from error

    def _mail(self, options: Mapping[str, Any]) -> None:
        refused = [name for name in TO_READ if options[name] != TO_READ[name]]
        if options["schedule"] is not None:
            refused += [name for name in OF_WHAT if options[name] not in (None, False, [])]
            what = "a schedule says that itself"
        else:
            what = "a mail has all of it, and the CSV"
        if refused:
            raise CommandError(f"--{refused[0].replace('_', '-')}: leave it out; {what}")
        if options["schedule"] is not None:
            order, recipients = scheduled(options["schedule"])
            mail(self, order, options["email"] or recipients)
        else:
            mail(self, _order(options), options["email"])


TO_READ = {"output": None, "format": "table", "detail": False}
"""Options that only say how a report is read, and what they are where nobody gives them."""

OF_WHAT = ("model", "by", "time_with", "where", "since", "until", "compare")

XLSX = "xlsx"


def _order(options: Mapping[str, Any]) -> Order:
    """What a mail is to be of; checked by making that report once."""
    if options["time_with"] is not None or options["by"] == STATUS:
        name = "--by status" if options["time_with"] is None else "--time-with"
        raise CommandError(f"{name}: times in places are not mailed; write them into a file")
    sla, where = declaration(options["model"]), where_of(options["where"])
    since, until, now = (instant(f"--{name}", options[name]) for name in ("since", "until", "now"))
    _report(sla, options, since=since, until=until, now=now or read_now(), where=where)
    return Order(
        model=sla.model._meta.label,
        by=options["by"] or "",
        where=where,
        zone=project_zone(),
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
        compare=options["compare"],
        now=now.isoformat() if now else None,
    )


def _pieces(
    report: Report, kind: str, write: Mapping[str, Callable[[Report], str]]
) -> Iterator[bytes]:
    if kind in export.FORMATS:
        return export.FORMATS[kind].pieces(report)
    return iter([write[kind](report).encode()])


def _report(
    sla: "SLA",
    options: Mapping[str, Any],
    *,
    since: datetime | None,
    until: datetime | None,
    **others: Any,
) -> Report:
    if since is not None and until is not None and since >= until:
        raise CommandError(f"--since: {since} is not before --until, {until}")
    by, tickets = options["by"], sla.model._default_manager.all()
    others |= {"since": since, "until": until}
    time_with = options["time_with"]
    if time_with is not None and by is not None:
        raise CommandError("--time-with: is a report of its own; leave --by out")
    if options["compare"] and (time_with is not None or by == STATUS):
        raise CommandError("--compare: times in places are not compared")
    if by is None:
        by = PRIORITY if PRIORITY in names(sla) else NONE
    try:
        if time_with is not None:
            return TimeByDimensionReport(tickets, by=time_with, **others)
        if by == STATUS:
            return TimeInStatusReport(tickets, **others)
        return ComplianceReport(tickets, by=by, compare=options["compare"], **others)
    except ValueError as error:
        said = str(error)
        if time_with is not None and said.startswith("by:"):
            said = f"time-with{said.removeprefix('by')}"
        raise CommandError(f"--{said}") from error
