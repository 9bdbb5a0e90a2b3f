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


def shown(visitor: Visitor) -> list[tuple[str, str, str]]:
    """Each instant of the page: for programs, for people, and what its zone is called."""
    times = visitor.page.locator("main time").all()
    return [
        (
            time.get_attribute("datetime") or "",
            time.text_content() or "",
            time.get_attribute("title") or "",
        )
        for time in times
    ]


def test_toronto_and_berlin(admin: Visitor) -> None:
    pages = {}
    for zone in ("Europe/Berlin", "America/Toronto"):
        choose(admin, zone)
        find_ticket(admin, "For Read")
        admin.page.get_by_text("Which policies were asked").click()
        in_the_admin = [time for time in shown(admin) if ":" in time[1]]
        admin.follow("View on site")
        pages[zone] = in_the_admin + [time for time in shown(admin) if ":" in time[1]]
    assert len(pages["Europe/Berlin"]) > 10
    for berlin, toronto in zip(*pages.values(), strict=True):
        there, here = (datetime.fromisoformat(time[0]) for time in (berlin, toronto))
        assert there == here
        print(berlin, toronto)
        if there.utcoffset() == timedelta(0):
            continue
        assert there.utcoffset() in (timedelta(hours=1), timedelta(hours=2))
        assert here.utcoffset() in (timedelta(hours=-5), timedelta(hours=-4))
        assert f"{there:%H:%M}" in berlin[1]
        assert f"{here:%H:%M}" in toronto[1]
        assert berlin[2].endswith(("CET", "CEST"))
        assert toronto[2].endswith(("EST", "EDT"))
