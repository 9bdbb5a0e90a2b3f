"""The example project as a whole: settings, migrations, the invented tickets, the pages."""

import shutil
from pathlib import Path

import pytest

import django_sla.migrations
from tests.example.desk import Desk, run


def test_checks_have_nothing_to_say(desk: Desk) -> None:
    assert "no issues" in desk.manage("check", "--fail-level", "WARNING")


def test_checks_for_deployment_have_nothing_to_say(desk: Desk) -> None:
    served = {
        "DESK_DEBUG": "0",
        "DESK_SECRET_KEY": "".join(map(chr, range(48, 123))),
        "DESK_ALLOWED_HOSTS": "desk.example.com",
        "DESK_URL": "https://desk.example.com",
    }
    assert "no issues" in desk.manage("check", "--deploy", "--fail-level", "WARNING", **served)
    without = desk.manage("check", "--deploy", "--fail-level", "WARNING", ok=False)
    assert "security.W018" in without, "DEBUG is what the check warns of"


def test_migrations_are_complete(desk: Desk) -> None:
    assert "No changes" in desk.manage("makemigrations", "--check", "--dry-run")


@pytest.mark.thorough
def test_migrations_can_be_squashed(desk: Desk, tmp_path: Path) -> None:
    """Into one, for a new database and for one that has all of them."""
    originals = Path(django_sla.migrations.__path__[0])
    copy = tmp_path / "squashed"
    shutil.copytree(originals, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "squashed_settings.py").write_text(
        "from config.settings import *\nMIGRATION_MODULES = {'django_sla': 'squashed'}\n"
    )
    squashed = {"DJANGO_SETTINGS_MODULE": "squashed_settings", "PYTHONPATH": str(tmp_path)}
    last = max(path.stem for path in copy.glob("0*.py"))
    name = f"0001_squashed_{last}"
    squash = ("squashmigrations", "django_sla", last, "--no-input")
    desk.manage(*squash, **squashed)
    assert (copy / f"{name}.py").exists()
    new = Desk(tmp_path / "new.sqlite3")
    for database in (desk, new):
        database.manage("migrate", "--verbosity", 0, **squashed)
        assert f"[X] {name}" in database.manage("showmigrations", "django_sla", **squashed)
        changes = database.manage("makemigrations", "--check", "--dry-run", **squashed)
        assert "No changes" in changes
    assert new.schema() == desk.schema()
    new.manage("seed_desk", "--tickets", 5, **squashed)
    new.manage("migrate", "desk", "zero", "--verbosity", 0, **squashed)
    new.manage("migrate", "django_sla", "zero", "--verbosity", 0, **squashed)
    assert not [name for name in new.schema() if name.startswith("django_sla_")]


def test_the_pages(migrated: Path) -> None:
    done = run(migrated, "test", "tests.example.pages", "--verbosity", 0)
    assert done.returncode == 0, done.stderr


@pytest.mark.thorough
def test_invented_tickets_are_added_once(desk: Desk) -> None:
    first = desk.manage("seed_desk", "--tickets", 20, "--if-empty")
    assert "Added 20 tickets" in first
    for login in ("admin", "agent", "requester"):
        assert login in first
    assert "none added" in desk.manage("seed_desk", "--tickets", 20, "--if-empty")
    assert desk.count("desk_ticket") == 20


@pytest.mark.thorough
def test_invented_tickets_show_every_state(desk: Desk) -> None:
    desk.manage("seed_desk", "--tickets", 45)
    program = (
        "from desk.models import Ticket\n"
        "tickets = Ticket.objects.all()\n"
        "found = tickets.breached(), tickets.at_risk(), tickets.paused(), "
        "tickets.in_state('on_track'), tickets.in_state('met'), tickets.in_state('missed'), "
        "tickets.filter(sla_events__data__category='closed')\n"
        "print('EMPTY' if not all(q.exists() for q in found) else 'ALL THERE')\n"
    )
    assert "ALL THERE" in desk.manage("shell", "-c", program)


@pytest.mark.thorough
def test_there_is_somebody_to_tell_of_deadlines(desk: Desk) -> None:
    desk.manage("seed_desk", "--tickets", 20)
    departments = "SELECT COUNT(*), COUNT(lead_id), COUNT(DISTINCT lead_id) FROM desk_department"
    ((all_, with_lead, leads),) = desk.select(departments)
    assert all_ == with_lead >= leads > 1
    assert desk.select("SELECT email FROM auth_user WHERE username = 'agent'") == [
        ("agent@example.com",)
    ]
    assert desk.select("SELECT COUNT(*) FROM auth_user WHERE email = ''") == [(0,)]
    program = (
        "from desk.models import Ticket\n"
        "from django_sla.tables.recipients import resolve\n"
        "ticket = Ticket.objects.filter(department__isnull=False).first()\n"
        "print(resolve('lead', ticket, Ticket.sla) == [f'user:{ticket.department.lead_id}'])\n"
    )
    assert desk.manage("shell", "-c", program).split()[-1] == "True"


@pytest.mark.thorough
def test_invented_tickets_are_the_same_every_time(desk: Desk) -> None:
    desk.manage("seed_desk", "--tickets", 10)
    desk.manage("seed_desk", "--tickets", 10)
    titles = [title for (title,) in desk.select("SELECT title FROM desk_ticket ORDER BY number")]
    assert titles[:10] == titles[10:]


def test_well_known_passwords_only_while_debugging(desk: Desk) -> None:
    said = desk.manage("seed_desk", ok=False, DESK_DEBUG="0", DESK_SECRET_KEY="secret")
    assert "DEBUG" in said
    assert desk.count("auth_user") == 0


@pytest.mark.parametrize(("calendar", "hours"), [("24/7", 8), ("business", 48 + 8 + 14)])
def test_the_calendar_comes_from_the_environment(desk: Desk, calendar: str, hours: int) -> None:
    # A Friday, 18:00 in São Paulo minus one hour: eight open hours end on Monday at 15:00.
    program = (
        "from datetime import datetime, UTC\n"
        "from desk.models import Ticket\n"
        "opened = datetime(2026, 3, 6, 20, tzinfo=UTC)\n"
        "ticket = Ticket.objects.create(title='One', created_at=opened)\n"
        "print((ticket.response_target - ticket.created_at).total_seconds() / 3600)\n"
    )
    assert desk.manage("shell", "-c", program, DESK_CALENDAR=calendar).split()[-1] == f"{hours:.1f}"
