"""What the how-to pages tell people to do in the admin, for those tests that only begin there."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator

from tests.browser.visitor import Visitor

NEXT_YEAR = datetime.now(UTC).year + 1

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 }} %s \u202eעב"""
"""A name, no longer than that of a department may be. Its end is written from right to left."""

DEPARTMENTS = ["Network", "Operations", "Paris, France", HOSTILE]
"""Those that are there besides the invented ones."""


def begin_policy(
    visitor: Visitor,
    name: str,
    goals: dict[str, str],
    conditions: Iterable[tuple[str, str, str]] = (),
) -> None:
    """Fill in the form of a new one.

    Args:
        goals: such as ``{"Urgent: Response": "15m"}``.
        conditions: field, comparison and value of each.
    """
    visitor.open("/admin/django_sla/policy/add/")
    visitor.page.get_by_label("Name:").fill(name)
    for number, condition in enumerate(conditions):
        fill_condition(condition_row(visitor, number), *condition)
    for cell, goal in goals.items():
        visitor.page.get_by_label(cell).fill(goal)


def make_policy(visitor: Visitor, name: str, *more: Any) -> None:
    begin_policy(visitor, name, *more)
    visitor.press("Save")
    visitor.told(f"“{name}” was added successfully.")


def table_row(visitor: Visitor, table: str, number: int) -> Locator:
    return visitor.page.locator(f"#{table}-group tr.form-row:not(.empty-form)").nth(number)


def condition_row(visitor: Visitor, number: int) -> Locator:
    return table_row(visitor, "conditions", number)


def fill_condition(row: Locator, field: str, comparison: str, value: str = "") -> None:
    row.get_by_label("Field").select_option(label=field)
    row.get_by_label("Comparison").select_option(label=comparison)
    if value:
        row.get_by_label("Value").fill(value)


def open_ticket(visitor: Visitor, title: str, **fields: str) -> None:
    """On the pages of the desk, and go on to the admin."""
    visitor.open("/tickets/new/")
    visitor.page.get_by_label("Title").fill(title)
    for label, choice in fields.items():
        visitor.page.get_by_label(label.capitalize()).select_option(label=choice)
    visitor.press("Open ticket")
    visitor.follow("Open in admin")


def edit_policy(visitor: Visitor, name: str, goal: str) -> None:
    """Its resolution."""
    visitor.open("/admin/django_sla/policy/")
    visitor.follow(name)
    visitor.page.get_by_label("All others: Resolution").fill(goal)
    visitor.press("Save")


def find_ticket(visitor: Visitor, title: str) -> None:
    """Its page in the admin."""
    visitor.open(f"/admin/desk/ticket/?q={title}")
    visitor.click(visitor.page.locator("#result_list tbody th a").first)


def set_target(visitor: Visitor, reason: str) -> None:
    """For the resolution, in a month; begins and ends at the page of a ticket in the admin."""
    visitor.follow("Set target…")
    page = visitor.page
    page.get_by_role("radio", name="Resolution").check()
    page.get_by_label("Date:").fill(in_a_month())
    page.get_by_label("Time:").fill("12:00")
    page.get_by_label("Reason:").fill(reason)
    visitor.press("Set a target")


def in_a_month() -> str:
    """A date as people type it."""
    return f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
