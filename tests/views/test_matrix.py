"""Who may open which page: every address of ``django_sla.urls`` and of the ticket admin, and
everybody."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_sla import urls
from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import opened

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.urls")]

ROLES: dict[str, dict[str, Any]] = {
    "requester": {},
    "agent of another department": {"is_staff": True, "permissions": ["desk.view_ticket"]},
    "agent": {"is_staff": True, "permissions": ["desk.view_ticket", "desk.change_ticket"]},
    "manager": {"is_staff": True, "permissions": ["django_sla.view_reports", "desk.view_ticket"]},
    "superuser": {"is_staff": True, "is_superuser": True},
}
EVERYBODY = ("anonymous", *ROLES)

LOGIN, REFUSED, NOT_FOUND = 302, 403, 404
ANSWERS: dict[str, tuple[int, ...]] = {
    # by role, in the order of EVERYBODY
    "queue": (LOGIN, 200, 200, 200, 200, 200),
    "dashboard": (LOGIN, REFUSED, REFUSED, REFUSED, 200, 200),
    "feed": (LOGIN, 200, 200, 200, 200, 200),
    "feed_calendar": (NOT_FOUND,) * 6,
    "health": (503,) * 6,
    "metrics": (401, REFUSED, REFUSED, REFUSED, REFUSED, 200),
}
DASHBOARDS = ["", "tickets=tickets", "tickets=tickets&format=csv", "report=priority", "forecast=1"]

IN_ADMIN = (LOGIN, LOGIN, 200, 200, 200, 200)


def browser(role: str) -> Client:
    client = Client()
    if role == "anonymous":
        return client
    options = dict(ROLES[role])
    permissions = options.pop("permissions", [])
    user = get_user_model().objects.create_user(role.replace(" ", "-"), **options)
    for permission in permissions:
        label, _dot, name = permission.partition(".")
        user.user_permissions.add(
            Permission.objects.get(codename=name, content_type__app_label=label)
        )
    client.force_login(user)
    return client


def address(name: str) -> str:
    args = ["no-such-token"] if name == "feed_calendar" else []
    return reverse(f"django_sla:{name}", args=args)


def test_the_matrix_has_every_address() -> None:
    assert {str(url.name) for url in urls.urlpatterns} == {*ANSWERS}


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("name", ANSWERS)
def test_pages(name: str, role: str) -> None:
    response = browser(role).get(address(name))
    assert response.status_code == ANSWERS[name][EVERYBODY.index(role)]


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("query", DASHBOARDS)
def test_every_face_of_the_dashboard(query: str, role: str) -> None:
    expected = ANSWERS["dashboard"][EVERYBODY.index(role)]
    model = Ticket._meta.label_lower
    response = browser(role).get(f"{address('dashboard')}?model={model}&{query}")
    assert response.status_code == expected


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("query", DASHBOARDS)
def test_every_face_of_it_in_the_admin(query: str, role: str) -> None:
    page = reverse("admin:desk_ticket_sla_dashboard")
    response = browser(role).get(f"{page}?{query}")
    assert response.status_code == IN_ADMIN[EVERYBODY.index(role)]


@pytest.mark.parametrize("role", EVERYBODY)
def test_the_queue_has_nothing_of_others(role: str) -> None:
    opened(0, title="Somebody else's", department=Department.objects.create(name="Kitchen"))
    with as_of(after(1)):
        response = browser(role).get(address("queue"))
    assert "Somebody else" not in response.content.decode()
