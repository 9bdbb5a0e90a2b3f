"""A real Chromium in front of the example project, which its own server serves."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.steps import DEPARTMENTS
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

PERMISSIONS = {
    "reader": ["view_policy", "view_calendar", "view_ticket"],
    "editor": ["view_policy", "change_policy", "view_calendar", "change_calendar"],
    "handler": ["view_ticket", "change_ticket"],
    "excuser": ["view_ticket", "waive_breach"],
}
"""Users of the admin, each with their name for a password, and what they may do there."""

PREPARE = f"""
from desk.models import Department
from django.contrib.auth.models import Permission, User
for name in {DEPARTMENTS}:
    Department.objects.create(name=name)
for name, codenames in {PERMISSIONS}.items():
    user = User.objects.create_user(name, password=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
"""


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
    desk.manage("shell", "-c", PREPARE)
    return desk


@pytest.fixture(scope="session")
def address(desk: Desk) -> Iterator[str]:
    with desk.served() as address:
        yield address


@pytest.fixture(scope="package")
def windows(chromium: Browser) -> dict[str, BrowserContext]:
    """Of users who have logged in, by name."""
    return {}


@pytest.fixture
def visit(
    chromium: Browser,
    address: str,
    windows: dict[str, BrowserContext],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Visitor]]:
    """``visit("admin")`` is that user with a new page before them. More arguments are those of
    Playwright's ``new_context``."""
    with ExitStack() as pages:

        def sit_down(context: BrowserContext) -> Visitor:
            visitor = Visitor(context, request.node.name)
            pages.callback(visitor.leave)
            return visitor

        def visit(user: str, **options: Any) -> Visitor:
            if user not in windows:
                windows[user] = chromium.new_context(base_url=address)
                sit_down(windows[user]).log_in(user)
            if not options:
                return sit_down(windows[user])
            cookies = windows[user].storage_state()
            own = chromium.new_context(base_url=address, storage_state=cookies, **options)
            return sit_down(pages.enter_context(own))

        yield visit


@pytest.fixture
def admin(visit: Callable[..., Visitor]) -> Visitor:
    return visit("admin")
