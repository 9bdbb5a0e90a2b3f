"""Somebody in front of a browser, who looks over every page that they come to."""

import os
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Response, expect

SHOTS = os.environ.get("SLA_SHOTS")
"""A folder for pictures of every page, where somebody wants to look at them."""

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea")]
    .filter((field) => !["hidden", "submit", "button"].includes(field.type))
    .filter((field) => field.checkVisibility())
    .filter((field) => ![...field.labels].some((label) =>
        label.textContent.trim() || label.querySelector("img[alt]")))
    .filter((field) => !field.ariaLabel && !field.ariaLabelledByElements?.length)
    .map((field) => field.outerHTML)"""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visitor:
    def __init__(self, context: BrowserContext, name: str):
        self.context, self.name = context, name
        self.trouble: list[str] = []
        self.seen = 0
        self.page = context.new_page()
        self.page.set_viewport_size(DESKTOP)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))
        self.page.on("response", self._answered)

    # Going somewhere

    def open(self, path: str, status: int = 200) -> None:
        response = self.page.goto(path)
        assert response is not None
        assert response.status == status, f"{path}: {response.status}"
        self.look()

    def click(self, what: Locator) -> None:
        """What leads to another page."""
        with self.page.expect_navigation():
            what.click()
        self.look()

    def follow(self, link: str) -> None:
        self.click(self.page.get_by_role("link", name=link, exact=True).first)

    def press(self, button: str) -> None:
        self.click(self.page.get_by_role("button", name=button, exact=True))

    def log_in(self, user: str) -> None:
        self.open("/login/")
        self.page.get_by_label("Username").fill(user)
        self.page.get_by_label("Password").fill(user)
        self.press("Log in")

    # Looking at it

    def look(self) -> None:
        """
        Raises:
            AssertionError: an input has no label, or the page is wider than a phone.
        """
        where = self.page.url
        self.seen += 1
        assert not (inputs := self.page.evaluate(UNLABELLED)), (where, inputs)
        self._photograph("light")
        self.page.set_viewport_size(PHONE)
        assert (by := self.page.evaluate(OVERFLOW)) == 0, f"{where} is {by} px wider than a phone"
        self._photograph("phone")
        self.page.set_viewport_size(DESKTOP)

    def _photograph(self, how: str) -> None:
        if SHOTS:
            title = self.page.title().split("|")[0]
            name = re.sub(r"\W+", "-", f"{self.name} {self.seen:02} {title} {how}")
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)

    def had_no_trouble(self) -> None:
        """
        Raises:
            AssertionError: a page had an error in its console or broke its security policy, asked
                for what was not there, or opened a dialog.
        """
        assert not self.trouble, "\n".join(self.trouble)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"{self.page.url}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble.append(f"{response.url}: {response.status}")
