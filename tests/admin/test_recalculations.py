"""Applying policies to open tickets, through the admin's pages and without their script."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_sla.admin import recalculations
from django_sla.flow import recalculate
from django_sla.models import Calendar, Policy, Recalculation
from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

ADD = "/admin/django_sla/recalculation/add/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def site(admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def desk() -> Policy:
    policy = Policy.objects.create(name="Desk", goals={"*": {"resolution": "8h"}})
    for number in range(3):
        with as_of(after(0)):
            Ticket.objects.create(title=f"Ticket {number} {EVIL}")
    policy.goals = {"*": {"resolution": "4h"}}
    policy.save()
    return policy


@pytest.fixture(autouse=True)
def one_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculations, "SECONDS", 0)
    monkeypatch.setattr(recalculate, "BATCH", 2)


def person(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("person", is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.force_login(user)
    return client


def start(client: Client, **data: Any) -> str:
    """Start to look, and give the address of the page that goes on."""
    response = client.post(ADD, {"since_0": "", "since_1": "", **data})
    assert response.status_code == 302, response.context["form"].errors
    return str(response.url)


def looked(client: Client, **data: Any) -> str:
    page = start(client, **data)
    while Recalculation.objects.latest("pk").phase == "previewing":
        assert client.post(page).status_code == 302
    return page


def text(client: Client, page: str) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return response.content.decode()


def test_the_way_from_the_policy_to_the_tickets(
    site: Client, desk: Policy, admin_user: Any
) -> None:
    assert 'value="See what would change"' in text(site, f"{ADD}?policy={desk.pk}")
    page = start(site, policy=desk.pk)
    assert '<progress id="sla-progress" max="100" value="0">' in text(site, page)
    while Recalculation.objects.get().phase == "previewing":
        site.post(page)
    found = text(site, page)
    assert "<b>3</b> would get other terms" in found
    assert "<b>3</b> with an earlier deadline" in found
    assert "4h earlier" in found
    assert EVIL not in found
    assert 'value="Apply to 3 tickets"' in found
    assert set(Ticket.objects.values_list("resolution_target", flat=True)) == {after(8)}

    assert "This field is required" in site.post(page, {"reason": " "}).content.decode()
    site.post(page, {"reason": "New contract"})
    assert "Applying" in text(site, page)
    while Recalculation.objects.get().phase == "applying":
        site.post(page)
    done = text(site, page)
    assert "3 tickets have new terms." in done
    assert "<b>3</b> got other terms" in done
    assert set(Ticket.objects.values_list("resolution_target", flat=True)) == {after(4)}
    change = Ticket.objects.first().history.latest()
    assert change.history_change_reason == "New contract"
    assert change.history_user == admin_user
    assert change.client_ip == "127.0.0.1"


def test_a_get_changes_nothing(site: Client, desk: Policy) -> None:
    page = start(site)
    before = Recalculation.objects.values().get()
    text(site, page)
    assert Recalculation.objects.values().get() == before


def test_the_script_is_told_how_far_it_is(site: Client, desk: Policy) -> None:
    page = start(site)
    told = site.post(page, headers={"Accept": "application/json"}).json()
    assert told == {"phase": "previewing", "percent": 66, "seen": 2, "total": 3}


def test_an_edit_in_between_asks_for_another_look(site: Client, desk: Policy) -> None:
    page = looked(site)
    desk.at_risk = 50
    desk.save()
    answer = site.post(page, {"reason": "x"}, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert "look again" in answer.json()["error"]
    assert "look again" in site.post(page, {"reason": "x"}, follow=True).content.decode()
    assert Ticket.objects.first().history.count() == 1


def test_where_nothing_would_change_there_is_nothing_to_apply(site: Client, desk: Policy) -> None:
    Ticket.objects.all().delete()
    found = text(site, looked(site))
    assert "All open tickets have the terms" in found
    assert "Apply to" not in found


def test_what_cannot_be_chosen(site: Client, desk: Policy) -> None:
    calendar = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    for data, message in (
        ({"policy": desk.pk, "calendar": calendar.pk}, "not both"),
        ({"calendar": calendar.pk}, "No policy has this calendar."),
        ({"policy": 999}, "not one of the available choices"),
        ({"since_0": "soon", "since_1": "later"}, "valid date"),
    ):
        response = site.post(ADD, {"since_0": "", "since_1": "", **data})
        assert message in response.content.decode(), data
    assert not Recalculation.objects.exists()


def test_a_renamed_policy_means_those_that_it_had_before(site: Client, desk: Policy) -> None:
    desk.name = "Service desk"
    desk.save()
    looked(site, policy=desk.pk)
    run = Recalculation.objects.get()
    assert run.policies == ["Desk", "Service desk"]
    assert run.affected == 3


def test_the_policies_of_a_calendar(site: Client, desk: Policy) -> None:
    calendar = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    desk.calendar = calendar
    desk.save()
    looked(site, calendar=calendar.pk)
    assert Recalculation.objects.get().policies == ["Desk"]


def test_one_in_parts_is_shown_and_applied_as_a_whole(site: Client, desk: Policy) -> None:
    run = recalculate.split(recalculate.start(using="default"), 2)
    assert run.parts.count() > 1
    listed = text(site, "/admin/django_sla/recalculation/")
    assert f"/recalculation/{run.pk}/change/" in listed
    part = run.parts.first()
    assert f"/recalculation/{part.pk}/change/" not in listed
    page = reverse("admin:django_sla_recalculation_change", args=[part.pk])
    assert "does not exist" in site.get(page, follow=True).content.decode()

    page = reverse("admin:django_sla_recalculation_change", args=[run.pk])
    while Recalculation.objects.get(pk=run.pk).phase == "previewing":
        site.post(page)
    assert "<b>3</b> would get other terms" in text(site, page)
    site.post(page, {"reason": "New contract"})
    while Recalculation.objects.get(pk=run.pk).phase == "applying":
        site.post(page)
    assert "<b>3</b> got other terms" in text(site, page)
    assert set(Ticket.objects.values_list("resolution_target", flat=True)) == {after(4)}


def test_only_who_may_apply_can(desk: Policy) -> None:
    client = person("django_sla.view_recalculation", "django_sla.change_policy")
    assert client.get(ADD).status_code == 403
    assert client.post(ADD).status_code == 403
    run = recalculate.preview(recalculate.start(using="default"))
    page = reverse("admin:django_sla_recalculation_change", args=[run.pk])
    assert "Apply to" not in text(client, page)
    assert client.post(page, {"reason": "x"}).status_code == 403
    assert Ticket.objects.first().history.count() == 1


def test_who_may_apply_needs_no_other_permission_and_sees_no_ticket(desk: Policy) -> None:
    client = person("django_sla.apply_policy")
    page = looked(client)
    found = text(client, page)
    assert f"desk.Ticket {Ticket.objects.first().pk}" in found
    assert "Ticket 0" not in found
    assert client.get("/admin/desk/ticket/").status_code == 403
    client.post(page, {"reason": "New contract"})
    assert Ticket.objects.order_by("pk").first().history.latest().client_ip == "203.0.113.9"


def test_a_ticket_that_the_admin_does_not_have_is_called_by_its_key(
    site: Client, desk: Policy
) -> None:
    with as_of(after(0)):
        other = UUIDTicket.objects.create()
    desk.goals = {"*": {"resolution": "2h"}}
    desk.save()
    assert f"variety.UUIDTicket {other.pk}" in text(site, looked(site))


def test_strangers_and_what_is_not_there(client: Client, site: Client) -> None:
    anonymous = Client()
    assert anonymous.get(ADD).status_code == 302
    run = recalculate.start(using="default")
    page = reverse("admin:django_sla_recalculation_change", args=[run.pk])
    assert person("desk.view_ticket").get(page).status_code == 403
    response = site.get("/admin/django_sla/recalculation/77/change/", follow=True)
    assert "does not exist" in response.content.decode()


def test_nothing_is_edited_or_deleted(site: Client, desk: Policy) -> None:
    run = recalculate.start(using="default")
    assert site.get(f"/admin/django_sla/recalculation/{run.pk}/delete/").status_code == 403
    assert "started" in text(site, "/admin/django_sla/recalculation/").lower()
