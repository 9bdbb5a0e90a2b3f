"""The page of the dashboard: for whom, what its address says, and where its numbers lead."""

import csv
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils import translation

from django_sla.moment import as_of
from django_sla.views import DashboardView
from tests.conftest import after
from tests.hosts.assets.models import AssetTicket
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.test_dashboard")]

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'"
NOW = after(20 * 24)
URL = "/sla/dashboard/"


class OwnDepartment(DashboardView):
    def get_tickets(self, model: Any, user: Any) -> Any:
        if model is not Ticket:
            return model.objects.none()
        return Ticket.objects.filter(department__name=user.last_name)


urlpatterns = [
    path("sla/", include("django_sla.urls")),
    path("own/", OwnDepartment.as_view()),
]


@pytest.fixture
def manager(db: None) -> Any:
    user = get_user_model().objects.create_user("manager", last_name="IT")
    user.user_permissions.add(Permission.objects.get(codename="view_reports"))
    return user


@pytest.fixture
def browser(manager: Any) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def two(agent: Any) -> tuple[Ticket, Ticket]:
    """One answered in time, one late and still open; of two departments."""
    it, hr = (Department.objects.create(name=name) for name in ("IT", "HR"))
    in_time = answered(opened(24, title="Good", department=it, assignee=agent), agent, 25)
    moved(in_time, "resolved", 30)
    return in_time, opened(48, title="Bad", department=hr, priority="urgent")


def get(client: Client, query: str = "", url: str = URL) -> Any:
    """Of ``Ticket``, unless the query names another model."""
    model = "" if "model=" in query else f"model={Ticket._meta.label_lower}&"
    with as_of(NOW):
        return client.get(f"{url}?{model}{query}")


def tiles(response: Any) -> list[str]:
    return [tile.cell.compliance for tile in response.context["panels"].tiles]


def keys(response: Any) -> list[str]:
    return [str(line.ticket) for line in response.context["lines"]]


# Who


def test_whoever_is_not_logged_in_is_sent_to_the_login() -> None:
    response = Client().get(URL)
    assert response.status_code == 302


def test_without_the_permission_there_is_nothing(requester: Any, two: Any) -> None:
    client = Client()
    client.force_login(requester)
    for query in ("", "tickets=tickets", "model=auth.user", "period=nonsense"):
        assert get(client, query).status_code == 403


def test_a_host_says_whose_tickets_are_counted(browser: Client, two: Any) -> None:
    response = get(browser, url="/own/")
    assert tiles(response) == ["100.0 %", "100.0 %"]
    assert "HR" not in response.content.decode()
    assert "Bad" not in response.content.decode()
    assert keys(get(browser, "tickets=tickets", url="/own/")) == ["Good"]
    # Not by a filter, either.
    department = two[1].department_id
    assert tiles(get(browser, f"department={department}", url="/own/")) == ["—", "—"]


def test_of_several_kinds_of_tickets_one_is_chosen(browser: Client, two: Any) -> None:
    with as_of(NOW):
        first = browser.get(URL)
    assert first.context["model"].model is AssetTicket
    links = {name: url for name, url, _is_current in first.context["models"]}
    assert get(browser, links["tickets"][1:]).context["model"].model is Ticket
    assets = get(browser, f"model={AssetTicket._meta.label_lower}")
    assert assets.context["model"].model is AssetTicket
    assert get(browser, "model=auth.user").status_code == 404


def test_a_kind_of_which_nothing_is_to_be_seen_is_not_there(browser: Client, two: Any) -> None:
    assert get(browser, url="/own/").context["models"] == []
    assert get(browser, f"model={AssetTicket._meta.label_lower}", url="/own/").status_code == 404


def test_it_is_kept_by_nobody(browser: Client) -> None:
    response = get(browser)
    assert {"private", "no-cache"} <= set(response.headers["Cache-Control"].split(", "))
    assert "Cookie" in response.headers["Vary"]


