"""What a badge tells the script that goes on from it."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation

from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

MS = 3_600_000
"""Of an hour."""


def render(text: str, hours: float, **context: Any) -> str:
    with as_of(after(hours)):
        return Template("{% load sla %}" + text).render(Context(context))


def told(html: str) -> dict[str, Any]:
    found = re.search(r'data-countdown="([^"]*)"', html)
    assert found, html
    return json.loads(unescape(found[1]))


def opened(**fields: Any) -> Ticket:
    with as_of(MONDAY):
        return Ticket.objects.create(**fields)


@pytest.mark.parametrize("tag", ["sla_badge", "sla_countdown"])
def test_a_running_badge_tells_how_it_goes_on(tag: str) -> None:
    html = render(f"{{% {tag} ticket %}}", 2, ticket=opened())
    monday = int(MONDAY.timestamp()) * 1000
    assert html.startswith("<sla-countdown ")
    assert html.rstrip().endswith("</sla-countdown>")
    assert told(html) == {
        "state": "on_track",
        "now": monday + 2 * MS,
        "warn": monday + 18 * MS,
        "due": monday + 24 * MS,
        "left": 22 * MS,
        "open": [[0, 7 * 24 * MS]],
        "waived": False,
    }
    assert "22h left</time>" in html


def test_what_is_overdue_has_less_than_nothing_left() -> None:
    ticket = opened()
    ticket.sla.waive("resolution", "The customer was away")
    html = told(render("{% sla_badge ticket %}", 25, ticket=ticket))
    assert (html["state"], html["left"], html["waived"]) == ("breached", -MS, True)


@pytest.mark.parametrize("tag", ["sla_badge", "sla_countdown"])
def test_what_stands_still_is_no_countdown(tag: str) -> None:
    html = render(f"{{% {tag} ticket %}}", 2, ticket=opened(status="pending"))
    assert html.startswith("<span ")
    assert html.rstrip().endswith("</span>")
    assert "countdown=" not in html
    assert "24h" in html or "1d left" in html


def test_what_is_judged_at_another_time_stands_still() -> None:
    html = render("{% sla_badge ticket now=now %}", 2, ticket=opened(), now=after(5))
    assert "19h left" in html
    assert "data-countdown" not in html


def test_the_words_are_in_the_current_language() -> None:
    words = json.loads(unescape(render("{% sla_words %}", 0)))
    assert words["left"] == "%(duration)s left"
    assert words["at_risk"][0] == "At risk"
    assert words["breached"][0] == "Breached"
    with translation.override("de"):
        # Django's own translation of a word that is the same.
        assert json.loads(unescape(render("{% sla_words %}", 0))).keys() == words.keys()


def test_the_words_fit_into_an_attribute() -> None:
    html = render('<script data-words="{% sla_words %}"></script>', 0)
    assert html.count('"') == 2
