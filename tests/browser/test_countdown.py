"""Badges that go on counting, and the queue that is kept up to date, on a desk of their own."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visitor import Visitor
from tests.example.desk import Desk

AGENT = "agent"

BEGIN = """
from datetime import UTC, datetime, timedelta
from desk.models import Ticket
from django.contrib.auth.models import User
from django.utils import timezone
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of

agent = User.objects.get(username="agent")

def policy(name, order, goal, calendar=None):
    Policy.objects.create(
        name=name, order=order, goals={"*": {"resolution": goal}}, calendar=calendar,
        conditions=[{"field": "category", "operator": "is", "value": name}],
    )

def open(title, category, ago=0, **fields):
    with as_of(timezone.now() - timedelta(seconds=ago)):
        return Ticket.objects.create(
            title=title, category=category, **{"assignee": agent, **fields}
        )
"""

POLICIES = """
policy("seconds", 10, "10s")
policy("hours", 20, "8h")
"""

SIESTA = """
# Open until ten minutes from now, then closed for two hours, whatever time it is.
at = lambda minutes: f"{datetime.now(UTC) + timedelta(minutes=minutes):%H:%M}"
hours = {"mon-sun": [[at(-60), at(10)], [at(130), at(300)]]}
policy("siesta", 30, "30m", Calendar.objects.create(name="Siesta", tz="UTC", hours=hours))
open("Through the siesta", "siesta", requester=agent, assignee=None)
"""

TIMERS = """() => {
    window.pending = new Set();
    const {setTimeout: set, clearTimeout: clear} = window;
    window.setTimeout = (call, ...more) => {
        const id = set(() => { window.pending.delete(id); call(); }, ...more);
        window.pending.add(id);
        return id;
    };
    window.clearTimeout = (id) => { window.pending.delete(id); clear(id); };
}"""

LOOK = """(hidden) => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


# A desk of their own: tickets that come to be due would be in the way of other tests.
@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("countdown") / "desk.sqlite3")
    desk.manage("migrate", "--verbosity", 0)
    desk.manage("seed_desk", "--tickets", 12)
    tell(desk, POLICIES)
    return desk


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with desk.served() as address:
        yield address


@pytest.fixture(scope="module")
def visitors(chromium: Browser) -> dict[str, Visitor]:
    return {}


def tell(desk: Desk, program: str) -> None:
    desk.manage("shell", "--verbosity", 0, "-c", BEGIN + program)


@pytest.fixture
def timed(visit: Callable[..., Visitor]) -> Visitor:
    """An agent whose browser's time only goes on when it is told to."""
    visit(AGENT)
    visitor = visit(AGENT, locale="en-GB")
    visitor.page.clock.install()
    return visitor


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=title))


def resolution(page: Page, title: str) -> Locator:
    return row(page, title).locator('[data-label="Resolution"] .sla-badge')


def seconds(badge: Locator) -> int:
    """Of a badge that shows them."""
    found = re.search(r"(?:(\d+)m )?(\d+)s left", badge.inner_text())
    assert found, badge.inner_text()
    return 60 * int(found[1] or 0) + int(found[2])


def stays(page: Page) -> None:
    """From now on the page must not be loaded again."""
    page.evaluate("window.same = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.same === true"))


# The badge


def test_a_badge_turns_in_real_time(visit: Callable[..., Visitor], desk: Desk) -> None:
    agent = visit(AGENT)
    page = agent.page
    tell(desk, 'open("Ten seconds", "seconds")')
    agent.open("/?q=Ten+seconds")
    stays(page)
    badge = resolution(page, "Ten seconds")
    shapes = {badge.locator("path").get_attribute("d")}
    expect(badge).to_have_class(re.compile("sla-badge--on_track"))
    expect(badge).to_contain_text(re.compile(r"On track\s+[4-9]s left"))
    expect(badge).to_contain_text(re.compile(r"At risk\s+[0-2]s left"))
    expect(badge).to_have_class("sla-badge sla-badge--at_risk")
    shapes.add(badge.locator("path").get_attribute("d"))
    expect(badge).to_contain_text(re.compile(r"Breached\s+<1m over"))
    expect(badge).to_have_class("sla-badge sla-badge--breached")
    shapes.add(badge.locator("path").get_attribute("d"))
    assert len(shapes) == 3
    assert stayed(page)
    page.reload()
    expect(badge).to_contain_text(re.compile(r"Breached\s+<1m over"))


