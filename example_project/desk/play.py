"""Plays the life of a ticket through the ordinary models, each step at its own instant.

An import of real incidents and the invented ones of the demo both come through here, so what
either shows is what people at their keyboards would have caused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.text import slugify

from django_sla.moment import as_of

from .models import Comment, Department, Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    name: str
    staff: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What somebody did at one instant, in this order. What is empty stays as it was."""

    at: datetime
    by: Person | None = None
    priority: str = ""
    assignee: Person | None = None
    department: str = ""
    comment: str = ""
    internal: bool = False
    status: str = ""
    excuse: str = ""
    """Why the resolution's breach is waived."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """A ticket as it was opened, and all that happened to it, in order."""

    opened_at: datetime
    title: str
    priority: str
    number: str = ""
    """Empty: the next free one."""
    description: str = ""
    category: str = ""
    requester: Person | None = None
    steps: tuple[Step, ...] = ()


class Player:
    """Plays incidents; remembers the people and departments that it found or made."""

    def __init__(self) -> None:
        self._people: dict[str, User] = {}
        self._departments: dict[str, Department] = {}

    def play(self, incident: Incident) -> Ticket:
        """The whole incident in one transaction, or nothing of it."""
        try:
            with transaction.atomic():
                ticket = self._open(incident)
                for step in incident.steps:
                    with as_of(step.at):
                        self._take(step, ticket)
        except BaseException:
            # Some of them may have been made in the transaction that is now undone.
            self._people.clear()
            self._departments.clear()
            raise
        return ticket

    def _open(self, incident: Incident) -> Ticket:
        with as_of(incident.opened_at):
            ticket = Ticket(
                number=incident.number,
                title=incident.title,
                description=incident.description,
                priority=incident.priority,
                category=incident.category,
                requester=self.person(incident.requester),
            )
            _save(ticket, by=ticket.requester)
        return ticket

    def _take(self, step: Step, ticket: Ticket) -> None:
        actor = self.person(step.by)
        changed = _assign(
            ticket,
            priority=step.priority,
            assignee=self.person(step.assignee),
            department=self.department(step.department),
        )
        if step.comment:
            if changed:
                _save(ticket, by=actor)
                changed = False
            Comment.objects.create(
                ticket=ticket, author=actor, body=step.comment, internal=step.internal
            )
        if step.status and step.status != ticket.status:
            _move(ticket, step.status)
            changed = True
        if changed:
            _save(ticket, by=actor)
        if step.excuse:
            ticket.sla.waive("resolution", step.excuse)

    def person(self, person: Person | None) -> User | None:
        if person is None:
            return None
        found = self._people.get(person.name)
        if found is None:
            found, _ = get_user_model().objects.get_or_create(
                username=slugify(person.name)[:150],
                defaults={"first_name": person.name[:150], "is_staff": person.staff},
            )
            self._people[person.name] = found
        return found

    def department(self, name: str) -> Department | None:
        if not name:
            return None
        if name not in self._departments:
            self._departments[name], _ = Department.objects.get_or_create(name=name[:80])
        return self._departments[name]


def _assign(ticket: Ticket, **values: object) -> bool:
    """Set the values that are there; whether that changed anything."""
    changed = {name: v for name, v in values.items() if v and v != getattr(ticket, name)}
    for name, value in changed.items():
        setattr(ticket, name, value)
    return bool(changed)


def _move(ticket: Ticket, status: str) -> None:
    """Take the transition where there is one. Real desks also make moves that no workflow
    foresees; then the status is set like any other field."""
    if status in ticket.moves():
        ticket.move_to(status)
    else:
        ticket.status = status


def _save(ticket: Ticket, by: User | None) -> None:
    # Where django-simple-history looks for the actor outside a request.
    ticket._history_user = by
    ticket.save()


@contextmanager
def plain_cursors() -> Iterator[None]:
    """Keep no log of the queries: with DEBUG on, that log costs more than the queries."""
    connection.make_debug_cursor = connection.make_cursor
    try:
        yield
    finally:
        del connection.make_debug_cursor
