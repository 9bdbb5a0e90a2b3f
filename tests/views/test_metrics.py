"""Figures for Prometheus: read as Prometheus reads them, by those who may."""

import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from django_sla.core.verdict import State, judge
from django_sla.exceptions import MetricsNotInstalled
from django_sla.models import Notice
from django_sla.reports.metrics import open_clocks, register_collector
from django_sla.tables import terms as terms_table
from tests.conftest import after
from tests.flow.watching import CHANNELS, at, opened, policy, swept
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

DOCS = Path(__file__).parents[2] / "docs"
URL = "/sla/metrics/"
TOKEN = "a secret of many letters"
OPS = {"when": "due", "channel": "note", "to": ["ops@example.com"]}

Figures = dict[tuple[str, ...], float]


@pytest.fixture(autouse=True)
def token() -> Iterator[None]:
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS, "METRICS_TOKEN": TOKEN}):
        yield


def fetched(authorization: str = f"Bearer {TOKEN}", **headers: str) -> Any:
    return Client().get(URL, headers={"Authorization": authorization, **headers})


def figures(families: Any) -> Figures:
    """Values by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def scraped(hours: float) -> Figures:
    with at(hours):
        response = fetched()
    assert response.status_code == 200, response.content
    return figures(text_string_to_metric_families(response.content.decode()))


def test_where_it_is() -> None:
    assert reverse("django_sla:metrics") == URL


def test_what_a_scrape_says() -> None:
    policy(OPS)
    opened()
    opened(8, status="pending")
    opened(9, status="resolved")
    swept(0.1)
    swept(9)
    found = scraped(9.25)
    assert found["django_sla_sweep_age_seconds",] == 900
    assert found["django_sla_sweep_lag_seconds",] == 0
    assert found["django_sla_outbox_depth", "waiting"] == 2
    assert found["django_sla_outbox_depth", "later"] == 0
    assert found["django_sla_outbox_depth", "dead"] == 0
    assert found["django_sla_outbox_lag_seconds",] == 900
    assert found["django_sla_thresholds_recorded_total",] == 4
    assert found["django_sla_breaches_recorded_total",] == 2
    assert found["django_sla_sweep_failures_total",] == 0
    by_state = {key[1:]: value for key, value in found.items() if key[0].endswith("open_clocks")}
    assert {key: value for key, value in by_state.items() if value} == {
        ("response", "breached"): 1,
        ("response", "on_track"): 1,
        ("resolution", "breached"): 1,
        ("resolution", "paused"): 1,
    }
    assert by_state["closure", "at_risk"] == 0, "what is not there is there with 0"


def test_lag_and_what_was_given_up() -> None:
    policy(OPS, goals={"*": {"resolution": "8h"}})
    opened()
    swept(0.1)
    swept(9)
    Notice.objects.update(standing="dead")
    opened(1)
    found = scraped(9.5)
    assert found["django_sla_sweep_lag_seconds",] == 2.5 * 3600
    assert found["django_sla_outbox_depth", "dead"] == 1
    assert found["django_sla_outbox_depth", "waiting"] == 0


def test_before_the_first_sweep_it_has_no_age() -> None:
    found = scraped(0)
    assert ("django_sla_sweep_age_seconds",) not in found
    assert found["django_sla_breaches_recorded_total",] == 0


def test_the_states_are_those_of_the_verdicts() -> None:
    def verdicts(now: datetime) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for model in (Ticket, UUIDTicket):
            for row in model.sla.clock_model.objects.filter(stopped_at=None):
                clock = row.value(terms_table.read({row.terms_id}, "default"))
                key = (row.metric, judge(clock, now).state.value)
                found[key] = found.get(key, 0) + 1
        return found

    policy(goals={"urgent": {"response": "2h", "resolution": "8h"}, "*": {"resolution": "8h"}})
    for hours in range(12):
        opened(hours, priority="urgent")
        opened(hours, status="pending")
        opened(hours, UUIDTicket)
        paused = opened(hours)
        with at(hours + 0.5):
            paused.status = "pending"
            paused.save()
    for hours in (12, 14, 18, 21):
        found = open_clocks("default", after(hours))
        assert {key: count for key, count in found.items() if count} == verdicts(after(hours))
    states = {state for metric, state in verdicts(after(14))}
    assert states >= {State.BREACHED, State.AT_RISK, State.ON_TRACK, State.PAUSED}


def test_a_scrape_asks_a_flat_number_of_queries() -> None:
    def queries(tickets: int) -> int:
        for number in range(tickets):
            opened(number / 10)
        swept(number)
        with CaptureQueriesContext(connection) as captured:
            scraped(20)
        return len(captured)

    queries(1)
    assert queries(2) == queries(20)


def test_openmetrics_for_those_who_ask_for_it() -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    response = fetched(Accept=accept)
    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    found = figures(openmetrics.text_string_to_metric_families(response.content.decode()))
    assert found["django_sla_thresholds_recorded_total",] == 0
    assert fetched().headers["Content-Type"].startswith("text/plain")


def test_the_documentation_names_figures_that_there_are() -> None:
    there = {key[0] for key in scraped(0)} | {"django_sla_sweep_age_seconds"}
    for page in ("how-to/watch-the-sweep.md", "reference/views.md"):
        text = (DOCS / page).read_text("utf-8")
        named = set(re.findall(r"\bdjango_sla_\w+", text))
        assert named - there == set(), page
    assert named == there, "the reference has all of them"


# Who may


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}!",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer ü",
    ],
)
def test_strangers_are_asked_who_they_are(authorization: str) -> None:
    response = fetched(authorization)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert b"django_sla_" not in response.content


@override_settings(DJANGO_SLA={})
def test_without_a_token_nobody_has_it() -> None:
    assert fetched("Bearer ").status_code == 401
    assert fetched("Bearer None").status_code == 401


@pytest.mark.parametrize(
    ("is_staff", "is_allowed", "code"),
    [(True, True, 200), (True, False, 403), (False, True, 403), (False, False, 403)],
)
def test_staff_with_the_permission_may(is_staff: bool, is_allowed: bool, code: int) -> None:
    user = get_user_model().objects.create_user("person", is_staff=is_staff)
    if is_allowed:
        user.user_permissions.add(Permission.objects.get(codename="view_sweep"))
    client = Client()
    client.force_login(user)
    response = client.get(URL)
    assert response.status_code == code
    assert (b"django_sla_" in response.content) is (code == 200)
    assert response.headers["Cache-Control"] == "no-store"


# What may be missing


def test_without_the_package_the_remedy_is_named(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    response = fetched()
    assert response.status_code == 501
    assert 'pip install "django-sla[metrics]"' in response.content.decode()
    assert fetched("").status_code == 401, "which is nobody else's business"
    with pytest.raises(MetricsNotInstalled, match=r'pip install "django-sla\[metrics\]"'):
        register_collector(CollectorRegistry())


# In a registry of the host


def test_the_figures_in_a_registry_of_the_host() -> None:
    registry = CollectorRegistry(auto_describe=True)
    with CaptureQueriesContext(connection) as captured:
        register_collector(registry)
    assert not captured.captured_queries, "it may be registered while Django starts"
    with pytest.raises(ValueError, match="Duplicated"):
        register_collector(registry)
    swept(1)
    with at(2):
        page = generate_latest(registry).decode()
    found = figures(text_string_to_metric_families(page))
    assert found["django_sla_sweep_age_seconds",] == 3600
