"""What is said of migrations: a new column may be empty, and those of a host can be squashed."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.db.migrations import AddField, RunPython, RunSQL

from django_sla import migrations
from tests.docs.pages import ROOT, blocks
from tests.docs.test_examples import run

OPERATIONS = [
    operation
    for module in iter_modules(migrations.__path__)
    for operation in import_module(f"{migrations.__name__}.{module.name}").Migration.operations
]
RARE = {"recalculation"}
"""Written by a person who begins one, and not by saves and sweeps."""


def test_code_from_before_goes_on_writing_beside_new_columns() -> None:
    added = [one for one in OPERATIONS if isinstance(one, AddField)]
    assert added
    for operation in added:
        assert operation.field.null or operation.model_name in RARE, operation.describe()


def test_every_migration_has_a_way_back_and_is_only_schema() -> None:
    assert all(operation.reversible for operation in OPERATIONS)
    assert not any(isinstance(operation, RunPython | RunSQL) for operation in OPERATIONS)


SQUASHED = """
import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["simple_history.middleware.HistoryRequestMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "squashed.sqlite3"}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "simple_history", "django_sla", "desk"
    ],
)
django.setup()
"""
COMMANDS = {
    "first": 'call_command("makemigrations", "desk", verbosity=0)',
    "second": 'call_command("makemigrations", "desk", verbosity=0)\n'
    'call_command("squashmigrations", "desk", "0002", interactive=False, verbosity=0)',
    "after": 'call_command("migrate", verbosity=0)\n'
    'call_command("makemigrations", "desk", check=True, verbosity=0)\n'
    'call_command("migrate", "desk", "zero", verbosity=0)\n'
    'call_command("migrate", "django_sla", "zero", verbosity=0)',
}


@pytest.mark.thorough
def test_migrations_of_a_host_can_be_squashed_and_go_back(tmp_path: Path) -> None:
    (block,) = (block for block in blocks(ROOT / "README.md", "python") if block.has_models)
    models = tmp_path / "desk" / "models.py"
    models.parent.mkdir()
    (models.parent / "__init__.py").touch()
    for step, commands in COMMANDS.items():
        more = "" if step == "first" else "    room = models.CharField(max_length=9, default='')\n"
        models.write_text(block.text.rstrip() + "\n" + more, "utf-8")
        run("-c", SQUASHED + commands, cwd=tmp_path, path=[tmp_path, ROOT])
    (squashed,) = (models.parent / "migrations").glob("*squashed*.py")
    text = squashed.read_text("utf-8")
    assert text.count("migrations.CreateModel") == 4
    assert "migrations.AddField" not in text
