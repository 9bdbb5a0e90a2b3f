"""docs/how-to/apply-edits.md, followed step by step."""

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from django_sla.admin.recalculations import SECONDS
from tests.browser.steps import in_a_month, in_the_admin, make_policy, open_ticket
from tests.browser.visitor import Visitor
from tests.example.desk import Desk

RUNS = "/admin/django_sla/recalculation/"


def edited(visitor: Visitor, name: str, *, tickets: int, goal: str) -> list[str]:
    """A policy of that name for so many open tickets, then with another goal; the numbers of the
    tickets."""
    first = {"All others: Resolution": "8h"}
    make_policy(visitor, name, first, [("Category", "is", name)])
    numbers = [open_ticket(visitor, f"{name} {number}", category=name) for number in range(tickets)]
    visitor.open("/admin/django_sla/policy/")
    visitor.follow(name)
    visitor.page.get_by_label("All others: Resolution").fill(goal)
    visitor.press("Save")
    return numbers


def figures(visitor: Visitor) -> dict[str, str]:
    """What the page says of the tickets, by what each figure is called."""
    said = visitor.page.locator(".sla-figures li").all_inner_texts()
    return {name.strip(): number for number, name in (text.split(maxsplit=1) for text in said)}


def test_an_edit_is_applied_to_open_tickets(admin: Visitor) -> None:
    page = admin.page
    numbers = edited(admin, "Faster", tickets=2, goal="4h")
    # 1. A message says how many open tickets keep their terms. Follow See what would change in it.
    admin.told("New tickets get the new terms. 2 open tickets keep theirs.")
    row = page.get_by_role("row").filter(has=admin.link("Faster"))
    expect(row.locator(".field-old_terms a")).to_have_text("2")
    admin.follow("See what would change")
    # 2. Choose which tickets to look at, and press See what would change.
    expect(page.get_by_label("Policy:").locator(":checked")).to_have_text("Faster")
    admin.button("See what would change").click()
    # 3. Wait until it has looked at all of them.
    admin.arrive("What would change")
    # 4. Read what it found. Nothing has been changed yet.
    found = figures(admin)
    assert found["would get other terms"] == "2"
    assert found["with an earlier deadline"] == "2"
    assert found["with a later deadline"] == found["newly breached"] == "0"
    moves = page.locator(".sla-moves tbody tr")
    expect(moves).to_have_count(2)
    expect(moves.first).to_contain_text("4h earlier")
    expect(moves.first.get_by_role("link")).to_contain_text("Faster")
    # 5. Say why under Reason, and press Apply to … tickets.
    admin.press("Apply to 2 tickets")
    expect(page.locator(".field-reason .errorlist")).to_have_text("This field is required.")
    page.get_by_label("Reason:").fill("New contract")
    admin.button("Apply to 2 tickets").click()
    admin.arrive("Applied to open tickets")
    assert figures(admin)["got other terms"] == "2"
    expect(page.locator(".sla-facts")).to_contain_text("New contract")

    # An entry in the timeline, and one in the changelog, with name, address and reason.
    in_the_admin(admin, numbers[0])
    expect(page.locator(".sla-status")).to_contain_text("of 4h allowed. Policy “Faster”")
    step = page.locator(".sla-timeline__step").last
    for said in ("Terms changed", "New contract", "Robin Admin"):
        expect(step).to_contain_text(said)
    admin.open(f"/tickets/{numbers[1]}/")
    change = page.locator(".ticket__log").get_by_role("row").filter(has_text="New contract")
    for said in ("Robin Admin", "127.0.0.1"):
        expect(change).to_contain_text(said)

    admin.open(RUNS)
    run = page.get_by_role("row").filter(has_text="Faster")
    expect(run).to_contain_text("New contract")


