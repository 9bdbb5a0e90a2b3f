"""Without a mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import find_ticket
from tests.browser.test_access import OPEN, QUARTER
from tests.browser.tour import ADMIN, CALENDAR, DASHBOARD, DESK, POLICY, Way, follow, go
from tests.browser.visitor import DESKTOP, Visitor

STOPS = """() => {
    const stops = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, iframe, [tabindex]")]
        .filter((stop) => stop.tabIndex >= 0 && !stop.disabled && stop.type !== "hidden"
            && stop.checkVisibility({visibilityProperty: true}));
    stops.forEach((stop, number) => { stop.dataset.stop = number; });
    return stops.map((stop) => stop.outerHTML.slice(0, 120));
}"""
"""What the Tab key should lead to, in the order of the page."""

FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body || element.dataset.stop === undefined) {
        return null;
    }
    const rings = [null, "::after"].map((part) => getComputedStyle(element, part));
    const {left, top, width, height} = element.getBoundingClientRect();
    const x = Math.min(left + Math.min(width / 2, 20), innerWidth - 1);
    const y = Math.min(Math.max(top + height / 2, 0), innerHeight - 1);
    const there = document.elementFromPoint(x, y);
    return {
        stop: Number(element.dataset.stop),
        // Within a frame it is its own page that marks it.
        isMarked: element.localName === "iframe" || rings.some(({outlineStyle, outlineWidth}) =>
            outlineStyle !== "none" && parseFloat(outlineWidth) > 0),
        isInView: top < innerHeight && top + height > 0 && there !== null
            && (element.contains(there) || there.contains(element)),
    };
}"""

WAYS: dict[str, Way] = {
    "tickets": DESK["tickets"],
    "a ticket": DESK["a ticket"],
    "new ticket": DESK["new ticket"],
    "queue": DESK["queue"],
    "calendar feed": DESK["calendar feed"],
    "dashboard": DASHBOARD,
    "a ticket in the admin": ADMIN["a ticket"],
    "a policy": follow(POLICY, "Special"),
    "a calendar": follow(CALENDAR, "In use"),
    "where values come from": ADMIN["where values come from"],
    "public holidays": ADMIN["public holidays"],
    "preview of a report": ADMIN["preview of a report"],
}


def walk(page: Page, key: str, stops: int) -> list[dict[str, int | bool]]:
    """Where the key leads to until it comes round again."""
    seen: list[dict[str, int | bool]] = []
    # Some controls have several stops inside: those of a date, say.
    for _press in range(stops + 40):
        page.keyboard.press(key)
        focus = page.evaluate(FOCUS)
        if focus is None:
            if seen:
                break
        elif seen and focus["stop"] == seen[-1]["stop"]:
            seen[-1]["isMarked"] |= focus["isMarked"]
        elif seen and focus["stop"] == seen[0]["stop"]:
            break
        else:
            seen.append(focus)
    return seen


@pytest.mark.parametrize("name", WAYS)
def test_the_tab_key_leads_to_every_control_and_on(name: str, admin: Visitor) -> None:
    page = admin.page
    go(admin, WAYS[name])
    # As whoever comes anew.
    page.evaluate("document.activeElement.blur()")
    stops = page.evaluate(STOPS)
    for key, order in ("Tab", 1), ("Shift+Tab", -1):
        seen = walk(page, key, len(stops))
        reached = [focus["stop"] for focus in seen]
        missed = [stops[number] for number in set(range(len(stops))) - set(reached)]
        assert not missed, f"{key} does not lead to {missed}"
        assert reached == sorted(reached, reverse=order < 0), f"{key} jumps"
        assert not (bare := [stops[f["stop"]] for f in seen if not f["isMarked"]]), f"bare: {bare}"
        assert not (away := [stops[f["stop"]] for f in seen if not f["isInView"]]), f"away: {away}"


def test_a_ticket_is_opened_and_put_on_hold(admin: Visitor) -> None:
    page = admin.page
    keys = page.keyboard
    admin.open("/")
    # The first stop leads past the header.
    keys.press("Tab")
    expect(admin.link("Skip to content")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("main")).to_be_focused()
    admin.open("/")
    admin.reach(admin.link("New ticket"))
    admin.enter()
    admin.reach(page.get_by_label("Title"))
    keys.type("Opened by keyboard")
    admin.reach(page.get_by_label("Priority"))
    keys.type("High")
    admin.reach(admin.button("Open ticket"))
    admin.enter()
    expect(page.locator(".facts")).to_contain_text("High")
    # A menu is opened, closed and opened.
    menu = page.locator(".moves summary")
    admin.reach(menu)
    for key, is_open in (("Enter", True), ("Enter", False), ("Space", True)):
        keys.press(key)
        assert menu.evaluate("(summary) => summary.parentElement.open") is is_open
    admin.reach(admin.button("Awaiting vendor"))
    admin.enter()
    expect(page.locator(".facts")).to_contain_text("Awaiting vendor")
    why = page.get_by_text("How this was counted").first
    admin.reach(why)
    keys.press("Enter")
    expect(page.locator(".sla-explain").first).to_be_visible()
    admin.reach(page.locator(".top summary"))
    keys.press("Enter")
    admin.reach(page.get_by_role("link", name="Time zone"))
    admin.enter()
    admin.title("Time zone")


def test_a_dashboard_is_filtered_and_exported(admin: Visitor) -> None:
    page = admin.page
    admin.open(DASHBOARD)
    admin.reach(page.get_by_label("Priority", exact=True))
    page.keyboard.type("Urgent")
    admin.reach(admin.button("Show"))
    admin.enter()
    assert "priority=urgent" in page.url
    admin.reach(page.get_by_role("link", name=re.compile("^Remove Priority")))
    admin.enter()
    assert "priority=urgent" not in page.url
    admin.reach(admin.link("CSV"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")


def test_a_table_that_scrolls_is_scrolled(admin: Visitor) -> None:
    page = admin.page
    find_ticket(admin, "For Read")
    page.set_viewport_size(QUARTER)
    page.evaluate(OPEN)
    table = page.get_by_role("group", name="Every stretch of time").first
    assert table.evaluate("(box) => box.scrollWidth > box.clientWidth")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(box) => box.scrollLeft > 0", arg=table.element_handle())
    page.set_viewport_size(DESKTOP)


def test_rows_are_added_and_taken_away(admin: Visitor) -> None:
    page = admin.page
    admin.open(f"{POLICY}add/")
    rows = page.locator("#conditions-group tr.form-row:not(.empty-form)")
    count = rows.count()

    def press(what: Locator) -> None:
        what.focus()
        page.keyboard.press("Enter")

    press(admin.button("Add another condition"))
    expect(rows).to_have_count(count + 1)
    press(rows.last.get_by_role("button", name="Remove"))
    expect(rows).to_have_count(count)