def test_it_counts_by_the_second_in_the_last_hour_and_up_afterwards(
    timed: Visitor, desk: Desk
) -> None:
    page = timed.page
    tell(desk, 'open("Eight hours", "hours", ago=6.5 * 3600)')
    timed.open("/?q=Eight+hours")
    badge = resolution(page, "Eight hours")
    expect(badge).to_contain_text("At risk")
    expect(badge).to_contain_text("1h 29m left")
    page.clock.run_for(60_000)
    expect(badge).to_contain_text("1h 28m left")
    page.clock.fast_forward("30:00")
    before = seconds(badge)
    assert 3400 < before < 3600
    page.clock.run_for(3_000)
    assert seconds(badge) == before - 3
    page.clock.fast_forward(before * 1000)
    expect(badge).to_contain_text("Breached")
    page.clock.fast_forward("03:00")
    expect(badge).to_contain_text("3m over")
    page.clock.fast_forward("02:00:00")
    expect(badge).to_contain_text("2h 3m over")


def test_it_stands_still_while_closed(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, SIESTA)
    timed.open("/?q=Through+the+siesta")
    badge = resolution(page, "Through the siesta")
    start = seconds(badge)
    page.clock.fast_forward("15:00")
    closed = seconds(badge)
    assert 300 < start - closed <= 600
    page.clock.fast_forward("01:40:00")
    page.clock.run_for(5_000)
    assert seconds(badge) == closed
    page.clock.fast_forward("20:00")
    assert 0 < closed - seconds(badge) < 900
    page.clock.fast_forward("20:00")
    expect(badge).to_contain_text("Breached")


