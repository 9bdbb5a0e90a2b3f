"""What the template tags say, at every state, and that they escape it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sla.core.calendar import Calendar
from django_sla.core.condition import Condition
from django_sla.core.event import Kind
from django_sla.core.policy import Policy
from django_sla.core.verdict import State
from django_sla.moment import as_of
from django_sla.registry import register_policy, unregister_policy
from django_sla.tables.policy import Policy as PolicyRow
from django_sla.templatetags import sla as tags
from django_sla.templatetags._words import SHAPES
from tests.conftest import MONDAY, after
from tests.hosts.assets.models import AssetTicket
from tests.hosts.desk.models import Comment, Department, Project, Ticket
from tests.hosts.variety.models import BareTicket

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


def render(text: str, **context: Any) -> str:
    return Template("{% load sla %}" + text).render(Context(context))


def words(html: str) -> str:
    """The text of some HTML, as it reads."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def opened(**fields: Any) -> Ticket:
    with as_of(MONDAY):
        return Ticket.objects.create(**fields)


def moved(ticket: Ticket, hours: float, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(ticket, name, value)
    with as_of(after(hours)):
        ticket.save()


@pytest.fixture
def office() -> Any:
    """A policy of 8 hours, from nine to five."""
    hours = {"mon-fri": [("09:00", "17:00")]}
    calendar = Calendar("UTC", hours=hours, holidays=["2026-03-03"])
    policy = Policy.build(f"Office {EVIL}", {"*": {"resolution": "8h"}}, calendar=calendar)
    register_policy(policy)
    yield policy
    unregister_policy(policy.name)


# Badges

BADGES = [
    (State.ON_TRACK, {}, 1.5, "On track 22h 30m left"),
    (State.AT_RISK, {}, 21.75, "At risk 2h 15m left"),
    (State.BREACHED, {}, 25.1, "Breached 1h 6m over"),
    (State.PAUSED, {2: "pending"}, 30, "Paused 22h left"),
    (State.MET, {3: "resolved"}, 90, "Met"),
    (State.MISSED, {24.5: "resolved"}, 90, "Missed by 30m"),
]


@pytest.mark.parametrize(("state", "moves", "hours", "text"), BADGES)
def test_a_badge_says_the_state_and_the_time(
    state: State, moves: dict[float, str], hours: float, text: str
) -> None:
    ticket = opened()
    for at, status in moves.items():
        moved(ticket, at, status=status)
    html = render("{% sla_badge ticket now=now %}", ticket=ticket, now=after(hours))
    assert words(html) == text
    assert f'class="sla-badge sla-badge--{state}"' in html
    assert f'd="{SHAPES[state]}"' in html


def test_without_a_goal_there_is_no_target(office: Policy) -> None:
    html = render('{% sla_badge ticket "response" %}', ticket=opened())
    assert words(html) == "No target"
    assert 'class="sla-badge sla-badge--none"' in html


def test_without_a_clock_there_is_no_target() -> None:
    assert words(render("{% sla_badge ticket %}", ticket=Ticket())) == "No target"


def test_no_two_states_and_no_two_kinds_have_the_same_shape() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert set(State) | set(Kind) <= SHAPES.keys()


def test_a_badge_tells_the_due_instant_in_the_current_zone() -> None:
    ticket = opened()
    with timezone.override(ZoneInfo("America/Toronto")):
        html = render("{% sla_badge ticket now=now %}", ticket=ticket, now=after(1))
    assert 'title="Resolution due March 3, 2026, 4 a.m. EST"' in html
    assert '<time class="sla-badge__time" datetime="2026-03-03T04:00:00-05:00">' in html


def test_a_paused_badge_has_no_due_instant() -> None:
    ticket = opened(status="pending")
    html = render("{% sla_badge ticket now=now %}", ticket=ticket, now=after(1))
    assert "<time" not in html
    assert "title=" not in html


def test_the_now_of_with_verdicts_is_kept() -> None:
    opened()
    ticket = Ticket.objects.with_verdicts(after(23)).get()
    assert words(render("{% sla_badge ticket %}", ticket=ticket)) == "At risk 1h left"


def test_a_waived_breach_says_so() -> None:
    ticket = opened()
    ticket.sla.waive("resolution", "The customer was away")
    html = render("{% sla_badge ticket now=now %}", ticket=ticket, now=after(25))
    assert words(html) == "Breached 1h over waived"
    html = render("{% sla_badge ticket now=now %}", ticket=ticket, now=after(1))
    assert "waived" not in words(html), "nothing is waived before it is late"


def test_badges_of_a_list_ask_nothing() -> None:
    def queries(count: int) -> int:
        Ticket.objects.all().delete()
        for _ in range(count):
            opened()
        text = '{% for t in tickets %}{% sla_badge t "response" %}{% sla_badge t %}{% endfor %}'
        with CaptureQueriesContext(connection) as captured:
            html = render(text, tickets=Ticket.objects.with_verdicts())
        assert html.count("sla-badge ") == 2 * count
        return len(captured)

    queries(1)  # reads the terms
    assert queries(1) == queries(50) == 2


# Durations


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(hours=3, minutes=12), "3h 12m"),
        (-timedelta(hours=1, minutes=5), "-1h 5m"),
        (timedelta(0), "0m"),
        (None, "—"),
    ],
)
def test_a_duration_reads_in_two_units(duration: timedelta | None, text: str) -> None:
    assert render("{{ duration|sla_duration }}", duration=duration) == text


