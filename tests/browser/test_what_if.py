"""As in docs/how-to/what-if.md: what another policy would have meant, and goals from history."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.steps import HOSTILE, begin_policy
from tests.browser.visitor import Visitor

LINK = "Suggest goals…"
NAME = f"If {HOSTILE}"


def ask(visitor: Visitor) -> Visitor:
    """Whoever looks at the answer."""
    tab = visitor.click_for_tab(visitor.button("What if…"))
    tab.title("What if…")
    return tab


def test_what_if_and_nothing_is_saved(admin: Visitor) -> None:
    conditions = [("Title", "contains", "<script>")]
    begin_policy(admin, NAME, {"All others: Resolution": "1m"}, conditions)
    tab = ask(admin)
    content = tab.page.locator("#content")
    expect(content).to_contain_text(f"as if “{NAME}” had been in force")
    expect(content.locator(".sla-figures li").first).to_contain_text("tickets looked at")
    for title in ("In total", "Priority", "Department"):
        expect(content.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(content.get_by_role("rowheader", name=HOSTILE).first).to_be_visible()
    tab.leave()
    tab.page.close()
    # Change the form further and ask again.
    admin.page.get_by_label("All others: Resolution").fill("never")
    tab = ask(admin)
    expect(tab.page.locator(".errornote")).to_contain_text("not valid")
    tab.leave()
    tab.page.close()
    admin.open("/admin/django_sla/policy/")
    expect(admin.page.locator("#result_list")).not_to_contain_text(NAME)


def test_goals_from_history_come_into_the_form(admin: Visitor) -> None:
    page = admin.page
    begin_policy(admin, NAME, {"All others: Resolution": "7h"})
    admin.press(LINK)
    admin.title("Suggested goals")
    page.get_by_label("Opened").select_option(label="Last 90 days")
    admin.press("Show")
    expect(page.get_by_label("Opened").locator(":checked")).to_have_text("Last 90 days")
    row = page.get_by_role("row").filter(has_text="Resolution").first
    priority = row.get_by_role("rowheader").inner_text()
    goal = row.locator("[data-label='90 %'] b").inner_text()
    expect(row.locator("[data-label='90 %']")).to_have_text(re.compile(r"met by (9|100)"))
    admin.press("Those for 90 %")
    admin.told("Nothing is saved yet")
    expect(page.get_by_label("Name:")).to_have_value(NAME)
    expect(page.get_by_label(f"{priority}: Resolution")).to_have_value(goal)
    expect(page.get_by_label("All others: Resolution")).to_have_value("7h")
    admin.press(LINK)
    admin.press("Back to the form as it was")
    expect(page.get_by_label(f"{priority}: Resolution")).to_have_value(goal)


def test_who_may_only_look_is_not_asked(visit: Callable[[str], Visitor]) -> None:
    reader = visit("reader")
    reader.open("/admin/django_sla/policy/")
    reader.follow("Read")
    expect(reader.button("What if…")).to_have_count(0)
    expect(reader.button(LINK)).to_have_count(0)
