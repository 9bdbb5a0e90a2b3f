"""Rows in pieces of the same size, by keys of every kind."""

from typing import Any

import pytest
from django.db.models import QuerySet

from django_sla.tables.ranges import cuts
from tests.conftest import MONDAY
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import ExtendedTicket, UUIDTicket

pytestmark = pytest.mark.django_db


def rows(model: Any, count: int) -> QuerySet[Any]:
    for _ in range(count):
        model.objects.create(created_at=MONDAY)
    return QuerySet(model)


@pytest.mark.parametrize("model", [Ticket, UUIDTicket, ExtendedTicket])
def test_the_pieces_have_the_same_size_and_leave_nothing_out(
    model: Any, django_assert_num_queries: Any
) -> None:
    every = rows(model, 10)
    with django_assert_num_queries(1):
        found = cuts(every, "pk", 4)
    keys = list(every.order_by("pk").values_list("pk", flat=True))
    assert found == [keys[3], keys[7]]
    assert every.filter(pk__gt=found[0], pk__lte=found[1]).count() == 4
    assert every.filter(pk__gt=found[1]).count() == 2


def test_few_rows_are_one_piece() -> None:
    every = rows(Ticket, 3)
    assert cuts(every, "pk", 4) == []
    assert cuts(every.none(), "pk", 1) == []


def test_a_key_that_comes_several_times_is_one_end() -> None:
    """Each ticket has two clocks that run."""
    rows(Ticket, 2)
    clocks = Ticket.sla.open_clocks("default")
    assert clocks.count() == 4
    found = cuts(clocks, "ticket_id", 1)
    assert found == sorted(Ticket.objects.values_list("pk", flat=True))
