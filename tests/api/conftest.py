"""People, and what they ask."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from rest_framework.test import APIClient

from django_sla.moment import as_of
from tests.hosts.desk.models import Department, Ticket

CHANGE, WAIVE, VIEW_IP = "change_ticket", "waive_breach", "view_ip"
DESK = {"content_type__app_label": "desk"}

ROLES: dict[str, tuple[bool, str, tuple[str, ...]]] = {
    # staff, department, permissions
    "requester": (False, "", ()),
    "agent of another department": (True, "Garden", (CHANGE, WAIVE, VIEW_IP)),
    "agent": (True, "Kitchen", (CHANGE,)),
    "manager": (True, "Kitchen", (CHANGE, WAIVE, VIEW_IP)),
    "superuser": (True, "", ()),
}


def opened(hours_ago: float = 0, *, model: Any = Ticket, **fields: Any) -> Any:
    with as_of(timezone.now() - timedelta(hours=hours_ago)):
        return model.objects.create(**fields)


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    users = {}
    for role, (staff, department, permissions) in ROLES.items():
        user = get_user_model().objects.create_user(
            role.replace(" ", "-"), is_staff=staff, is_superuser=role == "superuser"
        )
        if department:
            user.groups.add(Group.objects.get_or_create(name=department)[0])
        for name in permissions:
            label = "desk" if name == CHANGE else "django_sla"
            user.user_permissions.add(
                Permission.objects.get(codename=name, content_type__app_label=label)
            )
        users[role] = user
    return users


@pytest.fixture
def as_(people: dict[str, Any]) -> Callable[..., APIClient]:
    """A client of somebody by their role; ``anonymous`` is nobody."""

    def client(role: str, **options: Any) -> APIClient:
        made = APIClient(**options)
        if role != "anonymous":
            made.force_authenticate(people[role])
        return made

    return client


@pytest.fixture
def ticket(people: dict[str, Any]) -> Ticket:
    """The requester's, of the kitchen: its response is breached."""
    kitchen = Department.objects.create(name="Kitchen")
    found: Ticket = opened(10, requester=people["requester"], department=kitchen)
    return found
