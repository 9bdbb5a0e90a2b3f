"""The pictures of the documentation, taken from the example project at an instant of its own.

Pixels differ from machine to machine, and texts do not. So beside each picture is what can be read
in it; where the page says something else by now, its picture has to be taken anew::

    SLA_SHOTS=1 python -m pytest tests/browser/test_screenshots.py
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from tests.browser.visitor import DESKTOP, MILLISECONDS, PHONE, SHOTS
from tests.example.desk import Desk

FOLDER = Path(__file__).parents[2] / "docs" / "_static" / "screenshots"
FROZEN = {"DJANGO_SETTINGS_MODULE": "tests.browser.frozen"}
MARGIN = 4
COLOURS = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    name: str
    path: str
    parts: str
    """What of the page is in the picture, and what is read."""
    user: str = "admin"
    opened: str = ""
    """What is opened first."""
    phone: bool = False


DOCUMENTED = [
    Shot(
        name="tickets",
        path="/admin/desk/ticket/?department__id__exact=2",
        parts="#result_list",
    ),
    Shot(
        name="ticket",
        path="/admin/desk/ticket/100/change/",
        parts="fieldset:has(.field-sla_status) h2, .field-sla_status, .field-sla_timeline",
    ),
    Shot(
        name="explanation",
        path="/admin/desk/ticket/76/change/",
        parts="fieldset:has(.field-sla_status) h2, .field-sla_status",
        opened="section:nth-of-type(2) .sla-explain summary",
    ),
    Shot(
        name="policy",
        path="/admin/django_sla/policy/1/change/",
        parts="fieldset.module:not(:has(.field-effective_from))",
    ),
    Shot(name="policies", path="/admin/django_sla/policy/sources/", parts="#content-main"),
    Shot(
        name="dashboard",
        path="/dashboard/?period=30d",
        parts=".sla-tiles, .sla-wide:first-of-type",
    ),
    Shot(name="queue", path="/queue/", parts="main", user="agent", phone=True),
]

BOX = """(parts) => parts.map((part) => part.getBoundingClientRect()).reduce(
    (all, {left, top, right, bottom}) => ({
        left: Math.min(all.left, left + scrollX), top: Math.min(all.top, top + scrollY),
        right: Math.max(all.right, right + scrollX), bottom: Math.max(all.bottom, bottom + scrollY),
    }), {left: Infinity, top: Infinity, right: 0, bottom: 0})"""

SAY_FIELDS = """() => {
    for (const field of document.querySelectorAll("select, input, textarea")) {
        const ticked = {checkbox: field.checked ? "[x]" : "[ ]"}[field.type];
        const said = ticked ?? field.selectedOptions?.[0]?.text ?? field.value;
        field.replaceWith(field.checkVisibility() ? said : "");
    }
}"""
"""So that what is chosen is read, and not all that could be."""


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> Iterator[Callable[[str], Page]]:
    """Of those who have logged in, by name, at the instant of ``frozen``."""
    desk = Desk(tmp_path_factory.mktemp("frozen") / "desk.sqlite3")
    desk.manage("migrate", "--verbosity", 0, **FROZEN)
    desk.manage("shell", "--verbosity", 0, "-c", "import tests.browser.pictured", **FROZEN)
    desk.manage("seed_desk", "--tickets", 120, **FROZEN)
    known: dict[str, Page] = {}
    with ExitStack() as stack:
        address = stack.enter_context(desk.served(**FROZEN))

        def of(user: str) -> Page:
            if user not in known:
                known[user] = stack.enter_context(logged_in(chromium, address, user))
            return known[user]

        yield of


def logged_in(chromium: Browser, address: str, user: str) -> Page:
    page = chromium.new_page(
        base_url=address,
        color_scheme="light",
        locale="en-CA",
        # As it is in Toronto then, whether or not it is summer now.
        timezone_id="Etc/GMT+4",
    )
    page.set_default_timeout(MILLISECONDS)
    # For the badges time stands still here, too.
    page.add_init_script("Date.now = performance.now = () => 0")
    page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
    page.goto("/login/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(user)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/")
    return page


@pytest.mark.parametrize("shot", DOCUMENTED, ids=lambda shot: shot.name)
def test_the_page_says_what_its_picture_says(shot: Shot, pages: Callable[[str], Page]) -> None:
    page = pages(shot.user)
    page.set_viewport_size(PHONE if shot.phone else DESKTOP)
    page.goto(shot.path)
    if shot.opened:
        page.locator(shot.opened).click()
    parts = page.locator(shot.parts)
    picture, text = (FOLDER / f"{shot.name}.{kind}" for kind in ("png", "txt"))
    if SHOTS:
        photograph(page, parts, picture)
    page.evaluate(SAY_FIELDS)
    said = read(parts.all_inner_texts())
    assert said, f"{shot.parts} is not on {page.url}"
    if SHOTS:
        text.write_text(said, "utf-8")
    assert picture.is_file()
    # Word by word, as each Django has its own order of a field and its help.
    assert sorted(said.split()) == sorted(text.read_text("utf-8").split()), (
        f"{picture.name} shows what {page.url} no longer says: take it anew, with SLA_SHOTS=1"
    )


def photograph(page: Page, parts: Locator, picture: Path) -> None:
    box = parts.evaluate_all(BOX)
    clip = {
        "x": max(box["left"] - MARGIN, 0),
        "y": max(box["top"] - MARGIN, 0),
        "width": box["right"] - box["left"] + 2 * MARGIN,
        "height": box["bottom"] - box["top"] + 2 * MARGIN,
    }
    taken = page.screenshot(clip=clip, full_page=True, animations="disabled")
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


def read(texts: list[str]) -> str:
    """The lines that have something to read."""
    lines = (" ".join(line.split()) for text in texts for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
