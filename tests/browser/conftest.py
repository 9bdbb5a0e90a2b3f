"""A real Chromium in front of the example project, which its own server serves."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitor import Visitor
from tests.example.desk import Desk

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("browser")


# While Playwright runs, its event loop keeps Django's database from other tests of this process.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"No Chromium at {CHROMIUM}: install it, or set CHROMIUM to where it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("browser") / "desk.sqlite3")
    desk.manage("migrate", "--verbosity", 0)
    desk.manage("seed_desk", "--tickets", 24)
    desk.manage("shell", "--verbosity", 0, "-c", "import tests.browser.prepare")
    return desk


@pytest.fixture(scope="session")
def address(desk: Desk) -> Iterator[str]:
    with desk.served() as address:
        yield address


@pytest.fixture(scope="package")
def visitors(chromium: Browser) -> dict[str, Visitor]:
    """Those who have logged in, by name. Their pages stay: to open one takes long."""
    return {}


@pytest.fixture
def visit(
    chromium: Browser, address: str, visitors: dict[str, Visitor], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visitor]]:
    """``visit("admin")`` is that user in front of a browser. More arguments are those of
    Playwright's ``new_context``."""
    with ExitStack() as visits:

        def visit(user: str, **options: Any) -> Visitor:
            if user not in visitors:
                visitors[user] = Visitor(chromium.new_context(base_url=address))
                visitors[user].log_in(user)
            visitor = visitors[user]
            if options:
                cookies = visitor.page.context.storage_state()
                context = chromium.new_context(base_url=address, storage_state=cookies, **options)
                visitor = Visitor(visits.enter_context(context))
            visitor.errand = request.node.name
            visits.callback(visitor.leave)
            return visitor

        yield visit


@pytest.fixture
def admin(visit: Callable[..., Visitor]) -> Visitor:
    return visit("admin")
