"""The view for monitors: what it answers, to whom, and when the database is away."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from django_sla.flow import deliver as delivering
from django_sla.models import Notice
from django_sla.views.health import HealthView
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept

pytestmark = pytest.mark.django_db

OPS = {"when": "due", "channel": "note", "to": ["ops@example.com"]}
RESOLUTION = {"*": {"resolution": "8h"}}


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def asked(hours: float, **query: Any) -> tuple[int, dict[str, Any]]:
    with at(hours):
        response = Client().get("/sla/health/", query)
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.json()


def test_where_it_is() -> None:
    assert reverse("django_sla:health") == "/sla/health/"


def test_before_the_first_sweep() -> None:
    code, said = asked(1)
    assert code == 503
    assert said == {"status": "never", "last_sweep_age": None, "lag": 0, "waiting": 0, "dead": 0}


def test_all_is_well() -> None:
    policy(goals=RESOLUTION)
    opened()
    swept(1)
    code, said = asked(1 + 1 / 60)
    assert code == 200
    assert said == {"status": "ok", "last_sweep_age": 60, "lag": 0, "waiting": 0, "dead": 0}


def test_it_needs_no_session_and_says_nothing_of_tickets() -> None:
    policy(OPS, goals=RESOLUTION, name="A secret policy")
    opened(title="A secret title")
    swept(1)
    with at(1):
        response = Client().get("/sla/health/")
    assert not response.cookies
    assert "secret" not in response.content.decode()
    assert Client().post("/sla/health/").status_code == 405
    with at(1):
        assert Client().head("/sla/health/").status_code == 200


def test_nobody_has_swept_for_long() -> None:
    swept(1)
    assert asked(1.1) == (
        503,
        {"status": "late", "last_sweep_age": 360, "lag": 0, "waiting": 0, "dead": 0},
    )
    assert asked(1.1, max_age=360)[0] == 200
    assert asked(1.01, max_age=30)[0] == 503


def test_sweeps_do_not_keep_up() -> None:
    policy(goals=RESOLUTION)
    opened()
    swept(6)
    code, said = asked(6.2, max_age=3600)
    assert (code, said["status"], said["lag"]) == (503, "late", 720)
    assert asked(6.2, max_age=3600, max_lag=720)[0] == 200


def test_nobody_delivers() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(1)
    swept(9)
    code, said = asked(9.2, max_age=3600)
    assert (code, said["status"], said["lag"], said["waiting"]) == (503, "late", 720, 1)
    with at(9.2):
        delivering.deliver(using="default")
    assert asked(9.2, max_age=3600)[0] == 200


def test_notices_that_were_given_up_are_told_and_no_reason_to_worry() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(1)
    swept(9)
    Notice.objects.update(standing="dead")
    assert asked(9) == (
        200,
        {"status": "ok", "last_sweep_age": 0, "lag": 0, "waiting": 0, "dead": 1},
    )


def test_a_ticket_that_cannot_be_looked_at() -> None:
    policy(goals=RESOLUTION)
    opened().sla_clocks.update(pauses=["forged"])
    swept(7)
    swept(7.01)
    code, said = asked(7.02)
    assert (code, said["status"]) == (503, "failing")


def test_a_limit_has_a_limit() -> None:
    swept(0)
    assert asked(24, max_age=10**9)[0] == 200
    assert asked(24.1, max_age=10**9)[0] == 503, "more than a day is taken as a day"


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "1" * 30, "٣"])
def test_a_limit_that_is_no_number(text: str) -> None:
    response = Client().get("/sla/health/", {"max_lag": text})
    assert response.status_code == 400
    assert response.json() == {"error": "max_lag: expected a whole number of seconds"}


def test_limits_of_the_host() -> None:
    swept(1)
    strict = HealthView.as_view(max_age=30)
    request = RequestFactory().get("/")
    with at(1.005):
        assert strict(request).status_code == 200
    with at(1.01):
        assert strict(request).status_code == 503
        assert strict(RequestFactory().get("/?max_age=60")).status_code == 200
