"""Which tickets a report leaves out."""

from typing import Any

import pytest

from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.where import filterable
from tests.hosts.desk.models import Department, Ticket
from tests.hosts.variety.models import BareTicket, ExtendedTicket
from tests.reports.desk import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Department:
    return Department.objects.create(name="Support")


def count(**where: Any) -> int:
    return ComplianceReport(Ticket.objects.all(), where=where).total.tickets


def test_one_value_several_and_none(support: Department, agent: Any) -> None:
    opened(department=support, priority="urgent")
    opened(department=Department.objects.create(name="Billing"), priority="high")
    opened(priority="", assignee=agent)
    assert count() == 3
    assert count(department=support) == count(department=support.pk) == 1
    assert count(department=str(support.pk)) == 1
    assert count(department=None) == count(department="") == 1
    assert count(department=[support, None]) == 2
    assert count(department=[]) == 0
    assert count(priority=["urgent", "high"]) == 2
    assert count(priority="") == count(priority=None) == 1
    assert count(agent=agent.pk, priority="urgent") == 0
    assert count(status="open") == 3


def test_clocks_are_left_out_with_their_tickets(support: Department) -> None:
    opened(department=support)
    opened()
    found = ComplianceReport(Ticket.objects.all(), where={"department": support}).total
    assert (found.tickets, found.response.judged) == (1, 1)


def test_what_there_is() -> None:
    assert list(filterable(Ticket.sla)) == ["agent", "department", "priority", "status"]
    assert filterable(BareTicket.sla) == {}
    assert filterable(ExtendedTicket.sla)["priority"] == "urgency"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            {"title": "x"},
            "where: 'title' is nothing to filter by; there is agent, department, priority, status",
        ),
        ({"department": "Support"}, "where: department: 'Support' is none"),
        ({"department": 10**30}, "where: department: 1000000000000000000000000000000 is none"),
        ({"priority": "high\0"}, r"where: priority: 'high\\x00' is none"),
        ({"priority": "far too long"}, "where: priority: 'far too long' is none"),
    ],
)
def test_refused(where: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        count(**where)
