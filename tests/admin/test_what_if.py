"""The page that judges past tickets by a form that nobody has saved."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from django_sla import registry
from django_sla.admin import what_if
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of
from tests.admin.browser import Form
from tests.conftest import after
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

GOALS = {"*": {"response": "9h", "resolution": "9h"}}
GOAL = "All others: Resolution"
BUTTON = 'value="What if…"'


@pytest.fixture(autouse=True)
def desk() -> Iterator[None]:
    """The desk's tickets are the only ones."""
    kept = dict(registry.tickets)
    registry.tickets.clear()
    registry.tickets[Ticket] = kept[Ticket]
    yield
    registry.tickets.clear()
    registry.tickets.update(kept)


@pytest.fixture
def site() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture
def policy() -> Policy:
    found = Policy.objects.create(name="Desk <b>", goals=GOALS)
    department = Department.objects.create(name="<script>alert(1)</script>")
    moved(opened(title="First <i>", department=department), "resolved", 8)
    moved(opened(title="Second"), "resolved", 2)
    return found


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user(str(uuid4()), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def url_of(row: Any) -> str:
    return f"/admin/django_sla/{row._meta.model_name}/{row.pk}/"


def asked(site: Client, row: Any, **changes: str) -> str:
    form = Form(site, f"{url_of(row)}change/")
    assert BUTTON in form.html
    address = f"{url_of(row)}what-if/"
    assert f'formaction="{address}"' in form.html
    with as_of(after(100)):
        response = site.post(address, {**form.data, **form.named(changes)})
    assert response.status_code == 200
    html: str = response.content.decode()
    return html


def figures(html: str) -> list[str]:
    return [part.partition("</b>")[0] for part in html.split("<li><b>")[1:]]


def test_a_policy_as_the_form_says_it(site: Client, policy: Policy) -> None:
    html = asked(site, policy, **{GOAL: "6h"})
    assert figures(html) == ["2", "1"]
    assert "missed by 2h" in html
    assert "50.0 %" in html
    assert html.count('<th scope="row"><bdi>Medium</bdi></th>') == 2  # response and resolution
    # Of one that is open and not yet due there is nothing to say.
    opened(99, priority="low")
    assert "Low" not in asked(site, policy, **{GOAL: "6h"})
    key = Ticket.objects.get(title="First <i>").pk
    assert f'<a href="/admin/desk/ticket/{key}/change/"><bdi>First &lt;i&gt;</bdi></a>' in html
    policy.refresh_from_db()
    assert policy.goals == GOALS
    assert policy.history.count() == 1


def test_nothing_of_a_host_is_markup(site: Client, policy: Policy) -> None:
    html = asked(site, policy, **{GOAL: "6h"})
    assert "Desk &lt;b&gt;" in html
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_calendar_as_the_form_says_it(site: Client, policy: Policy) -> None:
    office = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "24:00"]]})
    policy.calendar = office
    policy.goals = {"*": {"response": "9h", "resolution": "1h"}}
    policy.save()
    form = Form(site, f"{url_of(office)}change/")
    [hours] = [name for name, value in form.data.items() if value.startswith("09:00")]
    html = asked(site, office, **{hours: "15:00-24:00"})
    # Of the first's eight hours two would have been open, of the second's two none. As the
    # calendar is saved, both would be late.
    assert figures(html) == ["2", "1"]
    office.refresh_from_db()
    assert office.hours == {"mon": [["09:00", "24:00"]]}


def test_a_policy_that_is_not_there_yet(site: Client, policy: Policy) -> None:
    form = Form(site, "/admin/django_sla/policy/add/")
    changes = form.named({"name": "New", "order": "0", GOAL: "1h"})
    Policy.objects.update(order=10)
    policy.refresh_from_db()
    policy.save()
    address = "/admin/django_sla/policy/add/what-if/"
    assert f'formaction="{address}"' in form.html
    with as_of(after(100)):
        html = site.post(address, {**form.data, **changes}).content.decode()
    assert figures(html) == ["2", "2"]
    assert Policy.objects.count() == 1


def test_one_that_is_to_be_effective_later_is_judged_as_if_it_were(
    site: Client, policy: Policy
) -> None:
    later = {"effective_from_0": "2027-01-01", "effective_from_1": "00:00:00"}
    html = asked(site, policy, **{GOAL: "6h"}, **later)
    assert figures(html) == ["2", "1"]


def test_what_is_not_valid_is_told(site: Client, policy: Policy) -> None:
    html = asked(site, policy, **{GOAL: "never"})
    assert "What the form says is not valid" in html
    assert figures(html) == []


def test_a_deadline_that_no_calendar_reaches_is_told(site: Client, policy: Policy) -> None:
    policy.calendar = Calendar.objects.create(
        name="Rare", tz="UTC", hours={"mon": [["09:00", "10:00"]]}
    )
    policy.save()
    html = asked(site, policy, **{GOAL: "3650d"})
    assert "there is no open time of" in html
    assert figures(html) == []


def test_only_the_groups_with_the_most_changes(
    site: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "GROUPS", 1)
    moved(opened(priority="urgent"), "resolved", 2)
    html = asked(site, policy, **{GOAL: "6h"})
    assert '<th scope="row"><bdi>Medium</bdi></th>' in html
    assert '<th scope="row"><bdi>Urgent</bdi></th>' not in html
    assert "1 group with fewer changes is left out." in html


def test_only_the_newest_and_it_says_so(
    site: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Only the newest" not in asked(site, policy)
    opened(50)
    monkeypatch.setattr(what_if, "NEWEST", 1)
    html = asked(site, policy)
    assert figures(html)[0] == "1"
    assert "Only the newest 1 are looked at" in html


def test_who_may_ask(policy: Policy) -> None:
    form = Form(staff("view_policy", "change_policy"), f"{url_of(policy)}change/")
    changed = form.data | form.named({GOAL: "6h"})
    for permissions in ((), ("view_policy",), ("view_policy", "view_calendar")):
        response = staff(*permissions).post(f"{url_of(policy)}what-if/", changed)
        assert response.status_code == 403
    assert BUTTON not in staff("view_policy").get(f"{url_of(policy)}change/").content.decode()
    # Calendars alone are not enough: what is shown is of tickets under policies.
    office = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    client = staff("view_calendar", "change_calendar")
    assert BUTTON not in client.get(f"{url_of(office)}change/").content.decode()
    assert client.post(f"{url_of(office)}what-if/").status_code == 403
    assert Client().post(f"{url_of(policy)}what-if/").status_code == 302
    assert staff("change_policy", "view_policy").get(f"{url_of(policy)}what-if/").status_code == 405
    missing = f"/admin/django_sla/policy/{policy.pk + 1}/what-if/"
    assert staff("change_policy", "view_policy", "add_ticket").post(missing).status_code == 403


def test_who_may_see_no_tickets_gets_numbers_by_priority_alone(policy: Policy) -> None:
    client = staff("view_policy", "change_policy", "change_calendar")
    html = asked(client, policy, **{GOAL: "6h"})
    assert figures(html) == ["2", "1"]
    assert "Priority" in html
    assert "Department" not in html
    assert "First" not in html
    assert "The largest changes" not in html
