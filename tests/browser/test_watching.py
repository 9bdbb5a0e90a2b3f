"""Whether deadlines are watched, and notices that were given up, in the admin."""

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def test_what_was_given_up_is_sent_again(admin: Visitor) -> None:
    page = admin.page
    admin.open("/admin/django_sla/sweep/")
    banner = page.locator(".sla-watching li.error").first
    expect(banner).to_contain_text("No sweep for 2h")
    expect(banner).to_contain_text("nobody is told of breaches. python manage.py sla_sweep")
    admin.follow("Show them")
    row = page.locator("#result_list tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Given up")
    expect(row).to_contain_text("Connection refused")
    row.get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label="Send again")
    admin.press("Run")
    admin.told("1 notice will be sent again.")
    expect(page.locator("#result_list tbody tr")).to_have_count(0)
