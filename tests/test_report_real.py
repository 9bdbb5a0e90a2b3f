"""The reports against the independent reading of an incident log, to the microsecond.

A small invented log is always compared. A real one, of 890 incidents, is where it is there:
INCIDENT_LOG names it, or it lies beside the checkout.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import combinations
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from django_sla.core.calendar import Calendar
from django_sla.core.policy import DEFAULT_GOALS, Policy
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.compliance import ComplianceReport, Figures, Row
from django_sla.reports.format import Unit
from django_sla.reports.stays import StayReport
from django_sla.reports.time_by_dimension import TimeByDimensionReport
from django_sla.reports.time_in_status import TimeInStatusReport
from tests import oracle_incidents as oracle
from tests.hosts.desk.models import Ticket
from tests.invented_log import INVENTED
from tests.replay import replay, status

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "incident_event_log.csv"
REAL = Path(os.environ.get("INCIDENT_LOG") or BESIDE)

needs_real_log = pytest.mark.skipif(
    not REAL.is_file(), reason=f"no incident log at {REAL}; INCIDENT_LOG can name one"
)

CALENDARS = {"always": oracle.AroundTheClock(), "office": oracle.OfficeHours()}
ONE = ("priority", "agent", "department", "policy", "day", "week", "month", "quarter")
GROUPS = (
    (),
    *((name,) for name in ONE),
    *combinations(("priority", "department", "policy", "month"), 2),
    ("week", "agent"),
)
PERIOD = (datetime(2016, 3, 8, 3, tzinfo=UTC), datetime(2016, 10, 18, 2, tzinfo=UTC))
"""From midnight of the desk on, over a change of its clocks."""
WHERE = {"priority": ["urgent", "high"], "agent": None}

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]


@contextmanager
def under(calendar: str) -> Iterator[None]:
    """The default goals, around the clock or in the desk's office hours."""
    if calendar == "always":
        yield
        return
    hours = Calendar("America/Sao_Paulo", hours={"mon-fri": [("08:00", "18:00")]})
    register_policy(Policy.build("Office", DEFAULT_GOALS, calendar=hours))
    try:
        yield
    finally:
        unregister_policy("Office")


def agree(incidents: list[oracle.Incident], calendar: str, now: datetime) -> None:
    """Replay a log, then compare every ticket and every report with the oracle's."""
    lives = [oracle.live(incident, CALENDARS[calendar], now) for incident in incidents]
    with transaction.atomic(), under(calendar):
        replay(incidents)
    assert tickets(now) == {life.incident.number: of_ticket(life) for life in lives}
    policy = "Office" if calendar == "office" else "default"
    for by in GROUPS:
        found = report(by, now)
        assert rows(found) == oracle.report(lives, by, now, policy=policy), by
        followed(found)
    periods(lives, now)
    assert statuses(now) == oracle.by_status(lives, status)
    for by in ("agent", "department"):
        assert holders(by, now) == oracle.by_holder(lives, attrgetter(by)), by


def periods(lives: list[oracle.Life], now: datetime) -> None:
    """A period, the one before it, and some of the tickets."""
    length = timedelta(days=223, hours=23)  # the clocks go forward on the way
    before = (datetime(2015, 7, 28, 3, tzinfo=UTC), PERIOD[0])
    assert PERIOD[1] - PERIOD[0] == length
    for by in ((), ("priority",), ("department", "month")):
        found = report(by, now, since=PERIOD[0], until=PERIOD[1])
        assert rows(found) == oracle.report(lives, by, now, period=PERIOD), by
        followed(found)
        assert found.previous is not None
        assert (found.previous.since, found.previous.until) == before
        assert rows(found.previous) == oracle.report(lives, by, now, period=before), by
        some = [
            life for life in lives if life.priority in WHERE["priority"] and not life.incident.agent
        ]
        assert rows(report(by, now, where=WHERE)) == oracle.report(some, by, now), by


def tickets(now: datetime) -> dict[str, dict[str, Any]]:
    found = {}
    for ticket in Ticket.objects.with_verdicts(now):
        found[ticket.title] = {
            "created": ticket.created_at,
            "first_responded": ticket.first_responded_at,
            "resolved": ticket.resolved_at,
            "closed": ticket.closed_at,
            "response_target": ticket.response_target,
            "resolution_target": ticket.resolution_target,
        }
        for row in ticket.sla_clocks.all():
            verdict = ticket.sla.verdict(row.metric)
            found[ticket.title][row.metric] = (verdict.state, verdict.due, row.elapsed)
    return found


