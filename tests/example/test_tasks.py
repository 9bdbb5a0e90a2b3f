"""The desk with tasks in its database, taken from there by the worker of django-tasks-db."""

import os
from pathlib import Path

import pytest

from tests.example.desk import ROOT, Desk

SETTINGS = """
import django
from config.settings import *
from config.settings import INSTALLED_APPS, DJANGO_SLA

INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks_db"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DJANGO_SLA = DJANGO_SLA | {
    "ESCALATIONS": [
        {"metric": "resolution", "when": "due", "channel": "email", "to": ["ops@example.com"]},
    ],
}
"""

OPEN = """
from datetime import timedelta
from desk.models import Ticket
from django.utils import timezone
from django_sla.models import Beginning
from django_sla.moment import as_of
# Watched since yesterday, and due an hour ago.
yesterday = timezone.now() - timedelta(days=1)
Beginning.objects.create(pk=1, since=yesterday)
with as_of(timezone.now() - timedelta(hours=5)):
    ticket = Ticket.objects.create(title="A printer on fire", priority="urgent")
ticket.sla_clocks.update(watched_from=yesterday)
"""

QUEUE = """
from django_sla.flow.recalculate import start
from django_sla.integrations.tasks import recalculate, reconcile, sweep
from django_sla.models import Policy
sweep.enqueue()
reconcile.enqueue()
Policy.objects.create(name="New", goals={"*": {"resolution": "2h"}})
recalculate.enqueue(number=start(using="default").pk, apply=True, reason="New contract")
"""


@pytest.fixture
def more(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "task_settings.py").write_text(SETTINGS)
    return {
        "DJANGO_SETTINGS_MODULE": "task_settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }


@pytest.mark.thorough
def test_a_worker_takes_tasks_from_the_database(desk: Desk, more: dict[str, str]) -> None:
    desk.manage("migrate", "--verbosity", 0, **more)
    desk.manage("shell", "-c", OPEN, **more)
    desk.manage("shell", "-c", QUEUE, **more)
    said = desk.manage("db_worker", "--batch", "--no-startup-delay", "--no-reload", **more)
    assert "To: ops@example.com" in said
    assert "A printer on fire" in said
    tasks = desk.select("SELECT task_path, status FROM django_tasks_database_dbtaskresult")
    assert {status for _path, status in tasks} == {"SUCCESSFUL"}, said
    assert sorted(path.rpartition(".")[2] for path, _status in tasks) == [
        "deliver",
        "go_on",
        "recalculate",
        "reconcile",
        "reconcile_range",
        "sweep",
    ]
    [(phase, applied)] = desk.select("SELECT phase, applied FROM django_sla_recalculation")
    assert (phase, applied) == ("done", 1)
    assert ("sent",) in desk.select("SELECT standing FROM django_sla_notice")
