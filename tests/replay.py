"""Plays an incident log through the ordinary models of the desk, each change at its own time."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from django_sla.moment import as_of
from tests.hosts.desk.models import Comment, Department, Ticket
from tests.oracle_incidents import Incident, paused

STATUSES = {"New": "open", "Active": "working", "Resolved": "resolved", "Closed": "closed"}


def status(state: str) -> str:
    """The desk's status for a state of the log; it knows but one way to wait."""
    return "pending" if paused(state) else STATUSES[state]


def replay(incidents: Iterable[Incident]) -> None:
    """One ticket for each incident, with its number for a title."""
    someone = get_user_model().objects.create(username="someone", is_staff=True)
    for incident in incidents:
        first = incident.changes[0]
        with as_of(incident.created):
            ticket = Ticket.objects.create(
                title=incident.number,
                priority=incident.priority,
                status=status("New"),
                assignee=person(first.agent),
                department=group(first.department),
            )
        play(ticket, incident, author=person(incident.agent) or someone)


def person(name: str) -> Any:
    """None for no name."""
    if not name:
        return None
    found, _ = get_user_model().objects.get_or_create(
        username=name.replace(" ", "."), defaults={"is_staff": True, "first_name": name}
    )
    return found


def group(name: str) -> Department | None:
    return Department.objects.get_or_create(name=name)[0] if name else None


def play(ticket: Ticket, incident: Incident, author: object) -> None:
    for index, change in enumerate(incident.changes):
        with as_of(change.at):
            assignee, department = person(change.agent), group(change.department)
            if (assignee, department) != (ticket.assignee, ticket.department):
                ticket.assignee, ticket.department = assignee, department
                ticket.save()
            if change.priority != ticket.priority:
                ticket.priority = change.priority
                ticket.save()
            if index == incident.answered:
                Comment.objects.create(ticket=ticket, author=author, created_at=change.at)
            if status(change.state) != ticket.status:
                ticket.status = status(change.state)
                ticket.save()