# Times


def test_times_say_when_and_how_long_it_took(agent: Any) -> None:
    ticket = opened()
    text = words(render("{% sla_times ticket %}", ticket=ticket))
    assert text.count("not yet") == 3
    with as_of(after(2)):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(2))
    ticket.refresh_from_db()
    moved(ticket, 3, status="pending")
    moved(ticket, 9, status="resolved")
    text = words(render("{% sla_times ticket %}", ticket=ticket))
    assert "First response March 2, 2026, 11 a.m. after 2h" in text
    assert "Resolved March 2, 2026, 6 p.m. after 3h" in text, "the pause is left out"
    assert text.endswith("Closed not yet")


def test_times_do_not_take_another_stop_for_the_response(agent: Any) -> None:
    ticket = opened()
    moved(ticket, 3, status="resolved")  # which stops the response clock too
    with as_of(after(5)):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(5))
    html = render("{% sla_times ticket %}", ticket=Ticket.objects.get())
    assert "First response March 2, 2026, 2 p.m. Resolved" in words(html)


# The timeline


def steps(html: str) -> list[str]:
    return [words(item) for item in re.findall(r"<li.*?</li>", html, re.DOTALL)]


def test_the_timeline_tells_who_did_what_when_and_why(agent: Any, requester: Any) -> None:
    agent.first_name, agent.last_name = "Ann", "Agent"
    agent.save()
    ticket = opened(requester=requester)
    ticket._history_user = agent
    with as_of(after(0.5)):
        ticket.sla.set_target("response", after(1), "Promised on the phone")
    with as_of(after(2)):
        Comment.objects.create(ticket=ticket, author=agent, created_at=after(2))
    ticket.refresh_from_db()
    moved(ticket, 3, status="pending")
    moved(ticket, 4, status="working", priority="urgent")
    with as_of(after(5)):
        ticket.sla.waive("response", "The line was down")
    assert steps(render("{% sla_timeline ticket now=now %}", ticket=ticket, now=after(5))) == [
        "Opened Open · Medium System · March 2, 2026, 9 a.m.",
        "Target set by hand Response → to March 2, 2026, 10 a.m. Promised on the phone "
        "Ann Agent · March 2, 2026, 9:30 a.m.",
        "Breached Response March 2, 2026, 10 a.m.",
        "Agent replied Ann Agent · March 2, 2026, 11 a.m.",
        "Status moved Open → to Pending paused Ann Agent · March 2, 2026, noon",
        "Priority changed Medium → to Urgent Ann Agent · March 2, 2026, 1 p.m.",
        "Status moved Pending → to Working open Ann Agent · March 2, 2026, 1 p.m.",
        "Breach waived Response The line was down Ann Agent · March 2, 2026, 2 p.m.",
    ]


