"""Admin sites of a host's own, on which not everything is registered."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.test import Client
from django.urls import path

from django_sla.admin import (
    CalendarAdmin,
    NoticeAdmin,
    RecalculationAdmin,
    SLAAdminMixin,
    SweepAdmin,
)
from django_sla.admin.ticket_page import change_page
from django_sla.models import Calendar, Notice, Policy, Recalculation, Sweep
from tests.admin.browser import Form
from tests.conftest import after
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.test_own_sites")]


class ListAdmin(SLAAdminMixin, admin.ModelAdmin):
    """Of tickets that have no page here."""

    def get_urls(self) -> list[Any]:
        return [url for url in super().get_urls() if not str(url.name).endswith("_change")]


watching = AdminSite("watching")
watching.register(Calendar, CalendarAdmin)
watching.register(Recalculation, RecalculationAdmin)
watching.register(Sweep, SweepAdmin)

reading = AdminSite("reading")
reading.register(Notice, NoticeAdmin)
reading.register(Ticket, ListAdmin)

urlpatterns = [path("watching/", watching.urls), path("reading/", reading.urls)]


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def office() -> Calendar:
    row = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    Policy.objects.create(name="Desk", goals={"*": {"resolution": "8h"}}, calendar=row)
    return row


def test_the_policies_of_a_calendar_are_counted_where_there_is_no_page_of_them(
    admin_client: Client,
) -> None:
    office()
    assert '<td class="field-used_by">1</td>' in page(
        admin_client, "/watching/django_sla/calendar/"
    )


def test_policies_are_applied_and_lead_back_to_the_list_of_what_was(admin_client: Client) -> None:
    row = office()
    Ticket.objects.create()
    said = Form(admin_client, f"/watching/django_sla/calendar/{row.pk}/change/").saved(
        Monday="8-17"
    )
    add = "/watching/django_sla/recalculation/add/"
    assert f'<a href="{add}?calendar={row.pk}">' in said[1]
    found = page(admin_client, add)
    assert 'href="/watching/django_sla/recalculation/" class="closelink"' in found


def test_what_was_given_up_is_told_where_there_are_no_notices(admin_client: Client) -> None:
    Notice.objects.create(key="k", kind="target_breached", at=after(0), standing="dead")
    said = page(admin_client, "/watching/django_sla/sweep/")
    assert "1 notice was given up" in said
    assert "standing__exact" not in said


def test_a_ticket_that_has_no_page_is_called_by_its_name(admin_client: Client) -> None:
    ticket = Ticket.objects.create(title="Printer on fire")
    Notice.objects.create(
        key="k", kind="target_breached", model="desk.Ticket", ticket=str(ticket.pk), at=after(0)
    )
    said = page(admin_client, "/reading/django_sla/notice/")
    assert '<td class="field-shown_ticket">Printer on fire</td>' in said
    dashboard = page(admin_client, "/reading/desk/ticket/sla-dashboard/?tickets=open_now")
    assert '<th scope="row"><bdi>Printer on fire</bdi></th>' in dashboard


@pytest.mark.urls("tests.urls")
def test_a_key_of_a_ticket_is_written_as_the_admin_reads_it() -> None:
    model_admin = admin.site.get_model_admin(Ticket)
    assert change_page(model_admin, Ticket(pk="IT_41")) == "/admin/desk/ticket/IT_5F41/change/"
