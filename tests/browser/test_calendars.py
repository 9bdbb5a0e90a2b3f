"""docs/how-to/calendars-in-the-admin.md, followed step by step."""

from playwright.sync_api import Locator, expect

from tests.browser.steps import NEXT_YEAR, find_ticket, table_row
from tests.browser.visitor import Visitor

CALENDARS = "/admin/django_sla/calendar/"
ADD = f"{CALENDARS}add/"


def test_a_calendar_with_all_that_there_is(admin: Visitor) -> None:
    page = admin.page
    # 1. Open the admin and click Calendars. Click Add calendar.
    admin.open("/admin/")
    admin.follow("Calendars")
    admin.follow("Add calendar")
    # 2. Type a Name. 3. Choose the Time zone.
    page.get_by_label("Name:", exact=True).fill("Toronto office")
    page.get_by_label("Time zone:").select_option(label="Toronto")
    # 4. Monday to Friday from nine to five is filled in already.
    expect(page.get_by_label("Monday")).to_have_value("09:00-17:00")
    expect(page.get_by_label("Friday")).to_have_value("09:00-17:00")
    expect(page.get_by_label("Sunday")).to_have_value("")
    page.get_by_label("Monday").fill("09:00-12:30, 13:30-17:30")
    page.get_by_label("Tuesday").fill("9-17")
    page.get_by_label("Friday").fill("22:00-06:00")
    page.get_by_label("Saturday").fill("18:00-24:00")
    holidays, special = table_row(admin, "holidays", 0), table_row(admin, "special_days", 0)
    holidays.get_by_label("Date").fill(f"{NEXT_YEAR}-12-25")
    holidays.get_by_label("Name").fill("Christmas Day")
    special.get_by_label("Date").fill(f"{NEXT_YEAR}-12-24")
    special.get_by_label("Opening hours").fill("09:00-12:00")
    # 5. Click Save and continue editing.
    admin.press("Save and continue editing")
    admin.told("The calendar “Toronto office” was added successfully.")

    expect(page.get_by_label("Tuesday")).to_have_value("09:00-17:00")
    this_week = page.get_by_role("table", name="This week")
    expect(this_week.get_by_role("row", name="Mon")).to_contain_text("09:00–12:30, 13:30–17:30")
    expect(this_week.get_by_role("row", name="Fri")).to_contain_text("22:00–24:00")
    saturday = this_week.get_by_role("row", name="Sat")
    expect(saturday).to_contain_text("00:00–06:00, 18:00–24:00")
    expect(this_week.get_by_role("row", name="Sun")).to_contain_text("closed")
    coming = page.locator(".sla-week__coming")
    expect(coming).to_contain_text("special day, 09:00–12:00")
    expect(coming).to_contain_text("Christmas Day, closed")

    # 6. Open a policy, choose the calendar under Calendar and rules, and click Save.
    admin.open("/admin/django_sla/policy/")
    admin.follow("Broad")
    page.get_by_label("Calendar:").select_option(label="Toronto office")
    admin.press("Save")
    admin.open(CALENDARS)
    row = page.get_by_role("row").filter(has=admin.link("Toronto office"))
    expect(row.locator(".field-next_holiday")).to_contain_text("Christmas Day")
    expect(row.locator(".field-used_by")).to_have_text("1")
    admin.click(row.locator(".field-used_by a"))
    expect(page.locator("#result_list .field-name")).to_have_text(["Broad"])


def test_what_is_wrong_stands_beside_the_cell(admin: Visitor) -> None:
    page = admin.page
    admin.open(ADD)
    page.get_by_label("Name:", exact=True).fill("Corrected")

    def error(cell: Locator) -> Locator:
        return cell.locator("xpath=ancestor::td[1]").locator(".errorlist")

    monday, tuesday = page.get_by_label("Monday"), page.get_by_label("Tuesday")
    monday.fill("09:00-13:00, 12:00-17:00")
    tuesday.fill("nine to five")
    holiday = table_row(admin, "holidays", 1)
    holiday.get_by_label("Name").fill("Without a date")
    admin.press("Save")
    admin.title("Add calendar")
    expect(error(monday)).to_contain_text("overlap")
    expect(monday).to_have_value("09:00-13:00, 12:00-17:00")
    expect(error(tuesday)).to_contain_text("“nine to five” cannot be read")
    expect(tuesday).to_have_attribute("aria-invalid", "true")
    expect(error(holiday.get_by_label("Date"))).to_have_text("Give a date.")
    expect(error(page.get_by_label("Wednesday"))).to_have_count(0)

    # A night runs into the hours of the next day.
    monday.fill("22:00-06:00")
    tuesday.fill("05:00-12:00")
    holiday.get_by_role("button", name="Remove").click()
    admin.press("Save")
    expect(page.locator("#hours-group .errorlist").first).to_contain_text("overlap")

    # Never open.
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    for day in days:
        page.get_by_label(day).fill("")
    admin.press("Save")
    expect(page.locator("#calendar_form .errorlist").first).to_contain_text("never open")

    page.get_by_label("Monday").fill("00:00-24:00")
    admin.press("Save")
    admin.told("The calendar “Corrected” was added successfully.")


