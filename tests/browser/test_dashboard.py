"""The dashboard in a real browser, under the strict policy of the example project.

A visitor reports every dialog and everything that the policy forbids.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.steps import HOSTILE
from tests.browser.test_looks import CONTRAST
from tests.browser.visitor import Visitor

POLICY = "default-src 'self'"

PAGES = ["/dashboard/?period=7d", "/admin/desk/ticket/sla-dashboard/?period=7d"]


def card(visitor: Visitor, title: str) -> Locator:
    return visitor.page.get_by_role("region", name=title, exact=True)


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_are_text(admin: Visitor, page: str) -> None:
    admin.measured = set()  # of these pages all
    with admin.page.expect_response(lambda response: "dashboard" in response.url) as answered:
        admin.open(page)
    assert POLICY in answered.value.headers["content-security-policy"]
    for title in ("By agent", "By department", "By category"):
        expect(card(admin, title)).to_contain_text(HOSTILE)
    expect(card(admin, "The latest")).to_contain_text(f"{HOSTILE} again")
    # A filter in force, and the tickets behind a number.
    row = card(admin, "By department").get_by_role("row").filter(has_text=HOSTILE)
    admin.click(row.get_by_role("rowheader").get_by_role("link"))
    expect(admin.page.get_by_role("list", name="Filters in force")).to_contain_text(HOSTILE)
    row = card(admin, "By agent").get_by_role("row").filter(has_text=HOSTILE)
    admin.click(row.get_by_role("cell").get_by_role("link").first)
    tickets = admin.page.locator(".sla-grid")
    expect(tickets).to_contain_text(f"{HOSTILE} again")
    expect(tickets.get_by_role("row")).to_have_count(3)
    admin.follow("Back to the dashboard")
    expect(admin.page.get_by_role("list", name="Filters in force")).to_contain_text("Agent")
    admin.follow("Remove all")
    expect(admin.page.get_by_role("list", name="Filters in force")).to_have_count(0)


def test_a_period_and_a_priority_are_chosen_and_kept(admin: Visitor) -> None:
    page = admin.page
    admin.open("/dashboard/")
    admin.follow("Last 7 days")
    page.get_by_label("Priority", exact=True).select_option(label="Medium")
    admin.press("Show")
    assert "period=7d" in page.url
    assert "priority=medium" in page.url
    expect(page.get_by_role("link", name="Last 7 days")).to_have_attribute("aria-current", "true")
    today = datetime.now(UTC).date()
    page.get_by_label("From").fill((today - timedelta(days=4)).isoformat())
    page.get_by_label("To", exact=True).fill((today + timedelta(days=1)).isoformat())
    admin.press("Show")
    expect(page.get_by_label("Priority", exact=True)).to_have_value("medium")
    expect(card(admin, "By priority").get_by_role("rowheader")).to_have_text(["Medium"])
    # By keyboard alone to another view.
    admin.reach(page.get_by_role("link", name="This year"))
    admin.enter()
    assert "since=" not in page.url


def test_what_is_wrong_is_told(visit: Callable[..., Visitor]) -> None:
    admin = visit("admin")
    # The page is no success, which the browser reports.
    admin.page.on("console", lambda message: admin.trouble.clear())
    admin.open("/dashboard/?since=2026-02-01&until=2026-01-01")
    expect(admin.page.get_by_role("alert")).to_contain_text("must not be before the first day")
    admin.page.get_by_label("To", exact=True).fill("2026-02-01")
    admin.press("Show")
    expect(admin.page.get_by_role("heading", name="By priority")).to_be_visible()
    admin.trouble.clear()


@pytest.mark.parametrize("page", PAGES)
def test_texts_are_easy_to_read_by_day_and_by_night(admin: Visitor, page: str) -> None:
    admin.open(page)
    for colours in ("dark", "light"):
        admin.page.emulate_media(color_scheme=colours)
        assert not (faint := admin.page.evaluate(CONTRAST)), f"{colours}: {faint}"


def test_on_paper_everything_is_there_and_nothing_to_press(admin: Visitor) -> None:
    admin.open(PAGES[0])
    page = admin.page
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Show")).not_to_be_visible()
    expect(page.get_by_role("navigation", name="Period")).not_to_be_visible()
    for title in ("Promises kept", "When deadlines were missed", "The latest"):
        expect(card(admin, title)).to_be_visible()
    # Tables that are closed on the screen.
    closed = card(admin, "Error budget: Response").get_by_role("table")
    assert closed.evaluate("(table) => table.checkVisibility()")
    assert len(page.pdf(format="A4")) > 10_000
    page.emulate_media(media="screen")


def test_charts_say_what_they_show_without_being_seen(admin: Visitor) -> None:
    admin.open(PAGES[0])
    picture = card(admin, "Promises kept").get_by_role("img", name="Promises kept")
    expect(picture).to_be_visible()
    title = picture.locator("title").last.text_content()
    assert re.fullmatch(r"2\d{3}-W\d\d · Resolution: [\d.]+ %", title or "")
    # No script draws them, and none of ours writes styles.
    assert not admin.page.evaluate("document.querySelectorAll('.sla-dashboard [style]').length")


def test_what_is_to_be_expected(admin: Visitor) -> None:
    admin.measured = set()
    admin.open(PAGES[0])
    admin.follow("Forecast")
    expect(card(admin, "Most likely to breach")).to_be_visible()
    expect(card(admin, "Resolution: the next weeks")).to_be_visible()
    admin.follow("Back to the dashboard")
    expect(card(admin, "By priority")).to_be_visible()
