"""The API of the desk: its schema is valid, and what is served keeps to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.example.desk import ROOT, Desk, environment

SECONDS = 240
"""After which the search is over, whatever it has found."""

SETTINGS = """
from config.settings import *

# So that one cookie is enough, of which the schema tells.
CSRF_USE_SESSIONS = True
"""

LOGIN = """
from importlib import import_module
from django.conf import settings
from django.contrib import auth
user = auth.get_user_model().objects.get(username="admin")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[auth.SESSION_KEY] = str(user.pk)
session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
session["_csrftoken"] = "{token}"
session.save()
print("session", session.session_key)
"""

TOKEN = "a" * 32

CONFIG = """
[auth.openapi.cookieAuth]
api_key = "{session}"

# No schema can say how long a period may be, in which years deadlines are, and that a target is
# later than the opening of its ticket.
[[operations]]
include-path-regex = '/(tickets|compliance|time-in-status|time-with|set-target)/$'
checks.positive_data_acceptance.enabled = false
"""


def test_the_schema_is_valid(desk: Desk) -> None:
    schema = desk.manage("spectacular", "--validate", "--fail-on-warn")
    for path in ("/api/tickets/{number}/sla/waive/:", "/api/reports/compliance/:"):
        assert path in schema
    # The filters are those of the model.
    assert schema.count("name: category__isnull") == 4


@pytest.mark.thorough
def test_what_is_served_keeps_to_the_schema(desk: Desk, tmp_path: Path) -> None:
    desk.manage("seed_desk", "--tickets", 20)
    (tmp_path / "api_settings.py").write_text(SETTINGS)
    more = {
        "DJANGO_SETTINGS_MODULE": "api_settings",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    session = desk.manage("shell", "-c", LOGIN.format(token=TOKEN), **more).split()[-1]
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(session=session))
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1"]
    command += ["--header", f"X-CSRFToken: {TOKEN}", "--request-timeout", "30"]
    with desk.served(**more) as address:
        done = subprocess.run(
            [*command, f"{address}/api/schema/"],
            cwd=tmp_path,
            env=environment(desk.database),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 15" in done.stdout
    written = desk.select("SELECT COUNT(*) FROM desk_ticketslaevent WHERE kind = 'breach_waived'")
    assert written[0][0], "whoever is not let in finds nothing either"
