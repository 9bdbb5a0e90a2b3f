"""Where the compliance report counts what: periods, groups, and the tickets of a queryset."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sla.exceptions import NaiveDatetime
from django_sla.moment import as_of
from django_sla.reports.compliance import ComplianceReport, Figures
from django_sla.reports.grouping import names
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Department, Project, Ticket
from tests.hosts.variety.models import BareTicket, ExtendedTicket, UUIDTicket
from tests.reports.complying import brief, labels, report, rows, total
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


# Periods


def test_clocks_count_at_their_due_instant(agent: Any) -> None:
    answered(opened(), agent, 1)  # was due at hour 8
    microsecond = timedelta.resolution

    def met(**period: Any) -> int:
        return total(**period).response.met

    assert met(since=after(8)) == 1
    assert met(since=after(8) + microsecond) == 0
    assert met(until=after(8)) == 0
    assert met(until=after(8) + microsecond) == 1
    assert met(since=after(1), until=after(2)) == 0
    assert total(since=after(8)).response.average == HOUR
    assert total(since=after(9)).response.average is None
    assert total(since=after(9)).response.median is None


def test_tickets_count_at_their_opening() -> None:
    moved(opened(1), "resolved", 5)
    microsecond = timedelta.resolution

    def count(**period: Any) -> tuple[int, timedelta | None]:
        row = total(**period)
        return row.tickets, row.time

    assert count(since=after(1)) == count(until=after(1) + microsecond) == (1, 4 * HOUR)
    assert count(since=after(1) + microsecond) == count(until=after(1)) == (0, None)


def test_open_tickets_count_at_the_due_instant_of_their_clock() -> None:
    opened()
    assert total(at=9, since=after(8), until=after(9)).breached == 1
    assert total(at=9, since=after(9)).breached == 0
    assert total(at=23, since=after(24)).at_risk == 1
    assert total(at=23, until=after(24)).at_risk == 0


def test_a_group_with_nothing_in_the_period_is_left_out(agent: Any) -> None:
    answered(opened(assignee=agent), agent, 1)
    answered(opened(100), agent, 101)
    assert labels(at=200, by="agent", since=after(100)) == ["(none)"]
    assert labels(at=200, by="agent") == ["agent", "(none)"]


# Groups


def test_by_priority_the_most_urgent_first() -> None:
    for priority in ("low", "zebra", "medium", "", "Aardvark", "urgent", "high"):
        opened(priority=priority)
    found = report(by="priority").rows
    assert [row.key for row in found] == [
        *("urgent", "high", "medium", "low"),
        *("Aardvark", "zebra", ""),
    ]
    assert [row.label for row in found][:2] == ["Urgent", "High"]
    assert found[-1].label == "(none)"
    assert [row.tickets for row in found] == [1] * 7


def test_priorities_are_known_without_regard_to_case() -> None:
    for priority in ("LOW", "URGENT"):
        opened(priority=priority)
    assert labels(by="priority") == ["URGENT", "LOW"]


def test_every_group_has_figures_of_its_own(agent: Any) -> None:
    for priority, hours in (("urgent", 1), ("urgent", 2), ("urgent", 9), ("low", 20)):
        answered(opened(priority=priority), agent, hours)
    urgent, low = report(by="priority").rows
    assert brief(urgent.response) == Figures(met=1, missed=2, average=4 * HOUR, median=2 * HOUR)
    assert brief(low.response) == Figures(met=1, average=20 * HOUR, median=20 * HOUR)
    assert total(by="priority").response.median == 5.5 * HOUR


def test_by_the_priorities_of_a_host_with_other_values() -> None:
    with as_of(MONDAY):
        for urgency in (3, 1, 4, 2):
            ExtendedTicket.objects.create(subject="Printer", urgency=urgency)
    found = report(ExtendedTicket.objects.all(), by="priority", at=3).rows
    assert [row.key for row in found] == [1, 2, 3, 4]
    assert [row.breached for row in found] == [1, 0, 0, 0]


def test_by_agent_under_the_names_of_people() -> None:
    people = get_user_model().objects
    zoe = people.create(username="a", first_name="Zoë", last_name="Ångström")
    for agent in (zoe, None, people.create(username="bob"), people.create(username="Ann")):
        opened(assignee=agent)
    opened(assignee=zoe)
    found = report(by="agent").rows
    assert [(row.label, row.tickets) for row in found] == [
        ("Ann", 1),
        ("bob", 1),
        ("Zoë Ångström", 2),
        ("(none)", 1),
    ]
    assert found[2].key == zoe.pk


def test_two_agents_of_one_name_stay_two() -> None:
    people = get_user_model().objects
    for username in ("a", "b"):
        opened(assignee=people.create(username=username, first_name="Kim"))
    assert labels(by="agent") == ["Kim", "Kim"]


def test_by_department(agent: Any) -> None:
    support = Department.objects.create(name="Support")
    answered(opened(department=support), agent, 9)
    answered(opened(department=Department.objects.create(name="Billing")), agent, 1)
    found = rows(by="department")
    assert list(found) == ["Billing", "Support"]
    assert found["Billing"].response.compliance == 100
    assert found["Support"].response.compliance == 0
    assert found["Support"].response.median == 9 * HOUR


def test_by_a_path_that_ends_in_a_text(monkeypatch: Any) -> None:
    monkeypatch.setitem(Ticket.sla.dimensions, "project", "project__key")
    opened(project=Project.objects.create(key="OPS"))
    opened()
    assert labels(by="project") == ["OPS", "(none)"]


def test_by_month(agent: Any) -> None:
    """Month's end is midnight in São Paulo, three hours behind UTC."""

    def at(day: int, hour: int, month: int = 3) -> float:
        return (datetime(2026, month, day, hour, tzinfo=UTC) - MONDAY) / HOUR

    answered(opened(at(31, 16)), agent, at(31, 17))  # due 1 April 00:00 UTC: March there
    answered(opened(at(31, 19)), agent, at(1, 4, month=4))  # due 1 April 03:00: April, missed
    opened(at(1, 2, month=4))  # opened 31 March there
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        found = rows(by="month", at=at(1, 5, month=4))
    assert list(found) == ["2026-03", "2026-04"]
    assert [row.key for row in found.values()] == [date(2026, 3, 1), date(2026, 4, 1)]
    assert [row.tickets for row in found.values()] == [3, 0]
    assert [row.response.compliance for row in found.values()] == [100, 0]
    assert [row.response.average for row in found.values()] == [HOUR, 9 * HOUR]
    assert found["2026-04"].time is None


