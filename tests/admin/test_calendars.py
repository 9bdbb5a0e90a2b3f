"""The admin of calendars, through its pages."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from django_sla.admin import hours
from django_sla.admin.calendar_form import zone_choices
from django_sla.admin.week import preview
from django_sla.flow import holidays
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of
from tests.admin.browser import Form
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

LIST = "/admin/django_sla/calendar/"
ADD = f"{LIST}add/"
OFFICE = {
    "tz": "America/Toronto",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
ALWAYS_OPEN = {day: [["00:00", "24:00"]] for day in hours.DAYS}
TUESDAY = datetime(2026, 11, 24, 15, tzinfo=UTC)
"""Ten in the morning in Toronto."""


@pytest.fixture
def site() -> Client:
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture
def viewer() -> Client:
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_calendar"))
    client = Client()
    client.force_login(user)
    return client


def calendar(name: str = "Office", **parts: Any) -> Calendar:
    return Calendar.objects.create(**{"name": name, **OFFICE, **parts})


def page_of(row: Calendar) -> str:
    return f"{LIST}{row.pk}/change/"


def html(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response
    return response.content.decode()


# Hours as text


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("closed", []),
        (" Closed ", []),
        ("9-17", [["09:00", "17:00"]]),
        ("9:00 - 17:00", [["09:00", "17:00"]]),
        ("09.00–17.30", [["09:00", "17:30"]]),
        ("09:00-12:30, 13:30-17:30", [["09:00", "12:30"], ["13:30", "17:30"]]),
        ("09:00-12:30; 13:30-17:30,", [["09:00", "12:30"], ["13:30", "17:30"]]),
        ("22:00-06:00", [["22:00", "06:00"]]),
        ("00:00-24:00", [["00:00", "24:00"]]),
        ("09:00:30-17:00", [["09:00:30", "17:00"]]),
    ],
)
def test_hours_are_read(text: str, spans: list[list[str]]) -> None:
    assert hours.read(text) == spans
    assert hours.read(hours.write(spans)) == spans


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nine to five", "“nine to five” cannot be read; write hours as 09:00-12:30, 13:30-17:30."),
        ("9", "“9” cannot be read; write hours as 09:00-12:30, 13:30-17:30."),
        ("9-12-17", "“9-12-17” cannot be read; write hours as 09:00-12:30, 13:30-17:30."),
        (
            "25:00-26:00",
            '\'25:00\' is not a time of day; write "00:00" to "23:59", or "24:00" for an end',
        ),
        (
            "9-12, 11-14",
            "11:00-14:00 overlaps 09:00-12:00; make one span of them, or shorten one",
        ),
    ],
)
def test_hours_that_are_wrong(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        hours.read(text)
    assert caught.value.messages == [message]


def test_a_week_in_few_words() -> None:
    office = OFFICE["hours"]
    assert hours.week_in_words(office) == "Mon–Fri 09:00–17:00"
    more = office | {"sat": [["10:00", "12:00"], ["13:00", "14:00"]]}
    assert hours.week_in_words(more) == "Mon–Fri 09:00–17:00; Sat 10:00–12:00, 13:00–14:00"
    assert hours.week_in_words(ALWAYS_OPEN) == ("around the clock")
    assert hours.week_in_words({}) == "closed"


# The form


def test_a_new_calendar_begins_with_office_hours_in_the_zone_of_the_project(
    site: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "America/Toronto"
    form = Form(site, ADD)
    assert form.data["tz"] == "America/Toronto"
    assert form.data[form.labels["Monday"]] == "09:00-17:00"
    assert form.data[form.labels["Saturday"]] == ""


def test_a_calendar_is_added(site: Client) -> None:
    said = Form(site, ADD).saved(
        name="Toronto",
        tz="America/Toronto",
        Monday="9-12:30, 13:30-17:30",
        Friday="22:00-06:00",
        Sunday="closed",
        **{
            "holidays-0-day": "2026-12-25",
            "holidays-0-name": "Christmas Day",
            "holidays-2-day": "2027-01-01",
            "special_days-0-day": "2026-12-24",
            "special_days-0-spans": "9-12",
            "special_days-1-day": "2026-12-31",
        },
    )
    assert len(said) == 1
    assert "was added successfully" in said[0]
    row = Calendar.objects.get()
    assert row.tz == "America/Toronto"
    assert row.hours == {
        "mon": [["09:00", "12:30"], ["13:30", "17:30"]],
        "tue": [["09:00", "17:00"]],
        "wed": [["09:00", "17:00"]],
        "thu": [["09:00", "17:00"]],
        "fri": [["22:00", "06:00"]],
    }
    assert row.holidays == {"2026-12-25": "Christmas Day", "2027-01-01": ""}
    assert row.special_days == {"2026-12-24": [["09:00", "12:00"]], "2026-12-31": []}
    made = row.history.get()
    assert (made.history_user.username, made.client_ip) == ("boss", "203.0.113.9")


def test_what_is_wrong_stands_beside_its_cell_and_what_was_typed_stays(site: Client) -> None:
    again = Form(site, ADD).refused(
        name="Toronto",
        Monday="9 to 5",
        Friday="22:00-06:00",
        Saturday="05:00-08:00",
        **{
            "holidays-0-name": "No date",
            "holidays-1-day": "Christmas",
            "special_days-0-day": "2026-12-24",
            "special_days-1-day": "2026-12-24",
            "special_days-1-spans": "9-12",
        },
    )
    assert again.errors() == {
        "hours": ["Correct the cells that are marked."],
        "hours-0-spans": ["“9 to 5” cannot be read; write hours as 09:00-12:30, 13:30-17:30."],
        "holidays": ["Correct the cells that are marked."],
        "holidays-0-day": ["Give a date."],
        "holidays-1-day": ["Enter a valid date."],
        "special_days": ["Correct the cells that are marked."],
        "special_days-1-day": ["This date is given twice."],
    }
    assert again.data[again.labels["Monday"]] == "9 to 5"
    assert again.data["holidays-0-name"] == "No date"
    assert again.data["special_days-1-spans"] == "9-12"
    assert not Calendar.objects.exists()


def test_a_night_that_runs_into_the_next_day_is_told_there(site: Client) -> None:
    again = Form(site, ADD).refused(name="N", Friday="22:00-06:00", Saturday="05:00-08:00")
    assert again.errors()["hours-5-spans"] == [
        "05:00-08:00 overlaps 22:00-06:00 of Friday; make one span of them, or shorten one"
    ]


def test_a_calendar_that_never_opens_is_refused_at_its_hours(site: Client) -> None:
    closed = dict.fromkeys(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), "")
    again = Form(site, ADD).refused(name="Never", **closed)
    assert again.errors() == {"hours": ["no weekday has a span, so it would never open; give one"]}


def test_the_name_of_the_built_in_calendar_is_refused(site: Client) -> None:
    again = Form(site, ADD).refused(name="Always")
    assert again.errors() == {"name": ["This is the name of the built-in calendar; take another."]}


def test_a_zone_that_is_not_in_the_list_is_refused(site: Client) -> None:
    assert "tz" in Form(site, ADD).refused(name="Mars", tz="Mars/Olympus").errors()


def test_zones_are_grouped_by_region() -> None:
    choices = dict(zone_choices())
    assert choices["UTC"] == "UTC"
    assert ("America/Sao_Paulo", "Sao Paulo") in choices["America"]
    assert ("UTC", "UTC") not in choices["Other"]


def test_a_zone_that_this_system_does_not_know_stays_in_the_form(site: Client) -> None:
    row = calendar()
    Calendar.objects.filter(pk=row.pk).update(tz="Mars/Olympus")
    assert Form(site, page_of(row)).data["tz"] == "Mars/Olympus"


def test_what_nobody_touches_is_not_changed(site: Client) -> None:
    row = calendar(
        holidays={"2026-12-25": "Christmas Day"}, special_days={"2026-12-24": [["22:00", "06:00"]]}
    )
    form = Form(site, page_of(row))
    response = form.send()
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.hours == OFFICE["hours"]
    assert row.holidays == {"2026-12-25": "Christmas Day"}
    assert row.special_days == {"2026-12-24": [["22:00", "06:00"]]}
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


def test_an_emptied_row_is_removed(site: Client) -> None:
    row = calendar(holidays={"2026-12-25": "Christmas Day", "2026-12-26": "Boxing Day"})
    Form(site, page_of(row)).saved(**{"holidays-0-day": "", "holidays-0-name": ""})
    row.refresh_from_db()
    assert row.holidays == {"2026-12-26": "Boxing Day"}


def test_no_row_is_lost_where_there_are_very_many(site: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None
    days = {f"{year}-{month:02}-01": "" for year in range(1930, 2014) for month in range(1, 13)}
    row = calendar(holidays=days)
    Form(site, page_of(row)).saved(name="The same")
    row.refresh_from_db()
    assert (row.name, row.holidays) == ("The same", days)


def test_days_that_were_never_sent_are_told(site: Client) -> None:
    row = calendar()
    form = Form(site, page_of(row))
    form.data = {k: v for k, v in form.data.items() if not k.startswith("hours-")}
    response = form.send(**{"hours-TOTAL_FORMS": "0", "hours-INITIAL_FORMS": "0"})
    assert response.context["adminform"].form.errors["hours"]
    row.refresh_from_db()
    assert row.hours == OFFICE["hours"]


def test_hours_of_a_day_that_was_not_said_are_told(site: Client) -> None:
    row = calendar()
    form = Form(site, page_of(row))
    form.data = {k: v for k, v in form.data.items() if not k.startswith("hours-")}
    response = form.send(
        **{
            "hours-TOTAL_FORMS": "1",
            "hours-INITIAL_FORMS": "0",
            "hours-0-day": "",
            "hours-0-spans": "09:00-17:00",
        }
    )
    [message] = response.context["adminform"].form.errors["hours"]
    assert message.startswith("unknown weekday ''; write one of mon, tue, wed")


def test_no_more_rows_are_drawn_than_somebody_could_have_sent(site: Client) -> None:
    form = Form(site, ADD)
    response = form.send(**{"name": "", "holidays-TOTAL_FORMS": "1999"})
    again = Form(site, ADD, response)
    assert len(again.data) < 200
    assert "Not all rows arrived. Send the form again." in again.errors()["holidays"]


def test_a_search_for_more_words_than_a_database_takes(site: Client) -> None:
    calendar(name="Office")
    many = " ".join(["office"] * 3_000)
    for url in (LIST, reverse("admin:desk_ticket_changelist")):
        assert site.get(url, {"q": many}).status_code == 200
    assert "Office" in str(site.get(LIST, {"q": many}).content)
    assert site.get(LIST, {"q": f"{many} shed"}).context["cl"].result_count == 1
    assert site.get(LIST, {"q": "office shed"}).context["cl"].result_count == 0


def test_saving_as_new_asks_for_another_name(site: Client) -> None:
    row = calendar()
    form = Form(site, page_of(row))
    response = form.send("_saveasnew")
    assert response.context["adminform"].form.errors == {
        "name": ["Calendar with this Name already exists."]
    }
    response = form.send("_saveasnew", name="Office 2")
    assert response.status_code == 302
    assert Calendar.objects.get(name="Office 2").hours == row.hours


def test_the_page_has_no_inline_script_or_style(site: Client) -> None:
    for url in (ADD, page_of(calendar()), LIST):
        page = html(site, url)
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<style" not in page


# The list


def test_the_list_tells_hours_the_next_holiday_and_how_many_policies_use_it(site: Client) -> None:
    row = calendar(holidays={"2026-11-23": "Past", "2026-12-25": "Christmas Day"})
    Policy.objects.create(name="Gold", goals={"*": {"response": "1h"}}, calendar=row)
    with as_of(TUESDAY):
        page = html(site, LIST)
    assert "Mon–Fri 09:00–17:00" in page
    assert "Christmas Day" in page
    assert "Past" not in page
    assert f'<a href="/admin/django_sla/policy/?calendar__id__exact={row.pk}">1</a>' in page


def test_the_policies_of_a_calendar_are_listed(site: Client) -> None:
    row = calendar()
    Policy.objects.create(name="Gold", goals={"*": {"response": "1h"}}, calendar=row)
    Policy.objects.create(name="Silver", goals={"*": {"response": "1h"}})
    page = html(site, f"/admin/django_sla/policy/?calendar__id__exact={row.pk}")
    assert "Gold" in page
    assert "Silver" not in page


def test_a_calendar_in_use_is_not_deleted(site: Client) -> None:
    row = calendar()
    Policy.objects.create(name="Gold", goals={"*": {"response": "1h"}}, calendar=row)
    page = html(site, f"{LIST}{row.pk}/delete/")
    assert "would require deleting the following protected related objects" in page
    assert "Gold" in page
    site.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert Calendar.objects.exists()


# The preview


def test_the_preview_shows_this_week_and_the_next() -> None:
    row = calendar(
        hours={"mon": [["09:00", "12:30"], ["13:30", "17:30"]], "fri": [["22:00", "06:00"]]},
        holidays={"2026-11-30": "Founders’ Day", "2026-01-01": "Past"},
        special_days={"2026-11-25": [["10:00", "12:00"]], "2026-12-24": []},
    )
    shown = preview(row, TUESDAY)
    this, following = shown.weeks
    assert [day.date for day in this][::6] == [date(2026, 11, 23), date(2026, 11, 29)]
    assert this[0].words == ["09:00–12:30", "13:30–17:30"]
    assert this[0].bars == [("9.000", "3.500"), ("13.500", "4.000")]
    assert [day.is_today for day in this] == [False, True, *[False] * 5]
    assert (this[2].words, this[2].note) == (["10:00–12:00"], "special day")
    assert (this[4].words, this[5].words) == (["22:00–24:00"], ["00:00–06:00"])
    assert (following[0].words, following[0].note) == ([], "Founders’ Day")
    assert [(day.name, day.words) for day in shown.coming] == [
        ("special day", "10:00–12:00"),
        ("Founders’ Day", "closed"),
        ("special day", "closed"),
    ]
    assert not shown.is_open


def test_the_preview_is_by_the_wall_clock_where_it_changes() -> None:
    row = calendar(hours=ALWAYS_OPEN, tz="Europe/Paris")
    for instant in (datetime(2026, 3, 25, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)):
        sunday = preview(row, instant).weeks[0][6]
        assert sunday.words == ["00:00–24:00"]


def test_the_page_of_a_calendar_shows_the_preview(site: Client) -> None:
    row = calendar(holidays={"2026-11-25": "<b>Day</b>"})
    with as_of(TUESDAY):
        page = html(site, page_of(row))
    assert "Open now" in page
    assert "This week" in page
    assert "&lt;b&gt;Day&lt;/b&gt;" in page
    assert "<b>Day" not in page
    assert "This week" not in html(site, ADD)


def test_the_preview_stays_away_while_the_form_is_wrong(site: Client) -> None:
    closed = dict.fromkeys(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), "")
    again = Form(site, page_of(calendar())).refused(**closed)
    assert "sla-week__table" not in again.html


# What a save means


def test_a_save_says_how_many_open_tickets_keep_their_terms(site: Client) -> None:
    row = calendar()
    Policy.objects.create(name="Gold", goals={"*": {"response": "1h"}}, calendar=row)
    Ticket.objects.create()
    said = Form(site, page_of(row)).saved(Monday="8-17")
    assert "New tickets get the new terms. 1 open ticket keeps its own." in said[1]
    assert f"?calendar={row.pk}" in said[1]


def test_a_calendar_that_no_open_ticket_has_says_nothing(site: Client) -> None:
    row = calendar()
    assert len(Form(site, page_of(row)).saved(Monday="8-17")) == 1


# Reading only


def test_who_may_only_look_reads_words(viewer: Client) -> None:
    row = calendar(
        holidays={"2026-12-25": "Christmas Day"}, special_days={"2026-12-24": [["09:00", "12:00"]]}
    )
    page = html(viewer, page_of(row))
    assert "09:00–17:00" in page
    assert "Christmas Day" in page
    assert "09:00–12:00" in page
    assert "Add public holidays" not in page
    assert "{&quot;" not in page
    assert '<input type="text" name="hours' not in page


def test_who_may_only_look_reads_where_there_are_no_special_dates(viewer: Client) -> None:
    page = html(viewer, page_of(calendar()))
    for name in ("holidays_table", "special_days_table"):
        (said,) = re.findall(rf'field-{name}.*?<div class="readonly">(.*?)</div>', page, re.DOTALL)
        assert said == "—"


# The history


def test_the_history_tells_each_cell_and_the_address_to_those_who_may_see_it(
    site: Client, viewer: Client
) -> None:
    row = calendar(holidays={"2026-12-25": "Christmas"})
    Form(site, page_of(row)).saved(
        Monday="",
        Tuesday="8-17",
        **{
            "holidays-0-name": "Christmas Day",
            "special_days-0-day": "2026-12-24",
            "special_days-0-spans": "9-12",
        },
    )
    url = f"{LIST}{row.pk}/history/"
    page = site.get(url)
    (newest, _oldest) = page.context["page_obj"]
    assert newest.history_delta_changes == [
        {"field": "Holidays: Dec. 25, 2026", "old": "Christmas", "new": "Christmas Day"},
        {"field": "Opening hours: Monday", "old": "09:00–17:00", "new": "closed"},
        {"field": "Opening hours: Tuesday", "old": "09:00–17:00", "new": "08:00–17:00"},
        {"field": "Special days: Dec. 24, 2026", "old": "—", "new": "09:00–12:00"},
    ]
    assert "203.0.113.9" in page.content.decode()
    assert "203.0.113.9" not in html(viewer, url)


def test_many_cells_are_told_together(site: Client) -> None:
    row = calendar()
    row.holidays = {f"2026-01-{day:02}": "" for day in range(1, 10)}
    row.save()
    (newest, _oldest) = site.get(f"{LIST}{row.pk}/history/").context["page_obj"]
    (change,) = newest.history_delta_changes
    assert (change["field"], change["old"]) == ("Holidays", "—")
    assert change["new"].startswith("Jan. 1, 2026: holiday; Jan. 2, 2026: holiday; ")


def test_an_earlier_version_can_be_brought_back(site: Client) -> None:
    row = calendar()
    row.hours = {"mon": [["00:00", "24:00"]]}
    row.save()
    first = row.history.earliest()
    form = Form(site, f"{LIST}{row.pk}/history/{first.pk}/")
    assert "Calendars</a>" in form.html
    assert form.send().status_code == 302
    row.refresh_from_db()
    assert row.hours == OFFICE["hours"]


# Public holidays


def holidays_of(*rows: Calendar) -> str:
    return f"{LIST}holidays/?ids={','.join(str(row.pk) for row in rows)}"


CANADA_DAY = {date(2026, 7, 1): "Canada Day", date(2026, 12, 25): "Christmas Day"}


@pytest.fixture
def package(monkeypatch: Any) -> None:
    monkeypatch.setattr(holidays, "available", lambda: True)
    monkeypatch.setattr(holidays, "countries", lambda: {"CA": ("ON", "QC"), "FR": ()})
    monkeypatch.setattr(holidays, "public_holidays", lambda country, part, years: CANADA_DAY)


@pytest.mark.usefixtures("package")
def test_holidays_are_shown_first_and_then_added(site: Client) -> None:
    row = calendar(holidays={"2026-12-25": "Mine"})
    form = Form(site, holidays_of(row))
    assert form.options["region"] == [
        "---------",
        "Canada, all of it",
        "CA-ON",
        "CA-QC",
        "France, all of it",
    ]
    shown = Form(site, form.url, form.send("_preview", region="CA-ON", years="2026"))
    assert "Canada Day" in shown.html
    assert "already there" in shown.html
    assert "1 new holiday" in shown.html
    row.refresh_from_db()
    assert row.holidays == {"2026-12-25": "Mine"}
    response = shown.send("_add")
    assert response.headers["Location"] == page_of(row)
    row.refresh_from_db()
    assert row.holidays == {"2026-07-01": "Canada Day", "2026-12-25": "Mine"}
    assert [str(m) for m in site.get(page_of(row)).context["messages"]] == [
        "Office: Added 1 holiday."
    ]
    assert row.history.latest().history_user.username == "boss"


@pytest.mark.usefixtures("package")
def test_what_nobody_has_looked_at_is_not_added(site: Client) -> None:
    row = calendar()
    form = Form(site, holidays_of(row))
    shown = Form(site, form.url, form.send("_preview", region="CA-ON", years="2026"))
    again = shown.send("_add", years="2026-2027")
    assert again.status_code == 200
    row.refresh_from_db()
    assert row.holidays == {}


@pytest.mark.usefixtures("package")
def test_holidays_of_several_calendars_at_once(site: Client) -> None:
    first, second = calendar(), calendar("Other", holidays={"2026-07-01": ""})
    response = site.post(
        LIST, {"action": "add_public_holidays", "_selected_action": [first.pk, second.pk]}
    )
    assert response.headers["Location"] == holidays_of(first, second)
    form = Form(site, holidays_of(first, second))
    shown = Form(site, form.url, form.send("_preview", region="FR", years="2026"))
    assert "2 new holidays" in shown.html
    assert shown.send("_add").headers["Location"] == LIST
    assert [len(row.holidays) for row in Calendar.objects.all()] == [2, 2]


@pytest.mark.usefixtures("package")
def test_a_calendar_that_has_them_all_already_is_not_changed(site: Client) -> None:
    full = calendar(holidays={day.isoformat(): "Mine" for day in CANADA_DAY})
    other = calendar("Other")
    form = Form(site, holidays_of(full, other))
    shown = Form(site, form.url, form.send("_preview", region="CA-ON", years="2026"))
    shown.send("_add")
    assert [str(message) for message in site.get(LIST).context["messages"]] == [
        "Office: Added 0 holidays.",
        "Other: Added 2 holidays.",
    ]
    assert LogEntry.objects.get().object_repr == "Other"
    assert full.history.count() == 1


def test_years_that_cannot_be_read_are_told_at_the_years(site: Client) -> None:
    form = Form(site, holidays_of(calendar()))
    again = form.send("_preview", region="CA-ON", years="soon")
    assert again.context["adminform"].form.errors == {
        "years": ["“soon” is no year; write 2026, or 2026-2028."]
    }


def test_real_holidays_of_a_part_of_a_country(site: Client) -> None:
    form = Form(site, holidays_of(calendar()))
    shown = Form(site, form.url, form.send("_preview", region="CA-ON", years="2026"))
    assert "Family Day" in shown.html


def test_without_the_package_it_says_what_to_install(site: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(holidays, "available", lambda: False)
    page = html(site, holidays_of(calendar()))
    assert "pip install &quot;django-sla[holidays]&quot;" in page
    assert "_preview" not in page


def test_holidays_are_for_those_who_may_change_the_calendar(site: Client, viewer: Client) -> None:
    row = calendar()
    assert viewer.get(holidays_of(row)).status_code == 403
    assert site.get(f"{LIST}holidays/?ids=77").status_code == 404
    assert site.get(f"{LIST}holidays/").status_code == 404
    assert Client().get(holidays_of(row)).status_code == 302
