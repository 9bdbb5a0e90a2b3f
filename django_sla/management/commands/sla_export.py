"""``manage.py sla_export``: tickets with what is promised of each, into a file."""

import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management import CommandError
from django.db.models import QuerySet

from django_sla import registry
from django_sla.exceptions import XLSXNotInstalled
from django_sla.management.arguments import add_model, declaration, instant
from django_sla.management.files import replacing
from django_sla.management.printing import PrintingCommand
from django_sla.management.running import Meter, Stop, stoppable
from django_sla.reports.export import FORMATS
from django_sla.reports.tickets import DEFAULT, TicketList


class Command(PrintingCommand):
    help = (
        "Write tickets to a file, a row each, with their SLA columns and how each clock stands. "
        "Memory does not grow with their number. A run that is stopped leaves no file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_model(parser)
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="the file; what is there is replaced once all is written. Without it, csv and "
            "json go to the output",
        )
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help="only tickets opened from then on: a date or a datetime, in TIME_ZONE unless it "
            "has an offset",
        )
        parser.add_argument(
            "--until",
            metavar="WHEN",
            help="only tickets opened before then; a date is its first instant",
        )
        parser.add_argument(
            "--metric",
            action="append",
            choices=[metric.name for metric in registry.metrics()],
            help="a metric that has columns; may be repeated (default: response and resolution)",
        )
        parser.add_argument("--now", help=SUPPRESS)

    def handle(self, **options: Any) -> None:
        output, kind = options["output"], options["format"]
        if kind == "xlsx" and output is None:
            raise CommandError("--format: xlsx is no text; name a file with --output")
        queryset = self._queryset(options)
        shown = self.stderr.isatty() and options["verbosity"] > 0
        # Counting takes a while, too.
        meter = Meter(self.stderr, queryset.count() if shown else 0, "tickets", quiet=not shown)
        with stoppable() as stop:
            tickets = Watched(
                queryset,
                metrics=options["metric"] or DEFAULT,
                now=instant("--now", options["now"]),
                meter=meter,
                stop=stop,
            )
            try:
                self._write(FORMATS[kind].pieces, tickets, output)
            except XLSXNotInstalled as error:
                raise CommandError(str(error)) from error
            except Stopped:
                meter.clear()
                self.stderr.write("Stopped." if output is None else f"Stopped; no {output}.")
                sys.exit(stop.status)
        meter.clear()

    def _queryset(self, options: dict[str, Any]) -> QuerySet[Any]:
        sla = declaration(options["model"])
        since = instant("--since", options["since"])
        until = instant("--until", options["until"])
        if since is not None and until is not None and since >= until:
            raise CommandError(f"--since: {since} is not before --until, {until}")
        queryset: QuerySet[Any] = sla.model._default_manager.order_by()
        if since is not None:
            queryset = queryset.filter(created_at__gte=since)
        if until is not None:
            queryset = queryset.filter(created_at__lt=until)
        return queryset

    def _write(self, pieces: Any, tickets: "Watched", output: str | None) -> None:
        if output is None:
            for piece in pieces(tickets):
                self.stdout.write(piece.decode(), ending="")
            return
        with replacing(output) as file:
            file.writelines(pieces(tickets))


class Stopped(Exception):
    """Somebody asked to stop."""


class Watched(TicketList):
    """Says how far it is, and can be asked to stop."""

    def __init__(self, queryset: QuerySet[Any], *, meter: Meter, stop: Stop, **options: Any):
        super().__init__(queryset, **options)
        self._meter, self._stop = meter, stop

    def chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in super().chunks():
            if self._stop:
                raise Stopped
            yield chunk
            self._meter.advance(len(chunk))
