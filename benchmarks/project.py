"""A Django project for benchmarks, on SQLite and on PostgreSQL."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
HOST = os.environ.get("TEST_DB_HOST", "127.0.0.1")


def measured(bench: str) -> Iterator[dict[str, Any]]:
    """The rows that the file ``bench`` prints when it runs by itself, on each database that is
    there. A process of its own for each, because Django can be set up only once in one."""
    for vendor in ("sqlite", "postgres"):
        if vendor == "postgres" and not _answers(HOST, 5432):
            print(f"left out: no PostgreSQL at {HOST}; TEST_DB_HOST can name one")
            continue
        env = {**os.environ, "BENCH_DB": vendor, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, bench], env=env, check=True, stdout=subprocess.PIPE, text=True
        )
        yield from map(json.loads, done.stdout.splitlines())


def run_alone(rows: Callable[[str], Iterator[dict[str, Any]]], *apps: str) -> None:
    """Print the rows measured on the database of ``BENCH_DB``, one as JSON a line; with ``apps``
    beside those that every project here has."""
    vendor = set_up(*apps)
    try:
        for row in rows(vendor):
            print(json.dumps(row))
    finally:
        tear_down()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def set_up(*apps: str) -> str:
    """Configure Django, make the tables anew, and give the database's name."""
    vendor = configure(*apps)
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    return vendor


def configure(*apps: str) -> str:
    """Configure Django, and give the database's name."""
    vendor = os.environ.get("BENCH_DB", "sqlite")
    databases = {
        "sqlite": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "unused",
            # In a file, as a project has it.
            "TEST": {"NAME": str(Path(tempfile.mkdtemp()) / "bench.sqlite3")},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        },
        "postgres": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": HOST,
            "TEST": {"NAME": f"django_sla_bench_{os.getpid()}"},
        },
    }
    settings.configure(
        SECRET_KEY="only for benchmarks",
        USE_TZ=True,
        DATABASES={"default": databases[vendor]},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "simple_history",
            "django_sla",
            "benchmarks.desk",
            *apps,
        ],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        MIGRATION_MODULES=dict.fromkeys(
            ["auth", "contenttypes", "simple_history", "django_sla", *apps]
        ),
    )
    django.setup()
    return vendor


def tear_down() -> None:
    from django.db import connection

    connection.creation.destroy_test_db("unused", verbosity=0)


def compare(
    ours: Callable[[], None], theirs: Callable[[], None], rounds: int
) -> tuple[float, float, float]:
    """Median seconds of each, and the median of the ratios, the two measured in turn."""
    mine, base, ratios = [], [], []
    for number in range(rounds + 2):
        start = perf_counter()
        theirs()
        middle = perf_counter()
        ours()
        end = perf_counter()
        if number >= 2:  # the first rounds warm up caches
            mine.append(end - middle)
            base.append(middle - start)
            ratios.append((end - middle) / (middle - start))
    return median(mine), median(base), median(ratios)
