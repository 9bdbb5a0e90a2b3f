"""Each figure of the compliance report, on tickets made by hand.

A medium ticket is promised a response in 8 hours and a resolution in 24, around the clock.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.core.calendar import Calendar
from django_sla.core.policy import DEFAULT_GOALS, Policy
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.compliance import ComplianceReport, Figures, Row
from django_sla.reports.format import Unit
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.complying import brief, report, total
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


# The figures


def test_all_figures(four: list[Ticket]) -> None:
    row = total(at=40)
    metrics = {name: brief(figures) for name, figures in row.metrics.items()}
    assert replace(row, metrics=metrics) == Row(
        label="Total",
        tickets=4,
        time=(30 + 30 + 20 + 40) / 4 * HOUR,
        open=2,
        metrics={
            "response": Figures(
                met=2,
                missed=1,
                breached=1,
                average=timedelta(hours=3, minutes=50),
                median=2 * HOUR,
            ),
            # Neither the one that waits nor the one not yet due.
            "resolution": Figures(met=1, missed=1, average=20 * HOUR, median=20 * HOUR),
        },
        breached=1,
        at_risk=1,
    )
    assert total(at=40).response.compliance == 50
    assert total(at=40).resolution.compliance == 50


def test_nothing_to_divide() -> None:
    assert report().rows == []
    assert total() == Row(label="Total", metrics={"response": Figures(), "resolution": Figures()})
    assert total().time is None
    assert total().response.compliance is None
    assert total().response.adjusted is None


def test_open_tickets_by_what_they_are_now(four: list[Ticket]) -> None:
    def now(hours: float) -> tuple[int, int]:
        row = total(at=hours)
        return row.breached, row.at_risk

    # The one not looked at: its response is due at hour 28, its resolution at hour 44.
    assert now(25.9) == (0, 0)
    assert now(26) == (0, 1)
    assert now(28) == (0, 1), "on the dot is not late"
    assert now(28.1) == (1, 0)
    assert now(38) == (1, 1)
    assert now(45) == (1, 0), "one ticket, whatever the number of its breaches"


def test_breached_and_then_paused_stays_breached() -> None:
    moved(opened(), "pending", 25)
    assert total(at=30).resolution.breached == 1
    assert total(at=30).breached == 1


def test_the_time_of_a_ticket_ends_with_its_resolution_where_it_is_not_closed() -> None:
    moved(opened(), "resolved", 3)
    assert total().time == 3 * HOUR


@pytest.mark.parametrize(
    ("hours", "median"),
    [([3], 3), ([1, 4], 2.5), ([9, 1, 2], 2), ([2, 2, 2, 7], 2), ([5, 1, 2, 4], 3)],
)
def test_median(agent: Any, hours: list[float], median: float) -> None:
    for hour in hours:
        answered(opened(), agent, hour)
    assert total().response.median == median * HOUR


def test_times_are_exact(agent: Any) -> None:
    microsecond = timedelta.resolution
    for count in (1, 1, 2**40):
        answered(opened(), agent, count / 3_600_000_000)
    figures = total().response
    assert figures.median == microsecond
    assert figures.average == (2**40 + 2) // 3 * microsecond


def test_counted_time_leaves_pauses_out_and_the_time_of_a_ticket_does_not() -> None:
    ticket = moved(opened(), "pending", 1)
    moved(moved(ticket, "open", 6), "resolved", 8)
    row = total()
    assert row.resolution.average == 3 * HOUR
    assert row.time == 8 * HOUR


def test_every_cycle_is_a_promise_of_its_own() -> None:
    policy = Policy.build("Again", DEFAULT_GOALS, reopening="restart")
    register_policy(policy)
    try:
        ticket = moved(moved(opened(), "resolved", 30), "open", 40)
        moved(ticket, "resolved", 42)
    finally:
        unregister_policy("Again")
    figures = total().resolution
    assert (figures.met, figures.missed, figures.average) == (1, 1, 16 * HOUR)


def test_a_subclass_can_report_other_metrics(agent: Any, requester: Any) -> None:
    class Closing(ComplianceReport):
        metrics = ("closure",)

    goals = {"*": {"response": "8h", "closure": "48h"}}
    register_policy(Policy.build("Closing", goals))
    try:
        moved(opened(), "closed", 50)
    finally:
        unregister_policy("Closing")
    found = Closing(Ticket.objects.all(), now=after(100))
    assert list(found.total.metrics) == ["closure"]
    figures = Figures(missed=1, average=50 * HOUR, median=50 * HOUR)
    assert brief(found.total.metrics["closure"]) == figures
    assert "closure_median" in [column.name for column in found.columns]


def test_percentiles_in_business_and_in_wall_time(agent: Any) -> None:
    office = Calendar("UTC", hours={"mon-fri": [("09:00", "17:00")]})
    register_policy(Policy.build("Office", DEFAULT_GOALS, calendar=office))
    try:
        for hours in (1, 2, 3, 24, 25):
            answered(opened(), agent, hours)
    finally:
        unregister_policy("Office")
    figures = total().response
    assert figures.average == (1 + 2 + 3 + 8 + 9) / 5 * HOUR
    assert (figures.median, figures.p90, figures.p95) == (3 * HOUR, 9 * HOUR, 9 * HOUR)
    assert figures.wall_average == 11 * HOUR
    assert (figures.wall_median, figures.wall_p90) == (3 * HOUR, 25 * HOUR)
    assert figures.wall_p95 == 25 * HOUR


def test_open_and_reopened(agent: Any) -> None:
    moved(opened(), "resolved", 1)
    moved(moved(moved(opened(), "resolved", 1), "closed", 2), "pending", 3)
    moved(moved(moved(opened(), "closed", 1), "open", 2), "closed", 3)
    moved(moved(opened(), "pending", 1), "open", 2)
    row = total()
    assert (row.tickets, row.open, row.reopened) == (4, 2, 2)
    assert total(until=after(0)).reopened == 0


def test_without_a_policy(four: list[Ticket]) -> None:
    """Found behind the managers: no terms were chosen."""
    Ticket.sla.clock_model.objects.filter(ticket=four[0]).update(terms=None)
    Ticket.sla.clock_model.objects.filter(ticket=four[1], metric="response").update(terms=None)
    Ticket.sla.clock_model.objects.filter(ticket=four[2]).delete()
    assert total().without_policy == 2
    assert [row.without_policy for row in report(by="priority").rows] == [2]


def test_a_subclass_can_do_without_what_takes_a_query_of_its_own(four: list[Ticket]) -> None:
    class Quick(ComplianceReport):
        sought = ()

    def queries(kind: type[ComplianceReport]) -> int:
        with CaptureQueriesContext(connection) as found:
            assert kind(Ticket.objects.all(), now=after(40)).total.tickets == 4
        return len(found)

    assert (queries(Quick), queries(ComplianceReport)) == (3, 5)


# From a number to its tickets


@pytest.mark.parametrize("by", ["none", "priority", "agent", "policy", "week", "agent,month"])
def test_behind_every_count_are_as_many_tickets(by: str, four: list[Ticket], agent: Any) -> None:
    four[1].sla.waive("resolution", "The backup was down")
    opened(39, priority="", assignee=agent)
    answered(opened(1, assignee=agent), agent, 3)
    opened(31)  # its resolution is at risk from hour 49 on
    moved(moved(opened(700), "resolved", 701), "open", 702)
    found = report(by=by, at=50)
    seen = Counter[str]()
    for row in (*found.rows, found.total):
        for column in found.columns:
            if column.unit is Unit.COUNT:
                number = column.value(row)
                assert found.tickets_of(row, column.name).count() == number, (row, column)
                seen[column.name] += bool(number)
    assert {name for name in seen if not seen[name]} == {"without_policy", "response_excused"}


def test_behind_percentages_and_times(four: list[Ticket]) -> None:
    in_time, late, not_looked_at, waiting = four
    late.sla.waive("response", "The backup was down")
    found = report(at=40)

    def behind(column: str) -> list[Ticket]:
        return sorted(found.tickets_of(found.total, column), key=lambda ticket: ticket.pk)

    assert behind("time") == four
    assert behind("response_compliance") == four
    assert behind("response_adjusted") == [in_time, not_looked_at, waiting]
    assert behind("response_median") == behind("response_wall_p95") == [in_time, late, waiting]
    assert behind("resolution_average") == [in_time, late]


def test_a_ticket_with_two_cycles_stands_once_and_its_clocks_are_two() -> None:
    register_policy(Policy.build("Again", DEFAULT_GOALS, reopening="restart"))
    try:
        ticket = moved(moved(opened(), "resolved", 1), "open", 2)
        moved(ticket, "resolved", 3)
    finally:
        unregister_policy("Again")
    found = report()
    assert found.total.resolution.met == found.clocks_of(found.total, "resolution_met").count() == 2
    assert list(found.tickets_of(found.total, "resolution_met")) == [ticket]


def test_behind_what_is_no_number_is_nothing() -> None:
    found = report()
    with pytest.raises(ValueError, match="column: 'group' is no number; there is tickets, time"):
        found.tickets_of(found.total, "group")


# The period before


def test_compared_with_the_period_before(agent: Any) -> None:
    answered(opened(0, priority="high"), agent, 1)  # due at hour 4
    answered(opened(1), agent, 20)  # due at hour 9
    answered(opened(10), agent, 12)  # due at hour 18
    found = report(by="priority", since=after(10), until=after(20), compare=True)
    columns = {column.name: column for column in found.columns}

    def values(name: str, row: Row) -> tuple[Any, ...]:
        names = (name, f"{name}_previous", f"{name}_change")
        return tuple(columns[each].value(row) for each in names)

    (row,) = found.rows
    assert values("tickets", row) == (1, 1, 0)
    assert values("tickets", found.total) == (1, 2, -1)
    assert values("response_compliance", found.total) == (100, 50, 50)
    assert values("response_median", row) == (2 * HOUR, 19 * HOUR, -17 * HOUR)
    assert values("resolution_median", row) == (None, None, None)
    assert "group_previous" not in columns
    shown = [name for name, column in columns.items() if not column.detail and column.signed]
    assert shown[:2] == ["tickets_change", "response_compliance_change"]


def test_a_group_that_was_not_there_before_has_no_change(agent: Any) -> None:
    opened(15)
    found = report(by="priority", since=after(10), until=after(20))
    assert found.row_before(found.rows[0]) is None
    assert found.row_before(found.total) == Row(
        label="Total", metrics={"response": Figures(), "resolution": Figures()}
    )
    assert report(by="priority").row_before(found.rows[0]) is None


def test_there_is_nothing_before_the_beginning() -> None:
    with pytest.raises(ValueError, match="compare: there is no period before"):
        report(until=after(20), compare=True)


# Waivers


def test_a_waiver_is_in_the_raw_compliance_and_not_in_the_adjusted(four: list[Ticket]) -> None:
    in_time, late, not_looked_at, _ = four
    late.sla.waive("resolution", "The backup was down")
    not_looked_at.sla.waive("response", "A test")
    row = total(at=40)
    assert (row.resolution.compliance, row.resolution.adjusted) == (50, 100)
    assert (row.response.compliance, row.response.adjusted) == (50, pytest.approx(200 / 3))
    assert (row.resolution.excused, row.response.excused) == (1, 1)
    in_time.sla.waive("resolution", "There was nothing to excuse")
    assert total(at=40).resolution.adjusted == 100


def test_nothing_is_left_where_every_breach_is_excused() -> None:
    moved(opened(), "resolved", 30).sla.waive("resolution", "A test")
    assert total().resolution.compliance == 0
    assert total().resolution.adjusted is None


# What nothing was promised of


def test_without_a_promise_there_are_times_and_no_compliance(agent: Any) -> None:
    moved(answered(opened(priority="odd"), agent, 2), "resolved", 3)
    row = total()
    assert brief(row.response) == Figures(average=2 * HOUR, median=2 * HOUR)
    assert row.response.compliance is None
    # Placed by their stop, for want of a due instant.
    assert total(since=after(2), until=after(3)).response.average == 2 * HOUR
    assert total(since=after(2), until=after(3)).resolution.average is None
    opened(priority="odd")
    assert (total().breached, total().at_risk) == (0, 0)
