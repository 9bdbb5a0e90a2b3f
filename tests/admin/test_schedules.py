"""Report schedules in the admin: written, looked at, and sent now."""

# ruff: noqa: F811  fixtures that are imported

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from django_sla.flow.deliver import deliver
from django_sla.flow.schedules import put_due
from django_sla.models import Notice, ReportSchedule
from tests.channels.conftest import post  # noqa: F401
from tests.channels.servers import Post
from tests.conftest import after
from tests.flow.watching import at
from tests.hosts.desk.models import Department
from tests.reports.desk import answered, opened

pytestmark = pytest.mark.django_db

LIST = "/admin/django_sla/reportschedule/"
BOSS = "boss@example.com"
EVIL = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    """The Monday after."""
    with at(168):
        yield


def schedule(**values: Any) -> ReportSchedule:
    values = {"name": "Weekly", "model": "desk.Ticket", "by": "department", "weekday": 0, **values}
    return ReportSchedule.objects.create(**{"zone": "UTC", "recipients": [BOSS], **values})


def said(**values: Any) -> dict[str, Any]:
    """What a browser sends."""
    return {
        "name": "Weekly",
        "enabled": "on",
        "model": "desk.Ticket",
        "by": "department",
        "where": '{"priority": ["urgent"]}',
        "period": "week",
        "recurrence": "weekly",
        "weekday": "0",
        "day": "",
        "time": "08:00",
        "zone": "Europe/Paris",
        "recipients": f"{BOSS}, group:Managers",
        **values,
    }