def test_kinds_are_told_apart_by_shape() -> None:
    ticket = opened()
    moved(ticket, 30, status="resolved")
    html = render("{% sla_timeline ticket %}", ticket=ticket)
    for kind in ("opened", "target_breached", "status_moved"):
        assert f"sla-timeline__step--{kind}" in html
        assert f'd="{SHAPES[kind]}"' in html


def test_an_escalation_says_when() -> None:
    ticket = opened()
    for key, when in (("k", "1h before"), ("l", "at dusk")):
        data = {"metric": "response", "when": when}
        ticket.sla_events.create(
            kind="escalated", at=after(1), recorded_at=MONDAY, key=key, data=data
        )
    said = steps(render("{% sla_timeline ticket now=now %}", ticket=ticket, now=after(2)))
    assert [step.partition(" Response ")[2][:19] for step in said[1:]] == [
        "1h before it is due",
        "at dusk March 2, 20",
    ]


def test_a_ticket_without_status_and_priority_has_a_timeline() -> None:
    with as_of(MONDAY):
        ticket = BareTicket.objects.create()
    html = render("{% sla_timeline ticket now=now %}", ticket=ticket, now=MONDAY)
    assert steps(html) == ["Opened System · March 2, 2026, 9 a.m."]


def test_a_timeline_is_a_constant_number_of_queries() -> None:
    def queries(count: int) -> int:
        ticket = opened()
        for hours in range(count):
            moved(ticket, hours + 1, status=("pending", "open")[hours % 2])
        with CaptureQueriesContext(connection) as captured:
            render("{% sla_timeline ticket %}", ticket=Ticket.objects.get(pk=ticket.pk))
        return len(captured)

    queries(1)
    assert queries(1) == queries(20)


def test_related_rows_are_called_by_their_names() -> None:
    department = Department.objects.create(name="Claims")
    facts = [{"from": "gone", "to": str(department.pk)}, {"to": ""}]
    name = tags._names(Ticket(), "department", facts)
    assert [name(value) for value in (str(department.pk), "gone", "")] == ["Claims", "gone", ""]


# The changelog


def test_the_changelog_shows_who_changed_what(agent: Any) -> None:
    ticket = opened()
    ticket._history_user = agent
    ticket._change_reason = "Promised on the phone"
    moved(ticket, 1, resolution_target=after(2))
    html = render("{% sla_changelog ticket %}", ticket=ticket)
    row = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)[1]
    assert words(row) == (
        "March 2, 2026, 10 a.m. agent Resolution target "
        "March 3, 2026, 9 a.m. March 2, 2026, 11 a.m. Promised on the phone"
    )
    assert "IP address" not in html


def test_the_changelog_shows_addresses_only_where_asked() -> None:
    ticket = opened()
    ticket.history.update(client_ip="203.0.113.9")
    assert "203.0.113.9" not in render("{% sla_changelog ticket %}", ticket=ticket)
    html = render("{% sla_changelog ticket show_ip=True %}", ticket=ticket)
    assert "203.0.113.9" in html
    assert "IP address" in html


def test_the_changelog_and_the_timeline_tell_of_holds_and_waivers(agent: Any) -> None:
    ticket = opened()
    ticket._history_user = agent
    with as_of(after(1)):
        ticket.sla.pause("The vendor is asked")
    with as_of(after(2)):
        ticket.sla.resume("Answered")
    with as_of(after(3)):
        ticket.sla.waive("resolution", "The customer was away")
        ticket.sla.set_target("closure", after(4), "Agreed")
    html = render("{% sla_changelog ticket %}", ticket=ticket)
    rows = [words(row) for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)]
    assert rows[1:6] == [
        "March 2, 2026, noon agent Target set by hand · Closure — March 2, 2026, 1 p.m. Agreed",
        "March 2, 2026, noon agent Breach waived · Resolution — — The customer was away",
        "March 2, 2026, 11 a.m. agent Resolution target "
        "March 3, 2026, 9 a.m. March 3, 2026, 10 a.m. Answered",
        "March 2, 2026, 11 a.m. agent Released from hold — — Answered",
        "March 2, 2026, 10 a.m. agent Put on hold — — The vendor is asked",
    ]
    html = render("{% sla_timeline ticket now=now %}", ticket=ticket, now=after(3))
    assert steps(html)[1:3] == [
        "Put on hold The vendor is asked agent · March 2, 2026, 10 a.m.",
        "Released from hold Answered agent · March 2, 2026, 11 a.m.",
    ]
    assert f'd="{SHAPES["held"]}"' in html


