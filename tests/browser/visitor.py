"""Somebody in front of a browser, who looks over every page that they come to."""

import os
import re
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

SHOTS = os.environ.get("SLA_SHOTS")
"""A folder for pictures of every page, where somebody wants to look at them."""

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
FORBIDDEN = 403
MANY = 80
"""More presses of the Tab key than anybody has the patience for."""

MILLISECONDS = 30_000
"""After which nothing is waited for any longer."""

expect.set_options(timeout=MILLISECONDS)

UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea")]
    .filter((field) => !["hidden", "submit", "button"].includes(field.type))
    .filter((field) => field.checkVisibility())
    .filter((field) => ![...field.labels].some((label) =>
        label.textContent.trim() || label.querySelector("img[alt]")))
    .filter((field) => !field.ariaLabel && !field.ariaLabelledByElements?.length)
    .map((field) => field.outerHTML)"""

KIND = """() => [
    location.pathname.replace(/[0-9]+/g, ""),
    document.querySelector("#content h1")?.textContent,
    document.querySelector(".errorlist") !== null,
].join()"""

TOO_WIDE = """() => {
    const {clientWidth: width, scrollWidth} = document.documentElement;
    const sticksOut = (element) => element.getBoundingClientRect().right > width;
    return scrollWidth === width ? [] : [...document.querySelectorAll("body *")]
        .filter((element) => sticksOut(element) && ![...element.children].some(sticksOut))
        .map((element) => element.outerHTML.slice(0, 200));
}"""


class Visitor:
    measured: ClassVar[set[str]] = set()
    """Kinds of pages that are known not to be wider than a phone: resizing takes long."""

    errand = ""
    """What they came for: the name of the test."""

    def __init__(self, context: BrowserContext, page: Page | None = None):
        self.trouble: list[str] = []
        self.seen = 0
        self.page = page or context.new_page()
        self.page.set_viewport_size(DESKTOP)
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))

    # Going somewhere

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def is_refused(self, path: str) -> bool:
        return self.page.request.get(path).status == FORBIDDEN

    def click(self, what: Locator) -> None:
        """What leads to another page."""
        with self.page.expect_navigation():
            what.click()
        self.look()

    def click_for_tab(self, what: Locator) -> "Visitor":
        """What leads to another tab: whoever is in front of that one."""
        context = self.page.context
        context.on("console", self._said)  # from its beginning on
        with self.page.expect_popup() as opened:
            what.click()
        tab = Visitor(context, opened.value)
        tab.errand = f"{self.errand} tab"
        tab.page.wait_for_load_state()
        tab.look()
        context.remove_listener("console", self._said)
        return tab

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True).first

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def follow(self, link: str) -> None:
        self.click(self.link(link))

    def press(self, button: str) -> None:
        self.click(self.button(button))

    def reach(self, wanted: Locator) -> None:
        """By the Tab key alone."""
        for _press in range(MANY):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"The Tab key does not lead to {wanted}")

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def log_in(self, user: str) -> None:
        self.open("/login/")
        self.page.get_by_label("Username").fill(user)
        self.page.get_by_label("Password").fill(user)
        self.press("Log in")

    # Looking at it

    def arrive(self, title: str) -> None:
        """Wait for a page that goes on by itself, until it has this title."""
        self.title(title)
        self.page.wait_for_load_state()
        self.look()

    def title(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1).last).to_have_text(text)

    def told(self, text: str) -> None:
        """By a message at the top of the page."""
        expect(self.page.locator(".messagelist")).to_contain_text(text)

    def look(self) -> None:
        """
        Raises:
            AssertionError: an input has no label, or the page is wider than a phone.
        """
        where = self.page.url
        self.seen += 1
        assert not (inputs := self.page.evaluate(UNLABELLED)), f"{where}: unlabelled {inputs}"
        self._photograph("desktop")
        if (kind := self.page.evaluate(KIND)) not in self.measured:
            self.measured.add(kind)
            self.page.set_viewport_size(PHONE)
            assert not (wide := self.page.evaluate(TOO_WIDE)), f"{where}: wider than a phone {wide}"
            self._photograph("phone")
            self.page.set_viewport_size(DESKTOP)

    def _photograph(self, where: str) -> None:
        if not SHOTS:
            return
        title = self.page.title().split("|")[0]
        name = re.sub(r"\W+", "-", f"{self.errand} {self.seen:02} {title} {where}")
        for colours in ("dark", "light"):
            self.page.emulate_media(color_scheme=colours)
            path = Path(SHOTS) / f"{name}-{colours}.png"
            # Links and buttons change their colour gradually.
            self.page.screenshot(path=path, full_page=True, animations="disabled")

    def leave(self) -> None:
        """
        Raises:
            AssertionError: a page had an error in its console or broke its security policy, asked
                for what was not there, or opened a dialog.
        """
        self.page.unroute_all()
        self.page.set_viewport_size(DESKTOP)
        trouble, self.trouble = self.trouble, []
        self.seen = 0
        assert not trouble, "\n".join(trouble)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"{self.page.url}: {message.text}")