def test_nothing_is_changed_by_it(browser: Client) -> None:
    assert browser.post(URL).status_code == 405


# What the address says


def test_this_month_is_what_is_shown(browser: Client, two: Any) -> None:
    response = get(browser)
    assert str(response.context["panels"].period) == "March 2026"
    assert tiles(response) == ["50.0 %", "50.0 %"]
    current = [
        words for words, _url, is_current in response.context["panels"].presets if is_current
    ]
    assert current == ["This month"]


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ("period=last-month", "February 2026"),
        ("period=7d", "March 16, 2026 – March 22, 2026"),
        ("since=2026-03-02&until=2026-03-03", "March 2, 2026 – March 3, 2026"),
        ("period=7d&since=2026-03-02&until=2026-03-02", "March 2, 2026"),
    ],
)
def test_a_period_by_name_or_by_days(browser: Client, query: str, period: str) -> None:
    assert str(get(browser, query).context["panels"].period) == period


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("period=fortnight", "period", "fortnight"),
        ("since=2026-03-02", "until", "Say the last day, too."),
        ("until=2026-03-02", "since", "Say the first day, too."),
        ("since=2026-03-02&until=2026-03-01", "until", "must not be before"),
        ("since=2020-03-02&until=2026-03-01", "until", "at most 1100 days"),
        ("since=0001-01-01&until=0001-01-02", "since", "no such year"),
        ("since=9999-12-30&until=9999-12-31", "since", "no such year"),
        ("since=yesterday&until=2026-03-01", "since", "valid date"),
        ("priority=purple", "priority", "purple"),
        ("department=x", "__all__", "department"),
        ("department=99999999999999999999999", "__all__", "department"),
        ("agent=%00", "__all__", "agent"),
    ],
)
def test_what_cannot_be_shown_is_told(browser: Client, query: str, field: str, said: str) -> None:
    response = get(browser, query)
    assert response.status_code == 400
    assert said in " ".join(response.context["form"].errors[field])
    assert "This cannot be shown." in response.content.decode()
    assert get(browser, f"{query}&tickets=tickets").status_code == 400


def test_a_filter_that_nothing_fulfils_is_no_error(browser: Client, two: Any) -> None:
    assert tiles(get(browser, "department=999999")) == ["—", "—"]


def test_filters_are_in_the_address(browser: Client, two: Any) -> None:
    department = two[1].department_id
    response = get(browser, f"department={department}&priority=urgent")
    panels = response.context["panels"]
    assert tiles(response) == ["0.0 %", "0.0 %"]
    assert [chip.text for chip in panels.chips] == ["Department: HR", "Priority: Urgent"]
    # Each can be taken back by itself, and all together.
    address = parse_qs(panels.chips[0].url[1:])
    assert address == {"model": [Ticket._meta.label_lower], "priority": ["urgent"]}
    assert parse_qs(panels.reset_url[1:]) == {"model": [Ticket._meta.label_lower]}
    # The form keeps what it has no field for.
    assert ("department", str(department)) in panels.hidden
    assert "priority" not in dict(panels.hidden)


def test_those_that_have_none(browser: Client, two: Any) -> None:
    response = get(browser, "agent__isnull=True")
    assert [chip.text for chip in response.context["panels"].chips] == ["Agent: (none)"]
    assert keys(get(browser, "agent__isnull=True&tickets=tickets")) == ["Bad"]


def test_a_group_leads_to_itself_alone(browser: Client, two: Any) -> None:
    table = next(t for t in get(browser).context["panels"].tables if t.name == "department")
    line = next(line for line in table.lines if line.label == "HR")
    assert tiles(get(browser, line.url[1:])) == ["0.0 %", "0.0 %"]
    assert keys(get(browser, line.cells[0].late_url[1:])) == ["Bad"]
    none = next(t for t in get(browser).context["panels"].tables if t.name == "agent").lines
    url = next(line for line in none if line.label == "(none)").url
    assert tiles(get(browser, url[1:])) == ["0.0 %", "0.0 %"]


