"""Settings of the test suite.

TEST_DB chooses the database: sqlite (the default), postgres or mariadb. TEST_DB_NAME, TEST_DB_HOST,
TEST_DB_PORT, TEST_DB_USER and TEST_DB_PASSWORD say where a server is, when it is not the usual one
on this machine.
"""

import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

# -- the hosts under test -------------------------------------------------------------------------
# Apps with ticket models that subclass the mixin.
TEST_APPS: list[str] = [
    "tests.hosts.people",
    "tests.hosts.desk",
    "tests.hosts.vendor",
    "tests.hosts.variety",
    "tests.hosts.assets",
]
AUTH_USER_MODEL = "people.Person"
# ------------------------------------------------------------------------------------------------

SECRET_KEY = "only for tests"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
ROOT_URLCONF = "tests.urls"
# The default is slow on purpose, and the suite creates many users.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "simple_history",
    "django_sla",
    *TEST_APPS,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def server(engine: str, user: str, options: Mapping[str, object]) -> dict[str, object]:
    # Named after the checkout, so that two of them can be tested at the same time.
    checkout = zlib.crc32(str(Path(__file__).parent).encode())
    return {
        "ENGINE": engine,
        "NAME": os.environ.get("TEST_DB_NAME", f"django_sla_{checkout:08x}"),
        "HOST": os.environ.get("TEST_DB_HOST", "127.0.0.1"),
        "PORT": os.environ.get("TEST_DB_PORT", ""),
        "USER": os.environ.get("TEST_DB_USER", user),
        "PASSWORD": os.environ.get("TEST_DB_PASSWORD", ""),
        "OPTIONS": options,
    }


def sqlite() -> dict[str, object]:
    # A file, because threads have to see one database through connections of their own; and one
    # for each process, because several environments and xdist workers run at once.
    name = Path(tempfile.gettempdir()) / f"django-sla-test-{os.getpid()}.sqlite3"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "TEST": {"NAME": str(name)},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Nobody needs a test database after a power cut.
            "init_command": "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;",
        },
    }


def database(kind: str) -> dict[str, object]:
    match kind:
        case "sqlite":
            return sqlite()
        case "postgres":
            return server("django.db.backends.postgresql", "postgres", {})
        case "mariadb":
            strict = {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_ALL_TABLES'"}
            return server("django.db.backends.mysql", "root", strict) | {
                "TEST": {"CHARSET": "utf8mb4"}
            }
        case _:
            raise ValueError(f"TEST_DB={kind!r}: use sqlite, postgres or mariadb")


DATABASES = {"default": database(os.environ.get("TEST_DB") or "sqlite")}
