"""A project whose tickets and people have UUIDs, from an empty database to a report."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from rest_framework.test import APIClient
from service.models import Ticket

import django_sla
from django_sla.moment import as_of


@pytest.fixture
def rita(django_user_model):
    return django_user_model.objects.create_user("rita@example.com")


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna@example.com")


@pytest.fixture
def ticket(rita, anna):
    return Ticket.objects.create(title="No mail", priority="urgent", requester=rita, assignee=anna)


@pytest.fixture
def api(anna):
    client = APIClient(REMOTE_ADDR="192.0.2.7")
    client.force_login(anna)
    return client


def later(ticket, hours):
    return as_of(ticket.created_at + timedelta(hours=hours))


def test_it_is_the_installed_package():
    assert "site-packages" in Path(django_sla.__file__).parts


@pytest.mark.django_db
def test_nothing_is_to_migrate_and_nothing_to_complain_about():
    call_command("makemigrations", "--check", "--dry-run")
    call_command("check", "--fail-level", "WARNING")


@pytest.mark.django_db(transaction=True)
def test_the_app_migrates_to_zero_and_back(ticket):
    call_command("migrate", "service", "zero", verbosity=0)
    assert "service_ticket" not in connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    new = Ticket.objects.create(title="No mail", requester=ticket.requester)
    assert new.sla.resolution.state == "on_track"


def test_a_public_reply_of_staff_is_the_response(ticket, anna, rita):
    ticket.replies.create(author=rita, text="Hello?")
    ticket.replies.create(author=anna, text="Server 3 again?", internal=True)
    ticket.refresh_from_db()
    assert ticket.first_responded_at is None
    reply = ticket.replies.create(author=anna, text="Since when?")
    ticket.refresh_from_db()
    assert ticket.first_responded_at == reply.created_at


def test_questions_find_their_tickets_by_uuid(ticket, rita):
    done = Ticket.objects.create(title="Done", priority="urgent", requester=rita, status="solved")
    with later(ticket, 5):
        assert list(Ticket.objects.breached()) == [ticket]
        assert list(Ticket.objects.exclude(pk__in=Ticket.objects.breached())) == [done]


def test_the_api_solves_and_reopens_and_says_who_did_it(api, ticket, anna):
    url = reverse("ticket-detail", args=[ticket.pk])
    with later(ticket, 1):
        api.patch(url, {"status": "solved"})
    with later(ticket, 3):
        sla = api.patch(url, {"status": "open"}).json()["sla"]
    assert (sla["id"], sla["resolved_at"]) == (str(ticket.pk), None)
    ticket.refresh_from_db()
    assert ticket.resolution_target - ticket.created_at == timedelta(hours=4 + 2)
    entries = api.get(reverse("ticket-sla-changelog", args=[ticket.pk])).json()["results"]
    [solved] = [one for one in entries if one["field"] == "resolved_at" and one["new"]]
    assert (solved["user"], solved["ip"]) == (anna.email, "192.0.2.7")


def test_a_hold_by_the_api_moves_the_target(api, ticket):
    for hours, action in ((1, "pause"), (3, "resume")):
        with later(ticket, hours):
            url = reverse(f"ticket-sla-{action}", args=[ticket.pk])
            assert api.post(url, {"reason": "Parts"}).status_code == 200
    ticket.refresh_from_db()
    assert ticket.resolution_target - ticket.created_at == timedelta(hours=4 + 2)


def test_a_breach_is_announced_once_to_its_assignee(ticket, anna):
    call_command("sla_sweep", "--deliver", verbosity=0)
    with later(ticket, 5):
        for _ in range(2):
            call_command("sla_sweep", "--deliver", verbosity=0)
    [message] = mail.outbox
    assert message.to == [anna.email]


def test_the_admin_shows_how_it_stands_and_excuses_a_breach(client, anna, ticket):
    client.force_login(anna)
    tickets = reverse("admin:service_ticket_changelist")
    with later(ticket, 5):
        for path in (tickets, f"{tickets}{ticket.pk}/change/"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "sla-badge--breached" in answer.text
        reason = {"metric": "resolution", "reason": "A power cut"}
        client.post(f"{tickets}{ticket.pk}/sla/waive/", reason)
        assert ticket.sla_events.get(kind="breach_waived").actor == anna


def test_commands_take_a_uuid(ticket, anna, capsys):
    Ticket.objects.update(status="solved")
    call_command("sla_report", "--by", "agent", "--where", f"agent={anna.pk}", "--format", "csv")
    assert "anna@example.com,1," in capsys.readouterr().out
    call_command("sla_reconcile", str(ticket.pk))
    assert "1 tickets looked at; 0 adopted, 0 repaired," in capsys.readouterr().out
    call_command("sla_doctor")
    assert capsys.readouterr().out.startswith("Nothing found.")
    call_command("sla_doctor", str(ticket.pk))
    assert str(ticket.pk) in capsys.readouterr().out
