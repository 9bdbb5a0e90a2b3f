"""Names that somebody chose to do harm, or that are merely unusual."""

from playwright.sync_api import expect

from tests.browser.steps import (
    HOSTILE,
    begin_policy,
    condition_row,
    edit_policy,
    in_a_month,
    open_ticket,
)
from tests.browser.visitor import Visitor

LONG = "Donaudampfschifffahrtsgesellschaft" * 2
"""One word, wider than a phone."""


def test_hostile_names_are_text(admin: Visitor) -> None:
    admin.measured = set()  # of these pages all
    page = admin.page
    content = page.locator("#content")
    both = f"{HOSTILE} {LONG}"

    # A calendar
    admin.open("/admin/django_sla/calendar/add/")
    page.get_by_label("Name:", exact=True).fill(LONG)
    page.locator("#holidays-group").get_by_label("Date").first.fill(in_a_month())
    page.locator("#holidays-group").get_by_label("Name").first.fill(both)
    admin.press("Save and continue editing")
    expect(page.locator(".sla-week__coming")).to_contain_text(both)
    admin.open("/admin/django_sla/calendar/")
    expect(content).to_contain_text(both)

    # A policy
    goals = {"All others: Resolution": "8h"}
    conditions = [("Department", "is", HOSTILE), ("Title", "contains", LONG)]
    begin_policy(admin, HOSTILE, goals, conditions)
    suggested = condition_row(admin, 0).locator("datalist option")
    expect(suggested.last).to_have_attribute("label", HOSTILE)
    page.get_by_label("Calendar:").select_option(label=LONG)
    admin.press("Save")
    named = page.get_by_role("link", name=HOSTILE, exact=True)
    row = content.get_by_role("row").filter(has=named)
    expect(row).to_contain_text(f"Department is {HOSTILE}")
    admin.open("/admin/django_sla/policy/sources/")
    expect(page.locator(".sla-source").filter(has_text=HOSTILE).first).to_be_visible()

    # A ticket
    open_ticket(admin, both, department=HOSTILE)
    expect(content.get_by_role("heading", level=2).first).to_contain_text(HOSTILE)
    ticket = page.url
    page.get_by_text("Which policies were asked").click()
    expect(page.locator(".sla-policy")).to_contain_text(f"Policy {HOSTILE}")

    # What would change
    edit_policy(admin, HOSTILE, "1h")
    admin.follow("See what would change")
    admin.button("See what would change").click()
    admin.arrive("What would change")
    expect(page.locator(".sla-facts")).to_contain_text(HOSTILE)
    expect(page.locator(".sla-moves")).to_contain_text(HOSTILE)
    admin.open("/admin/django_sla/recalculation/")
    expect(content).to_contain_text(HOSTILE)
    admin.open("/admin/django_sla/policy/")
    admin.follow(HOSTILE)
    admin.follow("History")
    expect(content).to_contain_text(HOSTILE)

    # A reason
    admin.open(ticket)
    admin.follow("Put on hold…")
    page.get_by_label("Reason:").fill(f"{both}\n{both}")
    admin.press("Put on hold")
    admin.told(HOSTILE)
    expect(page.locator(".sla-hold")).to_contain_text(HOSTILE)
    admin.follow("History")
    expect(content).to_contain_text(HOSTILE)
    admin.open("/")
