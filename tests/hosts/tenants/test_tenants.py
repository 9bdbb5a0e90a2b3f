"""Two customers of one help desk, each in a schema of its own: nothing of one is in the other."""

import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from customers.models import Company
from desk.models import Ticket
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from django_tenants.test.client import TenantClient
from django_tenants.utils import tenant_context

import django_sla
from django_sla.models import Notice, Policy, Terms
from django_sla.moment import as_of

NAMES = ("acme", "globex")
HOURS = {"acme": 1, "globex": 2}


@pytest.fixture(scope="session")
def schemas(django_db_blocker):
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
        for name in NAMES:
            company = Company(schema_name=name, name=name.capitalize())
            company.save(verbosity=0)
            company.domains.create(domain=f"{name}.example.com", is_primary=True)
        yield
        teardown_databases(databases, verbosity=0)


@pytest.fixture
def companies(schemas, django_db_blocker):
    """Emptied afterwards, and nothing rolled back: the tests commit, as a server does."""
    with django_db_blocker.unblock():
        found = list(Company.objects.filter(schema_name__in=NAMES).order_by("schema_name"))
        yield found
        for company in found:
            with tenant_context(company):
                call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def tickets(companies):
    """The first ticket of each, opened at the same instant under policies of the same name."""
    found = {}
    with as_of(timezone.now()):
        for company in companies:
            with tenant_context(company):
                hours = HOURS[company.schema_name]
                goals = {"*": {"response": f"{hours}h", "resolution": f"{4 * hours}h"}}
                Policy.objects.create(name="Contract", goals=goals)
                anna = User.objects.create_superuser("anna", f"anna@{company.schema_name}.com")
                rita = User.objects.create_user("rita")
                ticket = Ticket.objects.create(title="No mail", requester=rita, assignee=anna)
                found[company.schema_name] = ticket
    assert {ticket.pk for ticket in found.values()} == {1}
    return found


@contextmanager
def each(companies, tickets, hours=0.0):
    """Hours later; for each tenant in turn."""
    start = tickets["acme"].created_at
    with as_of(start + timedelta(hours=hours)):
        yield [(company, tickets[company.schema_name]) for company in companies]


def test_it_is_the_installed_package():
    assert "site-packages" in Path(django_sla.__file__).parts


def test_nothing_is_to_migrate_and_nothing_to_complain_about(companies):
    call_command("makemigrations", "--check", "--dry-run")
    call_command("check", "--fail-level", "WARNING")


def test_the_app_of_one_tenant_migrates_to_zero_and_back(companies):
    acme, globex = companies

    def has_tickets(company):
        with tenant_context(company):
            return "desk_ticket" in connection.introspection.table_names()

    call_command("migrate_schemas", "desk", "zero", schema_name="acme", verbosity=0)
    assert (has_tickets(acme), has_tickets(globex)) == (False, True)
    call_command("migrate_schemas", schema_name="acme", verbosity=0)
    assert has_tickets(acme)


def test_each_has_its_own_policies_and_edits(companies, tickets):
    for turn in (1, 3):
        for company in companies:
            with tenant_context(company):
                hours = turn * HOURS[company.schema_name]
                policy = Policy.objects.get()
                policy.goals = {"*": {"response": f"{hours}h"}}
                policy.save()
        for company in (*companies, *companies):
            with tenant_context(company):
                hours = turn * HOURS[company.schema_name]
                new = Ticket.objects.create(title="Again", requester=User.objects.get(pk=2))
                assert new.response_target - new.created_at == timedelta(hours=hours)
                old = tickets[company.schema_name]
                old.priority = "low" if old.priority == "high" else "high"
                old.save()
                assert old.response_target - old.created_at == timedelta(hours=hours)


def test_the_terms_that_both_have_are_rows_of_both(companies):
    """What the process has written for one tenant is not there for the next one."""
    for company in companies:
        with tenant_context(company):
            rita = User.objects.create_user("rita")
            ticket = Ticket.objects.create(title="No mail", requester=rita)
            assert Terms.objects.filter(pk=ticket.sla_clocks.first().terms_id).exists()


def test_a_ticket_lives_in_its_schema_alone(companies, tickets):
    acme, globex = companies
    with tenant_context(acme):
        ticket, anna = Ticket.objects.get(), User.objects.get(username="anna")
        ticket.comments.create(author=anna, text="Server 3 again?", is_public=False)
        assert not ticket.sla_events.filter(kind="agent_replied").exists()
        ticket.comments.create(author=anna, text="Since when?")
        ticket.refresh_from_db()
        assert ticket.sla.response.state == "met"
        for hours, status in ((1, "solved"), (3, "open")):
            with as_of(ticket.created_at + timedelta(hours=hours)):
                ticket.status = status
                ticket.save()
        assert ticket.resolution_target - ticket.created_at == timedelta(hours=4 + 2)
    with tenant_context(globex):
        assert [event.kind for event in Ticket.objects.get().sla_events.all()] == ["opened"]


