"""Apprise, with a real service of its own on this machine."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation

from django_sla.channels import Apprise
from tests.channels.messages import item, message, opened
from tests.channels.servers import Receiver
from tests.conftest import after

pytestmark = [
    pytest.mark.django_db,
    # Of Apprise itself, on Python before 3.13.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated"),
]


def channel(receiver: Receiver, path: str = "") -> Apprise:
    return Apprise("chat", urls=f"json://127.0.0.1:{receiver.port}/{path}")


def told(receiver: Receiver) -> dict[str, Any]:
    [call] = receiver.calls
    found: dict[str, Any] = json.loads(call.body)
    return found


def test_it_tells_a_service_what_happened(receiver: Receiver) -> None:
    channel(receiver).send(message())
    found = told(receiver)
    assert found["title"] == "Breached: No mail (Resolution)"
    assert found["message"] == (
        "Breached: No mail\n"
        "https://desk.example.com/tickets/7/\n"
        "Resolution: Breached, 1h over\n"
        "Due March 3, 2026, 9 a.m. UTC"
    )


def test_several_things_are_told_as_one(receiver: Receiver) -> None:
    items = [item(opened(title=f"<b>{n}</b> & co"), now=after(25), url="") for n in (1, 2)]
    channel(receiver).send(message(*items))
    found = told(receiver)
    assert found["title"] == "2 deadlines: 2 breached"
    assert [line for line in found["message"].splitlines() if line.startswith("Breached")] == [
        "Breached: <b>1</b> & co",
        "Breached: <b>2</b> & co",
    ]


@override_settings(LANGUAGE_CODE="de", TIME_ZONE="Europe/Berlin")
def test_it_speaks_as_the_project_does(receiver: Receiver) -> None:
    with translation.override("fr"):
        channel(receiver).send(message())
    assert "3. März 2026 10:00 CET" in told(receiver)["message"]


def test_where_one_of_several_fails_all_are_tried_again(receiver: Receiver) -> None:
    receiver.status = 500
    with pytest.raises(ConnectionError, match="its log"):
        channel(receiver).send(message())
    assert len(receiver.calls) == 1


def test_several_services(receiver: Receiver) -> None:
    urls = [f"json://127.0.0.1:{receiver.port}/{number}" for number in (1, 2)]
    Apprise("chat", urls=urls).send(message())
    assert sorted(call.path.strip("/") for call in receiver.calls) == ["1", "2"]


@pytest.mark.parametrize(
    ("urls", "problem"),
    [
        (["json://example.com", "hunter2"], "urls: Apprise cannot read number 2"),
        ("nowhere://hunter2", "urls: Apprise cannot read number 1"),
        ([], "urls: there is none"),
    ],
)
def test_urls_that_cannot_be_read_are_not_told(urls: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        Apprise("chat", urls=urls)
    assert "hunter2" not in str(raised.value)


WITHOUT = """
import sys
sys.modules["apprise"] = None  # which makes importing it fail
import django
django.setup()
from django_sla.conf import problems
[problem] = problems()
print(problem)
"""


def test_without_the_package_it_says_what_to_install() -> None:
    """In a process of its own, which has not imported it yet."""
    setting = {"chat": {"backend": "django_sla.channels.Apprise", "urls": "json://example.com"}}
    script = f"from django.conf import settings\nsettings.DJANGO_SLA = {{'CHANNELS': {setting}}}"
    done = subprocess.run(
        [sys.executable, "-c", script + WITHOUT],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == (
        'DJANGO_SLA["CHANNELS"]["chat"]: \'django_sla.channels.Apprise\' cannot be used: '
        'The package "apprise" is not installed; run: pip install "django-sla[apprise]".'
    ), done.stderr
