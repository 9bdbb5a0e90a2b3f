"""Run by test_upgrade.py in a process of its own: every kept version is brought up to date.

Migrations go backwards, too: each of ours, one after the other, with data in its tables.
"""

import json
import sys
from datetime import datetime
from io import StringIO
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader


def main() -> None:
    django.setup()
    from tests.upgrade import kept

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        backwards()
        tables = connection.introspection.table_names()
        left = [name for name in tables if name.startswith(("desk_", "django_sla_"))]
        expect("tables after going back", left, [])
        for path in kept.versions():
            brought_up_to_date(path.stem, json.loads(path.read_text("utf-8")))
            backwards()
    finally:
        connection.creation.destroy_test_db(":memory:", verbosity=0)


def brought_up_to_date(version: str, document: dict[str, Any]) -> None:
    from tests.upgrade import kept

    kept.restore(document)
    call_command("migrate", verbosity=0)
    now = kept.said(datetime.fromisoformat(document["now"]))
    expect(f"{version}: the tickets", sorted(now), sorted(document["said"]))
    for key, was in document["said"].items():
        for part, told in was.items():
            expect(f"{version}: {part} of ticket {key}", now[key][part], told)
    out = StringIO()
    call_command("sla_reconcile", "--dry-run", stdout=out)
    if ", 0 to be repaired, 0 cannot be replayed" not in out.getvalue():
        sys.exit(f"{version}: {out.getvalue()}")
    goes_on(version)
    print(f"{version}: {len(now)} tickets are as they were")


def goes_on(version: str) -> None:
    """Old and new tickets work on."""
    from desk.models import Ticket

    old = Ticket.objects.exclude(status__in=["resolved", "closed"]).first()
    old.priority = "urgent"
    old.save()
    expect(f"{version}: a new target", old.sla_events.last().kind, "priority_changed")
    new = Ticket.objects.create(title="After the upgrade", requester=old.requester)
    expect(f"{version}: a new ticket", new.resolution_target is not None, True)
    call_command("sla_sweep", verbosity=0)
    call_command("sla_report", stdout=StringIO())


def backwards() -> None:
    """Each migration back, one by one."""
    graph = MigrationLoader(connection).graph
    for app in ("desk", "django_sla"):
        (leaf,) = graph.leaf_nodes(app)
        plan = [key for key in graph.forwards_plan(leaf) if key[0] == app]
        for _app, name in [*reversed(plan[:-1]), (app, "zero")]:
            call_command("migrate", app, name, verbosity=0)


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        sys.exit(f"{what}:\n  found  {found}\n  wanted {wanted}")


if __name__ == "__main__":
    main()
