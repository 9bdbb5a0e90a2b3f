"""Deadlines that nobody watches, notices that nobody sends, escalations that lead nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings

from django_sla import registry
from django_sla.core.policy import Policy as PolicyValue
from django_sla.doctor import watching
from django_sla.doctor.finding import Finding, Severity
from django_sla.flow import deliver as delivering
from django_sla.models import Notice, ReportSchedule, Sweep
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept

pytestmark = pytest.mark.django_db

OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}
RESOLUTION = {"*": {"resolution": "8h"}}


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def looked(look: Any, hours: float) -> list[Finding]:
    with at(hours):
        return list(look("default"))


# Sweeps


def test_without_tickets_nobody_has_to_sweep() -> None:
    assert looked(watching.sweeps, 1) == []


def test_nobody_has_ever_swept() -> None:
    policy()
    opened()
    [found] = looked(watching.sweeps, 1)
    assert found.severity is Severity.WARNING
    assert found.remedy == "python manage.py sla_sweep --loop 30"


def test_a_sweep_of_a_while_ago_is_recent_enough() -> None:
    policy()
    opened()
    swept(1)
    assert looked(watching.sweeps, 1.25) == []


def test_nobody_sweeps_any_more() -> None:
    policy(goals=RESOLUTION)
    opened()
    swept(1)
    [found] = looked(watching.sweeps, 8.5)
    assert (found.severity, found.what) == (Severity.ERROR, "The last sweep was 7h 30m ago.")
    assert "1 clocks are due, the oldest for 2h 30m." in found.cause
    assert found.remedy == "python manage.py sla_sweep --loop 30"


def test_sweeps_do_not_keep_up() -> None:
    policy(goals=RESOLUTION)
    opened()
    Sweep.objects.create(started_at=after(7), finished_at=after(7))
    [found] = looked(watching.sweeps, 7.1)
    assert (found.severity, found.what) == (
        Severity.ERROR,
        "1 clocks are due, the oldest for 1h 6m.",
    )
    assert looked(watching.sweeps, 6.2 + 0.8)[0].what.endswith("for 1h.")


def test_a_ticket_that_no_sweep_can_look_at() -> None:
    policy(goals=RESOLUTION)
    ticket = opened()
    ticket.sla_clocks.update(pauses=["forged"])
    swept(7)
    [found] = looked(watching.sweeps, 7.1)
    assert (found.severity, found.what) == (Severity.ERROR, "A sweep could not look at a ticket.")
    assert found.cause.startswith(f"{ticket.pk}: ")
    assert found.remedy == f"python manage.py sla_doctor {ticket.pk}"


def test_a_sweep_that_was_killed() -> None:
    Sweep.objects.create(started_at=after(0))
    swept(1)
    [found] = looked(watching.sweeps, 1)
    assert (found.severity, found.what) == (Severity.HINT, "1 sweep did not finish.")


# The outbox


def test_nobody_delivers() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(1)
    swept(9)
    assert looked(watching.outbox, 9.25) == []
    [found] = looked(watching.outbox, 9.5)
    assert (found.severity, found.what) == (
        Severity.ERROR,
        "1 notice waits to be sent, for 30m.",
    )
    assert found.remedy == "python manage.py sla_deliver --loop 30"
    with at(9.5):
        delivering.deliver(using="default")
    assert looked(watching.outbox, 10) == []


def test_what_was_given_up() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(1)
    swept(9)
    Notice.objects.update(standing="dead")
    [found] = looked(watching.outbox, 10)
    assert (found.severity, found.what) == (Severity.WARNING, "1 notice was given up.")
    assert "Send again" in found.remedy


# Escalations


@pytest.fixture
def registered() -> Iterator[Any]:
    """Registers a policy in code, which nobody checks when it is saved."""

    def register(*escalations: dict[str, Any]) -> None:
        registry.register_policy(
            PolicyValue.build("Coded", {"*": {"resolution": "8h"}}, escalations=escalations)
        )

    yield register
    registry.unregister_policy("Coded")


def test_escalations_that_lead_somewhere(registered: Any) -> None:
    Group.objects.create(name="Managers")
    registered({**OPS, "to": ["assignee", "group:Managers", "ops@example.com"]})
    assert looked(watching.unknown_to_escalations, 0) == []


def test_a_channel_that_there_is_not_and_people_whom_nobody_knows(registered: Any) -> None:
    registered({**OPS, "channel": "pager", "to": ["group:Nobody", "asignee"]})
    channel, people = looked(watching.unknown_to_escalations, 0)
    assert {channel.about, people.about} == {"policy 'Coded'"}
    assert {channel.severity, people.severity} == {Severity.ERROR}
    assert channel.what == "Escalations go by channels that there are not: 'pager'."
    assert channel.cause == "There is email, machine, note."
    assert people.what.endswith("nobody knows: 'asignee', 'group:Nobody'.")
    assert "assignee" in people.cause
    assert "sla_recalculate" in people.remedy


def test_open_tickets_keep_escalations_by_a_channel_that_is_gone() -> None:
    row = policy(OPS, goals=RESOLUTION)
    opened()
    opened()
    row.escalations = []
    row.save()
    with override_settings(DJANGO_SLA={}):
        [found] = looked(watching.unknown_to_escalations, 0)
    assert found.about == "earlier terms of policy 'Desk'"
    assert "'note'" in found.what
    assert found.cause.startswith("2 open tickets have them.")


# Scheduled reports


def test_a_scheduled_report_that_reaches_everybody_is_no_finding() -> None:
    ReportSchedule.objects.create(name="Weekly", model="desk.Ticket", weekday=0)
    assert looked(watching.scheduled_reports, 1) == []


def test_a_scheduled_report_that_reaches_nobody() -> None:
    values = {"model": "desk.Ticket", "weekday": 0, "zone": "UTC"}
    with at(0):
        ReportSchedule.objects.create(name="Weekly", recipients=["group:Gone"], **values)
        ReportSchedule.objects.create(name="Off", problem="Old", enabled=False, **values)
        ReportSchedule.objects.create(name="Other", **{**values, "model": "desk.Gone"})
    swept(168)
    other, weekly = looked(watching.scheduled_reports, 168)
    assert (weekly.severity, weekly.about) == (Severity.WARNING, "Weekly")
    assert weekly.cause == "LookupError: there is no group 'Gone'"
    assert (other.about, other.cause) == ("Other", "There is no ticket model “desk.Gone”.")
