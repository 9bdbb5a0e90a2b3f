"""Every block of Python in the documentation runs: models in a project of their own each, all else
in one project that has a desk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, Block, all_blocks, blocks, name

SITE = Path(__file__).parent / "site"
TUTORIAL = DOCS / "tutorial" / "first-breach.md"

VENDOR = """
from django.db import models

class VendorTicket(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.IntegerField(default=1)
    priority = models.IntegerField(default=3)
"""

PROJECT = """
import doctest
import sys

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["simple_history.middleware.HistoryRequestMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "simple_history",
        "django_sla",
        "vendor",
        "desk",
    ],
)
django.setup()
call_command("makemigrations", "vendor", "desk", verbosity=0)
call_command("makemigrations", check=True, verbosity=0)
call_command("migrate", verbosity=0)
call_command("check", databases=["default"])

from desk.models import Ticket

print(Ticket.objects.breached().count(), "breached")
shown = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, "the page", None, 0)
sys.exit(doctest.DocTestRunner().run(shown).failed)
"""
"""Writes the migrations, applies them, asks the new tables, and types what is shown below."""


def run(*command: str, cwd: Path, path: list[Path], typed: str = "") -> str:
    environment = {key: v for key, v in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.thorough
def test_what_is_shown_does_what_is_said() -> None:
    options = ["--ds=config.settings", "-p", "no:cacheprovider", "-p", "no:randomly", "-q"]
    run("-m", "pytest", *options, str(SITE / "examples.py"), cwd=ROOT, path=[SITE, ROOT])


MODELS = [block for block in all_blocks("python") if block.has_models and block.page != TUTORIAL]


@pytest.mark.thorough
@pytest.mark.parametrize("block", MODELS, ids=str)
def test_models_can_be_migrated(block: Block, tmp_path: Path) -> None:
    for app, models in ("vendor", VENDOR), ("desk", block.text):
        (tmp_path / app).mkdir()
        (tmp_path / app / "__init__.py").touch()
        (tmp_path / app / "models.py").write_text(models, "utf-8")
    typed = "\n".join(shown.text for shown in blocks(block.page, "pycon"))
    said = run("-c", PROJECT, cwd=tmp_path, path=[tmp_path, ROOT], typed=typed)
    assert "0 breached" in said


def test_the_pages_have_models() -> None:
    assert {name(block.page) for block in MODELS} >= {
        "README.md",
        "docs/how-to/existing-project.md",
        "docs/how-to/statuses-and-priorities.md",
        "docs/how-to/workflow.md",
    }
