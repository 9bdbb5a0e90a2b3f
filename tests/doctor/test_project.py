"""The project around the tickets: migrations, checks, databases."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone, translation

from django_sla.doctor import project
from django_sla.doctor.finding import Severity

pytestmark = pytest.mark.django_db


@pytest.fixture
def migrations(settings: Any) -> None:
    """The suite runs without migrations; here they are, and the desk's is an old one."""
    settings.MIGRATION_MODULES = {"desk": "tests.doctor.old_migrations"}


def test_migrations_that_are_not_applied(migrations: None) -> None:
    [found] = project.unapplied_migrations("default")
    assert found.severity is Severity.ERROR
    assert "desk.0001_initial" in found.what
    assert "django_sla.0001_initial" in found.what
    assert "auth." not in found.what, "what is not ours is not told"
    assert found.remedy == "python manage.py migrate"


def test_models_that_no_migration_has(migrations: None) -> None:
    [found] = project.unwritten_migrations("default")
    assert (found.severity, found.about) == (Severity.ERROR, "desk")
    assert found.remedy.startswith("python manage.py makemigrations desk")


def test_names_of_fields_in_another_language_are_no_change(migrations: None) -> None:
    with translation.override("fr"):
        assert [found.about for found in project.unwritten_migrations("default")] == ["desk"]


def test_without_migrations_there_is_nothing_to_say() -> None:
    assert list(project.unapplied_migrations("default")) == []
    assert list(project.unwritten_migrations("default")) == []


def test_what_the_system_checks_say(settings: Any) -> None:
    settings.DJANGO_SLA = {"CALENDERS": {}}
    settings.MIDDLEWARE = []
    found = {finding.cause: finding for finding in project.failed_checks("default")}
    wrong = found["System check django_sla.E001."]
    assert (wrong.severity, wrong.about) == (Severity.ERROR, 'DJANGO_SLA["CALENDERS"]')
    assert "CALENDARS" in wrong.remedy
    assert found["System check django_sla.W010."].severity is Severity.WARNING
    assert found["System check django_sla.W035."].about == "variety.LedgerTicket"


def test_a_silenced_check_is_silent(settings: Any) -> None:
    settings.MIDDLEWARE = []
    settings.SILENCED_SYSTEM_CHECKS = ["django_sla.W010"]
    assert not any("W010" in finding.cause for finding in project.failed_checks("default"))


def test_a_server_without_time_zone_tables(monkeypatch: Any) -> None:
    connection = connections["default"]
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection.features, "has_zoneinfo_database", False, raising=False)
    [found] = project.time_zone_tables("default")
    assert found.severity is Severity.WARNING
    assert "mariadb-tzinfo-to-sql" in found.remedy
    monkeypatch.setattr(connection.features, "has_zoneinfo_database", True, raising=False)
    assert list(project.time_zone_tables("default")) == []


def test_the_clock_of_the_database(monkeypatch: Any) -> None:
    assert list(project.apart("default")) == [], "they are on one machine"
    if connections["default"].vendor == "sqlite":
        return
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(minutes=2))
    [found] = project.apart("default")
    assert "120 s apart" in found.what or "119 s apart" in found.what
