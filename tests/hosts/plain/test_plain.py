"""A help line of Django and django-sla alone, from an empty database to a report."""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from helpline.models import Call

import django_sla
from django_sla.moment import as_of

EXTRAS = (
    *("apprise", "celery", "drf_spectacular", "holidays", "icalendar", "import_export"),
    *("matplotlib", "openpyxl", "prometheus_client", "rest_framework", "statsmodels"),
)


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna")


@pytest.fixture
def call(django_user_model):
    caller = django_user_model.objects.create_user("rita")
    return Call.objects.create(subject="No mail", urgency="standstill", caller=caller)


@pytest.fixture
def page(client, anna, call):
    client.force_login(anna)
    return reverse("call", args=[call.pk])


def test_it_is_the_installed_package_without_any_extra():
    assert "site-packages" in Path(django_sla.__file__).parts
    assert [name for name in EXTRAS if find_spec(name)] == []


@pytest.mark.django_db
def test_nothing_is_to_migrate_and_nothing_to_complain_about():
    call_command("makemigrations", "--check", "--dry-run")
    call_command("check", "--fail-level", "WARNING")


@pytest.mark.django_db(transaction=True)
def test_the_app_migrates_to_zero_and_back(call):
    call_command("migrate", "helpline", "zero", verbosity=0)
    assert [name for name in connection.introspection.table_names() if "helpline" in name] == []
    call_command("migrate", verbosity=0)
    new = Call.objects.create(subject="No mail", urgency="standstill", caller=call.caller)
    assert new.sla.resolution.state == "on_track"


def test_a_call_has_the_targets_of_the_priority_that_it_stands_for(call):
    assert call.response_target - call.created_at == timedelta(hours=1)
    assert call.resolution_target - call.created_at == timedelta(hours=4)


def test_a_public_note_of_staff_is_the_response(client, page, call):
    client.post(page, {"text": "Server 3 again?"})
    call.refresh_from_db()
    assert call.first_responded_at is None
    client.post(page, {"text": "Since when?", "public": "on"})
    call.refresh_from_db()
    assert call.first_responded_at is not None
    assert call.sla.response.state == "met"


def test_parked_fixed_and_not_fixed_after_all(client, page, call):
    start = call.created_at
    for hours, state in ((1, "parked"), (3, "on it"), (4, "fixed"), (5, "ringing")):
        with as_of(start + timedelta(hours=hours)):
            client.post(page, {"state": state})
    call.refresh_from_db()
    assert call.resolved_at is None
    assert call.resolution_target - start == timedelta(hours=4 + 2 + 1)


def test_the_changelog_says_who_did_it_and_from_where(client, page, call, anna):
    client.post(page, {"state": "fixed"}, REMOTE_ADDR="192.0.2.7")
    [change] = [one for one in call.sla.changelog() if one.field == "resolved_at" and one.new]
    assert (change.user, change.ip) == (anna, "192.0.2.7")


def test_a_breach_is_announced_once(call):
    call_command("sla_sweep", "--deliver", verbosity=0)
    with as_of(call.created_at + timedelta(hours=5)):
        for _ in range(2):
            call_command("sla_sweep", "--deliver", verbosity=0)
    [message] = mail.outbox
    assert message.to == ["boss@example.com"]
    assert "No mail" in message.subject


def test_pages_show_how_it_stands(client, page, call):
    admin = reverse("admin:helpline_call_changelist")
    for path in (page, admin, f"{admin}{call.pk}/change/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "On track" in answer.text


def test_commands(call, capsys):
    Call.objects.update(state="fixed")
    call_command("sla_report", "--format", "csv")
    assert "\nStandstill,1," in capsys.readouterr().out.replace("\r", "")
    call_command("sla_reconcile")
    assert "1 tickets looked at; 0 adopted, 0 repaired," in capsys.readouterr().out
    call_command("sla_doctor")
    assert capsys.readouterr().out.startswith("Nothing found.")
