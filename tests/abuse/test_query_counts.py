"""As many queries for ten thousand tickets as for one, on every page and for every answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.template import Context, Template
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sla.models import Feed, Policy
from django_sla.moment import as_of
from tests.hosts.desk.models import Comment, Department, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

COUNTS = (1, 100, 10_000)

KEY = 1_000_000
"""Of the first ticket: beyond those that the database gives to the others."""

SLA = f"/admin/desk/ticket/{KEY}/"
DASHBOARD = "/sla/dashboard/?model=desk.ticket&period=90d"
API = "/api/tickets/"
SINCE = f"since={timezone.now() - timedelta(days=90):%Y-%m-%d}"

PAGES = [
    "/admin/desk/ticket/",
    "/admin/desk/ticket/?sla=breached",
    "/admin/desk/ticket/?o=5&q=ticket",
    f"{SLA}change/",
    f"{SLA}history/",
    f"{SLA}sla/hold/",
    f"{SLA}sla/set-target/",
    f"{SLA}sla/waive/",
    "/admin/desk/ticket/sla-dashboard/?period=90d",
    "/admin/django_sla/policy/",
    f"/admin/django_sla/policy/{KEY}/change/",
    "/admin/django_sla/policy/sources/",
    "/admin/django_sla/calendar/",
    "/admin/django_sla/recalculation/",
    "/admin/django_sla/recalculation/add/",
    "/admin/django_sla/reportschedule/",
    "/admin/django_sla/notice/",
    "/admin/django_sla/sweep/",
    DASHBOARD,
    f"{DASHBOARD}&priority=high&department=1&agent__isnull=1",
    f"{DASHBOARD}&tickets=tickets",
    f"{DASHBOARD}&tickets=response_late",
    f"{DASHBOARD}&tickets=open_now&page=2",
    f"{DASHBOARD}&tickets=tickets&format=csv",
    f"{DASHBOARD}&report=agent&format=csv",
    f"{DASHBOARD}&report=department&format=xlsx",
    f"{DASHBOARD}&forecast=1",
    "/sla/queue/",
    "/sla/queue/?fragment",
    "/sla/calendar/",
    "/sla/calendar/TOKEN.ics",
    "/sla/health/",
    "/sla/metrics/",
    API,
    f"{API}?sla_state=breached&ordering=sla_due&page_size=200",
    f"{API}{KEY}/",
    f"{API}{KEY}/sla/",
    f"{API}{KEY}/sla/timeline/",
    f"{API}{KEY}/sla/changelog/",
    f"{API}{KEY}/sla/explain/",
    f"/api/compliance/?by=agent&{SINCE}",
    f"/api/compliance/?by=department,month&compare=true&{SINCE}",
    f"/api/compliance/tickets/?number=tickets&{SINCE}",
    f"/api/time-in-status/?{SINCE}",
    f"/api/time-with/?by=department&{SINCE}",
    "countdowns",
]

FEWER = {
    # Of many tickets, the first piece of the file is there before the next one is asked for.
    f"{DASHBOARD}&tickets=tickets&format=csv": 1,
    # Where none of the open tickets is likely to be late, none is read, and none of their clocks.
    f"{DASHBOARD}&forecast=1": 2,
}
"""By how many queries some numbers of tickets need less than others, and why."""

COUNTDOWNS = """{% load sla %}
{% for ticket in tickets %}{% sla_badge ticket %}{% sla_countdown ticket %}{% endfor %}"""


def fill(count: int, now: datetime) -> None:
    """So many tickets in all, opened in the last three months by and for many."""
    days = [now - timedelta(days=day, minutes=day) for day in range(1, 90)]
    agents = list(get_user_model().objects.filter(username__startswith="agent"))
    departments = list(Department.objects.all())
    missing = count - Ticket.objects.count()
    tickets = (
        Ticket(
            title=f"Ticket {number}",
            priority=("urgent", "high", "medium", "low")[number % 4],
            status=("open", "working", "pending", "resolved", "closed")[number % 5],
            assignee=agents[number % len(agents)] if number % 7 else None,
            department=departments[number % len(departments)],
        )
        for number in range(missing)
    )
    for day in cycle(days):
        if not (some := list(islice(tickets, max(missing // len(days), 1)))):
            break
        with as_of(day):
            Ticket.objects.bulk_create(some)


class Visitor:
    """Somebody who may see everything, and has most of the tickets."""

    def __init__(self) -> None:
        users = get_user_model().objects
        user = users.create_superuser("agent0")
        for number in range(1, 20):
            users.create_user(f"agent{number}")
        for number in range(1, 13):
            Department.objects.create(pk=number, name=f"Department {number}")
        Policy.objects.create(
            pk=KEY, name="Desk", goals={"*": {"response": "8h", "resolution": "9h"}}
        )
        with as_of(timezone.now() - timedelta(days=80)):
            ticket = Ticket.objects.create(pk=KEY, assignee=user, department_id=1)
        Comment.objects.create(ticket=ticket, author=user, created_at=timezone.now())
        self.client = Client()
        self.client.force_login(user)
        self.token = Feed.make(user, timezone.now())[1]

    def see(self, page: str) -> None:
        if page == "countdowns":
            tickets = Ticket.objects.with_verdicts()[:50]
            Template(COUNTDOWNS).render(Context({"tickets": tickets}))
            return
        response = self.client.get(page.replace("TOKEN", self.token))
        assert response.status_code in (200, 503), page
        if response.streaming:
            next(iter(response))

    def queries(self, page: str) -> list[str]:
        self.see(page)  # what is asked once and kept
        with CaptureQueriesContext(connection) as captured:
            self.see(page)
        return [query["sql"] for query in captured.captured_queries]


@pytest.fixture(scope="module")
def asked(django_db_setup: None, django_db_blocker: Any) -> Callable[[str], list[list[str]]]:
    """The queries of each page, for each number of tickets."""
    with (
        django_db_blocker.unblock(),
        override_settings(ROOT_URLCONF="tests.abuse.urls"),
        transaction.atomic(),
    ):
        visitor = Visitor()
        now = timezone.now()
        found: dict[str, list[list[str]]] = {page: [] for page in PAGES}
        for count in COUNTS:
            fill(count, now)
            assert Ticket.objects.count() == count
            for page in PAGES:
                found[page].append(visitor.queries(page))
        transaction.set_rollback(True)
    return found.__getitem__


@pytest.mark.parametrize("page", PAGES)
def test_queries(asked: Callable[[str], list[list[str]]], page: str) -> None:
    counts = [len(queries) for queries in asked(page)]
    assert max(counts) - min(counts) == FEWER.get(page, 0), (counts, asked(page)[-1])
