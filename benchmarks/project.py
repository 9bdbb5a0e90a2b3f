"""A Django project in this process: on SQLite in a file, or with ``BENCH_DB=postgres``."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import django
from django.conf import settings


def set_up() -> str:
    """Configure Django, make the tables anew, and give the database's name."""
    vendor = os.environ.get("BENCH_DB", "sqlite")
    databases = {
        "sqlite": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(tempfile.mkdtemp()) / "bench.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        },
        "postgres": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": os.environ.get("TEST_DB_HOST", "127.0.0.1"),
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
        ],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        MIGRATION_MODULES=dict.fromkeys(["auth", "contenttypes", "simple_history", "django_sla"]),
    )
    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
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
