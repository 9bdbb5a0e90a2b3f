"""Pages in a language whose words are longer than those of English."""

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.example.desk import Desk

OPEN = """
from desk.models import Ticket
from django.contrib.auth.models import User
Ticket.objects.create(title="Long words", assignee=User.objects.get(username="agent"))
"""

LENGTHEN = """() => document.querySelectorAll(".sla-badge").forEach((badge) => {
    badge.querySelector(".sla-badge__state").textContent = "En dépassement";
    badge.querySelector(".sla-badge__time").textContent = "10h 14m de retard";
})"""

STICKS_OUT = """() => {
    const right = (element) => element.getBoundingClientRect().right;
    return [...document.querySelectorAll(".sla-queue__item .sla-badge")]
        .filter((badge) => right(badge) > right(badge.closest(".sla-queue__item")))
        .map((badge) => badge.textContent);
}"""


@pytest.mark.parametrize("screen", [DESKTOP, PHONE, {"width": 320, "height": 640}])
def test_badges_stay_within_the_queue(
    visit: Callable[..., Visitor], desk: Desk, screen: dict[str, int]
) -> None:
    desk.manage("shell", "--verbosity", 0, "-c", OPEN)
    page = visit("agent", viewport=screen).page
    page.goto("/queue/")
    page.set_viewport_size(screen)
    assert page.locator(".sla-queue__item .sla-badge").count()
    page.evaluate(LENGTHEN)
    assert page.evaluate(STICKS_OUT) == []
