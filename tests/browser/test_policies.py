"""docs/how-to/policies-in-the-admin.md, followed step by step."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.steps import (
    NEXT_YEAR,
    begin_policy,
    condition_row,
    edit_policy,
    fill_condition,
    make_policy,
    open_ticket,
)
from tests.browser.visitor import Visitor

POLICIES = "/admin/django_sla/policy/"
ADD = f"{POLICIES}add/"
GOALS = {"All others: Response": "4h"}


def errors_beside(cell: Locator) -> Locator:
    return cell.locator("xpath=ancestor::td[1]").locator(".errorlist")


def in_list(visitor: Visitor, name: str) -> Locator:
    return visitor.page.locator("#result_list tbody tr").filter(has_text=name)


def test_a_policy_for_one_department_by_keyboard_alone(admin: Visitor) -> None:
    page, keyboard = admin.page, admin.page.keyboard

    # 1. Open the admin and click Policies. Click Add policy.
    admin.open("/admin/")
    admin.reach(admin.link("Policies"))
    admin.enter()
    admin.title("Select policy to change")
    admin.reach(admin.link("Add policy"))
    admin.enter()
    admin.title("Add policy")
    # 2. Type a Name.
    keyboard.type("Network team")
    # 3. Choose the Field Department, leave the Comparison at is, type the Value.
    admin.reach(page.get_by_label("Field").first)
    keyboard.type("Department")
    admin.reach(page.get_by_label("Value").first)
    keyboard.type("Network")
    # 4. Type how long each may take.
    for priority, goals in {
        "Urgent": ("15m", "2h"),
        "High": ("1h", "8h"),
        "All others": ("4h", "2d"),
    }.items():
        for metric, goal in zip(("Response", "Resolution"), goals, strict=True):
            admin.reach(page.get_by_label(f"{priority}: {metric}"))
            keyboard.type(goal)
    # 5. Click Save.
    admin.reach(admin.button("Save"))
    admin.enter()
    admin.told("The policy “Network team” was added successfully.")
    admin.told("It is for new tickets; open tickets keep their terms until it is applied.")

    # The message has a link.
    admin.reach(admin.link("See what would change"))
    admin.enter()
    admin.title("Apply policies to open tickets")
    expect(admin.page.get_by_label("Policy:").locator(":checked")).to_have_text("Network team")

    # New tickets of that department are promised this from now on.
    open_ticket(admin, "A cable is loose", department="Network", priority="Urgent")
    panel = page.locator(".sla-status")
    expect(panel).to_contain_text("of 15m allowed. Policy “Network team”, priority urgent.")
    expect(panel).to_contain_text("of 2h allowed.")


def test_what_is_suggested_and_what_stands_beneath_a_value(admin: Visitor) -> None:
    admin.open(ADD)
    row = condition_row(admin, 0)
    row.get_by_label("Field").select_option(label="Department")
    value = row.get_by_label("Value")
    value.click()
    suggested = row.locator("datalist option[label=Operations]")
    suggested.wait_for(state="attached")
    value.fill(suggested.get_attribute("value") or "")
    expect(row.locator(".sla-rows__note")).to_have_text("Operations")
    # A department can be compared in these ways only.
    offered = row.get_by_label("Comparison").locator("option:enabled")
    expect(offered).to_have_text(
        ["is", "is not", "is one of", "is none of", "is empty", "is not empty"]
    )


def test_a_mistake_keeps_what_was_typed(admin: Visitor) -> None:
    page = admin.page
    goals = {"Urgent: Response": "15 parsecs", "Urgent: Resolution": "4h"}
    begin_policy(admin, "Kept", goals, [("Department", "is", "No such department")])
    admin.press("Save")

    admin.title("Add policy")
    value = condition_row(admin, 0).get_by_label("Value")
    expect(value).to_have_value("No such department")
    expect(errors_beside(value)).to_contain_text("No such department")
    cell = page.get_by_label("Urgent: Response")
    expect(cell).to_have_value("15 parsecs")
    expect(cell).to_have_attribute("aria-invalid", "true")
    expect(errors_beside(cell)).to_contain_text("15 parsecs")
    other = page.get_by_label("Urgent: Resolution")
    expect(other).to_have_value("4h")
    expect(errors_beside(other)).to_have_count(0)

    fill_condition(condition_row(admin, 0), "Category", "is", "Kept")
    cell.fill("15m")
    admin.press("Save")
    admin.told("The policy “Kept” was added successfully.")


def test_conditions_that_cannot_be_met_and_goals_that_are_odd(admin: Visitor) -> None:
    page = admin.page
    goals = {"High: Response": "8h", "Low: Response": "1h"}
    begin_policy(admin, "Odd", goals, [("Category", "is", "odd"), ("Category", "is", "even")])
    admin.press("Save")
    expect(page.locator(".field-conditions .errorlist").first).to_contain_text("can")
    # To take one away, click its cross.
    condition_row(admin, 1).get_by_role("button", name="Remove").click()
    expect(condition_row(admin, 1).get_by_label("Value")).to_have_value("")
    admin.press("Save")
    admin.told("The policy “Odd” was added successfully.")
    admin.told("The goals for response are shorter for a lower priority: high 8h, low 1h.")


def test_every_condition_of_the_page(admin: Visitor) -> None:
    conditions = [
        ("Department", "is one of", 'Operations, "Paris, France"'),
        ("Requester → email address", "contains", "@example.com"),
        ("Category", "is", "network"),
        ("Priority", "is not", "low"),
        ("Assignee", "is empty", ""),
    ]
    admin.open(ADD)
    page = admin.page
    page.get_by_label("Name:").fill("Many conditions")
    for number, condition in enumerate(conditions):
        if number == 3:
            for _more in range(2):
                admin.button("Add another condition").click()
        fill_condition(condition_row(admin, number), *condition)
    expect(condition_row(admin, 4).get_by_label("Value")).to_be_disabled()
    page.get_by_label("All others: Response").fill("1d 2h 30m")
    admin.press("Save and continue editing")

    expect(condition_row(admin, 0).locator(".sla-rows__note")).to_contain_text("Paris, France")
    admin.open(POLICIES)
    row = in_list(admin, "Many conditions")
    expect(row.locator(".field-conditions .sla-list__line")).to_have_text(
        [
            "Department is one of Operations, Paris, France",
            "Requester → email address contains @example.com",
            "Category is network",
            "Priority is not Low",
            "Assignee is empty",
        ]
    )


def test_which_policy_comes_first(admin: Visitor) -> None:
    admin.open(POLICIES)
    names = admin.page.locator("#result_list .field-name")
    said = names.all_inner_texts()
    assert said.index("Broad") < said.index("Special")

    # Type other numbers under Order. Click Save, below the list.
    order = int(admin.page.get_by_label("Order: Broad").input_value())
    admin.page.get_by_label("Order: Special", exact=True).fill(str(order - 1))
    admin.press("Save")
    admin.told("1 policy was changed successfully.")
    said = names.all_inner_texts()
    assert said.index("Special") < said.index("Broad")


def test_a_policy_for_every_ticket_and_how_to_switch_it_off(admin: Visitor) -> None:
    page = admin.page
    # Far behind, so that it is not for the tickets of others.
    begin_policy(admin, "Everybody", GOALS)
    page.get_by_label("Order:").fill("9000")
    admin.press("Save")
    make_policy(admin, "Too late", GOALS, [("Category", "is", "late")])
    warning = "Never asked: “Everybody” comes before it and is for every ticket."
    admin.told(warning)
    expect(in_list(admin, "Too late").locator(".sla-list__warning")).to_have_text(warning)

    admin.follow("Everybody")
    page.get_by_label("Enabled").uncheck()
    admin.press("Save")
    expect(in_list(admin, "Too late").locator(".sla-list__warning")).to_have_count(0)
    expect(in_list(admin, "Everybody").locator(".field-in_force")).to_have_text("disabled")


def test_a_policy_for_the_rest(admin: Visitor) -> None:
    page = admin.page
    begin_policy(admin, "The rest", GOALS, [("Category", "is", "rest")])
    page.get_by_label("Fallback").check()
    admin.press("Save")
    # It has no conditions and no dates.
    expect(page.locator(".field-fallback .errorlist")).to_have_text(
        "A fallback is for every ticket; take its conditions away."
    )
    condition_row(admin, 0).get_by_role("button", name="Remove").click()
    admin.press("Save")
    admin.told("The policy “The rest” was added successfully.")

    admin.follow("Where does this come from?")
    admin.title("Where does this come from?")
    shown = page.locator(".sla-source__name")
    expect(shown.filter(has_text="The rest")).to_contain_text("database")
    expect(shown.last).to_contain_text("default")
    said = shown.all_inner_texts()
    assert "The rest" in said[-2]
    expect(page.locator(".sla-source").last).to_contain_text("Never asked")
    rest = page.locator(".sla-source").filter(has_text="The rest")
    expect(rest).to_contain_text("4h database")
    expect(rest.locator("dl")).to_contain_text("always default")

    admin.follow("The rest")
    page.get_by_label("Enabled").uncheck()
    admin.press("Save")


def test_what_the_settings_say_and_from_a_date_on(admin: Visitor) -> None:
    page = admin.page
    begin_policy(admin, "Next winter", GOALS, [("Category", "is", "winter")])
    # What the settings say stands in the empty field.
    expect(page.get_by_label("Calendar:").locator(":checked")).to_contain_text("always")
    expect(page.get_by_label("At risk from:")).to_have_attribute("placeholder", "75")
    expect(page.get_by_label("Reopening:").locator(":checked")).to_contain_text("goes on")
    start = page.locator(".field-effective_from")
    start.get_by_label("Date:").fill(f"{NEXT_YEAR}-12-01")
    start.get_by_label("Time:").fill("00:00")
    admin.press("Save")
    expect(in_list(admin, "Next winter").locator(".field-in_force")).to_contain_text("from")
    admin.follow("Where does this come from?")
    expect(page.locator(".sla-source").filter(has_text="Next winter")).to_contain_text("not now")


def test_a_policy_like_another(admin: Visitor) -> None:
    admin.open(POLICIES)
    admin.follow("Special")
    admin.page.get_by_label("Name:").fill("Special, but faster")
    admin.page.get_by_label("All others: Resolution").fill("1h")
    admin.press("Save as new")
    admin.open(POLICIES)
    for name, goal in (("Special, but faster", "Resolution 1h"), ("Special", "Resolution 8h")):
        row = admin.page.get_by_role("row").filter(has=admin.link(name))
        expect(row.locator(".field-goal_ranges")).to_have_text(goal)
        expect(row.locator(".field-conditions")).to_contain_text("Category is Special")


def test_who_changed_what_and_for_some_from_where(
    admin: Visitor, visit: Callable[[str], Visitor]
) -> None:
    edit_policy(admin, "Edited", "4h")
    admin.follow("Edited")
    admin.follow("History")
    history = admin.page.locator("#change-history")
    expect(history.get_by_role("row")).to_have_count(3)
    changed = history.get_by_role("row").nth(1)
    expect(changed).to_contain_text("admin")
    expect(changed.locator(".sla-changes")).to_have_text(
        re.compile("Goals: All others, Resolution 8h .*4h")
    )
    expect(changed).to_contain_text("127.0.0.1")

    editor = visit("editor")
    editor.open(admin.page.url)
    history = editor.page.locator("#change-history")
    expect(history.get_by_role("row").nth(1)).to_contain_text("Goals: All others, Resolution")
    expect(history).not_to_contain_text("127.0.0.1")
    # Click a date to look at the policy as it was then, and Revert to bring it back.
    editor.click(history.get_by_role("row").nth(2).get_by_role("link").first)
    expect(editor.page.get_by_label("All others: Resolution")).to_have_value("8h")
    editor.press("Revert")
    row = editor.page.get_by_role("row").filter(has=editor.link("Edited"))
    expect(row.locator(".field-goal_ranges")).to_have_text("Resolution 8h")


def test_who_may_only_look_reads_it_in_words(visit: Callable[[str], Visitor]) -> None:
    reader = visit("reader")
    reader.open("/admin/")
    reader.follow("Policies")
    expect(reader.page.get_by_label("Order: Read")).to_have_count(0)
    expect(reader.link("Add policy")).to_have_count(0)
    reader.follow("Read")
    content = reader.page.locator("#content")
    expect(content).to_contain_text("Category is Read")
    expect(content.get_by_role("row", name="All others")).to_contain_text("8h")
    expect(content).to_contain_text("As the settings say: always")
    expect(content.locator("input:visible, select:visible")).to_have_count(0)
    reader.open(f"{POLICIES}sources/")
    assert reader.is_refused(ADD)
    assert reader.is_refused("/admin/django_sla/recalculation/add/")
