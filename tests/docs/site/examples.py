"""What each page shows does what its text says. ``tests/docs/test_examples.py`` runs this, in a
process of its own: the examples are for a project that is called as they call it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import polib
import pytest
from desk.models import (
    Comment,
    Customer,
    Department,
    Division,
    Mail,
    Profile,
    Project,
    Shift,
    System,
    Ticket,
)
from django.contrib.admin.sites import site as admin_site
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.management import call_command
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from rest_framework.test import APIClient

from django_sla.channels.webhook import payload
from django_sla.conf import settings
from django_sla.flow.message import Item
from django_sla.integrations import tasks
from django_sla.models import Calendar, Feed, Policy, ReportSchedule
from django_sla.moment import as_of, now
from django_sla.registry import register_recipients
from django_sla.tables.delivery import NoticeKind
from tests.docs.pages import DOCS, all_blocks, blocks

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
Player = Callable[..., Any]


def after(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def ticket(hours: float = 0, **given: Any) -> Ticket:
    with as_of(after(hours)):
        return Ticket.objects.create(**given)


def reply(about: Ticket, author: User, hours: float = 1, **given: Any) -> Comment:
    with as_of(after(hours)):
        return Comment.objects.create(ticket=about, author=author, **given)


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", "anna@example.com", "anna", is_staff=True)


@pytest.fixture
def rita() -> User:
    return User.objects.create_user("rita", "rita@example.com", "rita")


def serve(urls: Any) -> Any:
    """The addresses of a page as those of the project."""
    module = ModuleType("urls_of_a_page")
    module.urlpatterns = urls
    return override_settings(ROOT_URLCONF=module)


def test_every_page_is_played() -> None:
    elsewhere = {
        "tutorial/first-breach.md",  # followed word by word
        "reference/settings.md",  # with the settings
        "how-to/tenants.md",  # a project in tests/hosts
    }
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    shown = {
        page
        for page in pages
        if any(not block.has_models for block in blocks(DOCS / page, "python"))
    }
    played = set(re.findall(r'play\(\s*"([^"]+)"', Path(__file__).read_text("utf-8")))
    assert played == shown - elsewhere


# How-to


def test_api(play: Player, anna: User, rita: User) -> None:
    page = play("how-to/api.md")
    mine, other = ticket(requester=rita), ticket(department=Department.objects.create())
    other.department.members.add(rita)
    client = APIClient()
    client.force_authenticate(rita)
    with serve(page["urlpatterns"]):
        answer = client.get(f"/tickets/{mine.pk}/sla/")
        (shown,) = (block.text for block in blocks(DOCS / "how-to/api.md", "json"))
        assert list(answer.json()) == re.findall(r'^  "(\w+)"', shown, re.MULTILINE)
        assert client.get(f"/tickets/{other.pk}/sla/").status_code == 404
        assert client.get("/reports/compliance/").json()["total"]["tickets"] == 0
        assert client.get("/reports/compliance/tickets/?number=open").json()["count"] == 0
    view = page["DeskTicketViewSet"](request=SimpleNamespace(user=rita))
    assert view.may_change_sla(other)
    sorted_view = page["SortedTicketViewSet"].as_view({"get": "list"})
    request = RequestFactory().get("/?sla_state=on_track&ordering=-title")
    request.user = anna
    assert sorted_view(request).status_code == 200
    for name in ("TicketSerializer", "Visible", "TicketViewSet", "Compliance", "Behind"):
        assert page[name]  # by the addresses


def test_business_hours(play: Player) -> None:
    page = play("how-to/business-hours.md")
    assert page["office"].is_open(datetime(2026, 12, 24, 16, tzinfo=UTC))
    assert not page["office"].is_open(datetime(2026, 12, 24, 18, tzinfo=UTC))
    system = System.objects.create(critical=True)
    with as_of(datetime(2026, 3, 7, 12, tzinfo=UTC)):  # a Saturday
        critical, usual = Ticket.objects.create(system=system), Ticket.objects.create()
    assert critical.resolution_target == datetime(2026, 3, 7, 16, tzinfo=UTC)
    assert usual.response_target > datetime(2026, 3, 9, tzinfo=UTC)


def test_calendar_feed(play: Player, anna: User) -> None:
    page = play("how-to/calendar-feed.md")
    client = Client()
    client.force_login(anna)
    with serve(page["urlpatterns"]):
        assert client.post("/sla/calendar/", {"action": "make"}).status_code == 200
    assert Feed.objects.get(user=anna).revoked_at is None
    page["revoke"](anna)
    assert Feed.objects.get(user=anna).revoked_at


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by Apprise, on Python 3.11
def test_channels(play: Player, anna: User) -> None:
    Profile.objects.create(user=anna)
    page = play("how-to/channels.md")
    assert page["locale_of"](anna) == ("fr", "Europe/Paris")
    assert callable(page["verify"])  # tests/channels checks it against real calls
    (shown,) = (json.loads(block.text) for block in blocks(DOCS / "how-to/channels.md", "json"))
    late = ticket(priority="urgent")
    explanation = late.sla.explain("resolution", after(5))
    item = Item(
        kind=NoticeKind.BREACHED,
        key="17",
        ticket=late,
        metric="resolution",
        cycle=1,
        when="due",
        at=after(4),
        due=after(4),
        verdict=explanation.verdict,
        explanation=explanation,
        url="https://desk.example.com/tickets/17/",
    )
    sent = payload(item)
    assert (list(sent), list(sent["data"])) == (list(shown), list(shown["data"]))
    assert sent["type"] == shown["type"]


def test_comments(play: Player, anna: User, rita: User) -> None:
    about = ticket(requester=rita)
    page = play("how-to/comments.md", comments=[Comment(ticket=about, author=anna)])
    about.refresh_from_db()
    assert about.first_responded_at is None  # by the settings of this page only the desk answers
    anna.groups.add(Group.objects.create(name="Service desk"))
    assert page["on_the_desk"](anna, about)
    second = ticket(requester=rita)
    Mail.objects.create(ticket=second, sender=anna)
    second.refresh_from_db()
    assert second.first_responded_at
    reply(about, anna)
    about.refresh_from_db()
    assert about.first_responded_at == after(1)


def test_dashboard(play: Player, anna: User, rita: User) -> None:
    page = play("how-to/dashboard.md")
    led = Department.objects.create(name="Led", lead=anna)
    ticket(department=led, title="Hers"), ticket(title="Not hers")
    client = Client()
    client.force_login(anna)
    with serve(page["urlpatterns"]):
        answer = client.get("/sla/dashboard/?since=2026-03-01&until=2026-03-31&tickets=tickets")
        assert "Hers" in answer.text
        assert "Not hers" not in answer.text
    assert page["DepartmentDashboard"].objective == 97.5


def test_databases(play: Player) -> None:
    page = play("how-to/databases.md")
    tried = []

    def work() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise OperationalError("deadlock")
        return "done"

    assert page["in_transaction"](work) == "done"
    tried.clear()
    with pytest.raises(OperationalError):
        page["in_transaction"](work, tries=2)


def test_escalations(play: Player, anna: User) -> None:
    shift = Shift.objects.create()
    shift.members.add(anna)
    page = play("how-to/escalations.md")
    assert list(page["on_duty"](ticket())) == [anna]


def test_existing_project(play: Player) -> None:
    """Tickets from before: what other columns know is filled in, behind the back of the SLA."""
    old = ticket(status="resolved")
    for rows in (Ticket.history, old.sla_events, old.sla_clocks):
        rows.all().delete()
    Ticket.objects.all()._raw_delete("default")
    Ticket._meta.get_field("created_at").null = True
    try:
        assert play("how-to/existing-project.md")["last"] == 0
    finally:
        Ticket._meta.get_field("created_at").null = False


def test_export(play: Player, anna: User) -> None:
    department = Department.objects.create(name="Desk")
    department.members.add(anna)
    late = ticket(department=department, title="=late")
    page = play("how-to/export.md")
    request = RequestFactory().get("/")
    request.user = anna
    said = b"".join(page["breached"](request).streaming_content).decode()
    assert f"{late.pk},'=late," in said
    assert page["compliance"](request).status_code == 200
    request.user = AnonymousUser()
    assert page["breached"](request).status_code == 302
    assert page["export"](None, request, Ticket.objects.all()).status_code == 200
    resource = page["TicketResource"]()
    assert "closure_due" in resource.fields


def test_extend(play: Player, tmp_path: Path) -> None:
    gold = Customer.objects.create(name="Gold", plan="gold")
    page = play("how-to/extend.md")
    # A metric
    resolved = ticket(status="resolved")
    assert list(page["not_archived_in_time"]()) == [resolved]
    assert page["archiving"](resolved).due == after(48)
    # A source of policies: a file, and rows
    (contracts,) = (block.text for block in blocks(DOCS / "how-to/extend.md", "toml"))
    (tmp_path / "contracts.toml").write_text(contracts)
    page["register_contracts"](tmp_path / "contracts.toml")
    assert ticket(customer=gold).resolution_target == after(8)
    gold.save()
    assert page["follow"]
    assert ticket(customer=gold).resolution_target == after(4)
    # A dimension
    nights = Department.objects.create(division=Division.objects.create(name="Nights"))
    ticket(department=nights)
    assert "Nights" in [row.label for row in page["by_division"](after(-1), after(1))]
    # A channel
    called: list[tuple[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            called.append((self.headers["Idempotency-Key"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        told = SimpleNamespace(
            ticket=resolved, metric="archiving", verdict=resolved.sla.verdict("archiving")
        )
        message = SimpleNamespace(items=[told], key="17")
        page["Pager"]("pager", url=f"http://127.0.0.1:{server.server_port}/").send(message)
        server.shutdown()
    assert called == [("17", "No mail: archiving breached")]


def test_forecast(play: Player) -> None:
    for week in range(-13, 0):
        for late in (False, True):
            opened = after(week * 168)
            with as_of(opened):
                one = Ticket.objects.create(priority="urgent")
            one.status = "resolved"
            with as_of(opened + timedelta(hours=5 if late else 2)):
                one.save()
    with as_of(MONDAY):
        page = play("how-to/forecast.md")
    assert len(page["found"].weeks) == 4


def test_holds_and_waivers(play: Player) -> None:
    page = play("how-to/holds-and-waivers.md")
    one = ticket()
    page["wait_for_vendor"](one)
    assert one.sla.resolution.state == "breached"
    assert one.sla.hold.data["reason"] == "The vendor sends a new disk"
    page["vendor_answered"](one)
    page["promised"](one, 2)
    assert one.resolution_target > now() + timedelta(days=1)
    page["promise_is_off"](one)
    page["excused"](one)
    assert one.sla.resolution.clock.waived


def test_importing(play: Player, anna: User) -> None:
    row = SimpleNamespace(
        title="Old",
        priority="high",
        opened_at=after(0),
        answered_at=after(1),
        resolved_at=after(2),
        closed_at=after(3),
        steps=[
            SimpleNamespace(status="pending", at=after(1)),
            SimpleNamespace(status="resolved", at=after(5)),
        ],
    )
    page = play("how-to/importing.md", row=row, rows=[row, row])
    assert page["ticket"].resolved_at == after(5)
    assert page["ticket"].sla.resolution.elapsed == timedelta(hours=1)
    assert [one.resolution_target for one in page["tickets"]] == [after(8)] * 2
    given = Ticket.objects.get(closed_at=after(3))
    assert given.first_responded_at == after(1)
    assert Ticket.objects.filter(status="closed").count() == 2


def test_languages(play: Player, tmp_path: Path) -> None:
    page = play("how-to/languages.md")
    late = ticket()
    own = tmp_path / "fr" / "LC_MESSAGES"
    own.mkdir(parents=True)
    (texts,) = (block.text for block in blocks(DOCS / "how-to/languages.md", "po"))
    polib.pofile(texts).save_as_mofile(str(own / "django.mo"))

    def badge(request: HttpRequest) -> HttpResponse:
        template = engines["django"].from_string("{% load sla %}{% sla_badge ticket %}")
        return HttpResponse(template.render({"ticket": late}, request))

    asks = {"Accept-Language": "fr-CA,fr;q=0.9"}
    follows = {name: page[name] for name in ("LANGUAGE_CODE", "LANGUAGES", "MIDDLEWARE")}
    with serve([path("", badge)]), override_settings(**follows):
        assert "En dépassement" in Client().get("/", headers=asks).text
        assert "Breached" in Client().get("/", headers={"Accept-Language": "en"}).text
        with override_settings(LOCALE_PATHS=[tmp_path]):
            assert "En retard" in Client().get("/", headers=asks).text


def test_policies(play: Player) -> None:
    for key in ("OPS", "NET"):
        Project.objects.create(key=key)
    page = play("how-to/policies.md", apart=True)
    assert page["outage"].failing({"title": "No outage"}) == ()
    assert {found.name for found in Policy.objects.all()} == {"Operations", "Operations 2027"}
    operations = Project.objects.get(key="OPS")
    assert ticket(project=operations, title="Outage").response_target == after(6)


def test_policy_files(tmp_path: Path) -> None:
    whole, condition = (block.text for block in blocks(DOCS / "how-to/policy-files.md", "json"))
    Project.objects.create(key="OPS")
    register_recipients("lead", lambda ticket: None)
    file = tmp_path / "policies.json"
    file.write_text(whole)
    call_command("sla_policies", load=str(file), verbosity=0)
    assert Policy.objects.get().name == "VIP"
    document = json.loads(whole)
    key = Project.objects.get().pk
    document["policies"][0]["conditions"] = [{**json.loads(condition), "value": key}]
    file.write_text(json.dumps(document))
    call_command("sla_policies", load=str(file), verbosity=0)
    assert Policy.objects.get().conditions[0]["value"] == key


def test_privacy(play: Player) -> None:
    play("how-to/privacy.md")
    assert settings.client_ip == "masked"


def test_proxies(play: Player) -> None:
    play("how-to/proxies.md")
    assert settings.trusted_proxies


def test_queue(play: Player, anna: User) -> None:
    page = play("how-to/queue.md")
    department = Department.objects.create(name="Desk")
    department.members.add(anna)
    ticket(department=department, title="Ours"), ticket(title="Theirs")
    client = Client()
    client.force_login(anna)
    with serve(page["urlpatterns"]):
        answer = client.get("/sla/queue/")
    assert "Ours" in answer.text
    assert "Theirs" not in answer.text
    for name in ("TeamTickets", "TeamQueue", "TeamCalendar"):
        assert page[name]


def test_reports(play: Player) -> None:
    late = ticket(priority="urgent")
    late.status = "resolved"
    with as_of(after(9)):
        late.save()
    page = play("how-to/reports.md")
    report = page["march"](Ticket.objects.all(), after(-24), after(720))
    assert list(page["late"](report, report.rows[0])) == [late]
    closing = page["Closing"](Ticket.objects.all())
    assert "closure_met" in {column.name for column in closing.columns}
    assert page["time_with_agents"](Ticket.objects.all())


def test_run_the_sweep(play: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(self: object, *args: object, **kwargs: object) -> None:
        asked.append((args, kwargs))

    monkeypatch.setattr("celery.app.task.Task.delay", ask)
    monkeypatch.setattr(type(tasks.reconcile), "enqueue", ask)
    page = play("how-to/run-the-sweep.md")
    assert len(asked) == 5
    assert set(page["CELERY_BEAT_SCHEDULE"]) >= {"django_sla.sweep", "django_sla.deliver"}


def test_scheduled_reports(play: Player) -> None:
    play("how-to/scheduled-reports.md")
    assert ReportSchedule.objects.get().next_at


def test_signals(play: Player, capsys: pytest.CaptureFixture[str]) -> None:
    page = play("reference/signals.md")
    call_command("sla_sweep", verbosity=0)  # whose past is not told of
    with as_of(now() - timedelta(hours=1)):
        Ticket.objects.create(priority="urgent")
    page["target_breached"].send(
        sender=Ticket, ticket=Ticket.objects.get(), metric="response", due=after(1), key="17"
    )
    assert "No mail: response was due at 2026-03-02 10:00:00+00:00 (17)" in capsys.readouterr().out
    assert page["target_breached"].disconnect(page["page_the_duty"], sender=Ticket)


def test_statuses_and_priorities(play: Player) -> None:
    play("how-to/statuses-and-priorities.md")
    with as_of(MONDAY):
        assert Ticket.objects.create(priority="P1").resolution_target == after(4)


def test_upgrade(play: Player) -> None:
    pytest.importorskip("psycopg")
    page = play("how-to/upgrade.md")
    (operation,) = page["Migration"].operations
    assert operation.index.name == "desk_ticket_due_at_08cbf1_idx"


def test_watch_the_sweep(play: Player) -> None:
    page = play("how-to/watch-the-sweep.md")
    with serve(page["urlpatterns"]):
        answer = Client().get("/sla/health/")
    assert answer.json()["status"] == "never"
    assert page["registry"].get_sample_value("django_sla_breaches_recorded_total") == 0


def test_what_if(play: Player) -> None:
    Policy.objects.create(
        name="Service desk", goals={"urgent": {"resolution": "4h"}, "*": {"resolution": "8h"}}
    )
    done = ticket(priority="urgent")
    done.status = "resolved"
    with as_of(after(3)):
        done.save()
    page = play("how-to/what-if.md")
    assert page["total"].newly_late == 1


def test_why_this_deadline(play: Player) -> None:
    holiday = Calendar.objects.create(
        name="Office",
        tz="UTC",
        hours={"mon-fri": [["09:00", "17:00"]]},
        holidays={"2026-03-03": "Carnival"},
    )
    Policy.objects.create(
        name="VIP",
        conditions=[{"field": "customer__vip", "operator": "is", "value": True}],
        goals={"*": {"resolution": "1h"}},
    )
    Policy.objects.create(
        name="Office", order=1, goals={"*": {"resolution": "16h"}}, calendar=holiday
    )
    page = play("how-to/why-this-deadline.md")
    one = ticket()
    one.status = "resolved"
    with as_of(after(50)):
        one.save()
    assert page["holidays_took"](one) == timedelta(hours=8)
    assert page["why_not"](one)[0].startswith("VIP: ")


# Reference


def test_admin(play: Player) -> None:
    try:
        page = play("reference/admin.md")
        assert page["TicketAdmin"]
        assert page["ClosureStateFilter"].parameter_name == "sla_closure"
        assert len(page["site"]._registry) == 6
    finally:
        admin_site.unregister(Ticket)


def test_views(play: Player) -> None:
    page = play("reference/views.md")
    with serve(page["urlpatterns"]):
        assert Client().get("/sla/health/").status_code == 503


# Templates


@pytest.mark.parametrize("block", all_blocks("html+django"), ids=str)
def test_templates(block: Any, rf: RequestFactory, anna: User) -> None:
    one = ticket()
    badge = SimpleNamespace(
        state="on_track", countdown="{}", shape="M0 0", label="On track", due=MONDAY, detail="1h"
    )
    context = {"ticket": one, "tickets": [one], "badge": badge, "title": "Service levels"}
    request = rf.get("/")
    request.user = anna
    text = block.text
    if "{% load sla" not in text:
        text = "{% load sla %}" + text
    if "_dashboard" in text or "_refreshed" in text:
        # What these frames are around is tested with their views.
        text = re.sub(r"{% include .+? %}", "", text)
    said = engines["django"].from_string(text).render(context, request)
    assert said.strip()
