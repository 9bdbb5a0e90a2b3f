"""The page that says where policies come from."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls"


@pytest.fixture
def page() -> str:
    return reverse("admin:django_sla_policy_sources")


@pytest.fixture
def viewer() -> Client:
    """Somebody who may see policies and nothing else."""
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_policy"))
    client = Client()
    client.force_login(user)
    return client


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def policies_of(html: str) -> list[str]:
    return [words(part) for part in html.split('<li class="module sla-source">')[1:]]


def vip(**parts: Any) -> Policy:
    hours = {"mon-fri": [["09:00", "17:00"]]}
    office = Calendar.objects.create(name="Office", tz="America/Toronto", hours=hours)
    conditions = [
        {"field": "project__key", "operator": "is", "value": "MOON"},
        {"field": "priority", "operator": "in", "value": ["urgent", "high"]},
    ]
    given = {"goals": {"*": {"response": "1h"}}, "calendar": office, "conditions": conditions}
    return Policy.objects.create(name="VIP", **given | parts)


def test_the_policies_are_listed_with_the_source_of_each_value(viewer: Client, page: str) -> None:
    vip(at_risk=50, escalations=[])
    first, last = policies_of(viewer.get(page).content.decode())
    assert first == (
        "1. VIP database For Project → key is MOON Priority is one of Urgent, High "
        "Calendar Office, America/Toronto database At risk from 50 % of the goal database "
        "When reopened the same clock goes on default Escalations nobody is told database "
        "Goals Priority Response All 1h database"
    )
    assert last.startswith("2. default default For every ticket Calendar always default")
    assert "Urgent 1h default 4h default High" in last
    assert (
        "Escalations Any metric, when at risk: email to assignee (off) "
        "Any metric, when due: email to assignee, lead (off) default Goals"
    ) in last


def test_what_is_not_taken_says_so(viewer: Client, page: str) -> None:
    vip(effective_until="2020-01-01T00:00:00+00:00")
    Policy.objects.create(name="Rest", goals={"*": {"response": "1h"}}, fallback=True)
    first, rest, last = policies_of(viewer.get(page).content.decode())
    assert first.startswith("1. VIP database not now For")
    assert "Effective until Jan. 1, 2020, midnight UTC Calendar" in first
    assert "For every ticket that no other policy is for" in rest
    assert last.startswith("3. default default Never asked: one before it is for every ticket.")


def test_a_policy_of_the_database_leads_to_its_page(viewer: Client, page: str) -> None:
    policy = vip()
    html = viewer.get(page).content.decode()
    url = reverse("admin:django_sla_policy_change", args=[policy.pk])
    assert f'<a href="{url}"><bdi>VIP</bdi></a>' in html
    assert viewer.get(url).status_code == 200
    assert len(re.findall(r'<h2 class="sla-source__name">.*?<a ', html)) == 1


def test_the_list_of_policies_leads_there(viewer: Client, page: str) -> None:
    html = viewer.get(reverse("admin:django_sla_policy_changelist")).content.decode()
    assert f'<a href="{page}">' in html


def test_only_those_who_may_see_policies_see_it(page: str) -> None:
    user = get_user_model().objects.create_user("other", is_staff=True)
    client = Client()
    assert client.get(page).status_code == 302
    client.force_login(user)
    assert client.get(page).status_code == 403


def test_what_people_typed_is_escaped_and_nothing_is_inline(viewer: Client, page: str) -> None:
    vip()
    Policy.objects.update(name=EVIL)
    Calendar.objects.update(name=EVIL)
    Policy.objects.update(
        conditions=[{"field": "title", "operator": "is", "value": EVIL}], goals={EVIL: {"x": "1h"}}
    )
    html = viewer.get(page).content.decode()
    content = html.partition('id="content-main"')[2].partition("<footer")[0]
    assert content.count("&lt;script&gt;") == 4  # the name, the condition, the calendar, the goal
    for inline in ("<script", " style=", "<style", " onclick", "javascript:"):
        assert inline not in content


def test_it_is_a_constant_number_of_queries(viewer: Client, page: str) -> None:
    def queries() -> int:
        viewer.get(page)
        with CaptureQueriesContext(connection) as captured:
            viewer.get(page)
        return len(captured)

    policy = vip()
    one = queries()
    for number in range(20):
        policy.pk, policy.name, policy._state.adding = None, f"Policy {number}", True
        policy.save()
    assert queries() == one
