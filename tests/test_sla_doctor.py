"""``manage.py sla_doctor``: what it prints, and its exit status."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone

from django_sla import registry
from django_sla.flow.sweep import sweep
from django_sla.models import Policy
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket

pytestmark = pytest.mark.django_db

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def sla_doctor(monkeypatch: Any) -> Run:
    """Run the command where the desk's is the only ticket model: exit status and output."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})
    # A server without time zone tables is told of, and is not what these tests are about.
    features = connections["default"].features
    monkeypatch.setattr(features, "has_zoneinfo_database", True, raising=False)
    watches = {"desk.comment": registry.watches["desk.comment"]}
    monkeypatch.setattr(registry, "watches", watches)

    def run(*arguments: Any) -> tuple[int, str]:
        output, status = io.StringIO(), 0
        try:
            call_command("sla_doctor", *map(str, arguments), stdout=output)
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        return status, output.getvalue()

    return run


def opened() -> Ticket:
    with as_of(MONDAY):
        return Ticket.objects.create()


def test_a_project_in_order(sla_doctor: Run) -> None:
    opened()
    sweep(using="default")
    status, said = sla_doctor()
    assert status == 0
    assert said == (
        "Nothing found. Looked at desk.Ticket: the events of the 200 newest (--all: of all), the "
        "statuses of the 10,000 newest, the goals of the 10,000 newest clocks.\n"
    )


def test_each_finding_has_its_cause_and_what_mends_it_the_worst_first(
    sla_doctor: Run, settings: Any
) -> None:
    settings.MIDDLEWARE = []
    ticket = opened()
    sweep(using="default")
    QuerySet(Ticket).filter(pk=ticket.pk).update(response_target=None)
    status, said = sla_doctor()
    lines = said.splitlines()
    assert status == 1
    assert lines[0] == (
        f"ERROR    desk.Ticket: Tickets are not as their events say: {ticket.pk} (response_target)."
    )
    assert lines[1].startswith("         Why: Something was written past the SLA")
    assert lines[2] == (
        "         Do:  python manage.py sla_reconcile --model desk.Ticket --dry-run"
    )
    assert lines[3].startswith("WARNING  Who changed a ticket")
    assert lines[-1].startswith("2 found.")
    assert sla_doctor(ticket.pk)[0] == 1


def test_warnings_alone_are_no_failure(sla_doctor: Run, settings: Any) -> None:
    settings.MIDDLEWARE = []
    status, said = sla_doctor()
    assert (status, said.startswith("WARNING")) == (0, True)


def test_a_broken_setting_is_told_and_not_raised(sla_doctor: Run, settings: Any) -> None:
    settings.DJANGO_SLA = {"GOALS": {"high": {"response": "soon"}}}
    opened_before = Ticket.objects.count()
    status, said = sla_doctor()
    assert (status, opened_before) == (1, 0)
    assert 'DJANGO_SLA["GOALS"]["high"]["response"]' in said


def test_a_ticket_in_sections(sla_doctor: Run, agent: Any) -> None:
    ticket = opened()
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(2), internal=True)
    status, said = sla_doctor(ticket.pk)
    assert status == 0
    titles = [line for line in said.splitlines() if line and not line.startswith(" ")]
    assert titles == [
        f"desk.Ticket {ticket.pk}", "Row", "Events", "Clocks",
        "Policies, as they would be asked now", "Comments", "Not as the events say", "Findings",
    ]  # fmt: skip
    assert "  first_responded_at   nothing\n" in said
    assert "(agent) no response: it is internal" in said
    assert "    policy default, priority medium, calendar in UTC\n" in said
    assert "paused 0m, outside opening hours 0m, holidays 0m" in said


def test_why_a_policy_is_not_for_a_ticket(sla_doctor: Run) -> None:
    goals = {"*": {"response": "1h"}}
    tomorrow = timezone.now() + timedelta(days=1)
    Policy.objects.create(name="Later", goals=goals, effective_from=tomorrow)
    row = {"field": "priority", "operator": "is", "value": "urgent"}
    Policy.objects.create(name="Ops", goals=goals, conditions=[row])
    said = sla_doctor(opened().pk)[1]
    assert "  Later: is not in force now\n" in said
    assert "  Ops: does not hold: priority is 'urgent'\n" in said
    assert "  default: is for this ticket\n" in said


def test_as_json(sla_doctor: Run, agent: Any) -> None:
    ticket = opened()
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(2))
    QuerySet(Ticket).filter(pk=ticket.pk).update(response_target=None)
    status, said = sla_doctor("--json")
    [finding, never_swept] = json.loads(said)["findings"]
    assert never_swept["severity"] == "warning"
    assert (status, finding["severity"], finding["about"]) == (1, "error", "desk.Ticket")
    assert set(finding) == {"severity", "about", "what", "cause", "remedy"}
    [document] = json.loads(sla_doctor("--json", ticket.pk)[1])["tickets"]
    assert document["ticket"] == f"desk.Ticket {ticket.pk}"
    assert document["row"]["response_target"] is None
    assert [event["kind"] for event in document["events"]] == ["opened", "agent_replied"]
    assert document["clocks"][0] == {
        "metric": "response", "cycle": 1, "state": "met", "started_at": MONDAY.isoformat(),
        "stopped_at": after(2).isoformat(), "due": after(8).isoformat(), "policy": "default",
        "priority": "medium", "tz": "UTC",
        "hours": {"counted": 2.0, "closed": 0.0, "holiday": 0.0, "paused": 0.0},
    }  # fmt: skip
    assert document["comments"][0]["counts"] is True
    assert document["differences"] == [
        {"what": "response_target", "stored": None, "replayed": after(8).isoformat()}
    ]
    assert document["policies"][-1]["matches"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99"], "desk.Ticket: there is no ticket 99"),
        (["abc"], "desk.Ticket abc: “abc” value must be an integer."),
        (["--model", "auth.User"], "--model: 'auth.User' is not a ticket model"),
    ],
)
def test_wrong_arguments(sla_doctor: Run, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_doctor(*arguments)
    assert message in str(raised.value)
