"""What the tests of the reports do to tickets, at hours after ``MONDAY``."""

from typing import Any

from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Comment, Ticket


def opened(hours: float = 0, **fields: Any) -> Ticket:
    with as_of(after(hours)):
        return Ticket.objects.create(**fields)


def moved(ticket: Any, status: Any, hours: float) -> Any:
    setattr(ticket, type(ticket).sla.status, status)
    with as_of(after(hours)):
        ticket.save()
    return ticket


def answered(ticket: Ticket, by: Any, hours: float) -> Ticket:
    with as_of(after(hours)):
        Comment.objects.create(ticket=ticket, author=by, created_at=after(hours))
    return ticket
