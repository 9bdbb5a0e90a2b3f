"""docs/how-to/holds-and-waivers.md and why-this-deadline.md, followed step by step."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.steps import edit_policy, find_ticket, in_a_month, open_ticket
from tests.browser.visitor import Visitor

ACTIONS = ("hold", "release", "set-target", "clear-target")


def test_a_hold_and_its_end(visit: Callable[[str], Visitor]) -> None:
    handler = visit("handler")
    page = handler.page
    open_ticket(handler, "Waits for the vendor", priority="High")
    panel = page.locator(".field-sla_status")
    expect(panel.get_by_role("link")).to_have_text(["Put on hold…", "Set target…"])

    handler.follow("Put on hold…")
    expect(page.locator("#content")).to_contain_text(
        "From now on these clocks stand still, whatever the status of the ticket: Resolution."
    )
    expect(page.locator("#content")).to_contain_text("These are never paused and run on: Response.")
    handler.press("Put on hold")
    expect(page.locator(".field-reason .errorlist")).to_have_text("This field is required.")
    page.get_by_label("Reason:").fill("The vendor sends a new disk")
    handler.press("Put on hold")
    handler.told("is on hold.")
    expect(page.locator(".sla-hold")).to_contain_text("The vendor sends a new disk")
    expect(panel.get_by_role("heading", name="Resolution")).to_contain_text("Paused")
    expect(panel.get_by_role("heading", name="Response")).to_contain_text("On track")
    expect(panel.get_by_role("link")).to_have_text(["Release…", "Set target…"])

    handler.follow("Release…")
    page.get_by_label("Reason:").fill("The disk is here")
    handler.press("Release from hold")
    handler.told("is no longer on hold.")
    expect(panel.get_by_role("heading", name="Resolution")).to_contain_text("On track")
    timeline = page.locator(".sla-timeline")
    for said in ("The vendor sends a new disk", "The disk is here", "handler"):
        expect(timeline).to_contain_text(said)

    handler.follow("View on site")
    changelog = page.locator(".ticket__log")
    for said in ("The vendor sends a new disk", "The disk is here", "handler", "127.0.0.1"):
        expect(changelog).to_contain_text(said)


def test_a_target_by_hand(visit: Callable[[str], Visitor]) -> None:
    handler = visit("handler")
    page = handler.page
    open_ticket(handler, "Promised on the phone")
    handler.follow("Set target…")
    page.get_by_role("radio", name="Resolution").check()
    page.get_by_label("Date:").fill("2020-01-01")
    page.get_by_label("Time:").fill("12:00")
    page.get_by_label("Reason:").fill("Agreed on the phone")
    handler.press("Set a target")
    expect(page.locator(".field-due .errorlist")).to_be_visible()
    expect(page.get_by_label("Reason:")).to_have_value("Agreed on the phone")
    page.get_by_label("Date:").fill(in_a_month())
    handler.press("Set a target")
    handler.told("is set.")
    expect(page.locator(".sla-status")).to_contain_text("The target was set by hand.")

    handler.follow("Clear target…")
    page.get_by_label("Reason:").fill("The customer no longer needs it")
    handler.press("Clear a target")
    handler.told("is what its policy says.")
    expect(page.locator(".sla-status")).not_to_contain_text("The target was set by hand.")

    # A target can be edited in the form of the ticket as well; it has a field for the reason.
    target = page.get_by_role("group", name="Resolution target:")
    target.get_by_label("Date:").fill(in_a_month())
    page.get_by_label("Reason:").fill("In the form")
    handler.press("Save and continue editing")
    timeline = page.locator(".sla-timeline")
    for said in ("Agreed on the phone", "The customer no longer needs it", "In the form"):
        expect(timeline).to_contain_text(said)
    handler.follow("History")
    expect(page.locator("#change-history")).to_contain_text("Agreed on the phone")


def test_a_breach_is_waived_by_those_who_may(visit: Callable[[str], Visitor]) -> None:
    excuser = visit("excuser")
    page = excuser.page
    excuser.open("/admin/desk/ticket/?sla=breached")
    # The oldest: the newest ones are there for other tests, which waive their breaches.
    excuser.click(page.locator("#result_list tbody th a").last)
    ticket = page.url
    # Who may see the ticket and waive, but not change it.
    panel = page.locator(".field-sla_status")
    expect(panel.get_by_role("link")).to_have_text(["Waive the breach…"])
    for action in ACTIONS:
        assert excuser.is_refused(ticket.replace("/change/", f"/sla/{action}/"))

    handler = visit("handler")
    handler.open(ticket)
    expect(handler.page.locator(".field-sla_status")).to_be_visible()
    expect(handler.link("Waive the breach…")).to_have_count(0)
    assert handler.is_refused(ticket.replace("/change/", "/sla/waive/"))

    excuser.follow("Waive the breach…")
    expect(page.locator("#content")).to_contain_text("A waiver cannot be taken back.")
    page.get_by_role("radio").first.check()
    page.get_by_label("Reason:").fill("The customer was away")
    excuser.press("Waive a breach")
    excuser.told("is waived.")
    expect(panel.locator(".sla-badge__waived").first).to_have_text("waived")
    expect(page.locator(".sla-timeline")).to_contain_text("The customer was away")


def test_who_may_only_look_has_nothing_to_do(visit: Callable[[str], Visitor]) -> None:
    reader = visit("reader")
    open_ticket(reader, "To look at")
    panel = reader.page.locator(".field-sla_status")
    expect(panel).to_contain_text("allowed")
    expect(panel.get_by_role("link")).to_have_count(0)
    for action in (*ACTIONS, "waive"):
        assert reader.is_refused(reader.page.url.replace("/change/", f"/sla/{action}/"))
    reader.follow("History")
    history = reader.page.locator("#change-history")
    expect(history).to_contain_text("reader")
    expect(history).not_to_contain_text("127.0.0.1")


def test_why_it_is_due_then(admin: Visitor) -> None:
    page = admin.page
    find_ticket(admin, "Why?")
    status = page.locator(".sla-status")
    expect(status).to_contain_text("of 8h allowed. Policy “Office”, priority medium.")
    page.get_by_text("Every stretch of time").last.click()
    expect(status).to_contain_text("Times are in UTC, the time zone of the calendar.")
    expect(status.get_by_role("row").filter(has_text="counted")).to_have_count(1)

    asked = page.locator(".sla-policy__asked")
    asked.get_by_text("Which policies were asked").click()
    tried = {
        name: asked.locator("ol > li").filter(has=page.get_by_text(name, exact=True))
        for name in ("VIP customers", "Winter campaign", "Office")
    }
    expect(tried["VIP customers"]).to_contain_text(
        re.compile(r"database\s+not for this ticket:\s+Priority is Urgent\s+here: Medium")
    )
    expect(tried["Winter campaign"]).to_contain_text("not effective after 31 Jan 2020")
    expect(tried["Office"]).to_contain_text(re.compile(r"for this ticket:\s+Category is why"))

    # Where the policy has been edited since, it says so.
    ticket = page.url
    edit_policy(admin, "Office", "5h")
    admin.open(ticket)
    expect(page.locator(".sla-policy__difference")).to_contain_text("edited")
    expect(status).to_contain_text("of 8h allowed.")
