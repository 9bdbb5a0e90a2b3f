"""Settings of the processes that are killed: as the tests have them, with as little as it takes."""

import os
from pathlib import Path

from tests import settings as usual

HOME = Path(os.environ["CRASH_HOME"])
LEDGER = HOME / f"{os.environ['TEST_DB_NAME']}.ledger"
"""What the receivers have been told."""
DEATHS = HOME / f"{os.environ['TEST_DB_NAME']}.deaths"
"""At which points workers have died."""

SECRET_KEY = usual.SECRET_KEY
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = usual.DEFAULT_AUTO_FIELD
AUTH_USER_MODEL = usual.AUTH_USER_MODEL
PASSWORD_HASHERS = usual.PASSWORD_HASHERS

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "simple_history",
    "django_sla",
    "tests.hosts.people",
    "tests.hosts.desk",
]
# Tables are made as the models say.
MIGRATION_MODULES = dict.fromkeys(
    ("auth", "contenttypes", "simple_history", "django_sla", "people", "desk")
)

DATABASES = usual.DATABASES
if os.environ["TEST_DB"] == "sqlite":
    DATABASES["default"]["NAME"] = str(HOME / f"{os.environ['TEST_DB_NAME']}.sqlite3")
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    )

DJANGO_SLA = {
    "GOALS": {"medium": {"response": "1h", "resolution": "1h"}},
    "CHANNELS": {
        "pager": {"backend": "tests.crash.receiver.Pager"},
        "bulletin": {"backend": "tests.crash.receiver.Bulletin"},
    },
    "ESCALATIONS": [
        {"metric": "*", "when": "due", "channel": "pager"},
        {"metric": "*", "when": "due", "channel": "bulletin", "to": ["assignee"]},
    ],
}
