"""Names that somebody chose to do harm, in every page, mail, file and feed: they are text there."""

import csv
import io
from datetime import timedelta
from typing import Any

import django
import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import mail
from django.template import Context, Template
from django.test import Client
from django.utils import timezone
from icalendar import Calendar as ICalendar
from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from django_sla.admin.hours import DAYS
from django_sla.core.inert import is_formula
from django_sla.flow import schedules
from django_sla.flow.deliver import deliver
from django_sla.flow.sweep import sweep
from django_sla.integrations.import_export import TicketSLAResource
from django_sla.models import (
    Beginning,
    Calendar,
    Feed,
    Notice,
    Policy,
    Recalculation,
    ReportSchedule,
    Sweep,
)
from tests.abuse.page import Page
from tests.hosts.desk.models import Comment, Department, Project, Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

MARKUP = "javascript:'\"></svg><zq onzq=1>{{7*7}}"
"""Makes an element, leaves an attribute and an SVG behind, and is an address by itself."""
SHORT = '"><zq o=1>'
LINES = "=cmd|zq\r\nBEGIN:VALARM\r\nBcc: zq@zq.org"
"""A formula, a component of a calendar, and the header of a mail."""

ADMIN = [
    "desk/ticket/",
    "desk/ticket/{ticket}/change/",
    "desk/ticket/{ticket}/history/",
    "desk/ticket/{ticket}/history/{version}/",
    "desk/ticket/{ticket}/sla/release/",
    "desk/ticket/{ticket}/sla/set-target/",
    "desk/ticket/{ticket}/sla/clear-target/",
    "desk/ticket/{ticket}/sla/waive/",
    "desk/ticket/{ticket}/delete/",
    "desk/ticket/sla-dashboard/?period=90d",
    "desk/ticket/sla-dashboard/?tickets=tickets&period=90d",
    "desk/ticket/sla-dashboard/?forecast=1",
    "django_sla/policy/",
    "django_sla/policy/add/",
    "django_sla/policy/{policy}/change/",
    "django_sla/policy/{policy}/history/",
    "django_sla/policy/{policy}/history/{policy_version}/",
    "django_sla/policy/{policy}/delete/",
    "django_sla/policy/sources/",
    "django_sla/calendar/",
    "django_sla/calendar/{calendar}/change/",
    "django_sla/calendar/{calendar}/history/",
    "django_sla/calendar/holidays/?ids={calendar}",
    "django_sla/reportschedule/",
    "django_sla/reportschedule/{schedule}/change/",
    "django_sla/reportschedule/{schedule}/preview/",
    "django_sla/reportschedule/{schedule}/preview/mail/",
    "django_sla/recalculation/",
    "django_sla/recalculation/{recalculation}/change/",
    "django_sla/recalculation/add/",
    "django_sla/notice/",
    "django_sla/notice/{notice}/change/",
    "django_sla/sweep/",
    "django_sla/sweep/{sweep}/change/",
]
PAGES = [
    *(f"/admin/{page}" for page in ADMIN),
    "/sla/queue/",
    "/sla/queue/?fragment",
    "/sla/dashboard/?model=desk.ticket&period=90d",
    "/sla/dashboard/?model=desk.ticket&period=90d&agent={user}&department={department}",
    "/sla/dashboard/?model=desk.ticket&tickets=tickets&period=90d",
    "/sla/dashboard/?model=desk.ticket&forecast=1",
    "/sla/dashboard/?model=variety.uuidticket&period=90d",
    "/sla/dashboard/?model=variety.uuidticket&period=90d&priority=%22%3E%3Czq+o%3D1%3E",
    "/sla/calendar/",
]
NAMELESS = {
    "/sla/calendar/",
    "/admin/desk/ticket/sla-dashboard/?forecast=1",
    "/sla/dashboard/?model=desk.ticket&forecast=1",
    "/sla/dashboard/?model=variety.uuidticket&period=90d",
    "/sla/dashboard/?model=variety.uuidticket&period=90d&priority=%22%3E%3Czq+o%3D1%3E",
}
"""Pages on which none of the long names stands."""

TAGS = """{% load sla %}{% sla_badge ticket %}{% sla_countdown ticket %}{% sla_times ticket %}
{% sla_timeline ticket %}{% sla_changelog ticket show_ip=True %}{% sla_explain ticket %}
{% sla_policy ticket %}"""


@pytest.fixture(autouse=True)
def mailer(settings: Any) -> None:
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


