"""Every page of the desk and of the admin that django-sla has a part in, and how to come there."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.steps import HOSTILE, begin_policy, find_ticket
from tests.browser.visitor import Visitor

Way = str | Callable[[Visitor], None]
"""An address, or the steps that lead to a page."""

DASHBOARD = "/dashboard/?period=7d"
TICKET = "/admin/desk/ticket/"
POLICY = "/admin/django_sla/policy/"
CALENDAR = "/admin/django_sla/calendar/"
SCHEDULE = "/admin/django_sla/reportschedule/"


def follow(*links: str) -> Callable[[Visitor], None]:
    """From the address that comes first, by the links of these names."""

    def go(visitor: Visitor) -> None:
        visitor.page.goto(links[0])
        for link in links[1:]:
            visitor.follow(link)

    return go


def ticket_on_the_desk(visitor: Visitor) -> None:
    visitor.page.goto("/?state=all")
    visitor.click(visitor.page.locator(".tickets__title a").last)


def reply_that_says_nothing(visitor: Visitor) -> None:
    ticket_on_the_desk(visitor)
    visitor.page.get_by_label("Your message").fill(" ")
    visitor.press("Send")


def ticket_without_title(visitor: Visitor) -> None:
    visitor.page.goto("/tickets/new/")
    visitor.page.get_by_label("Title").fill(" ")
    visitor.press("Open ticket")


def tickets_behind_a_figure(visitor: Visitor) -> None:
    visitor.page.goto(DASHBOARD)
    visitor.click(visitor.page.locator(".sla-tile__number a, .sla-tile p a").first)


def filtered_dashboard(visitor: Visitor) -> None:
    visitor.page.goto(DASHBOARD)
    by_department = visitor.page.get_by_role("region", name="By department", exact=True)
    visitor.click(by_department.get_by_role("rowheader").get_by_role("link").first)


def ticket_in_the_admin(visitor: Visitor) -> None:
    find_ticket(visitor, "For Toured")


def ticket_of_long_standing(visitor: Visitor) -> None:
    """One whose life has everything in it."""
    visitor.page.goto(f"{TICKET}?status__exact=closed")
    visitor.click(visitor.page.locator("#result_list tbody th a").first)


def history_of_a_ticket(visitor: Visitor) -> None:
    ticket_in_the_admin(visitor)
    visitor.follow("History")


def row_of_a_history(visitor: Visitor) -> None:
    history_of_a_ticket(visitor)
    visitor.click(visitor.page.locator("#change-history tbody th a").first)


def action(link: str) -> Callable[[Visitor], None]:
    def go(visitor: Visitor) -> None:
        ticket_in_the_admin(visitor)
        visitor.follow(link)

    return go


def hold_without_reason(visitor: Visitor) -> None:
    action("Put on hold…")(visitor)
    visitor.press("Put on hold")


def waiver(visitor: Visitor) -> None:
    find_ticket(visitor, "Late on the way")
    visitor.follow("Waive the breach…")


def policy_with_errors(visitor: Visitor) -> None:
    begin_policy(visitor, "", {"Urgent: Response": "soon"}, [("Title", "contains", HOSTILE)])
    visitor.press("Save")


def policy_with_escalations(visitor: Visitor) -> None:
    follow(POLICY, "Special")(visitor)
    visitor.page.locator("#id_escalations-default").uncheck()
    expect(visitor.page.locator("#escalations-group").get_by_label("Whom").first).to_be_visible()


def what_if(visitor: Visitor) -> None:
    begin_policy(visitor, "If", {"All others: Resolution": "1m"})
    # In this tab, where the other pages are.
    visitor.button("What if…").evaluate("(button) => button.removeAttribute('formtarget')")
    visitor.press("What if…")


def suggested_goals(visitor: Visitor) -> None:
    begin_policy(visitor, "If", {"All others: Resolution": "7h"})
    visitor.press("Suggest goals…")


def calendar_with_errors(visitor: Visitor) -> None:
    visitor.page.goto(f"{CALENDAR}add/")
    visitor.page.get_by_label("Monday").fill("nine to five")
    visitor.page.locator("#holidays-group").get_by_label("Name").first.fill("Without a date")
    visitor.press("Save")


def public_holidays(visitor: Visitor) -> None:
    follow(CALENDAR, "Ontario", "Add public holidays…")(visitor)
    visitor.page.get_by_label("Country or part of one:").select_option(label="CA-ON")
    visitor.press("Show the holidays")


def public_holidays_of_several(visitor: Visitor) -> None:
    visitor.page.goto(CALENDAR)
    for name in ("One of several", "Two of several"):
        row = visitor.page.get_by_role("row").filter(has=visitor.link(name))
        row.get_by_role("checkbox").check()
    visitor.page.get_by_label("Action:").select_option(
        label="Add public holidays to the selected calendars…"
    )
    visitor.press("Run")


def what_would_change(visitor: Visitor) -> None:
    visitor.page.goto("/admin/django_sla/recalculation/add/")
    visitor.button("See what would change").click()
    visitor.title("What would change")


def a_schedule(visitor: Visitor) -> None:
    visitor.page.goto(SCHEDULE)
    if not visitor.link("Weekly").count():
        visitor.page.goto(f"{SCHEDULE}add/")
        visitor.page.get_by_label("Name:").fill("Weekly")
        visitor.page.get_by_label("Recipients:").fill("boss@example.com")
        visitor.page.get_by_label("Weekday:").select_option(index=1)
        visitor.press("Save")
    visitor.follow("Weekly")


def schedule_with_errors(visitor: Visitor) -> None:
    visitor.page.goto(f"{SCHEDULE}add/")
    visitor.press("Save")


def preview_of_a_report(visitor: Visitor) -> None:
    a_schedule(visitor)
    visitor.follow("Preview")


def mail_of_a_report(visitor: Visitor) -> None:
    """What the preview has in a frame, where no script may run."""
    preview_of_a_report(visitor)
    mail = visitor.page.request.get(visitor.page.locator("iframe").get_attribute("src") or "")
    visitor.page.goto("about:blank")
    visitor.page.set_content(mail.text())


def deletion(visitor: Visitor) -> None:
    follow(CALENDAR, "In use")(visitor)
    visitor.press("Delete")


DESK: dict[str, Way] = {
    "tickets": "/?state=all",
    "no ticket": "/?q=nothing+has+this+in+it",
    "a ticket": ticket_on_the_desk,
    "a reply that says nothing": reply_that_says_nothing,
    "new ticket": "/tickets/new/",
    "a ticket without a title": ticket_without_title,
    "queue": "/queue/",
    "calendar feed": "/calendar/",
    "dashboard": DASHBOARD,
    "filtered dashboard": filtered_dashboard,
    "dashboard of no time": "/dashboard/?since=2001-01-01&until=2001-01-31",
    "dashboard that cannot be": "/dashboard/?since=2026-02-01&until=2026-01-01",
    "forecast": follow(DASHBOARD, "Forecast"),
    "tickets behind a figure": tickets_behind_a_figure,
    "time zone": "/zone/",
    "nothing here": "/nothing/here/",
}
PORTAL: dict[str, Way] = {
    "tickets": "/?state=all",
    "a ticket": ticket_on_the_desk,
    "new ticket": "/tickets/new/",
}
ADMIN: dict[str, Way] = {
    "tickets": f"{TICKET}?q=INC000000",
    "a ticket": ticket_in_the_admin,
    "an old ticket": ticket_of_long_standing,
    "new ticket": f"{TICKET}add/",
    "history of a ticket": history_of_a_ticket,
    "row of a history": row_of_a_history,
    "hold": action("Put on hold…"),
    "hold without a reason": hold_without_reason,
    "target": action("Set target…"),
    "waiver": waiver,
    "dashboard": f"{TICKET}sla-dashboard/?period=7d",
    "policies": POLICY,
    "new policy": f"{POLICY}add/",
    "a policy": follow(POLICY, "Special"),
    "a policy with escalations": policy_with_escalations,
    "a policy with errors": policy_with_errors,
    "history of a policy": follow(POLICY, "Special", "History"),
    "where values come from": f"{POLICY}sources/",
    "what if": what_if,
    "suggested goals": suggested_goals,
    "calendars": CALENDAR,
    "new calendar": f"{CALENDAR}add/",
    "a calendar": follow(CALENDAR, "In use"),
    "a calendar with errors": calendar_with_errors,
    "public holidays": public_holidays,
    "public holidays of several": public_holidays_of_several,
    "a calendar in use": deletion,
    "notices": "/admin/django_sla/notice/",
    "a notice": "/admin/django_sla/notice/1/change/",
    "sweeps": "/admin/django_sla/sweep/",
    "a sweep": "/admin/django_sla/sweep/1/change/",
    "recalculations": "/admin/django_sla/recalculation/",
    "new recalculation": "/admin/django_sla/recalculation/add/",
    "what would change": what_would_change,
    "schedules": SCHEDULE,
    "new schedule": f"{SCHEDULE}add/",
    "a schedule": a_schedule,
    "a schedule with errors": schedule_with_errors,
    "preview of a report": preview_of_a_report,
    "mail of a report": mail_of_a_report,
}


def go(visitor: Visitor, way: Way) -> None:
    if isinstance(way, str):
        visitor.page.goto(way)
    else:
        way(visitor)
    visitor.page.wait_for_load_state()
    expect(visitor.page.locator("body")).to_be_visible()
