"""The numbers of the dashboard against plain Python over the same clocks, and its queries."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.core.policy import Policy
from django_sla.moment import as_of
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.calendar_period import Period
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.dashboard import Dashboard
from django_sla.reports.figures import Figures, Row
from tests.conftest import after
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("America/Toronto")
MARCH = Period(first=date(2026, 3, 1), end=date(2026, 4, 1), tz=ZONE)
NOW = after(20 * 24)
"""On 22 March."""


def dashboard(period: Period = MARCH, tickets: Any = None, **options: Any) -> Dashboard:
    return Dashboard(
        Ticket.objects.all() if tickets is None else tickets, period, now=NOW, **options
    )


@pytest.fixture
def desk(agent: Any) -> list[Ticket]:
    """Sixty tickets of January to March, as they come."""
    chance = random.Random(7)
    agents = [agent, get_user_model().objects.create_user("other", is_staff=True), None]
    departments = [*(Department.objects.create(name=name) for name in ("IT", "HR")), None]
    tickets = []
    for _number in range(60):
        begin = chance.uniform(-50 * 24, 19.8 * 24)
        ticket = opened(
            begin,
            priority=chance.choice(["urgent", "high", "medium", "low"]),
            assignee=chance.choice(agents),
            department=chance.choice(departments),
        )
        at = begin
        for step in ("answer", "pending", "working", "resolved"):
            at += chance.uniform(0.1, 30)
            if at > 20 * 24 or chance.random() < 0.15:
                break
            if step == "answer":
                answered(ticket, agent, at)
            else:
                moved(ticket, step, at)
        if chance.random() < 0.2:
            with as_of(NOW):
                fresh = Ticket.objects.get(pk=ticket.pk)
                if fresh.sla.resolution.late:
                    fresh.sla.waive("resolution", "The vendor's fault")
        tickets.append(ticket)
    return tickets


# Plain Python


def clocks(metric: str | None = None) -> list[Any]:
    rows = Ticket.sla.clock_model.objects.select_related("ticket")
    return [row for row in rows if metric in (None, row.metric)]


def placed(row: Any) -> datetime | None:
    return row.due_at or row.stopped_at


def is_in(row: Any, since: datetime, until: datetime) -> bool:
    at = placed(row)
    return at is not None and since <= at < until


def kind(row: Any) -> str | None:
    if row.outcome in ("met", "missed"):
        return str(row.outcome)
    return "breached" if row.stopped_at is None and row.due_at and row.due_at < NOW else None


def is_late(row: Any) -> bool:
    return kind(row) in ("missed", "breached")


def figures(rows: list[Any]) -> Figures:
    kinds = Counter(map(kind, rows))
    return Figures(
        met=kinds["met"],
        missed=kinds["missed"],
        breached=kinds["breached"],
        excused=sum(is_late(row) and row.waived for row in rows),
    )


def counts(found: Figures) -> Figures:
    return Figures(
        met=found.met, missed=found.missed, breached=found.breached, excused=found.excused
    )


def in_march(metric: str) -> list[Any]:
    return [row for row in clocks(metric) if is_in(row, MARCH.since, MARCH.until)]


# The period


def test_in_total_and_before(desk: list[Ticket]) -> None:
    found = dashboard()
    past = MARCH.previous
    for metric in ("response", "resolution"):
        assert counts(found.total.metrics[metric]) == figures(in_march(metric))
        rows = [row for row in clocks(metric) if is_in(row, past.since, past.until)]
        assert counts(found.before.metrics[metric]) == figures(rows)
        times = [row.elapsed for row in in_march(metric) if row.elapsed is not None]
        assert found.total.metrics[metric].median == median(times)
    assert found.total.metrics["response"].judged > 10
    assert found.total.tickets == sum(MARCH.since <= t.created_at < MARCH.until for t in desk)
    assert found.before.tickets == sum(past.since <= t.created_at < past.until for t in desk)


def test_it_says_what_the_compliance_report_says(desk: list[Ticket]) -> None:
    total = ComplianceReport(
        Ticket.objects.all(), since=MARCH.since, until=MARCH.until, now=NOW, tz=ZONE
    ).total
    found = dashboard().total
    for metric, theirs in total.metrics.items():
        ours = found.metrics[metric]
        assert counts(ours) == counts(theirs)
        assert (ours.median, ours.p90, ours.p95) == (theirs.median, theirs.p90, theirs.p95)
    assert found.tickets == total.tickets


def test_right_now(desk: list[Ticket]) -> None:
    found = dashboard().right_now
    running = [row for row in clocks() if row.stopped_at is None and row.due_at]
    breached = {row.ticket_id for row in running if row.due_at < NOW}
    at_risk = {
        row.ticket_id for row in running if row.due_at >= NOW and row.warn_at and row.warn_at <= NOW
    }
    unfinished = Ticket.objects.filter(resolved_at=None, closed_at=None).count()
    assert (found.open, found.breached, found.at_risk) == (unfinished, len(breached), len(at_risk))
    assert len(breached) > 3


def test_groups(desk: list[Ticket]) -> None:
    found = dashboard().groups
    assert list(found) == ["priority", "agent", "department"]
    fields = {"priority": "priority", "agent": "assignee_id", "department": "department_id"}
    for name, field in fields.items():
        rows = {row.key: row for row in found[name]}
        for metric in ("response", "resolution"):
            expected: dict[Any, list[Any]] = {}
            for row in in_march(metric):
                if kind(row):
                    expected.setdefault(getattr(row.ticket, field), []).append(row)
            theirs = {key: counts(row.metrics[metric]) for key, row in rows.items()}
            assert {k: f for k, f in theirs.items() if f.judged} == {
                key: figures(some) for key, some in expected.items()
            }
    assert [row.label for row in found["priority"]] == ["Urgent", "High", "Medium", "Low"]
    assert found["department"][-1].label == "(none)"


def test_a_trend_by_week(desk: list[Ticket]) -> None:
    found = dashboard()
    assert len(found.trend) == len(found.trend_parts) == 13
    assert found.trend_parts[-1].label == "2026-W12"
    for part, row in zip(found.trend_parts, found.trend, strict=True):
        for metric in ("response", "resolution"):
            rows = [r for r in clocks(metric) if is_in(r, part.period.since, part.period.until)]
            assert counts(row.metrics[metric]) == figures(rows), part.label


@pytest.mark.parametrize(
    ("days", "grain", "parts"),
    [(7, "day", 13), (31, "day", 13), (32, "week", 12), (200, "month", 24)],
)
def test_how_fine_it_is_shown(days: int, grain: str, parts: int) -> None:
    found = dashboard(
        Period(first=date(2026, 3, 1), end=date(2026, 3, 1) + timedelta(days), tz=ZONE)
    )
    assert found.grain == grain
    assert len(found.trend) == parts


# The budget


def test_what_was_spent_of_the_budget(desk: list[Ticket]) -> None:
    for burn in dashboard(objective=90).burns:
        rows = [row for row in in_march(burn.budget.metric) if placed(row) < NOW]
        excused = [row for row in rows if is_late(row) and row.waived]
        late = [row for row in rows if is_late(row) and not row.waived]
        assert burn.budget.late == len(late)
        assert burn.budget.judged == sum(kind(row) is not None for row in rows) - len(excused)
        assert burn.budget.objective == 90
        assert len(burn.parts) == len(burn.late) == 22
        by_day = Counter(placed(row).astimezone(ZONE).date() for row in late)
        assert list(burn.late) == [by_day[part.period.first] for part in burn.parts]


def test_where_the_budget_was_overspent(desk: list[Ticket]) -> None:
    burn = dashboard(objective=99.9).burns[1]
    assert burn.budget.is_spent
    first = next(part for part, late in zip(burn.parts, burn.late, strict=True) if late)
    assert burn.overspent_in == first


def test_no_budget_before_the_period_begins(desk: list[Ticket]) -> None:
    april = Period(first=date(2026, 4, 1), end=date(2026, 5, 1), tz=ZONE)
    assert dashboard(april).burns == []


def test_a_period_by_week_burns_from_its_first_day(desk: list[Ticket]) -> None:
    quarter = Period(first=date(2026, 1, 1), end=date(2026, 4, 1), tz=ZONE)
    burn = dashboard(quarter).burns[0]
    assert burn.parts[0].label == "2026-W01"
    late = [
        row
        for row in clocks("response")
        if is_late(row) and not row.waived and is_in(row, quarter.since, NOW)
    ]
    assert sum(burn.late) == len(late)


# What stands out


def test_the_hours_of_breaches(desk: list[Ticket]) -> None:
    late = [r for m in ("response", "resolution") for r in in_march(m) if is_late(r)]
    expected = Counter(map(_hour, late))
    found = dashboard().heat
    assert found.counts == dict(expected)
    assert found.most == max(expected.values())
    for hour in found.counts:
        behind = {row.ticket_id for row in late if _hour(row) == hour}
        assert set(found.tickets_of(*hour).values_list("pk", flat=True)) == behind


def _hour(row: Any) -> tuple[int, int]:
    at = row.due_at.astimezone(ZONE)
    return at.isoweekday(), at.hour


def test_what_is_due_next(desk: list[Ticket]) -> None:
    expected = sorted(
        (row.due_at, row.pk)
        for row in clocks()
        if row.stopped_at is None and row.due_at and row.due_at >= NOW
    )
    found = dashboard().due_next
    assert [entry.since for entry in found] == [due for due, _pk in expected[:10]]
    assert [entry.lasted for entry in found] == [due - NOW for due, _pk in expected[:10]]
    assert found


def test_the_latest(desk: list[Ticket]) -> None:
    rows = [row for row in [*in_march("response"), *in_march("resolution")] if is_late(row)]
    expected = sorted((((row.stopped_at or NOW) - row.due_at) for row in rows), reverse=True)
    found = dashboard().latest
    assert [entry.lasted for entry in found] == expected[:10]
    assert {entry.is_open for entry in found} <= {True, False}
    by_ticket = {(row.ticket_id, row.metric): row for row in rows}
    for entry in found:
        row = by_ticket[entry.ticket_id, entry.metric]
        assert (entry.since, entry.is_open, entry.waived) == (
            row.due_at,
            row.stopped_at is None,
            row.waived,
        )


def pauses() -> Iterator[tuple[timedelta, int]]:
    for row in clocks():
        if row.stopped_at is None and row.paused_at:
            yield NOW - row.paused_at, row.ticket_id
        if is_in(row, MARCH.since, MARCH.until):
            spans = [[datetime.fromisoformat(at) for at in pause] for pause in row.pauses]
            yield from ((end - start, row.ticket_id) for start, end in spans)


def test_the_longest_pauses_once_a_ticket(desk: list[Ticket]) -> None:
    longest: dict[int, timedelta] = {}
    for lasted, ticket in pauses():
        longest[ticket] = max(lasted, longest.get(ticket, timedelta(0)))
    found = dashboard().longest_pauses
    assert [entry.lasted for entry in found] == sorted(longest.values(), reverse=True)[:10]
    assert {entry.ticket_id: entry.lasted for entry in found}.items() <= longest.items()
    assert any(entry.is_open for entry in found)
    assert not all(entry.is_open for entry in found)


# Which tickets


def test_only_those_that_are_given_and_fulfil_the_filters(desk: list[Ticket]) -> None:
    found = dashboard(tickets=Ticket.objects.filter(priority="high"), where={"department": [None]})
    expected = [
        row
        for row in in_march("response")
        if row.ticket.priority == "high" and row.ticket.department_id is None
    ]
    assert counts(found.total.metrics["response"]) == figures(expected)
    assert {row.key for row in found.groups["priority"]} <= {"high"}
    keys = {row.ticket_id for row in clocks() if row.ticket.priority == "high"}
    for entry in (*found.due_next, *found.latest, *found.longest_pauses):
        assert entry.ticket_id in keys


@pytest.mark.parametrize(
    ("number", "wanted"),
    [("response_late", is_late), ("response_compliance", lambda row: kind(row) is not None)],
)
def test_from_a_number_to_its_tickets(desk: list[Ticket], number: str, wanted: Any) -> None:
    found = dashboard().summary.tickets_of(Row(), number)
    assert {t.pk for t in found} == {row.ticket_id for row in in_march("response") if wanted(row)}


def test_as_many_queries_for_six_hundred_tickets_as_for_sixty(desk: list[Ticket]) -> None:
    def everything() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            found = dashboard()
            _ = (
                found.total,
                found.before,
                found.right_now,
                found.groups,
                found.trend,
                found.burns,
                found.heat.counts,
                found.due_next,
                found.latest,
                found.longest_pauses,
            )
        return len(captured)

    few = everything()
    with as_of(after(10 * 24)):
        Ticket.objects.bulk_create(
            Ticket(priority="low", department=Department.objects.create(name=f"D{n}"))
            for n in range(100)
        )
    assert everything() == few == 13


def test_an_empty_desk_has_nothing_to_say() -> None:
    found = dashboard()
    assert found.total.is_empty
    assert found.total.tickets == found.right_now.open == 0
    assert found.groups == {"priority": [], "agent": [], "department": []}
    assert [burn.budget.judged for burn in found.burns] == [0, 0]
    assert not (found.due_next)
    assert not (found.latest)
    assert not (found.longest_pauses)
    assert not (found.heat.counts)


def test_days_are_those_of_the_period(agent: Any) -> None:
    # Due at 03:30 in UTC on 1 April: still March in Toronto.
    answered(opened(29 * 24 + 10.5), agent, 30 * 24 + 10.5)
    row = clocks("response")[0]
    assert row.due_at == datetime(2026, 4, 1, 3, 30, tzinfo=UTC)
    late = Dashboard(Ticket.objects.all(), MARCH, now=after(60 * 24))
    assert late.total.metrics["response"].missed == 1
    utc = Period(first=MARCH.first, end=MARCH.end, tz=UTC)
    other = Dashboard(Ticket.objects.all(), utc, now=after(60 * 24))
    assert other.total.metrics["response"].missed == 0


def test_midnight_belongs_to_what_begins_then(agent: Any) -> None:
    ticket = opened(0)
    midnight = datetime(2026, 3, 16, tzinfo=ZONE)
    with as_of(after(1)):
        ticket.sla.set_target("response", midnight, "Agreed")
    answered(ticket, agent, 19 * 24)
    weeks = {part.label: row.response.missed for part, row in zip(*trend(), strict=True)}
    assert (weeks["2026-W11"], weeks["2026-W12"]) == (0, 1)
    burn = dashboard().burns[0]
    assert [part.label for part, late in zip(burn.parts, burn.late, strict=True) if late] == [
        "2026-03-16"
    ]


def trend() -> tuple[Any, Any]:
    found = dashboard()
    return found.trend_parts, found.trend


def test_a_pause_of_several_metrics_is_one_pause(agent: Any) -> None:
    goals = {"*": {"resolution": "8h", "closure": "2d"}}
    policy = Policy.build("Closing", goals)
    register_policy(policy)
    try:
        ticket = moved(moved(opened(0), "pending", 1), "working", 5)
        moved(opened(0), "pending", 3)
        assert len({row.metric for row in ticket.sla_clocks.exclude(longest_pause=None)}) == 2
        found = dashboard().longest_pauses
    finally:
        unregister_policy(policy.name)
    assert [entry.lasted for entry in found] == [NOW - after(3), timedelta(hours=4)]