# Explanations


def test_an_explanation_says_what_counted_and_what_did_not(office: Policy) -> None:
    ticket = opened()
    moved(ticket, 2, status="pending")
    moved(ticket, 4, status="open")
    html = render("{% sla_explain ticket now=now %}", ticket=ticket, now=after(52))
    text = words(html)
    assert "10h counted of 8h allowed." in text
    assert "10h counted 2h paused 1d 8h outside opening hours 8h holiday" in text
    assert "March 2, 2026, 11 a.m. 2h paused" in text
    assert ' x="0.00"' in html
    widths = [float(width) for width in re.findall(r' width="(.*?)"', html)]
    assert sum(widths) == pytest.approx(1000, abs=0.1)


def test_an_explanation_is_given_for_the_now_of_with_verdicts() -> None:
    opened()
    ticket = Ticket.objects.with_verdicts(after(23)).get()
    assert "23h counted of 1d allowed." in words(render("{% sla_explain ticket %}", ticket=ticket))


def test_a_target_set_by_hand_is_explained_as_such() -> None:
    ticket = opened()
    with as_of(after(1)):
        ticket.sla.set_target("resolution", after(4))
    html = render("{% sla_explain ticket now=now %}", ticket=ticket, now=after(2))
    assert "2h counted of 4h allowed. The target was set by hand." in words(html)


def test_a_long_explanation_leaves_out_the_beginning(office: Policy) -> None:
    ticket = opened()
    now = MONDAY + timedelta(days=365)
    html = render("{% sla_explain ticket now=now %}", ticket=ticket, now=now)
    shown = html.count("<tr>") - 2
    assert shown == tags.SHOWN_STRETCHES
    assert re.search(
        r"\d+ earlier stretches are not shown: \d+d \d+h counted \d+d \d+h outside opening hours "
        r"8h holiday",
        words(html),
    )


def test_an_explanation_is_in_the_zone_of_its_calendar(office: Policy) -> None:
    unregister_policy(office.name)
    calendar = Calendar("America/Toronto", hours={"mon-fri": [("09:00", "17:00")]})
    policy = Policy.build(office.name, {"*": {"resolution": "8h"}}, calendar=calendar)
    register_policy(policy)
    ticket = opened()
    html = render("{% sla_explain ticket now=now %}", ticket=ticket, now=after(7))
    text = words(html)
    assert "Times are in America/Toronto, the time zone of the calendar." in text
    assert "March 2, 2026, 4 a.m. 5h outside opening hours March 2, 2026, 9 a.m. 2h counted" in text
    assert 'datetime="2026-03-02T09:00:00-05:00" title="EST"' in html


def test_an_explanation_shows_what_is_given_by_explain(office: Policy) -> None:
    ticket = opened()
    moved(ticket, 2, status="pending")
    now = after(52)
    explanation = ticket.sla.explain("resolution", now)
    html = render("{% sla_explain ticket now=now %}", ticket=ticket, now=now)
    rows = re.findall(r"<tr><td>.*?</tr>", html, re.DOTALL)
    assert len(rows) == len(explanation.segments)
    for row, segment in zip(rows, explanation.segments, strict=True):
        assert segment.span.start.isoformat() in row
        assert tags.sla_duration(segment.span.duration) in row
        assert f"sla-key--{segment.stretch}" in row


