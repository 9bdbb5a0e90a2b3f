"""The page of what is to be expected: forecasts, chances, and how right they were."""

import sys
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_sla.moment import as_of
from django_sla.reports.chances import Chances
from django_sla.reports.forecast import forecast
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.urls")]

EVIL = "<script>alert(1)</script>"
WEEK = 7 * 24


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("manager"))
    return client


@pytest.fixture
def history(agent: Any) -> None:
    """Sixteen weeks of six tickets each: four of them in time."""
    for week in range(16):
        for number in range(6):
            begin = week * WEEK + number * 10
            ticket = answered(opened(begin), agent, begin + (2 if number < 4 else 12))
            moved(ticket, "resolved", begin + (10 if number < 4 else 40))


def get(client: Client, query: str = "", weeks: float = 16) -> Any:
    with as_of(after(weeks * WEEK)):
        return client.get(f"/sla/dashboard/?model={Ticket._meta.label_lower}&forecast=1&{query}")


def test_the_next_weeks(browser: Client, history: None) -> None:
    outlook = get(browser).context["outlook"]
    found = forecast(Ticket.objects.all(), "resolution", now=after(16 * WEEK))
    response, resolution = outlook.forecasts
    assert (response.metric, resolution.metric) == ("Response", "Resolution")
    assert [week[0] for week in resolution.weeks] == [week.label for week in found.weeks]
    assert resolution.weeks[0][1] == f"{found.weeks[0].percent:.1f} %"
    past, ahead = resolution.chart.lines
    assert len(past.points) == len([week for week in found.history if week.judged])
    assert len(ahead.points) == len(found.weeks) == 4
    # The range is above the weeks that are forecast.
    corners = resolution.chart.areas[0].path.removesuffix("Z").replace("L", "M").split("M")[1:]
    assert len(corners) == 8
    assert corners[0].split()[0] == ahead.points[0].x
    assert len(resolution.error) == 3


def test_too_little_history_is_told(browser: Client, agent: Any) -> None:
    opened(0)
    response = get(browser, weeks=1)
    assert "Not enough history" in response.content.decode()
    assert response.status_code == 200


def test_after_weeks_without_promises_nobody_knows_how_right_forecasts_were(
    browser: Client, history: None
) -> None:
    response = get(browser, weeks=24)
    _response, resolution = response.context["outlook"].forecasts
    assert len(resolution.weeks) == 4
    assert resolution.error == []
    assert "each forecast from the weeks before it" not in response.content.decode()


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"high": 6, "low": 100}, "The error is 100 % smaller than"),
        ({"high": 10, "low": 50}, "The error is 299 % larger than"),
    ],
    ids=["as before", "the other way round"],
)
def test_how_right_chances_were(browser: Client, then: dict[str, float], said: str) -> None:
    """At first those of a high priority were in time, the others not; all were open half way."""
    for number in range(60):
        for priority, hours in (({"high": 6, "low": 100}) if number < 48 else then).items():
            moved(opened(number * 24, priority=priority), "resolved", number * 24 + hours)
    _response, resolution = get(browser).context["outlook"].calibrations
    assert resolution.summary[0] == "Tried on 24 deadlines that were kept back."
    assert resolution.summary[1].startswith(said)


def test_without_the_extra_it_is_told_how_to_get_it(
    browser: Client, history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "statsmodels"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    text = get(browser).content.decode()
    assert "django-sla[forecast]" in text
    assert "Most likely to breach" in text


def test_open_tickets_by_their_chance(browser: Client, history: None) -> None:
    opened(16 * WEEK - 20, title=EVIL)
    opened(16 * WEEK - 1, title="Fresh")
    response = get(browser)
    chances = Chances(Ticket.objects.all(), now=after(16 * WEEK)).likeliest()
    lines = response.context["outlook"].chances
    assert [str(line.ticket) for line in lines] == [
        str(Ticket.objects.get(pk=chance.ticket_id)) for chance in chances.chances
    ]
    assert {str(line.ticket) for line in lines} == {EVIL, "Fresh"}
    assert EVIL not in response.content.decode()
    assert response.context["outlook"].summary.endswith("expected to be.")


def test_filters_hold_here_too(browser: Client, history: None) -> None:
    opened(16 * WEEK - 1, title="Urgent", priority="urgent")
    opened(16 * WEEK - 1, title="Medium")
    lines = get(browser, "priority=medium").context["outlook"].chances
    assert {str(line.ticket) for line in lines} == {"Medium"}


def test_as_many_queries_for_more_tickets(browser: Client, history: None) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert get(browser).status_code == 200
        return len(captured)

    opened(16 * WEEK - 1)
    few = count()
    with as_of(after(16 * WEEK - 1)):
        Ticket.objects.bulk_create(Ticket() for _number in range(50))
    assert count() == few


def test_nothing_to_tell(browser: Client) -> None:
    text = get(browser).content.decode()
    assert "Nothing can be told of any open ticket." in text
