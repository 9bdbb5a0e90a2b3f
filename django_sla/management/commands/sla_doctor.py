"""``manage.py sla_doctor``: what is wrong, why, and what mends it."""

import json
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.db import router

from django_sla.doctor import examination, text, ticket
from django_sla.doctor.finding import Finding, Severity
from django_sla.doctor.sample import REPLAYED, SAMPLE
from django_sla.management.arguments import declaration, declarations, tickets
from django_sla.management.printing import PrintingCommand
from django_sla.moment import now

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


class Command(PrintingCommand):
    help = (
        "Say what is wrong with the SLA of the project, or of some tickets: why a field is empty, "
        "a timestamp was not recorded, a breach looks wrong. Each finding has its cause and what "
        "mends it. Changes nothing; the exit status is 1 where there is an error."
    )
    # What they find is among the findings.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "tickets",
            nargs="*",
            metavar="TICKET",
            help="the primary keys of some tickets; without any, the project",
        )
        parser.add_argument(
            "--model",
            metavar="APP.MODEL",
            help="the ticket model; without it all of them, or the only one there is for TICKET",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help=f"replay the events of all tickets, not of the {REPLAYED} newest",
        )
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, **options: Any) -> None:
        if options["tickets"]:
            findings = self._tickets(declaration(options["model"]), **options)
        else:
            findings = self._project(declarations(options["model"]), **options)
        if any(finding.severity is Severity.ERROR for finding in findings):
            sys.exit(1)

    def _project(self, chosen: "list[SLA]", **options: Any) -> list[Finding]:
        findings = text.worst_first(examination.examine(chosen, everything=options["all"]))
        if options["json"]:
            self._dump({"findings": [text.finding_document(finding) for finding in findings]})
            return findings
        for finding in findings:
            for line in text.finding_lines(finding):
                self.stdout.write(line)
        names = ", ".join(sla.model._meta.label for sla in chosen)
        replayed = "all" if options["all"] else f"the {REPLAYED} newest (--all: of all)"
        self.stdout.write(
            f"{len(findings) or 'Nothing'} found. Looked at {names}: the events of {replayed}, the "
            f"statuses of the {SAMPLE:,} newest, the goals of the {SAMPLE:,} newest clocks."
        )
        return findings

    def _tickets(self, sla: "SLA", **options: Any) -> list[Finding]:
        using = router.db_for_read(sla.model)
        examined = [
            ticket.examine(sla, row, using=using, now=now())
            for row in tickets(sla, options["tickets"], using)
        ]
        if options["json"]:
            self._dump({"tickets": [text.ticket_document(found) for found in examined]})
        else:
            for number, found in enumerate(examined):
                lines = list(text.ticket_lines(found))
                self.stdout.write("\n".join(lines if not number else ["", *lines]))
        return [finding for found in examined for finding in found.findings]

    def _dump(self, document: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