def test_a_month_in_which_something_is_due_some_day_is_not_there_yet() -> None:
    opened(30 * 24 - 12)  # due on 1 April
    assert labels(by="month", at=30 * 24 - 12) == ["2026-03"]
    assert labels(by="month", at=30 * 24 - 4.5) == ["2026-03", "2026-04"]


def test_none_is_the_total_only(four: list[Ticket]) -> None:
    assert report(by="none").rows == []
    assert total(by="none") == total(by="priority") == total(by="month")


def test_what_there_is_to_group_by() -> None:
    assert names(Ticket.sla) == (
        *("priority", "agent", "department"),
        *("policy", "day", "week", "month", "quarter"),
        *("status", "none"),
    )
    assert names(BareTicket.sla) == ("policy", "day", "week", "month", "quarter", "none")


def test_a_ticket_model_without_priority_and_status() -> None:
    with as_of(MONDAY):
        BareTicket.objects.create()
    assert total(BareTicket.objects.all(), at=9).tickets == 1


def test_uuid_keys() -> None:
    with as_of(MONDAY):
        UUIDTicket.objects.create()
    row = total(UUIDTicket.objects.all(), at=9)
    assert (row.tickets, row.breached) == (1, 1)


# Querysets


def test_only_the_tickets_of_the_queryset(four: list[Ticket]) -> None:
    row = total(Ticket.objects.filter(status="resolved"))
    assert (row.tickets, row.response.judged) == (1, 1)
    assert total(Ticket.objects.none()).tickets == 0


def test_a_ticket_counts_once_however_often_a_join_repeats_it(agent: Any) -> None:
    ticket = answered(answered(opened(), agent, 1), agent, 2)
    commented = Ticket.objects.filter(comments__internal=False).order_by("comments__pk")
    assert commented.count() == Comment.objects.filter(ticket=ticket).count() == 2
    row = total(commented)
    assert (row.tickets, row.response.met) == (1, 1)


@pytest.mark.parametrize("by", [*names(Ticket.sla), "agent,month"])
def test_the_number_of_queries_grows_with_nothing(by: str, agent: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            made = report(by=by)
            assert made.total.tickets
            assert by == "none" or made.rows
        return len(found)

    opened(assignee=agent)
    one = queries()
    people = get_user_model().objects
    with as_of(after(1)):
        Ticket.objects.bulk_create(
            Ticket(
                priority=f"p{i % 7}",
                assignee=people.create(username=f"agent{i}"),
                created_at=after(-700 * i),
            )
            for i in range(50)
        )
    assert queries() == one <= 12


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "colour"}, "by: 'colour' is nothing to group by; there is priority, agent"),
        ({"since": after(1), "until": after(1)}, "since: .* is not before until"),
        ({"since": after(2), "until": after(1)}, "since: .* is not before until"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        report(**options)


@pytest.mark.parametrize("name", ["since", "until", "now"])
def test_a_naive_instant_is_refused(name: str) -> None:
    with pytest.raises(NaiveDatetime, match=name):
        ComplianceReport(Ticket.objects.all(), **{name: datetime(2026, 3, 2)})  # noqa: DTZ001


def test_a_slice_is_refused() -> None:
    with pytest.raises(ValueError, match="queryset: sliced"):
        report(Ticket.objects.all()[:5])


def test_now_is_read_once() -> None:
    opened()
    with as_of(after(9)):
        found = ComplianceReport(Ticket.objects.all(), by="priority")
    assert found.now == after(9)
    assert found.total.breached == found.rows[0].breached == 1