def test_the_page_is_left_and_come_back_to(admin: Visitor, desk: Desk) -> None:
    page = admin.page
    (number,) = edited(admin, "Interrupted", tickets=1, goal="12h")
    admin.follow("See what would change")
    # The page is left before it has an answer, here and once more below.
    page.route(re.compile("/recalculation/[0-9]+/"), unanswered)
    admin.press("See what would change")
    admin.title("Looking at what would change")
    expect(page.get_by_role("progressbar", name="Looking")).to_have_attribute("value", "0")
    expect(admin.button("Go on")).to_be_hidden()

    # Recalculations has it.
    admin.open("/admin/")
    page.unroute_all()
    admin.follow("Recalculations")
    run = page.get_by_role("row").filter(has_text="Interrupted")
    expect(run).to_contain_text("previewing")
    run.get_by_role("link").first.click()
    admin.arrive("What would change")
    assert figures(admin)["with a later deadline"] == "1"

    # So slow that the first answer comes before the work is done.
    page.route(re.compile("/recalculation/[0-9]+/"), unanswered)
    page.get_by_label("Reason:").fill("Agreed in May")
    with page.expect_navigation():
        with desk.busy():
            admin.button("Apply to 1 ticket").click(no_wait_after=True)
            page.wait_for_timeout(SECONDS * 1000)
    admin.title("Applying to open tickets")
    expect(page.get_by_role("progressbar", name="Applying")).to_have_attribute("value", "99")
    path = page.url
    admin.open("/admin/")
    page.unroute_all()
    page.goto(path)
    admin.arrive("Applied to open tickets")
    assert figures(admin)["got other terms"] == "1"
    in_the_admin(admin, number)
    expect(page.locator(".sla-timeline")).to_contain_text("Agreed in May")
    expect(page.locator(".sla-timeline__step--terms_changed")).to_have_count(1)


def unanswered(route: Route) -> None:
    """What the script posts; the pages themselves come."""
    if route.request.method == "GET" or route.request.is_navigation_request():
        route.continue_()


def test_the_same_without_scripts(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", java_script_enabled=False)
    page = visitor.page
    (number,) = edited(visitor, "By hand", tickets=1, goal="4h")
    visitor.told("1 open ticket keeps its own.")
    visitor.follow("See what would change")
    visitor.press("See what would change")
    visitor.title("Looking at what would change")
    visitor.press("Go on")
    visitor.title("What would change")
    assert figures(visitor)["with an earlier deadline"] == "1"
    page.get_by_label("Reason:").fill("Without scripts")
    visitor.press("Apply to 1 ticket")
    visitor.title("Applied to open tickets")
    visitor.told("1 ticket has new terms.")
    in_the_admin(visitor, number)
    expect(page.locator(".sla-timeline")).to_contain_text("Without scripts")


def test_what_was_edited_since_is_not_applied(admin: Visitor) -> None:
    page = admin.page
    edited(admin, "Twice", tickets=1, goal="4h")
    admin.follow("See what would change")
    admin.button("See what would change").click()
    admin.arrive("What would change")
    look = page.url
    admin.open("/admin/django_sla/policy/")
    admin.follow("Twice")
    page.get_by_label("All others: Resolution").fill("2h")
    admin.press("Save")
    admin.open(look)
    page.get_by_label("Reason:").fill("Too late")
    admin.press("Apply to 1 ticket")
    expect(page.locator(".messagelist .error")).to_contain_text("look again")
    # Nothing has been applied.
    admin.title("What would change")


def test_who_may_edit_but_not_apply(admin: Visitor, visit: Callable[[str], Visitor]) -> None:
    edited(admin, "Not applied", tickets=1, goal="4h")
    editor = visit("editor")
    editor.open("/admin/django_sla/policy/")
    editor.follow("Not applied")
    editor.page.get_by_label("All others: Resolution").fill("3h")
    editor.press("Save")
    editor.told("New tickets get the new terms. 1 open ticket keeps its own.")
    expect(editor.link("See what would change")).to_have_count(0)
    editor.open(f"{RUNS}add/", status=403)


def test_a_target_set_by_hand_stays(admin: Visitor) -> None:
    page = admin.page
    (number,) = edited(admin, "Promised", tickets=1, goal="4h")
    in_the_admin(admin, number)
    admin.follow("Set target…")
    page.get_by_role("radio", name="Resolution").check()
    page.get_by_label("Date:").fill(in_a_month())
    page.get_by_label("Time:").fill("12:00")
    page.get_by_label("Reason:").fill("On the phone")
    admin.press("Set a target")
    due = page.locator(".sla-status time").last.get_attribute("datetime")
    admin.open("/admin/django_sla/policy/")
    row = page.get_by_role("row").filter(has=admin.link("Promised"))
    admin.click(row.locator(".field-old_terms a"))
    admin.button("See what would change").click()
    admin.arrive("What would change")
    found = figures(admin)
    assert (found["would get other terms"], found["with an earlier deadline"]) == ("1", "0")
    page.get_by_label("Reason:").fill("New contract")
    admin.button("Apply to 1 ticket").click()
    admin.arrive("Applied to open tickets")
    in_the_admin(admin, number)
    assert page.locator(".sla-status time").last.get_attribute("datetime") == due
