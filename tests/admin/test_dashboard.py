"""The dashboard in the admin: of the tickets that its admin shows, linked from their list."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import opened

pytestmark = pytest.mark.django_db

NAME = f"{Ticket._meta.app_label}_{Ticket._meta.model_name}"


@pytest.fixture(autouse=True)
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls"


def browser(*permissions: str, **user: Any) -> Client:
    found = get_user_model().objects.create_user("somebody", is_staff=True, **user)
    found.user_permissions.set(
        Permission.objects.filter(
            codename__in=permissions, content_type__app_label=Ticket._meta.app_label
        )
    )
    client = Client()
    client.force_login(found)
    return client


def page() -> str:
    return reverse(f"admin:{NAME}_sla_dashboard")


def get(client: Client, query: str = "") -> Any:
    with as_of(after(48)):
        return client.get(f"{page()}?{query}")


def test_whoever_may_see_tickets_may_see_their_numbers() -> None:
    ticket = opened(title="One")
    client = browser("view_ticket")
    response = get(client)
    assert response.status_code == 200
    assert response.context["panels"].opened[0] == "1"
    change = reverse(f"admin:{NAME}_change", args=[ticket.pk])
    assert f'href="{change}"' in response.content.decode()
    tickets = get(client, "tickets=tickets").content.decode()
    assert f'href="{change}"' in tickets


def test_nobody_else_does() -> None:
    assert get(browser("add_ticket")).status_code == 403
    assert Client().get(page()).status_code == 302


def test_only_of_the_tickets_that_the_admin_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    opened(title="Seen")
    opened(title="Hidden")
    model_admin = admin.site.get_model_admin(Ticket)
    everything = model_admin.get_queryset
    monkeypatch.setattr(
        model_admin, "get_queryset", lambda request: everything(request).filter(title="Seen")
    )
    client = browser("view_ticket")
    for query in ("", "tickets=tickets", "tickets=open_now", "tickets=breached_now"):
        response = get(client, query)
        assert "Hidden" not in response.content.decode()
    assert get(client).context["panels"].opened[0] == "1"


def test_only_of_this_model() -> None:
    assert get(browser("view_ticket"), "model=auth.user").status_code == 404


def test_the_list_leads_there_whatever_its_template(monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    client = browser("view_ticket")
    address = reverse(f"admin:{NAME}_changelist")
    assert f'href="{page()}"' in client.get(address).content.decode()
    model_admin = admin.site.get_model_admin(Ticket)
    monkeypatch.setattr(model_admin, "change_list_template", "admin/own_list.html", raising=False)
    monkeypatch.setattr(
        "django.template.loaders.cached.Loader.get_template",
        _with_own_list("django.template.loaders.cached.Loader"),
    )
    text = client.get(address).content.decode()
    assert f'href="{page()}"' in text
    assert "A host's own list" in text


def _with_own_list(path: str) -> Any:
    """The loader, which also knows ``admin/own_list.html``."""
    from django.template import Template
    from django.utils.module_loading import import_string

    find = import_string(path).get_template

    def get_template(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if name != "admin/own_list.html":
            return find(self, name, *args, **kwargs)
        own = '{% extends "admin/change_list.html" %}{% block footer %}A host\'s own list'
        return Template(f"{own}{{% endblock %}}", engine=self.engine, name=name)

    return get_template
