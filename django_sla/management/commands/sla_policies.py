"""``manage.py sla_policies``: the policies in force, and policies and calendars as a file."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.db import router

from django_sla.exceptions import InvalidPolicyFile
from django_sla.flow.policy_document import MOST_BYTES
from django_sla.flow.policy_export import export
from django_sla.flow.policy_file import Action, Loading, load
from django_sla.management.printing import PrintingCommand
from django_sla.moment import now
from django_sla.reports.format import printable, width
from django_sla.reports.sources import PolicySources, Sourced, describe
from django_sla.tables.policy import Policy

STREAM = "-"
"""In place of a file: standard input or output."""

SIGNS = {Action.ADD: "+", Action.DELETE: "-"}


class Command(PrintingCommand):
    help = (
        "List the policies in force in the order in which they are asked, with the source of each "
        "value; write those of the database to a file, or load them from one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--json", action="store_true", help="list them as JSON")
        what.add_argument(
            "--export",
            metavar="FILE",
            nargs="?",
            const=STREAM,
            help="write the policies and calendars of the database to a file, or to the output",
        )
        what.add_argument(
            "--load",
            metavar="FILE",
            help="make the database say what a file says; - reads the input",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="with --load: only say what would be done"
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="with --load: also delete policies that the file does not have, and calendars "
            "that are used no longer",
        )

    def handle(self, **options: Any) -> None:
        using = router.db_for_write(Policy)
        if options["load"] is None and (options["dry_run"] or options["prune"]):
            raise CommandError("--dry-run and --prune go with --load.")
        if options["export"] is not None:
            self._export(options["export"], export(using))
        elif options["load"] is not None:
            self._load(options["load"], using, options["dry_run"], options["prune"])
        elif options["json"]:
            found = [policy.as_dict() for policy in describe(using, now())]
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            for number, policy in enumerate(describe(using, now()), start=1):
                self.stdout.write("\n".join(_listed(number, policy)) + "\n")

    def _export(self, path: str, text: str) -> None:
        if path == STREAM:
            self.stdout.write(text, ending="")
            return
        try:
            Path(path).write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"--export: {error}") from None

    def _load(self, path: str, using: str, dry_run: bool, prune: bool) -> None:
        try:
            loading = load(_read(path), using=using, dry_run=dry_run, prune=prune)
        except InvalidPolicyFile as error:
            raise CommandError(str(error)) from None
        for warning in loading.warnings:
            self.stderr.write(self.style.WARNING(warning))
        for line in _told(loading, prune=prune):
            self.stdout.write(line)
        if dry_run:
            self.stdout.write("Nothing has been written.")


# The list


def _listed(number: int, policy: PolicySources) -> Iterator[str]:
    rest = "" if policy.is_asked else " - never asked, one before it is for every ticket"
    yield f"{number}. {printable(policy.name)} ({policy.source_name}){rest}"
    for position, condition in enumerate(policy.conditions):
        yield f"     {'and' if position else 'for'}         {printable(condition)}"
    if policy.effective:
        rest = "" if policy.is_effective else " - not now"
        yield f"     effective   {policy.effective}{rest}"
    yield f"     calendar    {_sourced(policy.calendar)}"
    yield f"     at risk     {_sourced(policy.at_risk)}"
    yield f"     reopening   {_sourced(policy.reopening)}"
    for line in policy.escalation_lines:
        yield f"     escalation  {printable(line)} ({policy.escalations.source_name})"
    for line in _table(_goals(policy)):
        yield f"     {line}"


def _goals(policy: PolicySources) -> Iterator[list[str]]:
    yield ["", *(words for _name, words in policy.metrics)]
    for priority, goals in policy.goal_rows:
        yield [priority, *("" if goal is None else _sourced(goal) for goal in goals)]


def _table(rows: Iterator[list[str]]) -> Iterator[str]:
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    widths[0] = max(widths[0], 10)  # as far as what stands above it
    for row in cells:
        pairs = zip(row, widths, strict=True)
        yield "  ".join(cell + " " * (wide - width(cell)) for cell, wide in pairs).rstrip()


def _sourced(value: Sourced) -> str:
    return f"{printable(value.text)} ({value.source_name})"


# Loading


def _read(path: str) -> bytes:
    """The content of a file; of one that is too large, enough to be refused."""
    try:
        if path == STREAM:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"--load: {error}") from None


def _told(loading: Loading, *, prune: bool) -> Iterator[str]:
    same = kept = 0
    for kind, changes in (("calendar", loading.calendars), ("policy", loading.policies)):
        for change in changes:
            name = f"{kind} {printable(change.row.name)}"
            match change.action:
                case Action.LEAVE:
                    same += 1
                case Action.KEEP:
                    kept += 1
                    yield f"  {name} is not in the file"
                case Action.CHANGE:
                    yield f"~ {name}: {', '.join(change.fields)}"
                case _:
                    yield f"{SIGNS[change.action]} {name}"
    yield f"{same} as the file says."
    if kept and not prune:
        yield "What the file does not have stays; --prune deletes policies, and unused calendars."
