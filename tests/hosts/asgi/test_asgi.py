"""Asynchronous views behind a real server, and two people who change tickets at the same time."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import sleep
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import connection
from django.test import Client
from intake.models import Ticket
from intake.sla import paged

import django_sla
from django_sla.moment import as_of

CSRF = "a" * 32


class Person:
    """Somebody who is logged in, at an address of their own."""

    def __init__(self, user, address, port):
        self.user, self.address, self.port = user, address, port
        client = Client()
        client.force_login(user)
        self.session = client.cookies["sessionid"].value

    def get(self, path):
        return self._ask("GET", path, None)

    def post(self, path, **data):
        return self._ask("POST", path, urlencode(data))

    def _ask(self, method, path, body):
        server = HTTPConnection("127.0.0.1", self.port, source_address=(self.address, 0))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
        }
        server.request(method, path, body, headers)
        answer = server.getresponse()
        text = answer.read().decode()
        server.close()
        assert answer.status < 300, text
        return text


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna")


@pytest.fixture
def bob(django_user_model):
    return django_user_model.objects.create_superuser("bob")


@pytest.fixture
def ticket(django_user_model):
    rita = django_user_model.objects.create_user("rita")
    return Ticket.objects.create(title="No mail", priority="urgent", requester=rita)


@pytest.fixture
def port(transactional_db):
    """That of a server that runs for the time of a test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--log-level=warning", f"--port={port}"]
    server = subprocess.Popen(
        [*command, "asgi:application"],
        env=os.environ | {"DATABASE": str(connection.settings_dict["NAME"])},
    )
    for _ in range(300):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                break
        sleep(0.1)
    yield port
    server.terminate()
    server.wait(10)


@pytest.fixture
def people(port, anna, bob):
    return [Person(anna, "127.0.0.2", port), Person(bob, "127.0.0.3", port)]


def test_it_is_the_installed_package():
    assert "site-packages" in Path(django_sla.__file__).parts


@pytest.mark.django_db
def test_nothing_is_to_migrate_and_nothing_to_complain_about():
    call_command("makemigrations", "--check", "--dry-run")
    call_command("check", "--fail-level", "WARNING")


@pytest.mark.django_db(transaction=True)
def test_the_app_migrates_to_zero_and_back(ticket):
    call_command("migrate", "intake", "zero", verbosity=0)
    assert "intake_ticket" not in connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    new = Ticket.objects.create(title="No mail", requester=ticket.requester)
    assert new.sla.resolution.state == "on_track"


def test_everything_is_written_by_asynchronous_code(ticket, anna):
    async_to_sync(written)(ticket, anna)


async def written(ticket, anna):
    await ticket.comments.acreate(author=anna, text="Server 3 again?", public=False)
    await ticket.arefresh_from_db()
    assert ticket.first_responded_at is None
    comment = await ticket.comments.acreate(author=anna, text="Since when?")
    await ticket.arefresh_from_db()
    assert ticket.first_responded_at == comment.created_at
    for hours, status in ((1, "waiting"), (2, "open"), (3, "solved"), (5, "open")):
        with as_of(ticket.created_at + timedelta(hours=hours)):
            ticket.status = status
            await ticket.asave()
    assert ticket.resolution_target - ticket.created_at == timedelta(hours=4 + 1 + 2)
    await Ticket.objects.aupdate(status="solved")
    await ticket.arefresh_from_db()
    assert ticket.resolved_at is not None
    many = [Ticket(title="Many", requester_id=ticket.requester_id) for _ in range(3)]
    await Ticket.objects.abulk_create(many)
    with as_of(ticket.created_at + timedelta(days=30)):
        assert [late.title async for late in Ticket.objects.breached("resolution")] == ["Many"] * 3


def test_two_people_at_the_same_time_each_have_what_they_did(people, ticket):
    """Each opens, answers and solves tickets of their own while the other one does, all at once."""
    each = 8
    rows = [Ticket(title=str(n), requester=ticket.requester) for n in range(2 * each)]
    tickets = Ticket.objects.bulk_create(rows)
    whose = {one.pk: people[n % 2] for n, one in enumerate(tickets)}

    def work(pk):
        person = whose[pk]
        person.post("/tickets/", title=f"by {person.user}")
        person.post(f"/tickets/{pk}/comment/", text="Since when?")
        person.post(f"/tickets/{pk}/move/", status="solved")

    with ThreadPoolExecutor(2 * each) as pool:
        list(pool.map(work, whose))

    for one in Ticket.objects.filter(pk__in=whose):
        person = whose[one.pk]
        events = one.sla_events.exclude(kind="opened").order_by("at")
        assert [(event.kind, event.actor) for event in events] == [
            ("agent_replied", person.user),
            ("status_moved", person.user),
        ]
        done = {
            change.field: (change.user, change.ip)
            for change in one.sla.changelog()
            if change.field in ("first_responded_at", "resolved_at")
        }
        expected = (person.user, person.address)
        assert done == {"first_responded_at": expected, "resolved_at": expected}
    for person in people:
        opened = Ticket.objects.filter(title=f"by {person.user}")
        assert len(opened) == each
        for one in opened:
            first = one.history.earliest()
            assert (first.history_user, first.client_ip) == (person.user, person.address)


def test_pages_show_how_it_stands(people, ticket):
    anna, _bob = people
    [shown] = json.loads(anna.get("/tickets/"))["tickets"]
    assert shown == {"id": ticket.pk, "response": "on_track", "resolution": "on_track"}
    for path in ("/admin/intake/ticket/", f"/admin/intake/ticket/{ticket.pk}/change/"):
        assert "sla-badge--on_track" in anna.get(path)
    assert "No mail" in anna.get("/tickets/export/")


def test_a_breach_is_announced_once_to_an_asynchronous_receiver(ticket):
    call_command("sla_sweep", "--deliver", verbosity=0)
    with as_of(ticket.created_at + timedelta(hours=5)):
        for _ in range(2):
            call_command("sla_sweep", "--deliver", verbosity=0)
    assert sorted(paged) == [("No mail", "resolution"), ("No mail", "response")]


def test_commands(ticket, capsys):
    Ticket.objects.update(status="solved")
    call_command("sla_report", "--format", "csv")
    assert "\nurgent,1," in capsys.readouterr().out.replace("\r", "").lower()
    call_command("sla_reconcile")
    assert "1 tickets looked at; 0 adopted, 0 repaired," in capsys.readouterr().out
    call_command("sla_doctor")
    assert capsys.readouterr().out.startswith("Nothing found.")