def test_rows_are_added_and_taken_away(admin: Visitor) -> None:
    page = admin.page
    admin.open(ADD)
    page.get_by_label("Name:", exact=True).fill("Rows")
    for number, day in enumerate(("01-01", "07-01", "12-25", "12-26")):
        if number == 3:
            admin.button("Add another holiday").click()
        table_row(admin, "holidays", number).get_by_label("Date").fill(f"{NEXT_YEAR}-{day}")
    admin.press("Save and continue editing")
    dates = page.locator("#holidays-group tr.form-row:not(.empty-form) [name$=-day]")
    expect(dates).to_have_count(5)
    # Click its cross, or empty it.
    table_row(admin, "holidays", 0).get_by_role("button", name="Remove").click()
    table_row(admin, "holidays", 0).get_by_label("Date").fill("")
    admin.press("Save and continue editing")
    expect(dates).to_have_count(3)
    expect(dates.nth(0)).to_have_value(f"{NEXT_YEAR}-12-25")


def test_public_holidays(admin: Visitor) -> None:
    page = admin.page
    admin.open(CALENDARS)
    admin.follow("Ontario")
    # 1. Open the calendar and click Add public holidays….
    admin.follow("Add public holidays…")
    # 2. Choose the Country or part of one, and type the Years.
    page.get_by_label("Country or part of one:").select_option(label="CA-ON")
    page.get_by_label("Years:").fill(f"{NEXT_YEAR}-{NEXT_YEAR + 1}")
    # 3. Click Show the holidays. Nothing is changed yet.
    admin.press("Show the holidays")
    found = page.locator(".sla-table").get_by_role("row")
    expect(found.filter(has_text="Canada Day")).to_have_count(2)
    count = found.count() - 1
    # 4. Click Add … holidays.
    admin.press(f"Add {count} holidays")
    admin.told(f"Ontario: Added {count} holidays.")
    names = page.locator("#holidays-group [name$=-name]")
    assert "Canada Day" in [name.input_value() for name in names.all()]

    # Dates that are holidays already stay as they are.
    admin.follow("Add public holidays…")
    page.get_by_label("Country or part of one:").select_option(label="CA-ON")
    page.get_by_label("Years:").fill(f"{NEXT_YEAR}")
    admin.press("Show the holidays")
    expect(page.locator("#sla-preview-heading")).to_have_text("0 new holidays")
    expect(admin.button("Show the holidays")).to_be_visible()


def test_public_holidays_for_several_calendars(admin: Visitor) -> None:
    page = admin.page
    admin.open(CALENDARS)
    for name in ("One of several", "Two of several"):
        page.get_by_role("row").filter(has=admin.link(name)).get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(
        label="Add public holidays to the selected calendars…"
    )
    admin.press("Run")
    page.get_by_label("Country or part of one:").select_option(label="Germany, all of it")
    page.get_by_label("Years:").fill("20xx")
    admin.press("Show the holidays")
    expect(page.locator(".errorlist")).to_contain_text("20xx")
    page.get_by_label("Years:").fill(f"{NEXT_YEAR}")
    admin.press("Show the holidays")
    admin.click(page.get_by_role("button", name="Add "))
    admin.told("One of several: Added 9 holidays.")
    admin.told("Two of several: Added 9 holidays.")


def test_changing_a_calendar_that_is_in_use(admin: Visitor) -> None:
    page = admin.page
    admin.open(CALENDARS)
    admin.follow("In use")
    page.get_by_label("Sunday").fill("10:00-12:00")
    admin.press("Save")
    admin.told("New tickets get the new terms. 1 open ticket keeps its own.")
    admin.follow("See what would change")
    admin.title("Apply policies to open tickets")
    expect(page.get_by_label("Calendar:").locator(":checked")).to_have_text("In use")

    admin.button("See what would change").click()
    admin.arrive("What would change")
    look = page.url

    # A calendar that a policy uses cannot be deleted.
    admin.open(CALENDARS)
    admin.follow("In use")
    admin.press("Delete")
    expect(page.locator("#content")).to_contain_text("Policy: In use")
    expect(admin.button("Yes, I’m sure")).to_have_count(0)
    page.go_back()

    # Where something was edited since you looked, it is not applied: look again.
    page.get_by_label("Sunday").fill("10:00-13:00")
    admin.press("Save and continue editing")
    admin.follow("History")
    changes = page.locator(".sla-changes")
    expect(changes.nth(0)).to_contain_text("Sunday 10:00–12:00")
    expect(changes.nth(1)).to_contain_text("Sunday closed")
    admin.open(look)
    page.get_by_label("Reason:").fill("Too late")
    admin.press("Apply to 1 ticket")
    expect(page.locator(".messagelist .error")).to_contain_text("look again")
    admin.title("What would change")

    # The ticket has the hours of before.
    find_ticket(admin, "For In use")
    expect(page.locator(".sla-policy")).to_contain_text("Policy In use")
    expect(page.locator(".sla-policy__difference")).to_be_visible()
