"""Goals that history suggests, taken into a form that nobody has saved."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_sla import registry
from django_sla.admin.suggested_goals import UNSAVED
from django_sla.models import Policy
from django_sla.moment import as_of
from tests.admin.browser import Form
from tests.admin.test_what_if import staff
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import OwnTicket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

NEXT_QUARTER = datetime(2026, 5, 20, tzinfo=UTC)
GOALS = {"*": {"response": "9h", "resolution": "9h"}}
ADD = "/admin/django_sla/policy/add/"


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's tickets are the only ones."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})


@pytest.fixture
def site() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture
def policy() -> Policy:
    """Ten resolutions, after one to ten hours."""
    found = Policy.objects.create(name='"><img onerror=alert(1)>', goals=GOALS)
    for hours in range(1, 11):
        moved(opened(priority="low"), "resolved", hours)
    return found


def url_of(policy: Policy) -> str:
    return f"/admin/django_sla/policy/{policy.pk}/"


class Sent(HTMLParser):
    """What each form of a page would send, by what its button says."""

    def __init__(self, html: str):
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = dict(attrs)
        if tag == "form":
            self._fields = {}
        elif tag == "input" and found.get("type") == "submit":
            self.forms[found["value"]] = self._fields
        elif tag == "input" and found.get("type") == "hidden":
            self._fields[found["name"]] = found["value"] or ""


def suggested(site: Client, form: Form, address: str, **changes: str) -> str:
    with as_of(NEXT_QUARTER):
        response = site.post(address, {**form.data, **form.named(changes)})
    assert response.status_code == 200
    html: str = response.content.decode()
    return html


def cells(html: str) -> list[str]:
    rows = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(Text(row).said) for row in rows.split("</tr>")[:-1]]


class Text(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.said: list[str] = []
        self.feed(html)

    def handle_data(self, text: str) -> None:
        self.said += text.split()


def test_how_long_so_many_percent_took_beside_what_the_form_says(
    site: Client, policy: Policy
) -> None:
    form = Form(site, f"{url_of(policy)}change/")
    address = f"{url_of(policy)}suggested-goals/"
    assert f'formaction="{address}"' in form.html
    html = suggested(site, form, address, **{"Low: Resolution": "4h"})
    assert cells(html)[1] == (
        "Low Resolution 10 4h 5h met by 50.0 % 8h met by 80.0 % "
        "10h met by 100.0 % 10h met by 100.0 %"
    )
    assert cells(html)[0].startswith("Low Response 10 — 5h met by")
    assert "<img onerror" not in html
    assert "&lt;img onerror" in html


def test_they_are_taken_into_the_form_and_nothing_is_saved(site: Client, policy: Policy) -> None:
    form = Form(site, f"{url_of(policy)}change/")
    typed = {"name": "Typed <b>", "All others: Resolution": "7h", "Low: Closure": "2d 22h"}
    html = suggested(site, form, f"{url_of(policy)}suggested-goals/", **typed)
    sent = Sent(html).forms
    assert list(sent) == [
        "Show", "Those for 50 %", "Those for 75 %", "Those for 90 %", "Those for 95 %",
        "Back to the form as it was",
    ]  # fmt: skip

    def shown(button: str) -> Form:
        response = site.post(f"{url_of(policy)}change/", sent[button])
        return Form(site, f"{url_of(policy)}change/", response)

    taken = shown("Those for 75 %")
    assert "Nothing is saved yet" in taken.html
    assert "errornote" not in taken.html
    expected = typed | {"Low: Response": "8h", "Low: Resolution": "8h"}
    assert taken.data.items() >= taken.named(expected).items()
    back = shown("Back to the form as it was")
    assert back.data.items() >= back.named(typed | {"Low: Resolution": ""}).items()
    policy.refresh_from_db()
    assert policy.goals == GOALS
    assert policy.history.count() == 1

    taken.saved()
    policy.refresh_from_db()
    assert policy.name == "Typed <b>"
    assert policy.goals["low"] == {"response": "8h", "resolution": "8h", "closure": "2d 22h"}


def test_what_is_wrong_with_the_form_is_told_when_it_comes_back(
    site: Client, policy: Policy
) -> None:
    form = Form(site, f"{url_of(policy)}change/")
    html = suggested(site, form, f"{url_of(policy)}suggested-goals/", name="")
    response = site.post(f"{url_of(policy)}change/", Sent(html).forms["Those for 90 %"])
    assert Form(site, url_of(policy), response).errors()["name"] == ["This field is required."]


def test_a_policy_that_is_not_there_yet(site: Client, policy: Policy) -> None:
    form = Form(site, ADD)
    html = suggested(site, form, f"{ADD}suggested-goals/", name="New")
    response = site.post(ADD, Sent(html).forms["Those for 90 %"])
    assert Policy.objects.count() == 1
    taken = Form(site, ADD, response)
    assert taken.data[taken.labels["Low: Resolution"]] == "10h"
    taken.saved(order="30")
    assert Policy.objects.get(name="New").goals == {"low": {"response": "10h", "resolution": "10h"}}


def test_a_priority_that_has_no_row_gets_one(
    site: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "tickets", {OwnTicket: OwnTicket.sla, Ticket: Ticket.sla})
    monkeypatch.setattr("django_sla.admin.policy_form.known_priorities", lambda: ())
    Ticket.sla.clock_model.objects.update(priority="whenever")
    form = Form(site, f"{url_of(policy)}change/")
    html = suggested(site, form, f"{url_of(policy)}suggested-goals/")
    response = site.post(f"{url_of(policy)}change/", Sent(html).forms["Those for 90 %"])
    Form(site, f"{url_of(policy)}change/", response).saved()
    policy.refresh_from_db()
    assert policy.goals == GOALS | {"whenever": {"response": "10h", "resolution": "10h"}}


def test_a_priority_that_no_ticket_may_have_any_more_gets_no_row(
    site: Client, policy: Policy
) -> None:
    """Tickets of before have it, and the form would refuse it."""
    Ticket.sla.clock_model.objects.filter(metric="resolution").update(priority="whenever")
    form = Form(site, f"{url_of(policy)}change/")
    html = suggested(site, form, f"{url_of(policy)}suggested-goals/")
    assert [line for line in cells(html) if line.startswith("Whenever Resolution 10 — 5h")]
    sent = Sent(html).forms["Those for 90 %"]
    assert sent.keys() - form.data.keys() <= {UNSAVED}
    response = site.post(f"{url_of(policy)}change/", sent)
    Form(site, f"{url_of(policy)}change/", response).saved()
    policy.refresh_from_db()
    assert policy.goals == GOALS | {"low": {"response": "10h"}}


def test_of_the_tickets_of_a_period(site: Client, policy: Policy) -> None:
    form = Form(site, f"{url_of(policy)}change/")
    address = f"{url_of(policy)}suggested-goals/"
    html = suggested(site, form, address, _period="quarter")
    assert "no promise was met or missed yet" in html
    assert "Those for" not in html
    assert len(cells(suggested(site, form, address, _period="90d"))) == 2
    assert len(cells(suggested(site, form, address, _period="nonsense"))) == 2


def test_the_form_itself_asks_nothing_of_tickets(site: Client, policy: Policy) -> None:
    with CaptureQueriesContext(connection) as captured:
        site.get(f"{url_of(policy)}change/")
    assert not [query for query in captured if "slaclock" in query["sql"]]


def test_who_may_ask(policy: Policy) -> None:
    address = f"{url_of(policy)}suggested-goals/"
    form = Form(staff("view_policy", "change_policy"), f"{url_of(policy)}change/")
    assert staff("view_policy").post(address, form.data).status_code == 403
    assert "suggested-goals" not in (
        staff("view_policy").get(f"{url_of(policy)}change/").content.decode()
    )
    asked = staff("view_policy", "change_policy")
    assert asked.get(address).status_code == 405
    assert asked.post(f"{ADD}suggested-goals/", form.data).status_code == 403
    html = suggested(asked, form, address)
    assert len(cells(html)) == 2
    taken = staff("view_policy").post(f"{url_of(policy)}change/", Sent(html).forms["Show"])
    assert taken.status_code == 403