def test_without_a_clock_there_is_nothing_to_explain() -> None:
    assert words(render("{% sla_explain ticket %}", ticket=Ticket())) == ""


# Policies


def row_policy(name: str, **parts: Any) -> PolicyRow:
    return PolicyRow.objects.create(name=name, **{"goals": {"*": {"resolution": "8h"}}, **parts})


def is_for(field: str, operator: str, value: Any = None) -> list[dict[str, Any]]:
    return [{"field": field, "operator": operator, "value": value}]


def told(ticket: Ticket, hours: float = 1) -> list[str]:
    """What the tag says: of the terms, that there is a list, and of each policy in it."""
    html = render("{% sla_policy ticket now=now %}", ticket=ticket, now=after(hours))
    return [words(part) for part in re.split(r"(?=<p\b|<details|<li><b>)", html)[1:]]


def test_a_ticket_says_which_policy_it_has_and_why_not_the_others() -> None:
    moon, mars = Project.objects.create(key="MOON"), Project.objects.create(key="MARS")
    row_policy("Moon", order=1, conditions=is_for("project", "is", moon.pk))
    row_policy(
        "Urgent things",
        order=2,
        conditions=is_for("priority", "in", ["urgent", "high"]) + is_for("title", "contains", "x"),
    )
    row_policy("Later", order=3, effective_from=after(24), conditions=is_for("department", "empty"))
    row_policy("Earlier", order=4, effective_until=MONDAY)
    row_policy("Mars", order=5, conditions=is_for("project__key", "is", "MARS"))
    row_policy("Never", order=6)
    assert told(opened(project=mars)) == [
        "Policy Mars since March 2, 2026, 9 a.m. · opened",
        "Which policies were asked",
        "Moon database not for this ticket: Project is MOON here: MARS",
        "Urgent things database not for this ticket: "
        "Priority is one of Urgent, High here: Medium Title contains x here: A ticket",
        "Later database not for this ticket: not effective before March 3, 2026, 9 a.m. UTC",
        "Earlier database not for this ticket: not effective after March 2, 2026, 9 a.m. UTC",
        "Mars database for this ticket: Project → key is MARS",
    ]


def test_a_condition_of_code_says_what_the_ticket_has_in_the_fields_it_reads() -> None:
    condition = Condition(
        "the moon is full", frozenset({"department", "title"}), lambda facts: False
    )
    policy = Policy.build("Coded", {"*": {"resolution": "8h"}}, when=condition)
    register_policy(policy)
    try:
        assert told(opened())[2] == (
            "Coded code not for this ticket: the moon is full "
            "here: Department: nothing; Title: A ticket"
        )
    finally:
        unregister_policy(policy.name)


def test_values_are_told_as_people_know_them(settings: Any, requester: Any) -> None:
    settings.DJANGO_SLA = {
        "POLICIES": [
            {"name": name, "when": {path: "?"}, "goals": {"*": {"resolution": "8h"}}}
            for name, path in [
                ("a", "requester"),
                ("b", "requester__is_staff"),
                ("c", "requester__date_joined"),
                ("d", "status"),
                ("e", "colour"),
                ("f", "assignee__username"),
                ("g", "_meta__label"),
            ]
        ]
    }
    requester.date_joined = MONDAY
    requester.save()
    found = [line.partition("here: ")[2] for line in told(opened(requester=requester))[2:-1]]
    assert found == [
        "requester",
        "no",
        "March 2, 2026, 9 a.m. UTC",
        "Open",
        "no such field",
        "nothing",
        "desk.Ticket",
    ]


def test_a_date_is_told_as_the_language_writes_it(settings: Any) -> None:
    policy = {"name": "New", "when": {"bought_on": "?"}, "goals": {"*": {"resolution": "8h"}}}
    settings.DJANGO_SLA = {"POLICIES": [policy]}
    with as_of(MONDAY):
        ticket = AssetTicket.objects.create(bought_on=MONDAY.date())
    assert told(ticket)[2].endswith("here: March 2, 2026")


