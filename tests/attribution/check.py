"""Who made a change, by the request; and who made it, by what is recorded."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.attribution.clients import Request
from tests.attribution.views import WITHOUT_REASON
from tests.hosts.desk.models import Ticket

BATCH = 500


@dataclass
class Found:
    """Rows of the changelog and events that are of a request, and what is wrong with any."""

    rows: int = 0
    events: int = 0
    wrong: list[str] = field(default_factory=list)


def check(requests: list[Request]) -> Found:
    """Read all that is recorded. A change that has left nothing is wrong, and so is one that was
    rolled back and has left something."""
    found = Found()
    for start in range(0, len(requests), BATCH):
        _check(requests[start : start + BATCH], found)
    _check_system(found, {request.ticket_id for request in requests})
    return found


def _check(requests: list[Request], found: Found) -> None:
    keys = [request.ticket_id for request in requests]
    rows = _by_ticket(Ticket.history.filter(id__in=keys).exclude(history_type="+"), "id")
    events = _by_ticket(
        Ticket.sla.event_model.objects.filter(ticket_id__in=keys).exclude(kind="opened"),
        "ticket_id",
    )
    for request in requests:
        own, facts = rows[request.ticket_id], events[request.ticket_id]
        found.rows += len(own)
        found.events += len(facts)
        if request.changes != bool(own) or request.changes != bool(facts):
            found.wrong.append(f"{request}: {len(own)} rows, {len(facts)} events")
        for row in own:
            client = request.client
            if (row.history_user_id, row.client_ip) != (client.user_id, client.address):
                found.wrong.append(f"{request}: {row.history_user_id} at {row.client_ip}")
            expected = None if request.change in WITHOUT_REASON else request.rid
            if request.style != "native" and (row.history_change_reason or None) != expected:
                found.wrong.append(f"{request}: because of {row.history_change_reason}")
        for event in facts:
            if event.actor_id != request.client.user_id:
                found.wrong.append(f"{request}: {event.kind} by {event.actor_id}")


def _check_system(found: Found, theirs: set[int]) -> None:
    """What happened outside of requests was nobody."""
    opened = Ticket.history.filter(history_type="+")
    if somebody := opened.exclude(history_user=None, client_ip=None).count():
        found.wrong.append(f"{somebody} tickets of the system's are somebody's")
    elsewhere = Ticket.sla.event_model.objects.exclude(actor=None).exclude(ticket_id__in=theirs)
    found.wrong += [f"{event.kind} of the system by {event.actor_id}" for event in elsewhere]


def _by_ticket(rows: Iterable[Any], name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found
