"""The reports against the independent reading of an incident log, to the microsecond.

A small invented log is always compared. A real one, of 890 incidents, is where it is there:
INCIDENT_LOG names it, or it lies beside the checkout.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from django_sla.core.calendar import Calendar
from django_sla.core.policy import DEFAULT_GOALS, Policy
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.compliance import ComplianceReport, Figures, Row
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
GROUPS = ("priority", "agent", "department", "month", "none")

pytestmark = pytest.mark.django_db


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
    with timezone.override(oracle.ZONE):
        for by in GROUPS:
            assert rows(by, now) == oracle.report(lives, by, now), by
    assert statuses(now) == oracle.by_status(lives, status)


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


def rows(by: str, now: datetime) -> dict[str, oracle.Row]:
    report = ComplianceReport(Ticket.objects.all(), by=by, now=now)
    if by == "none":
        return {"": of_row(report.total)}
    return {name_of(row, by): of_row(row) for row in report.rows}


def name_of(row: Row, by: str) -> str:
    """A priority is called as in the log; what is unset, as nothing."""
    return row.key or "" if by == "priority" else "" if row.key is None else row.label


def of_row(row: Row) -> oracle.Row:
    return oracle.Row(
        tickets=row.tickets,
        average=row.time,
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
        average=figures.average,
        median=figures.median,
    )


def statuses(now: datetime) -> dict[str, oracle.Stay]:
    return {
        row.key: oracle.Stay(row.tickets, row.average, row.total)
        for row in TimeInStatusReport(Ticket.objects.all(), now=now).rows
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
@pytest.mark.thorough
@pytest.mark.parametrize("calendar", CALENDARS)
def test_a_real_log(calendar: str) -> None:
    with REAL.open(encoding="utf-8", newline="") as lines:
        incidents = oracle.read(lines)
    agree(incidents, calendar, datetime(2017, 3, 1, tzinfo=UTC))
