"""The project around the tickets: its migrations, checks and databases."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.checks import ERROR, WARNING, run_checks
from django.db import connections
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ProjectState
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from django_sla import registry
from django_sla.doctor.finding import Finding, Severity, error, warning

TAG = "sla"
"""Of the system checks."""

APART = timedelta(seconds=5)
"""How far the clocks of this machine and of the database may be apart."""


def unapplied_migrations(using: str) -> Iterator[Finding]:
    """Migrations that the database lacks."""
    executor = MigrationExecutor(connections[using])
    labels = _labels(executor.loader)
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] in labels]
    names = [
        f"{migration.app_label}.{migration.name}"
        for migration, _backwards in executor.migration_plan(targets)
        if migration.app_label in labels
    ]
    if names:
        yield error(
            _("Migrations are not applied: %(names)s.") % {"names": ", ".join(names)},
            cause=_("Their tables or columns are not there yet."),
            remedy="python manage.py migrate",
        )


def unwritten_migrations(using: str) -> Iterator[Finding]:
    """Models that have changed since their last migration, the companions among them."""
    loader = MigrationLoader(connections[using])
    labels = _labels(loader)
    questioner = NonInteractiveMigrationQuestioner(specified_apps=labels, dry_run=True)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), questioner
    )
    # Migrations have the names of fields in English, as makemigrations writes them.
    with override(None):
        changes = detector.changes(graph=loader.graph, trim_to_apps=labels)
    for label in sorted(changes.keys() & labels):
        yield error(
            _("Models have changed, and no migration says so."),
            about=label,
            cause=_("The mixin brings columns, a changelog and two more models along."),
            remedy=f"python manage.py makemigrations {label} && python manage.py migrate",
        )


def _labels(loader: MigrationLoader) -> set[str]:
    """The apps that hold tickets, and ours, where they have migrations at all."""
    models = (
        parent for model in registry.tickets for parent in (model, *model._meta.get_parent_list())
    )
    return {"django_sla", *(model._meta.app_label for model in models)} & loader.migrated_apps


def failed_checks(using: str) -> Iterator[Finding]:
    """What the system checks say."""
    for message in run_checks(tags=[TAG], databases=[using]):
        if message.is_silenced():
            continue
        level = message.level
        severity = (
            Severity.ERROR
            if level >= ERROR
            else Severity.WARNING
            if level >= WARNING
            else Severity.HINT
        )
        yield Finding(
            severity=severity,
            about=_name(message.obj),
            what=str(message.msg),
            cause=_("System check %(id)s.") % {"id": message.id},
            remedy=message.hint or "",
        )


def _name(subject: Any) -> str:
    meta = getattr(subject, "_meta", None)
    return meta.label if meta else "" if subject is None else str(subject)


def time_zone_tables(using: str) -> Iterator[Finding]:
    """Time zones that a MariaDB or MySQL server does not know."""
    connection: Any = connections[using]
    if connection.vendor == "mysql" and not connection.features.has_zoneinfo_database:
        yield warning(
            _("The database has no time zone tables."),
            about=using,
            cause=_("Reports by month ask it for local dates, and get an error."),
            remedy="mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql",
        )


_NOW = {"postgresql": "SELECT statement_timestamp()", "mysql": "SELECT UTC_TIMESTAMP(6)"}
"""SQLite has the clock of this machine."""


def apart(using: str) -> Iterator[Finding]:
    """A database whose clock says something else than this machine's."""
    connection = connections[using]
    statement = _NOW.get(connection.vendor)
    if statement is None:
        return
    before = timezone.now()
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        theirs = _aware(cursor.fetchone()[0])
    ours = before + (timezone.now() - before) / 2
    difference = abs(theirs - ours)
    if difference > APART:
        yield warning(
            _("The clock of this machine and that of the database are %(seconds)d s apart.")
            % {"seconds": difference.total_seconds()},
            about=using,
            cause=_("Times in columns with a default of the database do not agree with events."),
            remedy=_("Let both follow a time server (NTP)."),
        )


def _aware(found: datetime) -> datetime:
    return found.replace(tzinfo=UTC) if timezone.is_naive(found) else found
