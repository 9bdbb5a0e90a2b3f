"""Addresses of pages, feeds, files and figures with query strings of all kinds."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from django_sla.models import Calendar, Feed, Policy, ReportSchedule, Sweep
from django_sla.moment import as_of
from tests.abuse.inputs import INPUTS, broken, dented, draws, plain
from tests.abuse.measure import undisturbed
from tests.abuse.siege import MOST_OF_AN_ADDRESS, Siege, part, query
from tests.hosts.desk.models import Department, Ticket

pytestmark = pytest.mark.django_db

PERIOD = {"since": "2026-01-01", "until": "2026-01-31", "model": "desk.ticket"}
FILTERS = {"priority": ["high", "low"], "department": "1", "agent__isnull": "1", "status": "open"}
LIST = {"q": "a", "o": "1.-2", "p": "0", "e": "1", "all": ""}

ADDRESSES: dict[str, dict[str, Any]] = {
    "/sla/queue/": {"fragment": ""},
    "/sla/dashboard/": {"period": "month", **FILTERS},
    "/sla/dashboard/#tickets": {"tickets": "response_late", "page": "1", **PERIOD, **FILTERS},
    "/sla/dashboard/#hour": {"tickets": "late_1_9", "format": "csv", **PERIOD},
    "/sla/dashboard/#report": {"report": "priority", "format": "xlsx", **PERIOD, **FILTERS},
    "/sla/dashboard/#forecast": {"forecast": "1", **FILTERS},
    "/sla/calendar/": {},
    "/sla/calendar/TOKEN.ics": {},
    "/sla/health/": {"max_age": "60", "max_lag": "60"},
    "/sla/metrics/": {},
    "/admin/desk/ticket/": {"sla": "breached", "priority__exact": "high", **LIST},
    "/admin/desk/ticket/add/": {"title": "A", "response_target": "2026-01-01", "status": "open"},
    "/admin/desk/ticket/sla-dashboard/": {"period": "month", **FILTERS},
    "/admin/desk/ticket/1/change/": {"_changelist_filters": "sla=breached", "_popup": "1"},
    "/admin/desk/ticket/1/history/": {},
    "/admin/desk/ticket/1/sla/waive/": {"_changelist_filters": "sla=breached"},
    "/admin/django_sla/policy/": {"calendar__id__exact": "1", "enabled__exact": "1", **LIST},
    "/admin/django_sla/policy/add/": {"name": "VIP", "order": "3", "conditions": "[]"},
    "/admin/django_sla/policy/sources/": {},
    "/admin/django_sla/policy/values/": {"field": "department", "q": "Ki"},
    "/admin/django_sla/calendar/": LIST,
    "/admin/django_sla/calendar/add/": {"name": "Office", "tz": "UTC", "hours": "{}"},
    "/admin/django_sla/calendar/holidays/": {"ids": "1,2"},
    "/admin/django_sla/reportschedule/": LIST,
    "/admin/django_sla/recalculation/": {"phase__exact": "done", **LIST},
    "/admin/django_sla/recalculation/add/": {"policy": "1", "calendar": "1"},
    "/admin/django_sla/notice/": {"standing__exact": "dead", **LIST},
    "/admin/django_sla/sweep/": LIST,
}


@pytest.fixture
def visitor(admin_client: Client, admin_user: Any) -> Iterator[Client]:
    department = Department.objects.create(pk=1, name="Kitchen")
    with as_of(timezone.now() - timedelta(hours=10)):
        Ticket.objects.create(pk=1, department=department, priority="high", assignee=admin_user)
    calendar = Calendar.objects.create(
        pk=1, name="O", tz="UTC", hours={"mon": [["09:00", "17:00"]]}
    )
    Policy.objects.create(pk=1, name="Old", goals={"*": {"response": "1h"}}, calendar=calendar)
    ReportSchedule.objects.create(
        name="Old", model="desk.Ticket", weekday=1, recipients=["a@b.org"]
    )
    Sweep.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    with undisturbed():
        yield admin_client


@pytest.fixture
def token(admin_user: Any) -> str:
    return Feed.make(admin_user, timezone.now())[1]


@pytest.mark.thorough
def test_queries(visitor: Client, token: str, thousand: int) -> None:
    def ask(address: str, text: str) -> Callable[[], Any]:
        path = address.partition("#")[0].replace("TOKEN", token)
        return lambda: visitor.get(path, QUERY_STRING=text)

    siege = Siege(
        {
            address: ask(address, urlencode(given, doseq=True))
            for address, given in ADDRESSES.items()
        }
    )
    junk = plain()
    for chance in draws("addresses", thousand):
        address = chance.choice(list(ADDRESSES))
        given = broken(ADDRESSES[address] | {"a": "b"}, chance, junk)
        text = query(given) if isinstance(given, dict) else query({"": given})
        if chance.random() < 0.1:
            text = dented(text.encode(), chance).decode("latin-1")[:MOST_OF_AN_ADDRESS]
        siege.ask(address, ask(address, text))
    siege.kept()
    assert siege.answers[200] > INPUTS / 4


@pytest.mark.parametrize(
    "address",
    [
        "policy/add/?conditions=a&goals=a&escalations=a&effective_from=a&calendar=a&order=a",
        "calendar/add/?hours=a&holidays=a&special_days=a&tz=a",
        "reportschedule/add/?where=%5B&recipients=a&time=a&weekday=a",
    ],
)
def test_what_an_address_says_of_a_new_row(visitor: Client, address: str) -> None:
    assert visitor.get(f"/admin/django_sla/{address}").status_code == 200


def test_tokens_and_headers(visitor: Client, token: str, thousand: int) -> None:
    """A secret that is nearly right is as good as none, and no header brings a page down."""
    junk = plain()
    siege = Siege({"": lambda: visitor.get("/sla/health/")})
    for chance in draws("tokens", thousand):
        nearly = dented(token.encode(), chance).decode("latin-1")
        said = part(chance, [nearly]) if chance.random() < 0.7 else part(chance, junk)
        if nearly == token or "%2F" in said or "/" in said:
            continue
        response = siege.ask("", lambda said=said: visitor.get(f"/sla/calendar/{said}.ics"))
        assert response.status_code == 404
        header = part(chance, [f"Bearer {nearly}", *junk])[:4_000]
        for name in ("Authorization", "Accept", "If-None-Match", "Accept-Language", "Cookie"):
            Client().get("/sla/metrics/", headers={name: header})
