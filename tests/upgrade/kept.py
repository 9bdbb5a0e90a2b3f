"""A database as a released version left it, in a file: which migrations it had, its rows, and what
was said of its tickets."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

FOLDER = Path(__file__).resolve().parent
APPS = ("auth", "desk", "django_sla")
MIGRATED = ("desk", "django_sla")
"""Whose migrations come with the package."""


def versions() -> list[Path]:
    """One file for each released version."""
    return sorted(FOLDER.glob("*.json"))


# What is said of tickets


def said(now: datetime) -> dict[str, Any]:
    """The verdicts on every ticket, and its timeline and changelog in short."""
    from desk.models import Ticket

    found = {}
    for ticket in Ticket.objects.with_verdicts(now).order_by("pk"):
        document = {
            "sla": ticket.sla.as_dict(),
            "timeline": [(entry.at, entry.kind) for entry in ticket.sla.timeline(now=now)],
            "changelog": [(c.at, c.field, c.kind, c.new) for c in ticket.sla.changelog()],
        }
        found[str(ticket.pk)] = json.loads(json.dumps(document, cls=DjangoJSONEncoder))
    return found


# Keeping


def keep(version: str) -> Path:
    """Write down the database at hand."""
    now = timezone.now() + timedelta(days=2)
    applied = MigrationRecorder(connection).applied_migrations()
    document = {
        "migrations": {app: max(name for label, name in applied if label == app) for app in APPS},
        "rows": {model._meta.label: list(_dumped(model)) for model in _models(apps)},
        "now": now,
        "said": said(now),
    }
    path = FOLDER / f"{version}.json"
    path.write_text(
        json.dumps(document, indent=0, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"
    )
    return path


def _models(registry: Any) -> list[Any]:
    models = (m for app in APPS for m in registry.get_app_config(app).get_models())
    left_out = {"auth.Permission", "auth.User_groups", "auth.Group"}
    return [model for model in models if model._meta.label not in left_out]


def _dumped(model: Any) -> Iterator[dict[str, Any]]:
    for row in model._base_manager.order_by("pk"):
        yield {field.attname: _text(field, row) for field in model._meta.concrete_fields}


def _text(field: Any, row: Any) -> Any:
    value = field.value_from_object(row)
    return value if value is None else field.value_to_string(row)


# Restoring


def restore(document: dict[str, Any]) -> None:
    """Bring a database without our tables to the migrations that were kept, and fill it."""
    executor = MigrationExecutor(connection)
    targets = [(app, document["migrations"][app]) for app in MIGRATED]
    executor.migrate(targets)
    then = executor.loader.project_state(targets).apps
    models = [then.get_model(label) for label in document["rows"]]
    with transaction.atomic(), connection.constraint_checks_disabled():
        for model in models:
            fields = {field.attname: field for field in model._meta.concrete_fields}
            model._base_manager.bulk_create(
                model(**{name: fields[name].to_python(value) for name, value in row.items()})
                for row in document["rows"][model._meta.label]
            )
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