# From a number to its tickets


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("response_late", ["Bad"]),
        ("resolution_compliance", ["Bad", "Good"]),
        ("tickets", ["Bad", "Good"]),
        ("open_now", ["Bad"]),
        ("breached_now", ["Bad"]),
        ("at_risk_now", []),
        ("response_met", ["Good"]),
        ("reopened", []),
    ],
)
def test_tickets_behind_a_number(
    browser: Client, two: Any, number: str, expected: list[str]
) -> None:
    response = get(browser, f"tickets={number}")
    assert keys(response) == expected
    assert response.context["page"].paginator.count == len(expected)


def test_every_number_on_the_page_leads_to_as_many_tickets(browser: Client, two: Any) -> None:
    page = get(browser).content.decode()
    links = re.findall(r'<a href="(\?[^"]*tickets=[^"]*)"[^>]*>([\d,]+)', page)
    assert len(links) > 8
    hours = [url for url, _number in links if re.search(r"tickets=late_\d_\d", url)]
    assert len(hours) == 2, "when either promise was broken"
    assert [url for url, _number in links if "since=" in url], "of a week of the trend"
    for url, number in links:
        response = get(browser, url[1:].replace("&amp;", "&"))
        assert response.context["page"].paginator.count == int(number), url


def test_what_is_so_now_is_of_every_period(browser: Client, two: Any) -> None:
    assert keys(get(browser, "period=last-month&tickets=breached_now")) == ["Bad"]
    assert keys(get(browser, "period=last-month&tickets=response_late")) == []


@pytest.mark.parametrize("number", ["nonsense", "late_0_1", "late_8_1", "late_1_24", "late_1_٣"])
def test_no_such_number(browser: Client, number: str) -> None:
    assert get(browser, f"tickets={number}").status_code == 404


