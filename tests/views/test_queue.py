"""The agent's queue: what is in it, for whom, in which order, and how it is kept up to date."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sla.moment import as_of
from django_sla.views import AgentTickets, QueueView
from tests.hosts.assets.models import AssetTicket, Site
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.urls")]

EVIL = "<script>alert(1)</script>"
QUEUE = "/sla/queue/"
FRAGMENT = "/sla/queue/?fragment"


@pytest.fixture
def browser(agent: Any) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def opened(hours_ago: float = 0, *, model: Any = Ticket, **fields: Any) -> Any:
    with as_of(timezone.now() - timedelta(hours=hours_ago)):
        return model.objects.create(**fields)


def groups(response: Any) -> dict[str, list[str]]:
    return {
        group.title: [str(entry.ticket) for entry in group.entries]
        for group in response.context["groups"]
    }


def test_what_breaches_next_comes_first(browser: Client, agent: Any) -> None:
    opened(25, title="Late", assignee=agent)
    opened(30, title="Later", assignee=agent)
    opened(22, title="Soon", assignee=agent).sla.set_target(
        "response", timezone.now() + timedelta(hours=3)
    )
    opened(1, title="Next", assignee=agent)
    opened(0, title="Urgent", assignee=agent, priority="urgent")
    opened(2, title="Asked", assignee=agent, status="pending")
    opened(1, title="Done", assignee=agent, status="resolved")
    response = browser.get(QUEUE)
    assert groups(response) == {
        "Breached": ["Later", "Late"],
        "At risk": ["Soon"],
        "Next": ["Urgent", "Asked", "Next"],
    }
    page = response.content.decode()
    assert page.index("Later") < page.index("Soon") < page.index("Urgent")
    assert "Policy default" in page
    assert 'id="sla-queue-ticket-' not in page, "without get_absolute_url there is no link"


def test_a_ticket_whose_clocks_all_stand_still_comes_last(browser: Client, agent: Any) -> None:
    paused = opened(1, title="Waits", assignee=agent)
    paused.first_responded_at = timezone.now()
    paused.status = "pending"
    paused.save()
    opened(0, title="Runs", assignee=agent)
    response = browser.get(QUEUE)
    assert groups(response) == {"Next": ["Runs"], "Paused": ["Waits"]}


def test_only_those_assigned_to_whoever_is_logged_in(
    browser: Client, agent: Any, requester: Any
) -> None:
    opened(title="Mine", assignee=agent)
    opened(title="Nobody's")
    opened(title="Asked by me", requester=agent)
    opened(title="Theirs", assignee=requester)
    assert groups(browser.get(QUEUE)) == {"Next": ["Mine"]}
    agent.is_superuser = True
    agent.save()
    assert groups(browser.get(QUEUE)) == {"Next": ["Mine"]}


def test_who_is_not_logged_in_sees_nothing(client: Client, agent: Any) -> None:
    opened(title="Mine", assignee=agent)
    response = client.get(QUEUE)
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")
    response = client.get(FRAGMENT)
    assert (response.status_code, response.content) == (403, b"")


def test_nothing_due_is_said(browser: Client) -> None:
    assert "Nothing is due" in browser.get(QUEUE).content.decode()


def test_no_more_than_a_page(browser: Client, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QueueView, "page_size", 2)
    for hours in (1, 3):
        opened(hours, title=f"{hours}", assignee=agent)
    assert "there are more" not in browser.get(QUEUE).content.decode()
    opened(2, title="2", assignee=agent)
    response = browser.get(QUEUE)
    assert groups(response) == {"Next": ["3", "2"]}
    assert "These are the 2 that are due first; there are more." in response.content.decode()


def test_what_is_not_promised_takes_no_place(
    browser: Client, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QueueView, "page_size", 1)
    for _ in range(2):
        opened(3, title="No goal", assignee=agent, priority="odd")
    paused = opened(1, title="Waits", assignee=agent)
    paused.first_responded_at = timezone.now()
    paused.status = "pending"
    paused.save()
    assert groups(browser.get(QUEUE)) == {"Paused": ["Waits"]}


def test_as_many_queries_for_fifty_as_for_one(browser: Client, agent: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(QUEUE)
        return len(captured)

    opened(assignee=agent)
    queries()  # reads the terms
    few = queries()
    for hours in range(49):
        opened(hours, assignee=agent)
    assert queries() == few
    # Session and user; tickets and clocks of one model, of those others that name no assignee none.
    assert few == 4


def test_what_people_typed_is_escaped(browser: Client, agent: Any) -> None:
    opened(title=EVIL, assignee=agent, priority="urgent")
    page = browser.get(FRAGMENT).content.decode()
    assert "&lt;script&gt;" in page
    assert "<script" not in page


# Whose tickets


def request_by(user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_a_host_shows_more_by_a_subclass(agent: Any) -> None:
    class Everything(QueueView):
        def get_tickets(self, model: Any, user: Any) -> QuerySet[Any]:
            return model._default_manager.all()

    opened(2, title="Nobody's")
    opened(1, model=UUIDTicket)
    view = Everything()
    view.setup(request_by(agent))
    entries = view.get_context_data(now=timezone.now())["groups"][0].entries
    assert [type(entry.ticket) for entry in entries] == [Ticket, UUIDTicket]


def test_a_queryset_that_knows_no_clocks_will_do(agent: Any) -> None:
    class Plain(AgentTickets):
        def get_tickets(self, model: Any, user: Any) -> QuerySet[Any]:
            tickets: QuerySet[Any] = QuerySet(model)
            return tickets.filter(assignee=user) if model is Ticket else tickets.none()

    opened(title="Mine", assignee=agent)
    (tickets,) = Plain().open_tickets(agent)
    assert [ticket.title for ticket in tickets] == ["Mine"]


@pytest.mark.parametrize("path", ["title", "nonsense", "department", lambda ticket: None])
def test_what_names_no_user_shows_nobody_anything(
    agent: Any, path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.username = "Mine"
    agent.save()
    opened(title="Mine", assignee=agent)
    monkeypatch.setitem(vars(Ticket.sla), "recipients", {"assignee": path})
    assert AgentTickets().open_tickets(agent) == []


def test_a_path_of_several_steps(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(AssetTicket.sla), "recipients", {"assignee": "site__manager"})
    opened(title="Mine", assignee=agent)
    site = Site.objects.create(name="Toronto", manager=agent)
    for somewhere in (site, None):
        # It has no priority, and so no goal.
        asset = opened(model=AssetTicket, site=somewhere)
        asset.sla.set_target("resolution", timezone.now() + timedelta(hours=1))
    found = AgentTickets().open_tickets(agent)
    assert [(some.model, len(some)) for some in found] == [(AssetTicket, 1), (Ticket, 1)]


# Kept up to date


def test_the_list_alone(browser: Client, agent: Any) -> None:
    opened(title="Mine", assignee=agent)
    with as_of(timezone.now()):
        page, fragment = browser.get(QUEUE), browser.get(FRAGMENT)
    assert fragment.content.decode().strip() in page.content.decode()
    assert "<html" not in fragment.content.decode()
    for response in (page, fragment):
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in response.headers["Vary"]


def test_what_has_not_changed_is_not_sent_again(browser: Client, agent: Any) -> None:
    ticket = opened(17.9, title="Mine", assignee=agent)
    ticket.first_responded_at = timezone.now()
    ticket.save()
    etag = browser.get(QUEUE).context["etag"]

    def asked(hours: float = 0) -> int:
        with as_of(timezone.now() + timedelta(hours=hours)):
            return browser.get(FRAGMENT, headers={"If-None-Match": etag}).status_code

    assert (asked(), asked(0.05)) == (304, 304)
    assert asked(0.2) == 200, "it is at risk by then"
    opened(title="Another", assignee=agent)
    assert asked() == 200


def test_every_change_that_shows_is_sent(browser: Client, agent: Any) -> None:
    ticket = opened(title="Mine", assignee=agent)
    etags = [browser.get(FRAGMENT).headers["ETag"]]
    ticket.title = "Still mine"
    ticket.save()
    etags.append(browser.get(FRAGMENT).headers["ETag"])
    ticket.priority = "high"
    ticket.save()
    etags.append(browser.get(FRAGMENT).headers["ETag"])
    ticket.status = "pending"
    ticket.save()
    etags.append(browser.get(FRAGMENT).headers["ETag"])
    ticket.sla.set_target("response", timezone.now() + timedelta(days=2))
    etags.append(browser.get(FRAGMENT).headers["ETag"])
    ticket.sla.waive("response", "Agreed")
    etags.append(browser.get(FRAGMENT).headers["ETag"])
    get_user_model().objects.filter(pk=agent.pk).update(is_active=False)
    assert len(set(etags)) == len(etags)
    assert browser.get(FRAGMENT).status_code == 403
