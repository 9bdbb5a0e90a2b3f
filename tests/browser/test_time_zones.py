"""An instant is one instant, and is shown as the clocks show it where whoever looks is."""

from datetime import datetime, timedelta

from playwright.sync_api import expect

from tests.browser.steps import find_ticket
from tests.browser.visitor import Visitor


def choose(visitor: Visitor, zone: str) -> None:
    visitor.open("/")
    visitor.page.locator(".top summary").click()
    visitor.click(visitor.page.get_by_role("link", name="Time zone"))
    visitor.page.get_by_label("Time zone").select_option(label=zone)
    visitor.press("Save")
    expect(visitor.page.get_by_role("status")).to_have_text(f"Times are in {zone} now.")


SHOWN = """(times) => times.map((time) => [time.dateTime, time.textContent, time.title])"""
"""An instant for programs, for people, and what its zone is called."""


def clocks(visitor: Visitor) -> list[list[str]]:
    """The times of day on a page."""
    found = visitor.page.locator("main time").evaluate_all(SHOWN)
    return [time for time in found if ":" in time[1]]


def test_toronto_and_berlin(admin: Visitor) -> None:
    shown = {}
    for zone in ("Europe/Berlin", "America/Toronto"):
        choose(admin, zone)
        find_ticket(admin, "For Read")
        shown[zone] = clocks(admin)
        admin.follow("View on site")
        shown[zone] += clocks(admin)
    differing = 0
    for berlin, toronto in zip(*shown.values(), strict=True):
        there, here = (datetime.fromisoformat(instant) for instant, *_rest in (berlin, toronto))
        assert there == here
        # The hours of a calendar are those of its own zone, whoever looks.
        if there.utcoffset() != here.utcoffset():
            differing += 1
            assert there.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
            assert here.utcoffset() in (timedelta(hours=-5), timedelta(hours=-4))
            assert f"{there:%H:%M}" in berlin[1]
            assert f"{here:%H:%M}" in toronto[1]
            assert berlin[2].endswith(("CET", "CEST"))
            assert toronto[2].endswith(("EST", "EDT"))
    assert differing > 5
