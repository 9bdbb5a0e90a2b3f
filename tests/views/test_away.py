"""What monitors are told where nobody can ask the database. Not marked as a test with a database,
because there is none."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import include, path

TOKEN = "a secret of many letters"
AWAY = "away"


class AwayRouter:
    """The tickets are in a database that nobody can open."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return AWAY

    db_for_write = db_for_read


@pytest.fixture(autouse=True, params=[False, True], ids=["plain", "atomic"])
def away(request: Any, settings: Any, django_db_blocker: Any) -> Iterator[None]:
    connections.settings[AWAY] = connections["default"].settings_dict | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "/nowhere/at/all.sqlite3",
        "OPTIONS": {},
        "ATOMIC_REQUESTS": request.param,
    }
    settings.DATABASE_ROUTERS = [AwayRouter()]
    settings.DJANGO_SLA = {"METRICS_TOKEN": TOKEN}
    settings.ROOT_URLCONF = urls()
    with django_db_blocker.unblock():
        yield
    del connections[AWAY]
    del connections.settings[AWAY]


def urls() -> ModuleType:
    """Made now, as a process does that has this database from the start."""
    from django_sla.views.health import HealthView
    from django_sla.views.metrics import MetricsView

    urlpatterns = [
        path("health/", HealthView.as_view()),
        path("metrics/", MetricsView.as_view()),
    ]
    module = ModuleType("urls")
    module.urlpatterns = [path("", include(urlpatterns))]  # type: ignore[attr-defined]
    return module


def test_health() -> None:
    response = Client().get("/health/")
    assert (response.status_code, response.json()) == (503, {"status": "failing"})
    assert response.headers["Cache-Control"] == "no-store"


def test_metrics() -> None:
    response = Client().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 503
    assert response.content == b"The database does not answer.\n"
