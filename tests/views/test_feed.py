"""The calendar of an agent's deadlines: the page on which they make its link, the link, and what
calendars get."""

import builtins
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from django_sla.moment import as_of
from django_sla.tables.feed import Feed
from tests.hosts.desk.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.urls")]

PAGE = "/sla/calendar/"
HARD = 'Commas, semicolons; "quotes" \\ and\nBEGIN:VEVENT\r\nünïcode ' + "long " * 15


@pytest.fixture
def browser(agent: Any) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    return client


def press(browser: Client, action: str) -> Any:
    """A button of the page, as somebody with a browser does."""
    browser.get(PAGE)
    token = browser.cookies["csrftoken"].value
    return browser.post(PAGE, {"action": action, "csrfmiddlewaretoken": token})


def make(browser: Client) -> str:
    link: str = press(browser, "make").context["link"]
    return link


def opened(hours_ago: float = 0, **fields: Any) -> Ticket:
    with as_of(timezone.now() - timedelta(hours=hours_ago)):
        return Ticket.objects.create(**fields)


def read(link: str, **headers: str) -> Any:
    """As a calendar does: without a login."""
    return Client().get(link, headers=headers)


def events(link: str) -> dict[str, Any]:
    """By their summary."""
    response = read(link)
    assert response.status_code == 200
    calendar = Calendar.from_ical(response.content)
    return {str(event["summary"]): event for event in calendar.walk("VEVENT")}


# The page


def test_a_link_is_made_shown_once_and_revoked(browser: Client, agent: Any) -> None:
    assert "You have no link." in browser.get(PAGE).content.decode()
    link = make(browser)
    assert re.fullmatch(r"http://testserver/sla/calendar/[\w.-]+\.ics", link)
    page = browser.get(PAGE).content.decode()
    assert "You made a link on" in page
    assert "No calendar has used it yet." in page
    assert link not in page
    assert read(link).status_code == 200
    assert "A calendar last used it" in browser.get(PAGE).content.decode()
    assert press(browser, "revoke").status_code == 302
    assert "You have no link." in browser.get(PAGE).content.decode()
    assert read(link).status_code == 404


def test_another_link_takes_the_place_of_the_first(browser: Client) -> None:
    first, second = make(browser), make(browser)
    assert (read(first).status_code, read(second).status_code) == (404, 200)


def test_the_secret_is_kept_nowhere(browser: Client) -> None:
    secret = make(browser).rpartition("/")[2].split(".")[1]
    row = Feed.objects.values().get()
    assert len(secret) > 40
    assert secret not in str(row)
    assert secret not in str(dict(browser.session))


def test_somebody_else_s_link_is_not_touched(browser: Client, requester: Any) -> None:
    other = Client(enforce_csrf_checks=True)
    other.force_login(requester)
    theirs = make(other)
    make(browser)
    press(browser, "revoke")
    assert read(theirs).status_code == 200


def test_only_by_pressing_a_button_of_the_page(browser: Client) -> None:
    assert browser.post(PAGE, {"action": "make"}).status_code == 403
    assert not Feed.objects.exists()
    assert Client().get(PAGE).status_code == 302
    assert Client().post(PAGE, {"action": "make"}).status_code == 302


def test_nobody_is_told_of_the_link(browser: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = press(browser, "make")
        link = response.context["link"]
        calendar = read(link)
    # Not so the page: without a referrer, browsers send its form with no origin, which is refused.
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert calendar.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    token = link.rpartition("/")[2]
    assert token not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("django_sla")
    )


# The link


def test_a_link_that_does_not_work_says_nothing_more(browser: Client, agent: Any) -> None:
    link = make(browser)
    start, _, token = link.rpartition("/")
    key, secret, signature = token.removesuffix(".ics").split(".")
    signer = Signer(salt="django_sla.feed", sep=".")
    wrong = [
        "nonsense",
        f"{key}.{secret}",
        f"{key}.{secret}.{signature[:-1]}",
        f"{int(key) + 1}.{secret}.{signature}",
        Signer(sep=".").sign(f"{key}.{secret}"),
        signer.sign(f"{key}.{secret[:-1]}"),
        signer.sign(f"{key}."),
        signer.sign(key),
        signer.sign(f"{int(key) + 1}.{secret}"),
    ]
    answers = [read(f"{start}/{token}.ics") for token in wrong]
    agent.is_active = False
    agent.save()
    answers.append(read(link))
    get_user_model().objects.filter(pk=agent.pk).update(is_active=True)
    assert read(link).status_code == 200
    Feed.revoke(agent, timezone.now())
    answers.append(read(link))
    said = {
        (answer.status_code, answer.content, str(sorted(answer.headers.items())))
        for answer in answers
    }
    assert len(said) == 1
    assert answers[0].status_code == 404


