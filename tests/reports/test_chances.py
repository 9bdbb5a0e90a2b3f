"""The chances of open tickets, from the tickets that there were."""

from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.core.policy import Terms, goals
from django_sla.core.verdict import State
from django_sla.models import Calendar, Policy
from django_sla.reports import chances as module
from django_sla.reports.chances import Chances
from django_sla.reports.experience import Experience, Life
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import moved, opened

HOUR = timedelta(hours=1)
NOW = after(2_000)
HOURS = [float(hours) for hours in range(1, 41)]


def took(hours: list[float], started: float = 1_000, **fields: Any) -> list[Any]:
    """Tickets that were resolved after so many hours."""
    fields = {"priority": "medium"} | fields
    return Ticket.objects.bulk_create(
        Ticket(
            status="resolved",
            created_at=after(started + place),
            resolved_at=after(started + place + one),
            **fields,
        )
        for place, one in enumerate(hours)
    )


def chance(ticket: Any, metric: str = "resolution", **options: Any) -> float | None:
    found = Chances(Ticket.objects.all(), now=NOW, **options)
    return found.of(ticket.sla.verdict(metric, NOW))


@pytest.mark.django_db
def test_the_share_of_those_that_took_longer() -> None:
    """Forty took 1 to 40 hours: of the 28 that took more than 12, 16 took more than 24."""
    took(HOURS)
    open_for_12 = opened(2_000 - 12)
    # It goes on itself, known to take longer than 12 hours, and changes nothing after that.
    assert chance(open_for_12) == pytest.approx(16 / 28)
    # The resolution stopped the response clocks, too; that of the open one goes on beyond 8 hours.
    assert chance(opened(2_000 - 4), "response") == pytest.approx(33 / 37)


@pytest.mark.django_db
def test_what_goes_on_counts_for_as_long_as_it_has() -> None:
    took(HOURS)
    for _number in range(12):
        opened(2_000 - 20.5)
    share = 1.0
    for hours in range(13, 25):
        there = 41 - hours + (12 if hours < 20.5 else 0)
        share *= 1 - 1 / there
    assert chance(opened(2_000 - 12)) == pytest.approx(share)


@pytest.mark.django_db
def test_late_done_and_never_promised() -> None:
    took(HOURS)
    late = opened(2_000 - 30)
    assert chance(late) == 1
    assert chance(moved(late, "resolved", 1_999)) is None
    assert chance(late, "next_response") is None  # has no clock
    Policy.objects.create(name="Response alone", goals={"*": {"response": "2h"}})
    assert chance(opened(1_999)) is None


@pytest.mark.django_db
def test_paused_for_as_long_as_it_counted() -> None:
    took(HOURS)
    ticket = moved(opened(1_900), "pending", 1_912)
    assert ticket.sla.verdict("resolution", NOW).state is State.PAUSED
    assert chance(ticket) == pytest.approx(16 / 28)


@pytest.mark.django_db
def test_a_target_set_by_hand() -> None:
    took(HOURS)
    ticket = opened(2_000 - 12)
    ticket.sla.set_target("resolution", after(2_000 + 18), "Promised on the phone")
    assert chance(ticket) == pytest.approx(10 / 28)


@pytest.mark.django_db
def test_a_target_set_by_hand_where_no_policy_was_chosen() -> None:
    took(HOURS)
    ticket = opened(2_000 - 12)
    ticket.sla.set_target("resolution", after(2_000 + 18), "Promised on the phone")
    ticket.sla_clocks.update(terms=None)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert chance(ticket) is None
    told = Chances(Ticket.objects.all(), now=NOW).likeliest(metric="resolution")
    assert (told.open, told.untold, told.chances) == (1, 1, [])


@pytest.mark.django_db
def test_nothing_where_too_few_took_so_long() -> None:
    took([hours / 4 for hours in range(1, 41)])  # 10 hours at most
    assert chance(opened(2_000 - 7.4)) == 0
    assert chance(opened(2_000 - 7.8)) is None
    assert chance(opened(2_000 - 7.4), days=30) is None  # of the last month there is nothing


@pytest.mark.django_db
def test_only_the_tickets_asked_for() -> None:
    took(HOURS)
    took([hours / 10 for hours in range(1, 41)], title="others")
    ticket = opened(2_000 - 2)
    alone = Chances(Ticket.objects.exclude(title="others"), now=NOW)
    assert alone.of(ticket.sla.verdict("resolution", NOW)) == pytest.approx(16 / 38)
    assert chance(ticket) == pytest.approx(16 / (38 + 20))
    assert chance(ticket, where={"priority": "low"}) is None


EVERY_HOUR = goals({"*": {"resolution": "24h"}})
GOLD, SILVER = (Terms(name=name, goals=EVERY_HOUR) for name in ("Gold", "Silver"))
OFFICE = Terms(
    name="Gold",
    goals=EVERY_HOUR,
    calendar=Calendar(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]}).value(),
)


