"""Policies that are out of date without having been touched."""

from typing import Any

import pytest
from django.db.models import QuerySet

from django_sla.doctor import policies
from django_sla.doctor.finding import Severity
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Project, Ticket

pytestmark = pytest.mark.django_db

GOALS = {"*": {"response": "1h"}}


def policy(name: str = "Ops", **fields: Any) -> Policy:
    return Policy.objects.create(name=name, **{"goals": GOALS, **fields})


def test_what_is_valid_is_not_told() -> None:
    policy()
    assert list(policies.invalid("default")) == []


def test_a_condition_whose_value_is_gone() -> None:
    project = Project.objects.create(key="OPS")
    policy(conditions=[{"field": "project", "operator": "is", "value": project.pk}])
    project.delete()
    [found] = policies.invalid("default")
    assert (found.severity, found.about) == (Severity.ERROR, "policy 'Ops'")
    assert "conditions: " in found.what
    assert str(project) not in found.what


def test_a_condition_whose_field_is_gone() -> None:
    row = policy()
    gone = [{"field": "colour", "operator": "is", "value": "red"}]
    QuerySet(Policy).filter(pk=row.pk).update(conditions=gone)
    [found] = policies.invalid("default")
    assert "colour" in found.what


def test_a_calendar_that_somebody_wrote_past_its_validation() -> None:
    Calendar.objects.create(name="Desk", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    QuerySet(Calendar).update(hours={"mon": "all day"})
    [found] = policies.invalid("default")
    assert (found.severity, found.about) == (Severity.ERROR, "calendar 'Desk'")


def test_goals_that_shrink_with_the_priority_are_a_hint() -> None:
    policy(goals={"urgent": {"response": "4h"}, "low": {"response": "1h"}})
    [found] = policies.invalid("default")
    assert found.severity is Severity.HINT


def test_a_disabled_policy_is_not_examined() -> None:
    row = policy(enabled=False)
    QuerySet(Policy).filter(pk=row.pk).update(goals={})
    assert list(policies.invalid("default")) == []


def test_a_policy_behind_one_for_every_ticket_is_never_asked() -> None:
    policy("All", order=1)
    policy("Late", order=2)
    [found] = policies.never_taken("default")
    assert (found.severity, found.about) == (Severity.WARNING, "policy 'Late'")
    assert "'All'" in found.cause


def test_a_policy_whose_time_is_over() -> None:
    condition = [{"field": "status", "operator": "is", "value": "open"}]
    policy("Past", conditions=condition, effective_until=after(1))
    with as_of(after(2)):
        [found] = policies.never_taken("default")
    assert (found.severity, found.about) == (Severity.HINT, "policy 'Past'")
    with as_of(MONDAY):
        assert list(policies.never_taken("default")) == []


def test_open_tickets_on_earlier_terms() -> None:
    row = policy()
    Ticket.objects.create()
    row.goals = {"*": {"response": "2h"}}
    row.save()
    [found] = policies.old_terms("default")
    assert found.what.startswith("1 open ticket keeps")
    assert "sla_recalculate" in found.remedy