def of_ticket(life: oracle.Life) -> dict[str, Any]:
    def judged(judgement: oracle.Judgement) -> tuple[Any, ...]:
        return judgement.state, judgement.due, judgement.elapsed

    return {
        "created": life.incident.created,
        "first_responded": life.first_responded,
        "resolved": life.resolved,
        "closed": life.closed,
        "response_target": life.response.target,
        "resolution_target": life.resolution.target,
        "response": judged(life.response),
        "resolution": judged(life.resolution),
    }


def report(by: oracle.Group, now: datetime, **options: Any) -> ComplianceReport:
    return ComplianceReport(
        Ticket.objects.all(), by=by or "none", now=now, tz=oracle.ZONE, **options
    )


def rows(report: ComplianceReport) -> dict[oracle.Group, oracle.Row]:
    found = report.rows if report.groupings else [report.total]
    return {names_of(row, report.names): of_row(row) for row in found}


def names_of(row: Row, by: tuple[str, ...]) -> oracle.Group:
    """A priority is called as in the log; what is unset, as nothing."""
    parts = zip(row.keys, row.labels, by[: len(row.keys)], strict=True)
    return tuple(
        (key or "") if name == "priority" else "" if key is None else label
        for key, label, name in parts
    )


def of_row(row: Row) -> oracle.Row:
    assert row.without_policy == 0
    return oracle.Row(
        tickets=row.tickets,
        average=row.time,
        open=row.open,
        reopened=row.reopened,
        response=of_figures(row.response),
        resolution=of_figures(row.resolution),
        breached=row.breached,
        at_risk=row.at_risk,
    )


def of_figures(figures: Figures) -> oracle.Figures:
    return oracle.Figures(
        met=figures.met,
        missed=figures.missed,
        breached=figures.breached,
        percent=figures.compliance,
        counted=oracle.Times(figures.average, figures.median, figures.p90, figures.p95),
        wall=oracle.Times(
            figures.wall_average, figures.wall_median, figures.wall_p90, figures.wall_p95
        ),
    )


def followed(report: ComplianceReport) -> None:
    """Behind the counts of the first rows, of the last and of the total are so many tickets."""
    for row in (*report.rows[:2], *report.rows[-1:], report.total):
        for column in report.columns:
            if column.unit is Unit.COUNT:
                behind = report.tickets_of(row, column.name).count()
                assert behind == column.value(row), (report.by, row.keys, column.name)


def statuses(now: datetime) -> dict[str, oracle.Stay]:
    return stays(TimeInStatusReport(Ticket.objects.all(), now=now), "key")


def holders(by: str, now: datetime) -> dict[str, oracle.Stay]:
    return stays(TimeByDimensionReport(Ticket.objects.all(), by=by, now=now), "label")


def stays(report: StayReport, name: str) -> dict[str, oracle.Stay]:
    return {
        "" if row.key is None else getattr(row, name): oracle.Stay(
            row.tickets, row.average, row.total
        )
        for row in report.rows
    }


@pytest.mark.parametrize("calendar", CALENDARS)
@pytest.mark.parametrize(
    "now",
    # Between these, promises are on track, at risk, breached and paused.
    [datetime(2016, 10, 21, 20, 30, tzinfo=UTC), datetime(2016, 11, 30, 12, tzinfo=UTC)],
    ids=["soon", "later"],
)
def test_an_invented_log(calendar: str, now: datetime) -> None:
    agree(oracle.read(INVENTED.splitlines()), calendar, now)


ANSWERED_WHILE_RESOLVED = """\
number,incident_state,priority,opened_at,sys_updated_at,assigned_to,assignment_group
Answered,New,2 - High,10-10-2016 08:00,10-10-2016 08:00,?,Group 1
Answered,Resolved,2 - High,10-10-2016 08:00,10-10-2016 10:00,Resolver 1,Group 1
Answered,Active,2 - High,10-10-2016 08:00,10-10-2016 15:00,Resolver 1,Group 1
Answered,Resolved,2 - High,10-10-2016 08:00,10-10-2016 18:00,Resolver 1,Group 1
"""


@pytest.mark.parametrize("calendar", CALENDARS)
def test_a_reply_while_the_ticket_is_resolved(calendar: str) -> None:
    """The resolution stopped the response clock, and after the reply no response is owed."""
    incidents = oracle.read(ANSWERED_WHILE_RESOLVED.splitlines())
    agree(incidents, calendar, datetime(2016, 11, 30, 12, tzinfo=UTC))


@needs_real_log
@pytest.mark.parametrize("calendar", CALENDARS)
def test_a_real_log(calendar: str) -> None:
    with REAL.open(encoding="utf-8", newline="") as lines:
        incidents = oracle.read(lines)
    agree(incidents, calendar, datetime(2017, 3, 1, tzinfo=UTC))