def test_tickets_as_a_file(browser: Client, two: Any) -> None:
    response = get(browser, "tickets=response_late&format=csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert [row["title"] for row in csv.DictReader(text.splitlines())] == ["Bad"]


@pytest.mark.parametrize("query", ["tickets=response_late", "report=priority"])
@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_every_kind_of_file(browser: Client, two: Any, query: str, format: str) -> None:
    response = get(browser, f"{query}&format={format}")
    assert f".{format}" in response.headers["Content-Disposition"]
    assert len(b"".join(response.streaming_content)) > 100


def test_a_table_as_a_file_has_its_period_and_filters(browser: Client, two: Any) -> None:
    def saved(query: str) -> list[tuple[str, str]]:
        text = b"".join(get(browser, query).streaming_content).decode("utf-8-sig")
        return [(row["group"], row["tickets"]) for row in csv.DictReader(text.splitlines())]

    assert saved("report=priority") == [("Urgent", "1"), ("Medium", "1"), ("Total", "2")]
    assert saved("report=priority&priority=urgent") == [("Urgent", "1"), ("Total", "1")]
    assert saved("report=agent&period=last-month")[-1] == ("Total", "0")


@pytest.mark.parametrize(
    "query", ["report=nonsense", "tickets=tickets&format=exe", "report=agent&format=x"]
)
def test_no_such_file(browser: Client, query: str) -> None:
    assert get(browser, query).status_code == 404


def test_pages_of_tickets(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DashboardView, "page_size", 2)
    for number in range(5):
        opened(number, title=f"T{number}")
    response = get(browser, "tickets=tickets&page=2")
    assert keys(response) == ["T2", "T1"]
    assert parse_qs(response.context["previous_url"][1:])["page"] == ["1"]
    assert keys(get(browser, response.context["next_url"][1:])) == ["T0"]
    # What is no page is the nearest one.
    assert keys(get(browser, "tickets=tickets&page=99")) == ["T0"]
    assert keys(get(browser, "tickets=tickets&page=x")) == ["T4", "T3"]


# How it looks


def test_names_are_only_names(browser: Client, agent: Any) -> None:
    agent.first_name = EVIL
    agent.save()
    department = Department.objects.create(name=EVIL[:50])
    opened(24, title=EVIL, department=department, assignee=agent)
    for query in ("", f"department={department.pk}", "tickets=tickets", f"since={EVIL}&until=1"):
        text = get(browser, query).content.decode()
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "style=" not in text
        assert not re.search(r"<script(?! src)", text)


def test_it_takes_as_many_queries_for_a_hundred_tickets(browser: Client, two: Any) -> None:
    def count(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert get(browser, query).status_code == 200
        return len(captured)

    few = count(""), count("tickets=tickets")
    with as_of(after(30)):
        for number in range(100):
            Ticket.objects.create(department=Department.objects.create(name=f"D{number}"))
    assert (count(""), count("tickets=tickets")) == few
    assert few[0] <= 20


def test_percent_of_nothing_and_of_nearly_all(browser: Client, agent: Any) -> None:
    from django_sla.views.dashboard.words import percent, points

    assert [percent(v) for v in (None, 0, 100, 99.99, 0.01, 95.25)] == [
        "—",
        "0.0 %",
        "100.0 %",
        "99.9 %",
        "0.1 %",
        "95.2 %",
    ]
    assert [points(v) for v in (1.24, -0.5, 0.01)] == ["+1.2", "\N{MINUS SIGN}0.5", "±0.0"]


def test_a_budget_in_words(browser: Client, two: Any) -> None:
    panels = get(browser).context["panels"]
    response = panels.budgets[0]
    assert response.headline == "1 too many missed"
    assert response.outlook == "Used up: 4 Mar"
    assert response.is_bad
    assert response.chart.lines[0].name == "Missed so far"
    assert response.rows[-1][2] == "1"


@override_settings(DJANGO_SLA={"OBJECTIVE": 40})
def test_a_budget_that_lasts(browser: Client, two: Any) -> None:
    budget = get(browser).context["panels"].budgets[0]
    assert not budget.is_bad
    assert budget.outlook == "At this rate it lasts until the end of the period"
    assert "Objective 40 %" in budget.facts[0]


@override_settings(DJANGO_SLA={"OBJECTIVE": 60})
def test_a_budget_that_runs_out(browser: Client, two: Any) -> None:
    budget = get(browser).context["panels"].budgets[0]
    assert budget.headline == "0 more may be missed"
    assert budget.is_bad
    assert budget.outlook == "At this rate it runs out on March 25, 2026"


@override_settings(DJANGO_SLA={"OBJECTIVE": 40})
def test_a_budget_of_a_period_that_is_over(browser: Client, two: Any) -> None:
    budget = get(browser, "since=2026-03-02&until=2026-03-08").context["panels"].budgets[0]
    assert budget.headline == "0 more may be missed"
    assert not budget.is_bad
    assert budget.outlook == "It lasted until the end of the period"


def test_from_right_to_left(browser: Client, two: Any) -> None:
    with as_of(NOW), translation.override("ar"):
        text = browser.get(URL).content.decode()
    assert 'dir="rtl"' in text


def test_another_objective_and_other_tables(rf: RequestFactory, manager: Any, two: Any) -> None:
    request = rf.get(URL)
    request.user = manager
    with as_of(NOW):
        response = OwnDepartment.as_view(objective=40, by=["policy", "month"])(request)
    text = response.content.decode()
    assert "By policy" in text
    assert "Objective of 40 % reached" in text
    assert "By month" in text
    assert "By priority" not in text


def test_at_an_instant_it_is_what_it_was(browser: Client, two: Any) -> None:
    with as_of(two[1].created_at + timedelta(minutes=1)):
        response = browser.get(f"{URL}?model={Ticket._meta.label_lower}")
    assert tiles(response) == ["100.0 %", "100.0 %"]
    assert isinstance(response.context["panels"].now, datetime)
