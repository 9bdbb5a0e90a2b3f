"""docs/how-to/apply-edits.md, followed step by step."""

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from django_sla.admin.recalculations import SECONDS
from tests.browser.steps import edit_policy, find_ticket, set_target
from tests.browser.visitor import Visitor
from tests.example.desk import Desk


def figures(visitor: Visitor) -> dict[str, str]:
    """What the page says of the tickets, by what each figure is called."""
    said = visitor.page.locator(".sla-figures li").all_inner_texts()
    return {name.strip(): number for number, name in (text.split(maxsplit=1) for text in said)}


def test_an_edit_is_applied_to_open_tickets(
    admin: Visitor, visit: Callable[[str], Visitor]
) -> None:
    page = admin.page
    find_ticket(admin, "For Faster")
    set_target(admin, "Promised on the phone")
    promised = page.url
    due = page.locator(".sla-status time").last.get_attribute("datetime") or ""
    # 1. Save the policy. A message says how many open tickets keep their terms.
    edit_policy(admin, "Faster", "4h")
    admin.told("New tickets get the new terms. 2 open tickets keep theirs.")

    # Who may edit but not apply is told so, and led nowhere.
    editor = visit("editor")
    edit_policy(editor, "Faster", "3h")
    editor.told("New tickets get the new terms. 2 open tickets keep theirs.")
    expect(editor.link("See what would change")).to_have_count(0)
    row = editor.page.get_by_role("row").filter(has=editor.link("Faster"))
    expect(row.locator(".field-old_terms")).to_have_text("2")
    expect(row.locator(".field-old_terms a")).to_have_count(0)
    assert editor.is_refused("/admin/django_sla/recalculation/add/")

    # Follow See what would change in it.
    admin.follow("See what would change")
    # 2. Choose which tickets to look at, and press See what would change.
    expect(page.get_by_label("Policy:").locator(":checked")).to_have_text("Faster")
    admin.button("See what would change").click()
    # 3. Wait until it has looked at all of them.
    admin.arrive("What would change")
    # 4. Read what it found. Nothing has been changed yet.
    found = figures(admin)
    assert found["would get other terms"] == "2"
    assert found["with an earlier deadline"] == "1"
    assert found["with a later deadline"] == found["newly breached"] == "0"
    moves = page.locator(".sla-moves tbody tr")
    expect(moves).to_have_count(1)
    expect(moves).to_contain_text("5h earlier")
    expect(moves.get_by_role("link")).to_contain_text("Faster, too")
    # 5. Say why under Reason, and press Apply to … tickets.
    admin.press("Apply to 2 tickets")
    expect(page.locator(".field-reason .errorlist")).to_have_text("This field is required.")
    page.get_by_label("Reason:").fill("New contract")
    admin.button("Apply to 2 tickets").click()
    admin.arrive("Applied to open tickets")
    assert figures(admin)["got other terms"] == "2"
    expect(page.locator(".sla-facts")).to_contain_text("New contract")

    # An entry in the timeline and one in the changelog, with name, address and reason.
    admin.follow(moves.get_by_role("link").inner_text())
    expect(page.locator(".sla-status")).to_contain_text("of 3h allowed. Policy “Faster”")
    step = page.locator(".sla-timeline__step").last
    for said in ("Terms changed", "New contract", "Robin Admin"):
        expect(step).to_contain_text(said)
    admin.follow("View on site")
    change = page.locator(".ticket__log").get_by_role("row").filter(has_text="New contract")
    for said in ("Robin Admin", "127.0.0.1"):
        expect(change).to_contain_text(said)
    # What it does not touch: targets set by hand.
    admin.open(promised)
    assert page.locator(".sla-status time").last.get_attribute("datetime") == due


def test_the_page_is_left_and_come_back_to(admin: Visitor, desk: Desk) -> None:
    page = admin.page
    edit_policy(admin, "Interrupted", "12h")
    admin.follow("See what would change")
    # The page is left before it has an answer, here and once more below.
    page.route(re.compile("/recalculation/[0-9]+/"), unanswered)
    admin.press("See what would change")
    admin.title("Looking at what would change")
    expect(page.get_by_role("progressbar", name="Looking")).to_have_attribute("value", "0")
    expect(admin.button("Go on")).to_be_hidden()
    expect(page.locator(".errornote")).to_be_hidden()

    # Recalculations has it.
    admin.open("/admin/")
    page.unroute_all()
    admin.follow("Recalculations")
    run = page.get_by_role("row").filter(has_text="Interrupted")
    expect(run).to_contain_text("previewing")
    run.get_by_role("link").first.click()
    admin.arrive("What would change")
    assert figures(admin)["with a later deadline"] == "1"

    # So slow that the answer comes before the work is done.
    page.route(re.compile("/recalculation/[0-9]+/"), unanswered)
    page.get_by_label("Reason:").fill("Agreed in May")
    with page.expect_navigation(), desk.busy():
        admin.button("Apply to 1 ticket").click(no_wait_after=True)
        page.wait_for_timeout((SECONDS + 1) * 1000)
    admin.title("Applying to open tickets")
    expect(page.get_by_role("progressbar", name="Applying")).to_have_attribute("value", "99")
    run_page = page.url
    page.goto("/")
    page.unroute_all()
    page.goto(run_page)
    admin.arrive("Applied to open tickets")
    assert figures(admin)["got other terms"] == "1"
    find_ticket(admin, "For Interrupted")
    expect(page.locator(".sla-timeline__step--terms_changed")).to_have_count(1)
    expect(page.locator(".sla-timeline")).to_contain_text("Agreed in May")


def unanswered(route: Route) -> None:
    """What the script posts; the pages themselves come."""
    if route.request.method == "GET" or route.request.is_navigation_request():
        route.continue_()


def test_the_same_without_scripts(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", java_script_enabled=False)
    page = visitor.page
    edit_policy(visitor, "By hand", "4h")
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
    find_ticket(visitor, "For By hand")
    expect(page.locator(".sla-timeline")).to_contain_text("Without scripts")