def test_the_admin_of_each_shows_its_own_and_the_changelog_says_who(companies, tickets):
    with each(companies, tickets, hours=1.5) as turns:
        for company, ticket in turns:
            with tenant_context(company):
                client = TenantClient(company)
                anna = User.objects.get(username="anna")
                client.force_login(anna)
                page = f"/admin/desk/ticket/{ticket.pk}/change/"
                for path in ("/admin/desk/ticket/", page):
                    answer = client.get(path)
                    assert answer.status_code == 200
                    is_late = "sla-badge--breached" in answer.text
                    assert is_late == (company.schema_name == "acme")
                values = {
                    "title": "No mail",
                    "priority": "medium",
                    "requester": ticket.requester_id,
                }
                client.post(page, {**values, "status": "solved"}, REMOTE_ADDR="192.0.2.7")
                changes = Ticket.objects.get().sla.changelog()
                [solved] = [one for one in changes if one.field == "resolved_at" and one.new]
                assert (solved.user, solved.ip) == (anna, "192.0.2.7")


def test_a_breach_is_announced_once_in_each(companies, tickets):
    for hours in (0, 5, 5, 9, 9):
        with each(companies, tickets, hours):
            execute_from_command_line(["manage.py", "sweep_tenants", "--verbosity=0"])
    assert [message.to for message in mail.outbox] == [["anna@acme.com"], ["anna@globex.com"]]
    for company, message in zip(companies, mail.outbox, strict=True):
        assert f"https://{company.schema_name}.example.com/admin/desk/ticket/1/" in message.body
        with tenant_context(company):
            assert Notice.objects.get().standing == "sent"


def test_each_is_told_whether_its_own_deadlines_are_watched(companies):
    with tenant_context(companies[0]):
        call_command("sla_sweep", verbosity=0)
    answers = [TenantClient(company).get("/sla/health/").json() for company in companies]
    assert [answer["status"] for answer in answers] == ["ok", "never"]


def test_mails_of_two_tenants_are_never_taken_for_one(companies):
    """Their tickets have the same key and the same deadline, and one person is told of both."""
    start = timezone.now()
    for company in companies:
        with tenant_context(company), as_of(start):
            ann = User.objects.create_user("ann", "ann@example.com")
            Ticket.objects.create(title="No mail", requester=ann, assignee=ann)
    for hours in (0, 25):
        with as_of(start + timedelta(hours=hours)):
            call_command("sweep_tenants", verbosity=0)
    first, second = (message.message()["Message-ID"] for message in mail.outbox)
    assert first != second


def test_one_tenant_that_fails_does_not_keep_the_next_one_waiting(companies, tickets):
    with tenant_context(companies[0]):
        User.objects.update(email="")
    with each(companies, tickets):
        call_command("sweep_tenants", verbosity=0)
    with each(companies, tickets, hours=9), pytest.raises(CommandError, match="Acme"):
        call_command("sweep_tenants", verbosity=0)
    assert [message.to for message in mail.outbox] == [["anna@globex.com"]]


def test_commands_of_one_tenant(companies, tickets, capsys):
    with tenant_context(companies[0]):
        Ticket.objects.update(status="solved")
    told = {"acme": "Nothing found.", "globex": "No sweep has ever finished."}
    for name, is_open in (("acme", 0), ("globex", 1)):

        def run(command, *options, name=name):
            given = ["manage.py", "tenant_command", command, *options, f"--schema={name}"]
            execute_from_command_line(given)
            return capsys.readouterr().out

        [row] = json.loads(run("sla_report", "--format=json"))["rows"]
        assert (row["tickets"], row["open"]) == (1, is_open)
        assert "1 tickets looked at; 0 adopted, 0 repaired," in run("sla_reconcile")
        assert told[name] in run("sla_doctor")


def test_processes_of_a_command_look_at_the_same_tenant(companies, tickets, capsys):
    """Of so many tickets, each process is given a part."""
    with tenant_context(companies[1]):
        rita = User.objects.get(username="rita")
        Ticket.objects.bulk_create(Ticket(title="Mail", requester=rita) for _ in range(2_000))
        call_command("sla_simulate", "--workers", "2", "--format", "csv")
    assert "\nTotal,2001," in capsys.readouterr().out.replace("\r", "")