def test_a_link_goes_with_its_user(browser: Client, agent: Any) -> None:
    link = make(browser)
    agent.delete()
    assert read(link).status_code == 404


def test_use_is_noted_to_the_hour(browser: Client, agent: Any) -> None:
    make(browser)
    feed = Feed.of(agent)
    assert feed is not None
    now = timezone.now()
    for hours, noted in ((0, 0), (0.9, 0), (1.1, 1.1)):
        feed.used(now + timedelta(hours=hours))
        feed.refresh_from_db()
        assert feed.last_used_at == now + timedelta(hours=noted)


# The calendar


def test_an_event_for_each_open_deadline(browser: Client, agent: Any, requester: Any) -> None:
    link = make(browser)
    ticket = opened(1, title="Printer", assignee=agent, priority="high")
    paused = opened(1, title="Waits", assignee=agent, status="pending")
    opened(1, title="Theirs", assignee=requester)
    opened(1, title="Done", assignee=agent, status="closed")
    found = events(link)
    assert found.keys() == {
        "Response due: Printer",
        "Resolution due: Printer",
        "Response due: Waits",
    }
    event = found["Resolution due: Printer"]
    assert event.decoded("dtstart") == ticket.resolution_target.replace(microsecond=0)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=15)
    assert event["uid"] == f"desk.ticket-{ticket.pk}-resolution-1@testserver"
    assert event["description"] == "High\ndefault"
    assert event["transp"] == "TRANSPARENT"
    paused.status = "open"
    paused.save()
    assert "Resolution due: Waits" in events(link)


def test_it_rings_when_the_ticket_comes_to_be_at_risk(browser: Client, agent: Any) -> None:
    link = make(browser)
    ticket = opened(1, title="Printer", assignee=agent)
    (alarm,) = events(link)["Resolution due: Printer"].walk("VALARM")
    warn = ticket.created_at + timedelta(hours=18)
    assert alarm["trigger"].dt == warn.replace(microsecond=0)
    assert alarm["description"] == "Resolution at risk: Printer"
    opened(7, title="Soon", assignee=agent)
    assert events(link)["Response due: Soon"].walk("VALARM") == []


def test_a_deadline_that_is_excused_is_none(browser: Client, agent: Any) -> None:
    link = make(browser)
    ticket = opened(9, title="Late", assignee=agent)
    assert "Response due: Late" in events(link)
    ticket.sla.waive("response", "Agreed")
    assert events(link).keys() == {"Resolution due: Late"}


def test_a_deadline_that_moves_is_the_same_event_in_a_later_version(
    browser: Client, agent: Any
) -> None:
    link = make(browser)
    ticket = opened(1, title="Printer", assignee=agent)
    before = events(link)["Resolution due: Printer"]
    ticket.sla.set_target("resolution", timezone.now() + timedelta(days=3), "Agreed")
    after = events(link)["Resolution due: Printer"]
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    for stamp in ("last-modified", "dtstamp"):
        assert after.decoded(stamp) > before.decoded(stamp)
    assert after.decoded("dtstart") > before.decoded("dtstart")


def test_what_people_typed_stays_text(browser: Client, agent: Any) -> None:
    link = make(browser)
    opened(title=HARD[:100], assignee=agent)
    content = read(link).content.decode()
    assert len(re.findall(r"^BEGIN:VEVENT\r?$", content, re.MULTILINE)) == 2
    assert max(len(line.encode()) for line in content.split("\r\n")) <= 75
    typed = HARD[:100].replace("\r\n", "\n")
    assert f"Response due: {typed}" in events(link)


def test_what_has_not_changed_is_not_sent_again(browser: Client, agent: Any) -> None:
    link = make(browser)
    opened(1, title="Printer", assignee=agent)
    first = read(link)
    etag = first.headers["ETag"]
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = read(link, if_none_match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Referrer-Policy"] == "no-referrer"
    opened(title="Another", assignee=agent)
    assert read(link, if_none_match=etag).status_code == 200


def test_as_many_queries_for_fifty_as_for_one(browser: Client, agent: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            read(link)
        return len(captured)

    link = make(browser)
    opened(assignee=agent)
    read(link)  # reads the terms
    few = queries()
    for hours in range(49):
        opened(hours, assignee=agent)
    assert queries() == few == 4, "the feed, tickets, clocks, and that it was used"


def test_without_the_package_it_says_so(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    link = make(browser)
    known = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name == "icalendar":
            raise ImportError(name)
        return known(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    for response in (browser.get(PAGE), read(link)):
        assert response.status_code == 501
        assert 'pip install "django-sla[ical]"' in response.content.decode()