def test_a_paused_badge_is_none(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Waits", "hours", status="awaiting_vendor")')
    timed.open("/?q=Waits")
    badge = resolution(page, "Waits")
    expect(badge).to_contain_text("Paused 8h left")
    page.clock.fast_forward("10:00:00")
    expect(badge).to_contain_text("Paused 8h left")
    assert badge.get_attribute("role") is None


def test_an_excused_breach_says_so_when_it_turns(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Excused", "hours", ago=60).sla.waive("resolution", "Agreed")')
    timed.open("/?q=Excused")
    badge = resolution(page, "Excused")
    expect(badge).not_to_contain_text("waived")
    page.clock.fast_forward("09:00:00")
    expect(badge).to_have_text(re.compile(r"Breached\s+1h 1m over\s+waived"))
    expect(badge.locator(".sla-badge__waived")).to_have_count(1)


def test_the_ticket_s_page_and_the_admin_count_as_well(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Everywhere", "hours", ago=3600); agent.is_superuser = True; agent.save()')
    timed.open("/?q=Everywhere")
    timed.follow("Everywhere")
    card = page.locator(".target").nth(1)
    expect(card.locator(".target__time")).to_have_text(re.compile("6h 59m left"))
    page.clock.fast_forward("07:05:00")
    expect(card.locator(".sla-badge")).to_contain_text("Breached")
    expect(card.locator(".target__time")).to_have_text(re.compile("[45]m over"))

    timed.open("/admin/desk/ticket/?q=Everywhere")
    badge = page.locator(".field-sla_resolution .sla-badge")
    expect(badge).to_contain_text("6h 59m left")
    page.clock.fast_forward("06:55:00")
    expect(badge).to_contain_text(re.compile(r"At risk\s+[345]m \d\ds left"))


# Clocks of machines


def test_a_wrong_clock_does_not_matter(visit: Callable[..., Visitor], desk: Desk) -> None:
    visit(AGENT)
    visitor = visit(AGENT, locale="en-GB")
    page = visitor.page
    page.clock.install(time=datetime(2001, 9, 9, tzinfo=UTC))
    tell(desk, 'open("Wrong clock", "hours", ago=7.5 * 3600)')
    visitor.open("/?q=Wrong+clock")
    badge = resolution(page, "Wrong clock")
    before = seconds(badge)
    assert 1700 < before <= 1800
    page.clock.set_system_time(datetime(2001, 9, 8, tzinfo=UTC))
    page.clock.run_for(10_000)
    assert seconds(badge) == before - 10


def test_a_machine_that_slept_is_not_behind(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Slept", "hours", ago=6 * 3600)')
    timed.open("/?q=Slept")
    badge = resolution(page, "Slept")
    expect(badge).to_contain_text("1h 59m left")
    # What counts since the page was loaded stood still meanwhile, as it does on some machines.
    page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=3))
    page.clock.run_for(60_000)
    expect(badge).to_contain_text("Breached")
    expect(badge).to_contain_text("1h 1m over")


def test_a_page_out_of_the_cache_is_not_behind(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Cached", "hours", ago=6 * 3600)')
    timed.open("/?q=Cached")
    expect(resolution(page, "Cached")).to_contain_text("1h 59m left")
    was = page.request.get("/?q=Cached").text()
    page.route("**/?q=Cached", lambda route: route.fulfill(body=was, content_type="text/html"))
    page.reload()
    expect(resolution(page, "Cached")).to_contain_text("1h 59m left")
    page.clock.fast_forward("01:00:00")
    page.reload()
    assert 3400 < seconds(resolution(page, "Cached")) < 3600


# Nobody is bothered


def test_a_hidden_tab_does_nothing(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Hidden", "hours", ago=7.5 * 3600)')
    timed.open("/?q=Hidden")
    badge = resolution(page, "Hidden")
    before = seconds(badge)
    page.evaluate(LOOK, True)
    page.clock.run_for(30_000)
    assert seconds(badge) == before
    page.evaluate(LOOK, False)
    page.clock.run_for(1)
    assert seconds(badge) == before - 30


def test_one_timer_for_all_and_none_for_none(visit: Callable[..., Visitor]) -> None:
    visit(AGENT)
    visitor = visit(AGENT, locale="en-GB")
    page = visitor.page
    page.add_init_script(f"({TIMERS})()")
    visitor.open("/")
    assert page.locator("sla-countdown").count() > 1
    page.wait_for_function("window.pending.size === 1")
    page.evaluate(LOOK, True)
    assert page.evaluate("window.pending.size") == 0
    page.evaluate(LOOK, False)
    page.wait_for_function("window.pending.size === 1")
    page.evaluate("document.querySelector('.tickets').remove()")
    assert page.evaluate("window.pending.size") == 0


def test_it_does_not_talk_over_a_screen_reader(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Spoken", "hours", ago=3600)')
    timed.open("/?q=Spoken")
    badge = row(page, "Spoken").get_by_role("timer", name=re.compile("^Resolution due "))
    expect(badge).to_have_attribute("aria-live", "off")
    assert "On track 6h 59m left" in " ".join(badge.inner_text().split())
    name = badge.get_attribute("title")
    page.clock.fast_forward("08:00:00")
    expect(badge).to_contain_text("Breached")
    assert badge.get_attribute("title") == name
    assert badge.evaluate(
        "(e) => getComputedStyle(e.querySelector('time')).fontVariantNumeric"
    ) == ("tabular-nums")


def test_who_wants_less_motion_is_shown_minutes(visit: Callable[..., Visitor], desk: Desk) -> None:
    visit(AGENT)
    visitor = visit(AGENT, reduced_motion="reduce")
    page = visitor.page
    page.clock.install()
    tell(desk, 'open("Calm", "hours", ago=7.5 * 3600)')
    visitor.open("/?q=Calm")
    badge = resolution(page, "Calm")
    expect(badge).to_contain_text("29m left")
    assert badge.evaluate("(e) => getComputedStyle(e).transitionDuration") == "0s"
    page.clock.run_for(60_000)
    expect(badge).to_contain_text("28m left")


def test_without_javascript_it_says_how_things_stand(
    visit: Callable[..., Visitor], desk: Desk
) -> None:
    visit(AGENT)
    visitor = visit(AGENT, java_script_enabled=False)
    page = visitor.page
    tell(desk, 'open("No script", "hours", ago=3600)')
    visitor.open("/?q=No+script")
    badge = resolution(page, "No script")
    expect(badge).to_have_text(re.compile(r"On track\s+6h 59m left"))
    expect(badge).to_have_css("display", "inline-flex")
    assert badge.get_attribute("role") is None
    visitor.open("/queue/")
    expect(page.get_by_role("link", name="No script")).to_be_visible()
    expect(page.get_by_role("link", name="Reload")).to_be_visible()


# The queue


def queued(page: Page, group: str) -> Locator:
    return page.get_by_role("region", name=group)


def test_the_queue_is_kept_up_to_date(timed: Visitor, desk: Desk) -> None:
    page = timed.page
    tell(desk, 'open("Was there", "hours", ago=60)')
    timed.open("/")
    timed.follow("My queue")
    timed.title("My queue")
    stays(page)
    link = page.get_by_role("link", name="Was there")
    link.focus()
    page.set_viewport_size({"width": 390, "height": 300})
    page.evaluate("scrollTo(0, 150)")
    at = page.evaluate("scrollY")
    assert at > 0
    answers: list[int] = []
    page.on("response", lambda r: "fragment" in r.url and answers.append(r.status))

    with page.expect_response("**/queue/?fragment"):
        page.clock.fast_forward(30_000)
    expect(page.get_by_role("link", name="Has come")).to_have_count(0)
    tell(desk, 'open("Has come", "hours")')
    with page.expect_response("**/queue/?fragment"):
        page.clock.fast_forward(30_000)
    expect(queued(page, "Next").get_by_role("link", name="Has come")).to_be_visible()
    assert answers == [304, 200]
    assert stayed(page)
    expect(link).to_be_focused()
    assert page.evaluate("scrollY") == at

    tell(desk, 'Ticket.objects.filter(title="Was there").update(status="closed")')
    with page.expect_response("**/queue/?fragment"):
        page.clock.fast_forward(30_000)
    expect(link).to_have_count(0)
    expect(page.locator("[data-content]")).to_be_focused()


def test_a_ticket_moves_up_when_its_badge_turns(visit: Callable[..., Visitor], desk: Desk) -> None:
    agent = visit(AGENT)
    page = agent.page
    tell(desk, 'open("Turns", "seconds")')
    page.goto("/queue/")
    stays(page)
    for group in ("Next", "At risk", "Breached"):
        expect(queued(page, group).get_by_role("link", name="Turns")).to_be_visible()
    agent.look()
    assert stayed(page)


def test_the_queue_rests_while_nobody_looks(timed: Visitor) -> None:
    page = timed.page
    timed.open("/queue/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(LOOK, True)
    page.clock.run_for(120_000)
    assert asked == []
    with page.expect_response("**/queue/?fragment"):
        page.evaluate(LOOK, False)
        page.clock.run_for(1)


def test_the_queue_waits_longer_after_each_failure(timed: Visitor) -> None:
    page = timed.page
    timed.open("/queue/")
    asked: list[str] = []

    def fail(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500)

    page.route("**/queue/?fragment", fail)
    told = page.get_by_text("could not be updated")
    expect(told).to_be_hidden()
    for wait in (30, 60, 120):
        with page.expect_response("**/queue/?fragment"):
            page.clock.fast_forward(wait * 1000)
        expect(page.get_by_role("status").filter(has=told)).to_be_visible()
    page.clock.fast_forward(120_000)
    assert len(asked) == 3
    page.unroute_all()
    with page.expect_response("**/queue/?fragment"):
        page.clock.fast_forward(120_000)
    expect(told).to_be_hidden()
    assert len(timed.trouble) == 3
    timed.trouble.clear()


def test_who_is_logged_out_is_told_once(timed: Visitor) -> None:
    page = timed.page
    timed.open("/queue/")
    page.context.clear_cookies()
    with page.expect_response("**/queue/?fragment"):
        page.clock.fast_forward(30_000)
    told = page.get_by_text("You have been logged out.")
    expect(page.get_by_role("status").filter(has=told)).to_be_visible()
    expect(page.get_by_text("could not be updated")).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(600_000)
    page.evaluate(LOOK, False)
    page.clock.run_for(60_000)
    assert asked == []
    timed.trouble.clear()  # Chromium tells of the 403
    timed.follow("Log in again")
    timed.title("Log in")


# The calendar


def test_a_link_for_the_calendar(visit: Callable[..., Visitor]) -> None:
    agent = visit(AGENT)
    page = agent.page
    agent.open("/queue/")
    agent.follow("Have it in your calendar")
    agent.press("Make a link")
    link = page.get_by_label("Your link").input_value()
    assert page.request.get(link).text().startswith("BEGIN:VCALENDAR")
    agent.open("/calendar/")
    expect(page.locator("main")).to_contain_text("A calendar last used it")
    agent.press("Revoke the link")
    expect(page.locator("main")).to_contain_text("You have no link.")
    assert page.request.get(link).status == 404
