"""Periods, policies, and two things at a time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from django_sla.core.policy import DEFAULT_GOALS, Policy
from django_sla.registry import register_policy, unregister_policy
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.grouping import asked, in_words, title
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def report(by: Any, *, at: float = 100, **options: Any) -> ComplianceReport:
    return ComplianceReport(Ticket.objects.all(), by=by, now=after(at), **options)


def hours(*instant: int) -> float:
    return (datetime(*instant, tzinfo=UTC) - MONDAY) / HOUR


@pytest.mark.parametrize(
    ("by", "labels", "keys"),
    [
        ("day", ["2025-12-28", "2026-01-01"], [date(2025, 12, 28), date(2026, 1, 1)]),
        ("week", ["2025-W52", "2026-W01"], [date(2025, 12, 22), date(2025, 12, 29)]),
        ("month", ["2025-12", "2026-01"], [date(2025, 12, 1), date(2026, 1, 1)]),
        ("quarter", ["2025-Q4", "2026-Q1"], [date(2025, 10, 1), date(2026, 1, 1)]),
    ],
)
def test_periods(by: str, labels: list[str], keys: list[date]) -> None:
    opened(hours(2025, 12, 28, 10))
    opened(hours(2026, 1, 1, 3))
    found = report(by, at=hours(2026, 1, 1, 4)).rows
    tickets = [row for row in found if row.tickets]
    assert [row.label for row in tickets] == labels
    assert [row.key for row in tickets] == keys
    assert [row.tickets for row in tickets] == [1, 1]


def test_a_part_of_a_field_is_called_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Ticket.sla.dimensions, "year", "created_at__year")
    opened(hours(2025, 12, 28, 10))
    opened(hours(2026, 1, 1, 3))
    found = report("year", at=hours(2026, 1, 1, 4)).rows
    assert [(row.key, row.label, row.tickets) for row in found] == [
        (2025, "2025", 1),
        (2026, "2026", 1),
    ]


def test_the_zone_of_a_report_is_that_of_its_periods() -> None:
    opened(hours(2026, 1, 1, 2))

    def label(**options: Any) -> str:
        return report("day", at=hours(2026, 1, 1, 3), **options).rows[0].label

    assert label() == "2026-01-01"
    assert label(tz=ZoneInfo("America/Sao_Paulo")) == "2025-12-31"
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        assert label() == "2025-12-31"
        assert label(tz=UTC) == "2026-01-01"


def test_by_policy(agent: Any) -> None:
    """Clocks under the name of what they are pinned to, tickets under that of the last terms."""
    ticket = opened()
    register_policy(Policy.build("VIP", DEFAULT_GOALS))
    try:
        answered(ticket, agent, 1)
        ticket.refresh_from_db()
        ticket.priority = "high"
        moved(ticket, "open", 2)  # terms are chosen again, of the resolution alone
        opened(3)
    finally:
        unregister_policy("VIP")
    found = report("policy")
    assert [row.key for row in found.rows] == ["default", "VIP"]
    assert [row.tickets for row in found.rows] == [0, 2]
    assert [row.response.judged for row in found.rows] == [1, 1]
    assert [row.resolution.judged for row in found.rows] == [0, 2]


def test_two_at_a_time(agent: Any) -> None:
    support = Department.objects.create(name="Support")
    billing = Department.objects.create(name="Billing")
    answered(opened(priority="low", department=support), agent, 1)
    answered(opened(priority="urgent", department=support), agent, 2)
    opened(priority="urgent", department=billing)
    opened(priority="urgent")
    found = report(("priority", "department"))
    assert [(row.key, row.labels, row.label) for row in found.rows] == [
        (("urgent", billing.pk), ("Urgent", "Billing"), "Urgent · Billing"),
        (("urgent", support.pk), ("Urgent", "Support"), "Urgent · Support"),
        (("urgent", None), ("Urgent", "(none)"), "Urgent · (none)"),
        (("low", support.pk), ("Low", "Support"), "Low · Support"),
    ]
    assert [row.tickets for row in found.rows] == [1, 1, 1, 1]
    assert [row.response.median for row in found.rows] == [None, 2 * HOUR, None, HOUR]
    assert [column.name for column in found.columns][:3] == ["group", "subgroup", "tickets"]
    group, subgroup = found.columns[:2]
    assert (group.value(found.rows[0]), subgroup.value(found.rows[0])) == ("Urgent", "Billing")
    assert (group.value(found.total), subgroup.value(found.total)) == ("Total", "")
    turned = report("department, priority")
    assert turned.by == "department,priority"
    assert {row.key[::-1] for row in turned.rows} == {row.key for row in found.rows}


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("priority,colour", "by: 'colour' is nothing to group by; there is priority"),
        ("", "by: '' is nothing to group by"),
        ((), "by: '' is nothing to group by"),
        ("priority,agent,month", "by: priority, agent, month are too many; at most 2"),
        ("priority,priority", "by: priority, priority do not go together"),
        ("priority,none", "by: priority, none do not go together"),
    ],
)
def test_refused(by: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(Ticket.sla, by)


def test_a_group_is_called_what_a_catalogue_says_and_else_by_its_name() -> None:
    assert [in_words("cost_center"), title("cost_center")] == ["cost center", "Cost center"]
    with translation.override("de"):
        assert [title("status"), title("department")] == ["Status", "Abteilung"]
        assert title("cost_center") == "Cost center"
