"""From a ticket to a mail and a call: what the how-to pages promise, with a real mail server and a
real receiver, by the commands alone."""

import json
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import override_settings

from django_sla.models import Notice, Policy
from tests.channels.conftest import post, receiver  # noqa: F401  fixtures
from tests.conftest import after
from tests.flow.watching import at
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DOCS = Path(__file__).parents[1] / "docs"


def receiver_of_the_docs() -> ModuleType:
    """The receiver that the how-to page shows."""
    text = (DOCS / "how-to" / "channels.md").read_text("utf-8")
    source = text.split("# receiver.py\n")[1].split("```")[0]
    module = ModuleType("receiver")
    exec(source, module.__dict__)
    return module


def run(hours: float, name: str, *args: str) -> str:
    out = StringIO()
    with at(hours):
        call_command(name, *args, stdout=out)
    return out.getvalue()


def test_a_breach_is_told_by_a_real_mail_and_a_real_call(post: Any, receiver: Any) -> None:  # noqa: F811
    settings = {
        "BASE_URL": "https://desk.example.com",
        "CHANNELS": {
            "ops": {
                "backend": "django_sla.channels.Webhook",
                "url": f"http://127.0.0.1:{receiver.port}/sla",
                "secret": SECRET,
                "allow_http": True,
                "allow_private": True,
            }
        },
    }
    escalations = [
        {"metric": "resolution", "when": "at_risk", "channel": "email", "to": ["assignee"]},
        {"metric": "resolution", "when": "due", "channel": "email", "to": ["assignee"]},
        {"metric": "resolution", "when": "due", "channel": "ops", "to": []},
    ]
    anna = get_user_model().objects.create_user("anna", email="anna@example.com")
    with override_settings(DJANGO_SLA=settings):
        run(-1, "sla_sweep")  # the first one of all
        Policy.objects.create(
            name="Desk", goals={"*": {"resolution": "8h"}}, escalations=escalations
        )
        with at(0):
            ticket = Ticket.objects.create(title="No mail", assignee=anna)

        assert "1 recorded (0 breaches), 1 notices" in run(6.1, "sla_sweep", "--deliver")
        assert "1 recorded (1 breaches), 2 notices" in run(8.1, "sla_sweep")
        assert "2 sent, 0 to be tried again" in run(8.1, "sla_deliver")
        assert "0 recorded" in run(9, "sla_sweep", "--deliver"), "and that is all"

    warning, breach = post.received
    notice = Notice.objects.get(channel="email", kind="target_breached")
    assert breach["To"] == "anna@example.com"
    assert breach["Message-ID"] == f"<{notice.key}@desk.example.com>"
    assert "No mail" in breach["Subject"]
    assert warning["References"] == breach["References"], "a thread"
    text = breach.get_body(("plain",)).get_content()
    assert "Breached" in text
    assert "8h" in text, "the time allowed, in the explanation"
    assert breach.get_body(("html",)) is not None

    [call] = receiver.calls
    with at(8.1):
        assert receiver_of_the_docs().verify(SECRET, call.headers, call.body)
    told = json.loads(call.body)
    assert told["type"] == "sla.target_breached"
    assert told["data"]["pk"] == ticket.pk
    assert told["data"]["due"] == after(8).isoformat()