def lives(terms: Terms, priority: str, hours: list[float]) -> list[Life]:
    return [Life(terms, "resolution", priority, one * HOUR, True) for one in hours]


def test_the_closest_kind_of_which_there_are_enough() -> None:
    slow, quick = HOURS, [hours / 2 for hours in HOURS]

    def told(*some: list[Life], terms: Terms = GOLD, priority: str = "low") -> float | None:
        experience = Experience(life for one in some for life in one)
        return experience.chance(terms, "resolution", priority, 4 * HOUR, 10 * HOUR)

    gold, silver, urgent = (
        lives(GOLD, "low", slow),
        lives(SILVER, "low", quick),
        lives(GOLD, "urgent", quick),
    )
    assert told(gold, silver, urgent) == pytest.approx(30 / 36)
    # One that stopped in 30 is missing.
    assert told(gold[:29], silver) == pytest.approx((19 + 20) / (25 + 32))
    assert told(urgent) == told(silver) == pytest.approx(20 / 32)
    assert told(gold, terms=OFFICE) is None  # their hours are others
    assert Experience(gold).chance(GOLD, "response", "low", HOUR, HOUR) is None
    assert Experience([]).chance(GOLD, "resolution", "low", HOUR, HOUR) is None


@pytest.mark.django_db
def test_office_hours_count_as_such() -> None:
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    office = Calendar.objects.create(name="Office", tz="UTC", hours=week)
    Policy.objects.create(name="Desk", goals={"*": {"resolution": "16h"}}, calendar=office)
    # Opened on Mondays at nine, and resolved after 4 to 23.5 hours of work.
    Ticket.objects.bulk_create(
        Ticket(
            status="resolved",
            created_at=after(0),
            resolved_at=after(half // 16 * 24 + half % 16 / 2),
        )
        for half in range(8, 48)
    )
    now = after(7 * 24 + 7)  # Monday at four: 7 hours have counted
    ticket = opened(7 * 24)
    found = Chances(Ticket.objects.all(), now=now).of(ticket.sla.verdict("resolution", now))
    longer_than_16, longer_than_7 = 47 - 32, 47 - 14
    assert found == pytest.approx(longer_than_16 / longer_than_7)


@pytest.mark.django_db
def test_the_likeliest() -> None:
    took(HOURS)
    ages = [1, 5, 12, 20, 23]
    tickets = {age: opened(2_000 - age) for age in ages}
    opened(2_000 - 25)  # late
    opened(2_000 - 60, priority="low")  # no ticket took so long
    found = Chances(Ticket.objects.all(), now=NOW).likeliest(3, "resolution")
    assert [one.ticket_id for one in found.chances] == [tickets[age].pk for age in (23, 20, 12)]
    assert found.open == 6
    assert found.untold == 1
    single = [chance(tickets[age]) for age in ages]
    assert found.expected == pytest.approx(sum(one for one in single if one is not None))
    first = found.chances[0]
    assert first.percent == pytest.approx(100 * (single[-1] or 0))
    assert (first.elapsed, first.remaining, first.due) == (23 * HOUR, HOUR, NOW + HOUR)
    assert (first.metric, first.priority, first.state) == ("resolution", "medium", State.AT_RISK)
    everything = Chances(Ticket.objects.all(), now=NOW)
    assert everything.count("resolution") == 6
    assert everything.likeliest().open == everything.count() > 6


@pytest.mark.django_db
def test_calibration_of_one_metric() -> None:
    random = Random(3)
    took([random.expovariate(1 / 24) for _ in range(300)], started=500)
    found = Chances(Ticket.objects.all(), now=NOW).calibration("resolution")
    assert found.metric == "resolution"
    assert found.count > 20
    assert found.brier is not None
    assert 0.1 < found.brier < 0.4
    assert Chances(Ticket.objects.all(), now=NOW).calibration("closure").count == 0


@pytest.mark.django_db
def test_a_constant_number_of_queries() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            found = Chances(Ticket.objects.all(), now=NOW)
            found.likeliest()
            found.calibration("resolution")
            found.calibration("response")
        return len(captured)

    took([1.0] * 3)
    opened(1_999)
    few = queries()
    took(HOURS)
    for priority in Ticket.Priority.values:
        opened(1_999, priority=priority)
    assert queries() <= few <= 5


@pytest.mark.django_db
@pytest.mark.parametrize("sample", [7, 10, 20, 39])
def test_of_many_an_even_share(sample: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "SAMPLE", sample)
    took(HOURS)
    took([1.0] * 5, priority="low")
    found = Chances(Ticket.objects.all(), now=NOW)._past
    kinds = [(past.row.metric, past.row.priority) for past in found]
    for metric in ("response", "resolution"):
        assert kinds.count((metric, "medium")) == sample
        assert kinds.count((metric, "low")) == min(sample, 5)
    started = sorted(
        past.row.started_at
        for past in found
        if (past.row.metric, past.row.priority) == ("resolution", "medium")
    )
    gaps = {later - earlier for earlier, later in pairwise(started)}
    assert max(gaps) - min(gaps) <= HOUR
