"""The desk's pages, under its own settings; test_project.py runs this with the desk's manage.py."""

from datetime import timedelta
from typing import Any

from desk.models import Comment, Status, Ticket
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sla.moment import as_of


class PagesTest(TestCase):
    def setUp(self) -> None:
        users = User.objects
        self.agent = users.create_user("agent", is_staff=True, is_superuser=True)
        self.requester = users.create_user("requester")
        self.other = users.create_user("other")
        self.ticket = self.open("A printer on fire", self.requester)

    def open(self, title: str, requester: User, **values: Any) -> Ticket:
        return Ticket.objects.create(title=title, requester=requester, **values)

    def as_(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def page(self, user: User, path: str = "", expect: int = 200, **data: Any) -> str:
        response = self.as_(user).get(path or self.ticket.get_absolute_url(), data)
        assert response.status_code == expect, response
        return response.content.decode()

    def post(self, user: User, path: str, expect: int = 302, **data: Any) -> str:
        response = self.as_(user).post(self.ticket.get_absolute_url() + path, data)
        assert response.status_code == expect, response
        self.ticket.refresh_from_db()
        return response.content.decode()

    def test_strangers_are_asked_to_log_in(self) -> None:
        for path in ("/", "/tickets/new/", self.ticket.get_absolute_url()):
            response = self.client.get(path)
            assert response.status_code == 302
            assert response.url.startswith("/login/?next=")
        assert "Log in" in self.client.get("/login/").content.decode()

    def test_logging_in_and_out(self) -> None:
        User.objects.create_user("new", password="new")
        response = self.client.post("/login/", {"username": "new", "password": "new"})
        assert (response.status_code, response.url) == (302, "/")
        assert self.client.post("/logout/").url == "/login/"

    def test_the_list_shows_both_clocks(self) -> None:
        page = self.page(self.agent, "/")
        assert "A printer on fire" in page
        assert page.count("sla-badge--on_track") == 2

    def test_the_list_asks_as_often_for_a_hundred_tickets_as_for_ten(self) -> None:
        def queries() -> int:
            client = self.as_(self.agent)
            with CaptureQueriesContext(
                connection,
            ) as captured:
                client.get("/")
            return len(captured)

        for number in range(9):
            self.open(f"Ticket {number}", self.requester, assignee=self.agent)
        few = queries()
        for number in range(90):
            self.open(f"Ticket {number + 9}", self.other, assignee=self.agent)
        assert queries() == few

    def test_filters_and_search(self) -> None:
        day = timedelta(days=1)
        with as_of(timezone.now() - day):
            self.open("Late", self.requester, priority="urgent")
        waiting = self.open("Waiting", self.requester)
        waiting.wait(Status.AWAITING_VENDOR)
        waiting.save()
        assert self.titles() == {"A printer on fire", "Late", "Waiting"}
        assert self.titles(state="breached") == {"Late"}
        assert self.titles(state="paused") == {"Waiting"}
        assert self.titles(state="done") == set()
        assert self.titles(priority="urgent") == {"Late"}
        assert self.titles(q="PRINT") == {"A printer on fire"}
        assert self.titles(q=waiting.number) == {"Waiting"}
        assert self.titles(state="nonsense", page="nonsense") == {
            "A printer on fire",
            "Late",
            "Waiting",
        }
        assert "No ticket matches" in self.page(self.agent, "/", q="<b>nothing")

    def titles(self, **data: str) -> set[str]:
        response = self.as_(self.agent).get("/", data)
        return {ticket.title for ticket in response.context["page"]}

    def test_the_most_urgent_comes_first(self) -> None:
        self.open("Now", self.requester, priority="urgent")
        response = self.as_(self.agent).get("/")
        assert [ticket.title for ticket in response.context["page"]] == ["Now", "A printer on fire"]

    def test_requesters_see_their_own_tickets_only(self) -> None:
        foreign = self.open("Secret", self.other)
        assert "Secret" not in self.page(self.requester, "/")
        assert "nothing here for you" in self.page(
            self.requester, foreign.get_absolute_url(), expect=404
        )
        for path in ("comment/", "move/", "assign/"):
            response = self.as_(self.requester).post(foreign.get_absolute_url() + path)
            assert response.status_code == 404, path

    def test_what_agents_keep_to_themselves(self) -> None:
        Comment.objects.create(
            ticket=self.ticket, author=self.agent, body="They broke it.", internal=True
        )
        for_agents = ("They broke it.", "IP address", "Start work", "/admin/", "Internal note")
        theirs, ours = self.page(self.requester), self.page(self.agent)
        for text in for_agents:
            assert text in ours, text
            assert text not in theirs, text
        self.post(self.requester, "move/", expect=403)
        self.post(self.requester, "assign/", expect=403)

    def test_an_internal_note_is_no_response(self) -> None:
        self.post(self.agent, "comment/", body="Hm.", internal="on")
        assert self.ticket.first_responded_at is None
        self.post(self.agent, "comment/", body="Hello!")
        assert self.ticket.first_responded_at is not None

    def test_requesters_cannot_write_internal_notes(self) -> None:
        self.post(self.requester, "comment/", body="Any news?", internal="on")
        assert not Comment.objects.get().internal

    def test_an_empty_comment_is_asked_for_again(self) -> None:
        assert "This field is required" in self.post(self.agent, "comment/", expect=200, body=" ")

    def test_an_answer_to_a_question_starts_the_clock_again(self) -> None:
        self.ticket.wait(Status.AWAITING_USER)
        self.ticket.save()
        self.post(self.requester, "comment/", body="Here you are.")
        assert self.ticket.status == Status.ACTIVE
        assert self.ticket.sla.resolution.clock.paused_at is None

    def test_the_workflow(self) -> None:
        for status in ("active", "awaiting_vendor", "active", "resolved", "active", "closed"):
            self.post(self.agent, "move/", status=status)
            assert self.ticket.status == status
        assert self.ticket.closed_at is not None

    def test_a_move_that_is_not_open(self) -> None:
        self.post(self.agent, "move/", status="nonsense")
        assert self.ticket.status == Status.NEW

    def test_the_changelog_says_who_and_from_where(self) -> None:
        before = self.ticket.response_target
        self.post(self.agent, "assign/", priority="urgent", assignee=self.agent.pk)
        assert self.ticket.response_target < before
        (change, *_) = self.ticket.sla.changelog()
        assert (change.user, change.ip) == (self.agent, "127.0.0.1")
        assert "127.0.0.1" in self.page(self.agent)
        assert "127.0.0.1" not in self.page(self.requester)

    def test_opening_a_ticket(self) -> None:
        values = {"title": "No sound", "description": "None.", "priority": "high"}
        response = self.as_(self.requester).post("/tickets/new/", values | {"requester": 1})
        ticket = Ticket.objects.get(title="No sound")
        assert response.url == ticket.get_absolute_url()
        assert ticket.requester == self.requester
        assert ticket.number == f"INC{int(self.ticket.number[3:]) + 1:07}"
        response = self.as_(self.agent).post(
            "/tickets/new/", values | {"title": "For them", "requester": self.other.pk}
        )
        assert Ticket.objects.get(title="For them").requester == self.other

    def test_nothing_inline(self) -> None:
        response = self.as_(self.agent).get(self.ticket.get_absolute_url())
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        page = response.content.decode()
        for inline in ("<script>", "<style", " style=", " onclick="):
            assert inline not in page
        assert page.count("<script ") == page.count("<script src=") == 1

    def test_the_queue_is_what_is_assigned_to_you(self) -> None:
        self.ticket.assignee = self.agent
        self.ticket.save()
        self.open("Somebody else's", self.requester, assignee=self.other)
        page = self.page(self.agent, "/queue/")
        assert "A printer on fire" in page
        assert "Somebody else" not in page
        assert "My queue" in self.page(self.agent, "/")
        assert "My queue" not in self.page(self.requester, "/")
        assert "Nothing is due" in self.page(self.requester, "/queue/")

    def test_the_calendar_of_an_agent(self) -> None:
        assert "You have no link" in self.page(self.agent, "/calendar/")
        response = self.as_(self.agent).post("/calendar/", {"action": "make"})
        self.ticket.assignee = self.agent
        self.ticket.save()
        calendar = Client().get(response.context["link"])
        assert "A printer on fire" in calendar.content.decode()

    def test_the_admin(self) -> None:
        for path in ("", "add/", f"{self.ticket.pk}/change/", f"{self.ticket.pk}/history/"):
            self.page(self.agent, f"/admin/desk/ticket/{path}")

    def test_the_api_shows_whom_what_the_pages_show(self) -> None:
        sla = f"/api/tickets/{self.ticket.number}/sla/"
        assert '"response_state":"on_track"' in self.page(self.requester, sla)
        self.page(self.other, sla, expect=404)
        assert self.client.get(sla).status_code == 403
        for user, count in ((self.agent, 1), (self.requester, 1), (self.other, 0)):
            assert f'"count":{count},' in self.page(user, "/api/tickets/")
            report = self.page(user, "/api/reports/compliance/", by="agent")
            assert f'"tickets":{count},' in report.rpartition('"total"')[2]
        for user, status in ((self.requester, 403), (self.other, 404), (self.agent, 200)):
            body = {"reason": "Waits"}
            response = self.as_(user).post(f"{sla}pause/", body, "application/json")
            assert response.status_code == status
