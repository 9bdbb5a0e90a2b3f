"""docs/how-to/escalations.md, followed step by step."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.steps import begin_policy, make_policy, table_row
from tests.browser.visitor import Visitor

ADD = "/admin/django_sla/policy/add/"
GOALS = {"All others: Resolution": "8h"}


def row(visitor: Visitor, number: int) -> Locator:
    return table_row(visitor, "escalations", number)


def change(visitor: Visitor, policy: str) -> None:
    """Go to its page."""
    visitor.open("/admin/django_sla/policy/")
    visitor.follow(policy)


def lines(visitor: Visitor, policy: str) -> Locator:
    """What the page that says where policies come from has of its escalations."""
    visitor.open("/admin/django_sla/policy/sources/")
    shown = visitor.page.locator(".sla-source").filter(has=visitor.link(policy))
    heading = visitor.page.get_by_text("Escalations", exact=True)
    return shown.locator("dl > div", has=heading).locator("dd")


def test_people_are_told_by_keyboard_alone(admin: Visitor) -> None:
    page, keyboard = admin.page, admin.page.keyboard
    make_policy(admin, "Told", GOALS, [("Category", "is", "told")])

    # 1. Open the admin, click Policies, and click the name of one.
    admin.open("/admin/")
    admin.follow("Policies")
    admin.follow("Told")
    # 2. Tick On in the first row. Under Whom stands assignee.
    admin.reach(row(admin, 0).get_by_label("On"))
    keyboard.press("Space")
    expect(row(admin, 0).get_by_label("When")).to_have_value("at_risk")
    expect(row(admin, 0).get_by_label("Whom")).to_have_value("assignee")
    # 3. Fill in the empty row.
    admin.reach(row(admin, 2).get_by_label("When"))
    keyboard.type("after")
    admin.reach(row(admin, 2).get_by_label("How much"))
    keyboard.type("1h")
    admin.reach(row(admin, 2).get_by_label("Whom"))
    keyboard.type("ops@example.com")
    # 4. Click Save.
    admin.reach(admin.button("Save"))
    admin.enter()
    admin.told("The policy “Told” was changed successfully.")

    # Where does this come from?
    expect(lines(admin, "Told")).to_have_text(
        [
            "Any metric, when at risk: email to assignee",
            "Any metric, 1h after it was due: email to ops@example.com",
            "Any metric, when due: email to assignee, lead (off) database",
        ]
    )
    page.get_by_role("link", name="Told").click()
    admin.follow("History")
    expect(page.locator("#content-main")).to_contain_text(
        "Escalations: Any metric, when at risk: email to assignee"
    )


def test_who_is_known_is_suggested(admin: Visitor) -> None:
    admin.open(ADD)
    whom = row(admin, 0).get_by_label("Whom")
    whom.fill("assignee, le")
    suggested = row(admin, 0).locator("datalist option[label=lead]")
    suggested.wait_for(state="attached")
    whom.fill(suggested.get_attribute("value") or "")
    expect(whom).to_have_value("assignee, lead")


def test_how_much_is_asked_where_there_is_something_to_say(admin: Visitor) -> None:
    admin.open(ADD)
    when, amount = (row(admin, 0).get_by_label(label) for label in ("When", "How much"))
    expect(amount).to_be_disabled()
    when.select_option(label="at a percentage")
    expect(amount).to_be_enabled()
    expect(amount).to_have_attribute("placeholder", "80")
    amount.fill("70")
    # What was typed and does not fit is not taken away.
    when.select_option(label="when due")
    expect(amount).to_be_enabled()


def test_a_mistake_keeps_what_was_typed(admin: Visitor) -> None:
    begin_policy(admin, "Mistaken", GOALS, [("Category", "is", "mistaken")])
    first, second = row(admin, 0), row(admin, 1)
    first.get_by_label("On").check()
    first.get_by_label("Whom").fill("assignee, the boss")
    second.get_by_label("When").select_option(label="before it is due")
    second.get_by_label("How much").fill("soon")
    admin.press("Save")
    admin.title("Add policy")
    expect(first.locator(".field-to .errorlist")).to_have_text(
        "Nobody knows “the boss”. There is assignee, lead, a group such as group:Managers, "
        "or an address."
    )
    expect(first.get_by_label("Whom")).to_have_value("assignee, the boss")
    expect(second.locator(".field-amount .errorlist")).to_have_text(
        "Give a time such as 30m or 1h."
    )
    expect(second.get_by_label("How much")).to_have_value("soon")
    first.get_by_label("Whom").fill("assignee")
    second.get_by_role("button", name="Remove").click()
    admin.press("Save")
    admin.told("The policy “Mistaken” was added successfully.")
    change(admin, "Mistaken")
    expect(row(admin, 0).get_by_label("Whom")).to_have_value("assignee")
    expect(row(admin, 1).get_by_label("Whom")).to_have_value("")


def test_as_the_settings_say(admin: Visitor) -> None:
    page = admin.page
    begin_policy(admin, "Unsaid", GOALS, [("Category", "is", "unsaid")])
    box = page.get_by_label("As the settings say: nobody is told")
    expect(row(admin, 0)).to_be_visible()
    box.check()
    expect(row(admin, 0)).to_be_hidden()
    admin.press("Save")
    expect(lines(admin, "Unsaid").last).to_contain_text("default")

    change(admin, "Unsaid")
    expect(box).to_be_checked()
    box.uncheck()
    # To take one away, click its cross. A policy without a row tells nobody.
    for _row in range(2):
        row(admin, 0).get_by_role("button", name="Remove").click()
    admin.press("Save")
    expect(lines(admin, "Unsaid")).to_have_text("nobody is told database")


def test_without_scripts_an_emptied_row_is_removed(visit: Callable[..., Visitor]) -> None:
    admin = visit("admin", java_script_enabled=False)
    begin_policy(admin, "Plain", GOALS, [("Category", "is", "plain")])
    row(admin, 0).get_by_label("On").check()
    row(admin, 1).get_by_label("When").select_option(label="---------")
    row(admin, 1).get_by_label("Whom").fill("")
    admin.press("Save")
    expect(lines(admin, "Plain")).to_have_text(
        "Any metric, when at risk: email to assignee database"
    )


def test_who_may_only_look_reads_them(admin: Visitor, visit: Callable[..., Visitor]) -> None:
    make_policy(admin, "Looked at", GOALS, [("Category", "is", "looked at")])
    reader = visit("reader")
    change(reader, "Looked at")
    expect(reader.page.locator(".field-escalations_in_words .sla-list__line")).to_have_text(
        [
            "Any metric, when at risk: email to assignee (off)",
            "Any metric, when due: email to assignee, lead (off)",
        ]
    )