def client_with(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("person", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_one_is_added_and_changed(admin_client: Client) -> None:
    Group.objects.create(name="Managers")
    assert admin_client.post(f"{LIST}add/", said()).status_code == 302
    found = ReportSchedule.objects.get()
    assert found.recipients == [BOSS, "group:Managers"]
    assert found.where == {"priority": ["urgent"]}
    assert found.next_at == after(168 + 168 - 2), "08:00 in Paris, next Monday"
    page = admin_client.get(f"{LIST}{found.pk}/change/").content.decode()
    assert f'value="{BOSS}, group:Managers"' in page
    admin_client.post(f"{LIST}{found.pk}/change/", said(recipients="x@example.com", where=""))
    found.refresh_from_db()
    assert (found.recipients, found.where) == (["x@example.com"], {})


@pytest.mark.parametrize(
    ("values", "field", "problem"),
    [
        ({"by": "gone"}, "by", "&#x27;gone&#x27; is nothing to group by; there is priority"),
        ({"where": '{"gone": 1}'}, "where", "&#x27;gone&#x27; is nothing to filter by; there is"),
        ({"where": '{"department": "x"}'}, "where", "department: &#x27;x&#x27; is none"),
        ({"where": "["}, "where", "Enter a valid JSON."),
        ({"where": "[1]"}, "where", "Expected an object such as"),
        ({"weekday": ""}, "weekday", "Choose the weekday on which it comes."),
        ({"zone": "Nowhere"}, "zone", "write one such as Europe/Paris"),
        ({"recipients": "assignee"}, "recipients", "is somebody of a ticket"),
        ({"recipients": EVIL}, "recipients", "Nobody knows “&lt;script&gt;"),
        ({"recipients": " , "}, "recipients", "This field is required."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    admin_client: Client, values: dict[str, str], field: str, problem: str
) -> None:
    response = admin_client.post(f"{LIST}add/", said(**{"recipients": BOSS, **values}))
    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {field}
    assert problem in response.content.decode()
    assert not ReportSchedule.objects.exists()


def test_one_whose_model_is_gone_can_be_opened_and_says_so(admin_client: Client) -> None:
    found = schedule(model="desk.Gone")
    page = admin_client.get(f"{LIST}{found.pk}/change/").content.decode()
    assert '<option value="desk.Gone" selected>' in page
    response = admin_client.post(
        f"{LIST}{found.pk}/change/", said(model="desk.Gone", recipients=BOSS)
    )
    assert "There is no ticket model “desk.Gone”; there is" in response.content.decode()


def test_who_may_only_look_reads_what_it_says() -> None:
    found = schedule()
    page = client_with("view_reportschedule").get(f"{LIST}{found.pk}/change/").content.decode()
    assert BOSS in page
    assert '<input type="text"' not in page.partition('id="reportschedule_form"')[2]


def test_what_the_host_lets_nobody_change_is_not_in_the_form(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = schedule()
    model_admin = admin.site.get_model_admin(ReportSchedule)
    readonly = [*model_admin.readonly_fields, "model", "where"]
    monkeypatch.setattr(model_admin, "readonly_fields", readonly)
    page = admin_client.get(f"{LIST}{found.pk}/change/").content.decode()
    assert 'name="by"' in page
    assert 'name="model"' not in page
    sent = said(name="Renamed", model="desk.Gone", recipients=BOSS)
    assert admin_client.post(f"{LIST}{found.pk}/change/", sent).status_code == 302
    found.refresh_from_db()
    assert (found.name, found.model, found.where) == ("Renamed", "desk.Ticket", {})


def test_the_list_says_when_it_came_last(admin_client: Client) -> None:
    schedule(next_at=after(168 - 1))
    assert "last " not in cell(admin_client)
    put_due("default", after(168))
    assert ">last 03/09/2026 8 a.m.<" in cell(admin_client)


def cell(client: Client) -> str:
    """How it goes, as the list says."""
    page = client.get(LIST).content.decode()
    return page.partition('<td class="field-how_it_goes">')[2].partition("</td>")[0]


def test_the_list_asks_a_flat_number_of_queries(admin_client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(LIST).status_code == 200
        return len(queries)

    schedule(name="0")
    few = asked()
    for number in range(1, 20):
        schedule(name=f"{number}", recipients=[f"{n}@example.com" for n in range(9)])
    assert asked() == few


# Sending now


def test_send_now_puts_it_into_the_outbox(post: Post, admin_client: Client) -> None:
    found = schedule(enabled=False)
    schedule(name="Another")
    response = admin_client.post(
        LIST, {"action": "send_now", "_selected_action": [str(found.pk)]}, follow=True
    )
    assert "1 mail is in the outbox" in response.content.decode()
    notice = Notice.objects.get()
    assert (notice.recipient, notice.report["name"]) == (BOSS, "Weekly")
    assert LogEntry.objects.get().get_change_message() == "Sent now."
    assert deliver(using="default").sent == 1, "though it is switched off"
    [sent] = post.received
    assert sent["Subject"] == "Weekly: March 2, 2026 – March 8, 2026"
    admin_client.post(LIST, {"action": "send_now", "_selected_action": [str(found.pk)]})
    assert Notice.objects.count() == 2, "as often as somebody asks"


def test_send_now_tells_whom_it_cannot_reach(admin_client: Client) -> None:
    found = schedule(recipients=["group:Gone"])
    response = admin_client.post(
        LIST, {"action": "send_now", "_selected_action": [str(found.pk)]}, follow=True
    )
    assert "1 recipient is nobody" in response.content.decode()


def test_send_now_goes_on_where_one_cannot_be_read(admin_client: Client) -> None:
    broken, well = schedule(name="Broken"), schedule(name="Well")
    ReportSchedule.objects.filter(pk=broken.pk).update(zone="Nowhere")
    response = admin_client.post(
        LIST, {"action": "send_now", "_selected_action": [broken.pk, well.pk]}, follow=True
    )
    assert [str(message).partition(":")[0] for message in response.context["messages"]] == [
        "Broken",
        "1 mail is in the outbox, and goes out with the next delivery.",
    ]
    assert Notice.objects.get().report["name"] == "Well"
    assert LogEntry.objects.get().object_repr == "Well", "nothing was sent of the other"


# The preview


def test_the_preview_can_do_nothing(admin_client: Client, agent: Any) -> None:
    answered(opened(0, department=Department.objects.create(name=EVIL)), agent, 1)
    found = schedule(name=EVIL)
    page = admin_client.get(f"{LIST}{found.pk}/preview/").content.decode()
    address = f"{LIST}{found.pk}/preview/mail/"
    assert f'<iframe src="{address}"' in page
    assert " sandbox " in page
    assert EVIL not in page
    response = admin_client.get(address)
    html = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:")
    assert policy.endswith("; sandbox")
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in response.headers["Cache-Control"]
    assert EVIL not in html
    assert html.count('src="data:image/png;base64,') == 2
    assert "cid:" not in html
    assert not Notice.objects.exists(), "nothing is sent"
    assert (
        f"{LIST}{found.pk}/preview/"
        in admin_client.get(f"{LIST}{found.pk}/change/").content.decode()
    )


def test_a_preview_of_what_is_gone_says_why(admin_client: Client) -> None:
    found = schedule(by="gone")
    html = admin_client.get(f"{LIST}{found.pk}/preview/mail/").content.decode()
    assert "is nothing to group by; there is priority" in html
    assert admin_client.get(f"{LIST}999/preview/").status_code in (302, 404)


# Who may


def test_numbers_and_sending_are_for_those_who_may_change_schedules() -> None:
    found = schedule()
    viewer = client_with("view_reportschedule")
    assert viewer.get(LIST).status_code == 200
    assert "Send now" not in viewer.get(LIST).content.decode()
    assert viewer.get(f"{LIST}{found.pk}/preview/").status_code == 403
    assert viewer.get(f"{LIST}{found.pk}/preview/mail/").status_code == 403
    viewer.post(LIST, {"action": "send_now", "_selected_action": [str(found.pk)]})
    assert not Notice.objects.exists()
    assert Client().get(f"{LIST}{found.pk}/preview/mail/").status_code == 302


def test_nothing_is_for_those_who_may_nothing() -> None:
    found = schedule()
    client = client_with()
    for path in (LIST, f"{LIST}{found.pk}/change/", f"{LIST}{found.pk}/preview/mail/"):
        assert client.get(path).status_code == 403


# In the list of notices


def test_the_outbox_shows_reports_by_their_names(admin_client: Client) -> None:
    with override_settings(DJANGO_SLA={}):
        found = schedule(name=f"Weekly {EVIL}")
        admin_client.post(LIST, {"action": "send_now", "_selected_action": [str(found.pk)]})
        page = admin_client.get("/admin/django_sla/notice/").content.decode()
        assert "Weekly &lt;script&gt;" in page
        assert EVIL not in page
        notice = Notice.objects.get()
        detail = admin_client.get(f"/admin/django_sla/notice/{notice.pk}/change/")
        assert detail.status_code == 200
