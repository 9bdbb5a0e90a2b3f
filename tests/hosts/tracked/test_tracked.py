"""A project with a changelog of its own, before, while and after service levels come to it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import QuerySet
from django.urls import reverse
from tracker.models import Bug

import django_sla
from django_sla.moment import as_of

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def after(hours):
    return MONDAY + timedelta(hours=hours)


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna")


@pytest.fixture
def rita(django_user_model):
    return django_user_model.objects.create_user("rita")


@pytest.fixture
def bug(rita):
    return Bug.objects.create(title="No mail", priority="urgent", reporter=rita)


@pytest.fixture
def before(transactional_db, anna, rita):
    """The database as it was, with a bug that anna answered and fixed; and its changelog."""
    call_command("migrate", "tracker", "0001", verbosity=0)
    apps = MigrationExecutor(connection).loader.project_state(("tracker", "0001_initial")).apps
    bugs, comments, history = (
        apps.get_model("tracker", name).objects for name in ("Bug", "Comment", "HistoricalBug")
    )
    bug = bugs.create(title="No mail", priority="urgent", status="fixed", reporter_id=rita.pk)
    bugs.update(created_at=MONDAY)
    for hours, kind, status, user in (
        (0, "+", "open", rita),
        (1, "~", "waiting", anna),
        (2, "~", "fixed", anna),
    ):
        history.create(
            id=bug.pk,
            title=bug.title,
            priority=bug.priority,
            status=status,
            reporter_id=rita.pk,
            created_at=MONDAY,
            history_date=after(hours),
            history_type=kind,
            history_user_id=user.pk,
        )
    comments.create(bug=bug, author_id=anna.pk, text="Since when?")
    comments.update(written_at=after(0.5))
    yield list(history.order_by("history_id").values())
    call_command("migrate", verbosity=0)


def test_it_is_the_installed_package():
    assert "site-packages" in Path(django_sla.__file__).parts


@pytest.mark.django_db
def test_nothing_is_to_migrate_and_nothing_to_complain_about():
    call_command("makemigrations", "--check", "--dry-run")
    call_command("check", "--fail-level", "WARNING")


def test_a_bug_from_before_is_adopted_and_its_changelog_goes_on(before, anna, client, capsys):
    call_command("migrate", verbosity=0)
    [bug] = Bug.objects.all()
    assert list(bug.history.order_by("history_id").values(*before[0])) == before
    assert bug.sla.clocks == ()

    # When it was fixed, the old changelog knows.
    fixed = bug.history.filter(status="fixed").earliest("history_date").history_date
    QuerySet(Bug).filter(pk=bug.pk).update(resolved_at=fixed)
    call_command("sla_reconcile", "--adopt-only")
    assert "1 adopted" in capsys.readouterr().out

    bug = Bug.objects.get()
    assert (bug.first_responded_at, bug.resolved_at) == (after(0.5), after(2))
    assert (bug.sla.response.state, bug.sla.resolution.state) == ("met", "met")
    old = bug.history.filter(history_id__lte=before[-1]["history_id"]).order_by("history_id")
    assert list(old.values(*before[0])) == before
    *adopted, opened = bug.sla.changelog()
    assert {(one.field, one.user, one.reason) for one in adopted} == {
        (field, None, "adopted")
        for field in ("response_target", "resolution_target", "first_responded_at", "resolved_at")
    }
    assert (opened.field, opened.new, opened.user.username) == ("created_at", MONDAY, "rita")

    client.force_login(anna)
    page = reverse("admin:tracker_bug_change", args=[bug.pk])
    data = {"title": "No mail", "priority": "urgent", "status": "open", "reporter": bug.reporter_id}
    client.post(page, data, REMOTE_ADDR="192.0.2.7")
    bug.refresh_from_db()
    newest = bug.history.latest()
    assert (newest.history_user, newest.client_ip, newest.status) == (anna, "192.0.2.7", "open")
    [reopened] = [one for one in bug.sla.changelog() if one.field == "resolved_at" and not one.new]
    assert (reopened.old, reopened.user, reopened.ip) == (fixed, anna, "192.0.2.7")
    assert list(old.values(*before[0])) == before


@pytest.mark.django_db(transaction=True)
def test_the_app_migrates_to_zero_and_back(bug):
    call_command("migrate", "tracker", "zero", verbosity=0)
    assert "tracker_bug" not in connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    new = Bug.objects.create(title="No mail", reporter=bug.reporter)
    assert new.sla.resolution.state == "on_track"


def test_a_new_bug_is_answered_fixed_and_reopened(bug, anna, rita):
    for author, public in ((rita, True), (anna, False)):
        bug.comments.create(author=author, text="Hello", public=public)
    bug.refresh_from_db()
    assert bug.first_responded_at is None
    comment = bug.comments.create(author=anna, text="Since when?")
    bug.refresh_from_db()
    assert bug.first_responded_at == comment.written_at
    for hours, status in ((1, "waiting"), (2, "open"), (3, "fixed"), (5, "open")):
        with as_of(bug.created_at + timedelta(hours=hours)):
            bug.status = status
            bug.save()
    assert bug.resolution_target - bug.created_at == timedelta(hours=4 + 1 + 2)


def test_a_breach_is_announced_once(bug):
    call_command("sla_sweep", "--deliver", verbosity=0)
    with as_of(bug.created_at + timedelta(hours=5)):
        for _ in range(2):
            call_command("sla_sweep", "--deliver", verbosity=0)
    [message] = mail.outbox
    assert message.to == ["boss@example.com"]


def test_the_admin_shows_how_it_stands(client, anna, bug):
    client.force_login(anna)
    bugs = reverse("admin:tracker_bug_changelist")
    for path in (bugs, f"{bugs}{bug.pk}/change/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "sla-badge--on_track" in answer.text


def test_commands(bug, capsys):
    Bug.objects.update(status="fixed")
    call_command("sla_report", "--format", "csv")
    assert "\nurgent,1," in capsys.readouterr().out.replace("\r", "").lower()
    call_command("sla_reconcile")
    assert "1 tickets looked at; 0 adopted, 0 repaired," in capsys.readouterr().out
    call_command("sla_doctor")
    assert capsys.readouterr().out.startswith("Nothing found.")
