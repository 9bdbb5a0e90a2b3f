"""Nothing is said by colour alone, and all of it is there in colours that somebody else chose."""

import io
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.test_access import OPEN
from tests.browser.tour import CALENDAR, DASHBOARD, DESK, follow, go
from tests.browser.visitor import Visitor

STATES = {"Breached", "At risk", "On track", "Paused", "Met", "Missed"}


def colours(what: Locator, width: int = 0) -> int:
    """How many there are in a picture of it, or of its beginning; those of edges left out."""
    picture = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    picture = picture.crop((0, 0, width or picture.width, picture.height))
    width, height = picture.size
    found = picture.getcolors(width * height) or []
    return sum(count > width * height / 50 for count, _colour in found)


BADGES = """(badges) => badges.map((badge) => [
    badge.querySelector(".sla-badge__state").textContent,
    badge.querySelector("path").getAttribute("d"),
])"""


def test_a_state_is_a_word_and_a_shape(admin: Visitor) -> None:
    shapes: dict[str, set[str]] = {}
    for tab in ("breached", "at_risk", "paused", "open", "done"):
        admin.page.goto(f"/?state={tab}")
        for state, shape in admin.page.locator(".sla-badge").evaluate_all(BADGES):
            shapes.setdefault(state, set()).add(shape)
    assert set(shapes) >= STATES
    assert all(len(one) == 1 for one in shapes.values())
    assert len(set.union(*shapes.values())) == len(shapes)


def test_a_chart_has_shapes_and_a_table(admin: Visitor) -> None:
    admin.page.goto(DASHBOARD)
    charts = admin.page.locator(".sla-card:has(.sla-chart)")
    assert charts.count() > 1
    for card in charts.all():
        picture = card.locator(".sla-chart__picture")
        assert picture.locator("circle").count()
        assert picture.locator("rect").count()
        dashes = "(line) => getComputedStyle(line).strokeDasharray"
        assert picture.locator(".sla-line--0 > path").evaluate(dashes) == "none"
        assert picture.locator(".sla-line--1 > path").evaluate(dashes) != "none"
        # Which of them is which is written beside the same shapes.
        assert card.locator(".sla-chart__key .sla-line--0 circle").count()
        assert card.locator(".sla-chart__key .sla-line--1 rect").count()
        rows = card.locator("table tbody tr")
        assert rows.count() > 1


def test_forced_colours_show_everything(visit: Callable[..., Visitor]) -> None:
    for scheme in ("dark", "light"):
        admin = visit("admin", forced_colors="active", color_scheme=scheme)
        page = admin.page
        go(admin, DESK["a ticket"])
        page.evaluate(OPEN)
        for drawn in (".target__bar", ".sla-bar", ".sla-timeline__shape"):
            assert colours(page.locator(drawn).first) > 1, f"{drawn}, {scheme}"
        assert colours(page.locator(".sla-key").first, width=8) > 1, scheme
        page.goto("/?state=paused")
        tab = page.locator(".strip__item[aria-current]")
        assert tab.evaluate("(tab) => getComputedStyle(tab).outlineStyle") == "solid"
        page.goto(DASHBOARD)
        for drawn in (".sla-gauge", ".sla-heat td a"):
            assert colours(page.locator(drawn).first) > 1, f"{drawn}, {scheme}"
        for line in page.locator(".sla-chart__picture .sla-line > path").all():
            seen = line.evaluate("(line) => getComputedStyle(line).stroke")
            assert seen != page.evaluate("getComputedStyle(document.body).backgroundColor")
        follow(CALENDAR, "In use")(admin)
        open_day = page.locator(".sla-week__table tr").filter(has_text="09:00")
        assert colours(open_day.locator(".sla-week__bar").first) > 1, scheme


FAINT = """() => {
    const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});

    function luminance(colours) {
        for (const colour of colours) {
            pixel.fillStyle = colour;
            pixel.fillRect(0, 0, 1, 1);
        }
        const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((part) => part / 255).map(
            (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    function contrast(field) {
        const behind = [];
        for (let around = field; around; around = around.parentElement) {
            behind.unshift(getComputedStyle(around).backgroundColor);
        }
        const [dark, bright] = [luminance(behind),
            luminance([...behind, getComputedStyle(field).borderBottomColor])].sort();
        return (bright + 0.05) / (dark + 0.05);
    }

    return [...document.querySelectorAll("main :is(input, select, textarea)")]
        .filter((field) => field.checkVisibility() && field.type !== "checkbox")
        .filter((field) => contrast(field) < 3).map((field) => field.outerHTML);
}"""
"""Fields whose edge is hard to see: WCAG asks for 3."""


def test_fields_have_an_edge(admin: Visitor) -> None:
    for scheme in ("dark", "light"):
        admin.page.emulate_media(color_scheme=scheme)
        for address in ("/", "/tickets/new/", DASHBOARD):
            admin.page.goto(address)
            assert not admin.page.evaluate(FAINT), f"{address}, {scheme}"


MOVING = """() => [...document.querySelectorAll("*")].filter((element) =>
    getComputedStyle(element).transitionDuration.split(", ").some((time) => parseFloat(time) > 0)
    || getComputedStyle(element).animationName !== "none").length"""


def test_nothing_moves_where_it_should_not(visit: Callable[..., Visitor]) -> None:
    for motion in ("reduce", "no-preference"):
        admin = visit("admin", reduced_motion=motion)
        for address in ("/?state=all", "/queue/", DASHBOARD):
            admin.page.goto(address)
            expect(admin.page.locator("main")).to_be_visible()
            assert bool(admin.page.evaluate(MOVING)) is (motion == "no-preference"), address
