"""The pages in Arabic: from right to left, and where django_sla's own templates are taken as they
ship."""

from collections.abc import Iterator
from contextlib import closing
from sqlite3 import connect

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import findings
from tests.browser.layout import problems
from tests.browser.test_access import OPEN
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.example.desk import Desk

PAGES = [
    "/?state=all",
    "/tickets/new/",
    "/tickets/{number}/",
    "/queue/",
    "/calendar/",
    "/dashboard/?period=30d",
    "/dashboard/?period=30d&forecast=1",
    "/admin/desk/ticket/",
    "/admin/desk/ticket/{ticket}/change/",
    "/admin/desk/ticket/{ticket}/history/",
    "/admin/django_sla/policy/",
    "/admin/django_sla/policy/{policy}/change/",
    "/admin/django_sla/policy/sources/",
    "/admin/django_sla/calendar/",
    "/admin/django_sla/calendar/{calendar}/change/",
    "/admin/django_sla/notice/",
    "/admin/django_sla/sweep/",
    "/admin/django_sla/recalculation/add/",
]

OWN = ["/queue/", "/calendar/", "/dashboard/?period=7d", "/dashboard/?period=7d&forecast=1"]
"""Pages that have a frame of django_sla's own."""


class Reader(Visitor):
    """Somebody who reads Arabic, at a desk that is served for them."""

    desk: Desk

    def visit(self, address: str) -> None:
        """An address in which the rows are named that it is of."""
        [(ticket, number)] = self.desk.select(
            "SELECT id, number FROM desk_ticket WHERE status = 'closed' LIMIT 1"
        )
        [(policy,)] = self.desk.select("SELECT id FROM django_sla_policy WHERE name = 'Special'")
        [(calendar,)] = self.desk.select("SELECT id FROM django_sla_calendar WHERE name = 'In use'")
        rows = {"ticket": ticket, "number": number, "policy": policy, "calendar": calendar}
        self.page.goto(address.format_map(rows))
        self.page.evaluate(OPEN)


@pytest.fixture(scope="module")
def reader(
    desk: Desk, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    copy = Desk(tmp_path_factory.mktemp("abroad") / "desk.sqlite3")
    with closing(connect(desk.database)) as here, closing(connect(copy.database)) as there:
        here.backup(there)
    with (
        copy.served(DJANGO_SETTINGS_MODULE="tests.browser.arabic") as address,
        chromium.new_context(base_url=address, locale="ar") as context,
    ):
        reader = Reader(context)
        reader.desk = copy
        reader.page.goto("/login/")
        for field in ("username", "password"):
            reader.page.locator(f"[name={field}]").fill("admin")
        reader.click(reader.page.get_by_role("button"))
        yield reader
        reader.leave()


@pytest.mark.parametrize("address", PAGES)
def test_nothing_overlaps_or_sticks_out(address: str, reader: Reader) -> None:
    page = reader.page
    reader.visit(address)
    assert page.locator("html").get_attribute("dir") == "rtl"
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        assert not (wrong := problems(page)), f"{size['width']}: {wrong}"


@pytest.mark.parametrize("address", OWN)
def test_axe_finds_nothing_on_pages_as_they_ship(address: str, reader: Reader) -> None:
    for scheme in ("dark", "light"):
        reader.page.emulate_media(color_scheme=scheme)
        reader.page.goto(address)
        reader.page.evaluate(OPEN)
        assert not (found := findings(reader.page)), found


def test_bars_and_lines_begin_at_the_right(reader: Reader) -> None:
    page = reader.page
    page.goto("/dashboard/?period=30d")
    weeks = page.get_by_role("region", name="Promises kept").get_by_role("rowheader")
    marks = page.locator(".sla-chart__picture").first.locator("text")
    earliest, latest = (
        float(marks.filter(has_text=week.inner_text()[-3:]).get_attribute("x") or 0)
        for week in (weeks.first, weeks.last)
    )
    assert earliest > latest
    bar = page.locator(".sla-tile .sla-gauge").first.bounding_box()
    part = page.locator(".sla-tile .sla-gauge__part").first.bounding_box()
    assert bar is not None
    assert part is not None
    assert part["x"] > bar["x"] + 1
    assert part["x"] + part["width"] == pytest.approx(bar["x"] + bar["width"])


def test_steps_and_times_run_the_right_way(reader: Reader) -> None:
    reader.visit("/tickets/{number}/")
    step = reader.page.locator(".sla-timeline__step").first
    shape = step.locator(".sla-timeline__shape").bounding_box()
    title = step.locator("strong").bounding_box()
    assert shape is not None
    assert title is not None
    assert shape["x"] > title["x"] + title["width"]

    # Hours of an opening are read from left to right in Arabic, too.
    reader.visit("/admin/django_sla/calendar/{calendar}/change/")
    hours = reader.page.locator(".sla-week__span bdi", has_text="09:00–17:00").first
    opens, closes = hours.evaluate("""(hours) => [0, 6].map((place) => {
        const range = document.createRange();
        range.setStart(hours.firstChild, place);
        range.setEnd(hours.firstChild, place + 5);
        return range.getBoundingClientRect().left;
    })""")
    assert opens < closes
