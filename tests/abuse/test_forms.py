"""The forms of the admin: whatever is sent, it is shown again with what is wrong, or saved."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from django_sla.models import Calendar, Policy, ReportSchedule
from django_sla.moment import as_of
from tests.abuse.inputs import DEEP, INPUTS, broken, draws, plain
from tests.abuse.kept import Kept
from tests.abuse.measure import undisturbed
from tests.abuse.page import Page
from tests.abuse.siege import Siege, query
from tests.hosts.desk.models import Department, Ticket

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"

POLICY = {
    "name": ["VIP"],
    "order": ["10"],
    "at_risk": ["60"],
    "conditions-0-field": ["department"],
    "conditions-0-operator": ["in"],
    "conditions-0-value": ["Kitchen"],
    "conditions-1-field": ["title"],
    "conditions-1-operator": ["contains"],
    "conditions-1-value": ["fire"],
    "goals-0-response": ["1h"],
    "goals-0-resolution": ["1d 2h 30m"],
    "escalations-0-when": ["before"],
    "escalations-0-amount": ["30m"],
    "escalations-0-to": ["a@example.com"],
    "effective_from_0": ["2026-01-01"],
    "effective_from_1": ["00:00:00"],
}
CALENDAR = {
    "name": ["Office"],
    "tz": ["Europe/Paris"],
    "hours-0-spans": ["09:00-12:30, 13:30-17:30"],
    "hours-4-spans": ["22:00-06:00"],
    "holidays-0-day": ["2026-12-25"],
    "holidays-0-name": ["Christmas Day"],
    "special_days-0-day": ["2026-12-24"],
    "special_days-0-spans": ["09:00-12:00"],
}
SCHEDULE = {
    "name": ["Monday"],
    "model": ["desk.Ticket"],
    "by": ["priority,month"],
    "where": ['{"priority": ["urgent", "high"], "department": 1000}'],
    "weekday": ["0"],
    "recipients": ["user:admin, a@example.com"],
}
SCOPE = {"policy": ["1000"], "since_0": ["2026-01-01"], "since_1": ["00:00"]}
TARGET = {"metric": ["resolution"], "due_0": ["2030-01-01"], "due_1": ["12:00"], "reason": ["So"]}

SLA = "/admin/desk/ticket/1000/sla/"
FORMS: dict[str, tuple[str, dict[str, list[str]]]] = {
    # Where it is shown, and what is filled in.
    "/admin/django_sla/policy/add/": ("", POLICY),
    "/admin/django_sla/policy/1000/change/": ("", POLICY),
    "/admin/django_sla/policy/add/what-if/": ("/admin/django_sla/policy/add/", POLICY),
    "/admin/django_sla/policy/add/suggested-goals/": ("/admin/django_sla/policy/add/", POLICY),
    "/admin/django_sla/policy/": ("", {"form-0-order": ["20"], "form-0-enabled": ["on"]}),
    "/admin/django_sla/calendar/add/": ("", CALENDAR),
    "/admin/django_sla/calendar/1000/change/": ("", CALENDAR),
    "/admin/django_sla/calendar/add/what-if/": ("/admin/django_sla/calendar/add/", CALENDAR),
    "/admin/django_sla/calendar/holidays/?ids=1000": (
        "",
        {"region": ["CA-ON"], "years": ["2026-2028"]},
    ),
    "/admin/django_sla/reportschedule/add/": ("", SCHEDULE),
    "/admin/django_sla/recalculation/add/": ("", SCOPE),
    "/admin/desk/ticket/1000/change/": ("", {"resolution_target_0": ["2030-01-01"]}),
    f"{SLA}hold/": ("", {"reason": ["Waits"]}),
    f"{SLA}set-target/": ("", TARGET),
    f"{SLA}waive/": ("", {"metric": ["response"], "reason": ["Away"]}),
}


ODD = [
    "a\rb",
    "a\nb",
    "a\0b",
    "\0",
    '"a',
    "\ud800",
    "x" * 50_000,
    "9" * 5_000,
    "9999999999d",
    "1e5h",
]


@pytest.fixture
def desk() -> None:
    department = Department.objects.create(pk=1000, name="Kitchen")
    with as_of(timezone.now() - timedelta(hours=10)):
        Ticket.objects.create(pk=1000, department=department, priority="high")
    hours = {"mon": [["09:00", "17:00"]]}
    calendar = Calendar.objects.create(pk=1000, name="Old", tz="UTC", hours=hours)
    Policy.objects.create(pk=1000, name="Old", goals={"*": {"response": "1h"}}, calendar=calendar)
    ReportSchedule.objects.create(
        pk=1000, name="Old", model="desk.Ticket", weekday=1, recipients=["a@example.com"]
    )


def sent(client: Client, path: str, body: bytes) -> Any:
    return client.generic("POST", path, body, content_type=FORM)


def posted(client: Client, path: str, shown: dict[str, Any]) -> Any:
    return sent(client, path, query(shown).encode())


def as_table(given: Any) -> dict[Any, Any]:
    return given if isinstance(given, dict) else {"": given}


@pytest.fixture
def shown(admin_client: Client, desk: None) -> dict[str, dict[str, list[str]]]:
    """What each form would send as it stands."""
    return {
        path: Page(admin_client.get(at or path).content.decode()).sent()
        for path, (at, _filled) in FORMS.items()
    }


def test_what_is_broken_here_is_otherwise_right(
    admin_client: Client, shown: dict[str, Any]
) -> None:
    for path, (_at, filled) in FORMS.items():
        with transaction.atomic():
            response = posted(admin_client, path, shown[path] | filled)
            transaction.set_rollback(True)
        assert response.status_code in (200, 302), path
        assert b"errorlist" not in response.content, path


@pytest.mark.thorough
def test_odd_texts(admin_client: Client, shown: dict[str, Any]) -> None:
    """In each place where people type, what has brought a form down before."""
    kept = Kept()
    for path in (path for path in FORMS if path.endswith("/add/")):
        good = shown[path] | FORMS[path][1]
        for field in FORMS[path][1]:
            for text in ODD:
                with transaction.atomic():
                    response = posted(admin_client, path, good | {field: [text]})
                    transaction.set_rollback(response.status_code == 302)
                assert response.status_code == 302 or b"errorlist" in response.content
        kept.check()


def test_what_json_cannot_say(admin_client: Client, shown: dict[str, Any]) -> None:
    path = "/admin/django_sla/reportschedule/add/"
    for where in (
        "[" * 100_000,
        '{"a":' * DEEP,
        "9" * 5_000,
        "NaN",
        '{"priority": NaN}',
        '{"department": "\\ud800"}',
    ):
        data = urlencode(shown[path] | SCHEDULE | {"where": [where]}, doseq=True)
        response = sent(admin_client, path, data.encode())
        assert response.status_code == 200
        assert b"Enter a valid JSON" in response.content
    assert ReportSchedule.objects.count() == 1


def test_lines_are_as_good_as_commas(admin_client: Client, shown: dict[str, Any]) -> None:
    path = "/admin/django_sla/reportschedule/add/"
    given = SCHEDULE | {"recipients": ["user:admin\ra@example.com\r\nb@example.com"]}
    assert posted(admin_client, path, shown[path] | given).status_code == 302
    names = ReportSchedule.objects.get(name="Monday").recipients
    assert names == ["user:admin", "a@example.com", "b@example.com"]


@pytest.mark.parametrize("key", ["abc", "%00", "9" * 30, "9" * 5_000])
@pytest.mark.parametrize(
    "address",
    [
        "policy/{}/change/",
        "policy/{}/history/",
        "policy/{}/history/1/",
        "policy/1000/history/{}/",
        "policy/{}/delete/",
        "calendar/holidays/?ids={}",
        "reportschedule/{}/preview/",
        "reportschedule/{}/preview/mail/",
        "recalculation/{}/change/",
        "notice/{}/change/",
    ],
)
def test_keys_that_no_row_has(admin_client: Client, desk: None, address: str, key: str) -> None:
    response = admin_client.get(f"/admin/django_sla/{address.format(key)}")
    assert response.status_code in (302, 403, 404)


@pytest.mark.thorough
def test_forms(admin_client: Client, shown: dict[str, Any], thousand: int) -> None:
    def ask(path: str, given: Any) -> Callable[[], Any]:
        return lambda: posted(admin_client, path, given)

    siege = Siege({path: ask(path, shown[path] | FORMS[path][1]) for path in FORMS})
    junk = plain()
    with undisturbed():
        for chance in draws("forms", thousand):
            path = chance.choice(list(FORMS))
            good, filled = shown[path], FORMS[path][1]
            # Mostly what people type, and now and then what a page sends along.
            if chance.random() < 0.7:
                given = good | as_table(broken(filled, chance, junk))
            else:
                given = as_table(broken(good | filled, chance, junk))
            siege.ask(path, ask(path, given))
    siege.kept()
    assert siege.answers[200] > INPUTS / 4
    assert siege.answers[302] > INPUTS / 20
