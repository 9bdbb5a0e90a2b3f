"""Plays an incident log through the ordinary models of the desk, each change at its own time."""

from collections.abc import Iterable

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
    people = get_user_model().objects
    someone = people.create(username="someone", is_staff=True)
    for incident in incidents:
        agent = department = None
        if incident.agent:
            agent, _ = people.get_or_create(
                username=incident.agent.replace(" ", "."),
                defaults={"is_staff": True, "first_name": incident.agent},
            )
        if incident.department:
            department, _ = Department.objects.get_or_create(name=incident.department)
        with as_of(incident.created):
            ticket = Ticket.objects.create(
                title=incident.number,
                priority=incident.priority,
                status=status("New"),
                assignee=agent,
                department=department,
            )
        play(ticket, incident, author=agent or someone)


def play(ticket: Ticket, incident: Incident, author: object) -> None:
    for index, change in enumerate(incident.changes):
        with as_of(change.at):
            if change.priority != ticket.priority:
                ticket.priority = change.priority
                ticket.save()
            if index == incident.answered:
                Comment.objects.create(ticket=ticket, author=author, created_at=change.at)
            if status(change.state) != ticket.status:
                ticket.status = status(change.state)
                ticket.save()
