"""Every page for those who see nothing, or not well: axe, by day and by night, and zoom."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.axe import SIGHT, Findings, findings
from tests.browser.layout import problems
from tests.browser.tour import ADMIN, DESK, PORTAL, go
from tests.browser.visitor import DESKTOP, Visitor

HALF = {"width": 640, "height": 512}
QUARTER = {"width": 320, "height": 256}
"""What a window of 1280 by 1024 pixels has room for at 200 % and at 400 %."""

OPEN = """document.querySelectorAll("details:not(.menu)").forEach((one) => { one.open = true; })"""

REMEMBER = """() => {
    const around = document.querySelector("main") ?? document.body;
    const texts = document.createTreeWalker(around, NodeFilter.SHOW_TEXT);
    window.texts = [];
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        // A chart has fewer marks where it is small; the table beside it has them all.
        if (texts.currentNode.data.trim() && element.checkVisibility() && !element.closest("svg")) {
            window.texts.push(texts.currentNode);
        }
    }
}"""
GONE = """() => window.texts
    .filter((text) => text.isConnected && !text.parentElement.checkVisibility())
    .map((text) => `gone: ${text.data.trim()}`)"""

STOCK = ["/admin/auth/user/", "/admin/desk/department/", "/admin/desk/department/add/"]
"""Pages of Django's own admin, of models that django-sla has no part in: a list with filters, one
with a help for its search, and a form with a select2."""

WAYS = {
    **{f"desk, {name}": ("admin", way) for name, way in DESK.items()},
    **{f"portal, {name}": ("requester", way) for name, way in PORTAL.items()},
    **{f"admin, {name}": ("admin", way) for name, way in ADMIN.items()},
}
MAIL = "admin, mail of a report"
OF_A_PAGE = ("landmark-one-main", "region")
"""What a mail need not have: it is part of the page of whoever reads it."""

REFUSALS = ("desk, dashboard that cannot be", "desk, nothing here")
"""The browser reports that these pages are no success."""


@pytest.fixture
def visit(
    visit: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Visitor]:
    """Whoever has come looks at more than visitors do by themselves, so these need not."""

    def come(user: str) -> Visitor:
        visitor = visit(user)
        monkeypatch.setattr(Visitor, "look", lambda visitor: None)
        return visitor

    return come


@pytest.fixture(scope="module")
def stock() -> Findings:
    """What axe finds on pages of Django; looked for where something is found on ours."""
    return {}


def examine(page: Page) -> tuple[Findings, list[str]]:
    """By day as wide as a desk has it, and by night at 400 %."""
    page.evaluate(OPEN)
    page.evaluate(REMEMBER)
    found, wrong = dict(findings(page)), problems(page)
    for size in (HALF, QUARTER):
        page.set_viewport_size(size)
        wrong += problems(page) + page.evaluate(GONE)
    page.emulate_media(color_scheme="dark")
    found |= findings(page, SIGHT)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    return found, wrong


@pytest.mark.parametrize("name", WAYS)
def test_axe_finds_nothing_and_nothing_is_lost(
    name: str, visit: Callable[[str], Visitor], stock: Findings
) -> None:
    user, way = WAYS[name]
    visitor = visit(user)
    go(visitor, way)
    found, wrong = examine(visitor.page)
    assert not wrong
    if found and name.startswith("admin") and not stock:
        for address in STOCK:
            visitor.page.goto(address)
            stock |= examine(visitor.page)[0]
    not_ours = {key for key in found if key in stock or (name == MAIL and key[0] in OF_A_PAGE)}
    ours = [(*key, found[key]) for key in found.keys() - not_ours]
    assert not ours, "\n\n".join("\n".join(one) for one in ours)
    if name in REFUSALS:
        visitor.trouble.clear()