def test_where_the_policy_was_edited_the_ticket_says_that_it_keeps_its_terms() -> None:
    policy = row_policy("VIP")
    ticket = opened()
    assert len(told(ticket)) == 3
    policy.goals = {"*": {"resolution": "1h"}}
    policy.save()
    assert told(ticket)[:2] == [
        "Policy VIP since March 2, 2026, 9 a.m. · opened",
        "The policy has been edited since. The ticket keeps the terms that it was given.",
    ]


def test_where_another_policy_would_be_taken_today_the_ticket_says_so() -> None:
    row_policy("VIP", effective_until=after(2))
    ticket = opened()
    assert told(ticket, 2)[1] == (
        "Today it would be “default”. The ticket keeps the terms that it was given."
    )
    assert told(ticket, 2)[3] == (
        "VIP database not for this ticket: not effective after March 2, 2026, 11 a.m. UTC"
    )


def test_since_when_is_when_the_terms_changed() -> None:
    row_policy("Urgent", conditions=is_for("priority", "is", "urgent"))
    ticket = opened()
    moved(ticket, 3, priority="urgent")
    assert told(ticket, 4)[0] == "Policy Urgent since March 2, 2026, noon · priority changed"


def test_a_ticket_that_is_not_saved_has_no_terms_yet() -> None:
    assert told(Ticket())[0] == "Which policies were asked"


def test_what_policies_and_tickets_are_called_is_escaped() -> None:
    row_policy(EVIL, conditions=is_for("title", "is", EVIL))
    ticket = opened(title=EVIL)
    html = render("{% sla_policy ticket now=now %}", ticket=ticket, now=after(1))
    moved(ticket, 1, title="<b>bold</b>")
    html += render("{% sla_policy ticket now=now %}", ticket=ticket, now=after(1))
    assert html.count("&lt;script&gt;") == 5
    assert "&lt;b&gt;bold" in html
    for raw in ("<script", "<b>bold", " style=", " onclick"):
        assert raw not in html


def test_the_policy_of_a_ticket_is_a_constant_number_of_queries() -> None:
    def queries(count: int) -> int:
        PolicyRow.objects.all().delete()
        for number in range(count):
            row_policy(f"{number}", order=number, conditions=is_for("title", "is", "x"))
        pk = opened().pk
        render("{% sla_policy ticket %}", ticket=Ticket.objects.get(pk=pk))
        ticket = Ticket.objects.get(pk=pk)
        with CaptureQueriesContext(connection) as captured:
            render("{% sla_policy ticket %}", ticket=ticket)
        return len(captured)

    assert queries(1) == queries(20) == 2


# The style sheet


def test_the_two_ways_to_dark_colours_agree() -> None:
    path = finders.find("django_sla/sla.css")
    assert path is not None
    css = Path(path).read_text()
    palettes = [re.findall(r"--sla-[a-z-]+: #\w+", block) for block in re.findall(r"{[^{}]*}", css)]
    light, system, switch = (palette for palette in palettes if palette)
    assert system == switch
    assert [line.partition(":")[0] for line in light] == [line.partition(":")[0] for line in system]


# What people typed


def test_what_people_typed_is_escaped(office: Policy, agent: Any) -> None:
    agent.first_name = EVIL
    agent.save()
    ticket = opened(status="<b>odd")
    ticket._history_user = agent
    moved(ticket, 1, status="<i>odd", priority="<u>odd")
    ticket._change_reason = EVIL
    with as_of(after(2)):
        ticket.sla.set_target("resolution", after(3), EVIL)
        ticket.sla.waive("resolution", EVIL)
    text = (
        "{% sla_badge ticket %}{% sla_timeline ticket %}{% sla_changelog ticket show_ip=True %}"
        '{% sla_explain ticket %}{% sla_explain ticket "response" %}{% sla_times ticket %}'
    )
    html = render(text, ticket=ticket)
    assert html.count("&lt;script&gt;") >= 5
    for raw in ("<script", "<b>odd", "<i>odd", "<u>odd"):
        assert raw not in html
    for inline in (" style=", "<style", " onclick", "javascript:"):
        assert inline not in html, "a strict content security policy allows none of it"