class Desk:
    """In which everything is called the same."""

    def __init__(self, name: str):
        now = timezone.now()
        self.name = name
        self.user = get_user_model().objects.create_user(
            name, "villain@example.com", first_name=name, is_staff=True, is_superuser=True
        )
        self.department = Department.objects.create(name=name)
        project = Project.objects.create(key=SHORT)
        soon = (now + timedelta(days=2)).date().isoformat()
        self.calendar = Calendar.objects.create(
            name=name,
            tz="UTC",
            hours={day: [["00:00", "24:00"]] for day in DAYS},
            holidays={soon: name},
        )
        self.policy = Policy.objects.create(
            name=name,
            order=1,
            conditions=[
                {"field": "department", "operator": "is", "value": str(self.department.pk)},
                {"field": "title", "operator": "contains", "value": name},
            ],
            goals={"*": {"response": "10h", "resolution": "20h"}},
            calendar=self.calendar,
            escalations=[{"when": "due", "channel": "email", "to": ["assignee"]}],
        )
        Beginning.objects.update_or_create(pk=1, defaults={"since": now - timedelta(days=30)})
        own = {"title": name, "department": self.department, "project": project}
        people = {"requester": self.user, "assignee": self.user}
        with time_machine.travel(now - timedelta(hours=30), tick=False):
            self.ticket = Ticket.objects.create(**own, **people)
        with time_machine.travel(now - timedelta(hours=1), tick=False):
            self.fresh = Ticket.objects.create(**own, **people)
            other = UUIDTicket.objects.create(priority=SHORT)
        other.status = SHORT
        other.save()
        Comment.objects.create(ticket=self.ticket, author=self.user, body=name, created_at=now)
        sweep(using="default")
        deliver(using="default")
        self.fresh._history_user = self.ticket._history_user = self.user
        self.ticket.sla.waive("resolution", name)
        self.fresh.sla.set_target("resolution", now + timedelta(days=1), name)
        self.ticket.sla.pause(name)
        self.schedule = ReportSchedule.objects.create(
            name=name,
            model="desk.Ticket",
            by="department",
            weekday=1,
            recipients=[f"user:{name}", "a@example.com"],
            period="day",
        )
        schedules.put(self.schedule.order(now, void=False), self.schedule.recipients, "default")
        deliver(using="default")
        Notice.objects.update(problem=name, standing="dead")
        self.sweep = Sweep.objects.create(started_at=now, finished_at=now, problem=name, host=name)
        self.recalculation = Recalculation.objects.create(
            policies=[name], reason=name, actor=self.user, phase="done"
        )
        self.client = Client()
        self.client.force_login(self.user)

    def address(self, page: str) -> str:
        return page.format(
            ticket=self.ticket.pk,
            version=self.ticket.history.first().pk,
            policy=self.policy.pk,
            policy_version=self.policy.history.first().pk,
            calendar=self.calendar.pk,
            schedule=self.schedule.pk,
            recalculation=self.recalculation.pk,
            notice=Notice.objects.filter(ticket=str(self.ticket.pk)).first().pk,
            sweep=self.sweep.pk,
            user=self.user.pk,
            department=self.department.pk,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk(MARKUP)


@pytest.fixture
def lines() -> Desk:
    return Desk(LINES)


def check(html: str, *, said: bool = True) -> None:
    """No element and no attribute is of the name, and nothing leads to it; and it is there."""
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag != "zq", html[:3000]
        assert not {"onzq", "o"} & attributes.keys()
        for name in ("href", "src", "action", "formaction", "data", "xlink:href"):
            assert not attributes.get(name, "").strip().startswith("javascript:")
    words = [page.text, *(v for _tag, attributes in page.elements for v in attributes.values())]
    assert not said or any(MARKUP in text for text in words)


@pytest.mark.parametrize("place", ["<p>{}</p>", '<a href="{}">', "<svg><title>{}", "<p>nothing"])
def test_a_page_that_does_not_escape_is_found(place: str) -> None:
    with pytest.raises(AssertionError):
        check(place.format(MARKUP))


def test_pages(desk: Desk) -> None:
    for page in PAGES:
        response = desk.client.get(desk.address(page))
        assert response.status_code == 200, page
        assert response["Content-Type"].startswith("text/html")
        check(response.content.decode(), said=page not in NAMELESS)


def test_what_would_change(desk: Desk) -> None:
    Policy.objects.filter(pk=desk.policy.pk).update(goals={"*": {"resolution": "1h"}})
    path = "/admin/django_sla/policy/"
    shown = Page(desk.client.get(f"{path}{desk.policy.pk}/change/").content.decode()).sent()
    for address in (f"{path}{desk.policy.pk}/what-if/", f"{path}{desk.policy.pk}/suggested-goals/"):
        check(desk.client.post(address, shown).content.decode())
    # Refused, with what was sent.
    refused = shown | {name: MARKUP for name in shown if name.endswith(("value", "resolution"))}
    check(desk.client.post(f"{path}{desk.policy.pk}/change/", refused).content.decode())
    began = desk.client.post("/admin/django_sla/recalculation/add/", {"policy": desk.policy.pk})
    for _step in range(3):
        check(desk.client.post(began.url, {"reason": MARKUP}, follow=True).content.decode())


def test_tags_in_the_page_of_a_host(desk: Desk) -> None:
    for ticket in (desk.ticket, desk.fresh):
        check(Template(TAGS).render(Context({"ticket": Ticket.objects.get(pk=ticket.pk)})))


@pytest.mark.parametrize("name", [MARKUP, LINES], ids=["markup", "lines"])
def test_mails(name: str) -> None:
    Desk(name)
    assert {len(message.alternatives) for message in mail.outbox} == {1}
    assert len(mail.outbox) >= 3
    for message in mail.outbox:
        sent = message.message()
        assert not sent["Bcc"]
        assert "\n" not in message.subject
        assert "\r" not in message.subject
        assert "{{7*7}}" in message.body or name != MARKUP
        check(message.alternatives[0][0], said=name == MARKUP)


def test_answers_of_the_api(desk: Desk, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"
    client = APIClient()
    client.force_authenticate(desk.user)
    pk = desk.ticket.pk
    for path in (
        "/tickets/",
        f"/tickets/{pk}/",
        f"/tickets/{pk}/sla/",
        f"/tickets/{pk}/sla/timeline/",
        f"/tickets/{pk}/sla/changelog/",
        f"/tickets/{pk}/sla/explain/",
        "/compliance/?by=department",
        "/time-with/?by=agent",
    ):
        response = client.get(path)
        assert response["Content-Type"] == "application/json"
        assert MARKUP in response.content.decode().encode().decode().replace('\\"', '"')


@pytest.mark.parametrize("name", [MARKUP, LINES], ids=["markup", "lines"])
def test_files(name: str) -> None:
    desk = Desk(name)
    for query in ("tickets=tickets", "report=department", "report=agent"):
        address = f"/sla/dashboard/?model=desk.ticket&period=90d&{query}"
        found = b"".join(desk.client.get(f"{address}&format=csv")).decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(found, newline="")) for cell in row]
        assert any(name in cell for cell in cells)
        assert not any(is_formula(cell) and not _is_number(cell) for cell in cells)
        book = b"".join(desk.client.get(f"{address}&format=xlsx"))
        for row in load_workbook(io.BytesIO(book)).active.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_what_is_exported_of_tickets(lines: Desk) -> None:
    class TicketResource(TicketSLAResource):
        class Meta:
            model = Ticket
            fields = ["response_policy", "resolution_policy"]

    found = TicketResource().export().export("csv")
    cells = [cell for row in csv.reader(io.StringIO(found, newline="")) for cell in row]
    assert any(LINES in cell for cell in cells)
    assert not any(map(is_formula, cells))


@pytest.mark.parametrize("name", [MARKUP, LINES, "\\,;:\r\nEND:VEVENT\n BEGIN:VALARM", "A ticket"])
def test_calendar_feeds(name: str) -> None:
    desk = Desk(name)
    _feed, token = Feed.make(desk.user, timezone.now())
    content = desk.client.get(f"/sla/calendar/{token}.ics").content
    events = list(ICalendar.from_ical(content).walk("VEVENT"))
    assert {str(event["summary"]).partition(": ")[0] for event in events} == {
        "Response due",
        "Resolution due",
    }
    assert len(events) == 3
    plain = name.replace("\r\n", "\n").replace("\r", "\n")
    assert all(plain in str(event["summary"]).replace("\r\n", "\n") for event in events)
    assert len(list(ICalendar.from_ical(content).walk("VALARM"))) <= len(events)


@pytest.mark.parametrize(
    "name", [MARKUP, LINES, '"} 1\nevil{a="'], ids=["markup", "lines", "label"]
)
def test_figures_for_monitors(name: str) -> None:
    desk = Desk(name)
    content = desk.client.get("/sla/metrics/").content.decode()
    families = list(text_string_to_metric_families(content))
    assert families
    assert all(family.name.startswith("django_sla_") for family in families)
