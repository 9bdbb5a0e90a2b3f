"""Time with each agent and department, from the changelog."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sla.moment import as_of
from django_sla.reports.time_by_dimension import TimeByDimensionReport, holders
from tests.conftest import after
from tests.hosts.desk.models import Department, Project, Ticket
from tests.reports.desk import moved, opened

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
HISTORY = Ticket.history.model  # type: ignore[attr-defined]


def given(ticket: Ticket, hours: float, **fields: Any) -> Ticket:
    for name, value in fields.items():
        setattr(ticket, name, value)
    with as_of(after(hours)):
        ticket.save()
    return ticket


def report(by: str = "agent", *, at: float = 100, **options: Any) -> TimeByDimensionReport:
    return TimeByDimensionReport(Ticket.objects.all(), by=by, now=after(at), **options)


def hours(by: str = "agent", **options: Any) -> dict[str, tuple[int, float]]:
    return {row.label: (row.tickets, row.total / HOUR) for row in report(by, **options).rows}


@pytest.fixture
def ann() -> Any:
    return get_user_model().objects.create(username="Ann")


@pytest.fixture
def bob() -> Any:
    return get_user_model().objects.create(username="Bob")


def test_a_ticket_that_was_handed_on_counts_where_it_was(ann: Any, bob: Any) -> None:
    ticket = given(given(opened(), 1, assignee=ann), 4, assignee=bob)
    moved(moved(given(ticket, 6, assignee=ann), "resolved", 8), "closed", 10)
    opened(98, assignee=bob)
    found = report()
    assert [(row.label, row.tickets, row.total) for row in found.rows] == [
        ("Ann", 1, 7 * HOUR),
        ("Bob", 2, 4 * HOUR),
        ("(none)", 1, HOUR),
    ]
    assert found.rows[0].key == ann.pk
    assert (found.total.tickets, found.total.total) == (2, 12 * HOUR)
    assert found.columns[0].title == "Agent"


def test_until_it_is_closed_else_resolved_else_now(ann: Any) -> None:
    moved(moved(opened(assignee=ann), "resolved", 2), "closed", 5)
    assert hours() == {"Ann": (1, 5)}
    moved(opened(10, assignee=ann), "resolved", 12)
    assert hours() == {"Ann": (2, 7)}
    opened(50, assignee=ann)
    assert hours(at=60) == {"Ann": (3, 17)}


def test_who_got_it_afterwards_had_it_for_no_time(ann: Any, bob: Any) -> None:
    given(moved(opened(assignee=ann), "closed", 5), 7, assignee=bob)
    assert hours() == {"Ann": (1, 5), "Bob": (1, 0)}


def test_what_is_in_the_changelog_counts_and_nothing_else(ann: Any, bob: Any) -> None:
    """A bulk write has an entry where it changes what matters to the SLA."""
    opened(assignee=ann)
    with as_of(after(20)):
        Ticket.objects.update(assignee=None)
    assert hours() == {"Ann": (1, 100)}
    with as_of(after(30)):
        Ticket.objects.update(assignee=bob, priority="high")
    assert hours() == {"Ann": (1, 30), "Bob": (1, 70)}


def test_without_a_changelog_the_present_value_counts_for_all_of_its_time(
    ann: Any, bob: Any
) -> None:
    given(opened(assignee=ann), 10, assignee=bob)
    HISTORY.objects.filter(history_type="+").delete()
    assert hours() == {"Bob": (1, 100)}, "the first entry counts from the opening on"
    HISTORY.objects.all().delete()
    assert [(row.key, row.total) for row in report().rows] == [(bob.pk, 100 * HOUR)]


def test_a_field_that_the_changelog_does_not_track(ann: Any, bob: Any, monkeypatch: Any) -> None:
    given(opened(assignee=ann), 10, assignee=bob)
    tracked = [field for field in HISTORY.tracked_fields if field.name != "assignee"]
    monkeypatch.setattr(HISTORY, "tracked_fields", tracked)
    assert hours() == {"Bob": (1, 100)}


def test_beyond_a_field_what_it_points_to_counts_as_it_is_now(monkeypatch: Any) -> None:
    monkeypatch.setitem(Ticket.sla.dimensions, "project", "project__key")
    moon, mars = Project.objects.create(key="MOON"), Project.objects.create(key="MARS")
    given(given(opened(), 10, project=moon), 30, project=mars)
    assert hours("project") == {"(none)": (1, 10), "MOON": (1, 20), "MARS": (1, 70)}
    moon.key = "LUNA"
    moon.save()
    assert hours("project")["LUNA"] == (1, 20)


def test_priority_and_only_some_of_the_tickets(ann: Any) -> None:
    given(opened(priority="low"), 40, priority="high")
    opened(2, priority="low", assignee=ann)
    assert hours("priority") == {"High": (1, 60), "Low": (2, 138)}
    assert hours("priority", since=after(1)) == {"Low": (1, 98)}
    assert hours("priority", where={"agent": ann}) == {"Low": (1, 98)}


@pytest.mark.parametrize("by", ["month", "policy", "none", "agent,department"])
def test_what_is_no_dimension_is_refused(by: str) -> None:
    with pytest.raises(ValueError, match=f"by: '{by}' is no dimension"):
        report(by)


def test_the_number_of_queries_grows_with_nothing(ann: Any, bob: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            made = report("department")
            assert made.rows
            assert made.total.tickets
        return len(found)

    opened(department=Department.objects.create(name="Department"))
    one = queries()
    for number in range(20):
        department = Department.objects.create(name=f"Department {number}")
        given(opened(number), number + 1, department=department, assignee=ann)
    assert queries() == one == 4


def test_the_turns_of_one_ticket() -> None:
    told = [(after(1), "a"), (after(2), "a"), (after(3), "b"), (after(9), "c")]
    turns = list(holders(told, after(2), after(5)))
    assert turns == [("a", HOUR), ("b", 2 * HOUR), ("c", timedelta(0))]
    assert list(holders(told[:1], after(5), after(3))) == [("a", timedelta(0))]
