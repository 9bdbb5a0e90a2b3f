"""A hundred clients, each a user at an address of its own, that ask for changes all at once."""

import http.client
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.test import Client as TestClient

from tests.attribution.views import CHANGES, STYLES
from tests.hosts.desk.models import Ticket

CLIENTS = 100
AT_ONCE = 20
"""Requests in flight: each may need two connections to the database, and a server has a hundred."""
FAILURES = (None, None, None, None, None, None, "before", "inside", "after", "after")


@dataclass(frozen=True, kw_only=True)
class Client:
    user_id: Any
    session: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """One change that one client asks for, of a ticket that nobody else touches."""

    rid: str
    client: Client
    style: str
    change: str
    ticket_id: int
    fail: str | None

    @property
    def changes(self) -> bool:
        """Whether anything stands afterwards."""
        return self.fail not in ("before", "inside")

    @property
    def path(self) -> str:
        query = f"?fail={self.fail}" if self.fail else ""
        return f"/{self.style}/{self.change}/{self.rid}/{self.ticket_id}/{query}"

    @property
    def status(self) -> int:
        return 500 if self.fail else 200


def clients() -> list[Client]:
    """Staff, so that their comments are responses; half of the addresses are of the new kind."""
    model = get_user_model()
    found = []
    for number in range(CLIENTS):
        user = model.objects.create_user(f"agent{number}", is_staff=True)
        browser = TestClient()
        browser.force_login(user)
        kind = "203.0.113.{}" if number % 2 else "2001:db8::{:x}"
        found.append(
            Client(
                user_id=user.pk,
                session=browser.cookies["sessionid"].value,
                address=kind.format(number + 1),
            )
        )
    return found


def plan(everybody: list[Client], changes: int, rng: random.Random) -> list[Request]:
    """Requests that come to so many changes, and those that come to none in between. Their
    tickets are opened by nobody in particular."""
    asked: list[dict[str, Any]] = []
    standing = 0
    while standing < changes:
        style = rng.choice(list(STYLES))
        fail = rng.choice(FAILURES)
        if style == "native" and fail == "inside":
            continue  # there are no async transactions
        asked.append({"style": style, "change": rng.choice(list(CHANGES)), "fail": fail})
        standing += fail not in ("before", "inside")
    tickets: QuerySet[Ticket] = Ticket.objects.all()
    opened = tickets.bulk_create([Ticket() for _ in asked], batch_size=2000)
    return [
        Request(rid=f"r{n}", client=everybody[n % len(everybody)], ticket_id=ticket.pk, **one)
        for n, (ticket, one) in enumerate(zip(opened, asked, strict=True))
    ]


def drive(requests: list[Request], ports: list[int]) -> list[str]:
    """Have all of them made, each client on a connection of its own to each server in turn, for
    at most ``AT_ONCE`` at a time; answers other than expected, in words."""
    turn = BoundedSemaphore(AT_ONCE)
    by_client: dict[Client, list[Request]] = {}
    for request in requests:
        by_client.setdefault(request.client, []).append(request)

    def run(client: Client, own: list[Request]) -> list[str]:
        connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port in ports]
        try:
            return list(unexpected(client, own, connections, turn))
        finally:
            for connection in connections:
                connection.close()

    with ThreadPoolExecutor(len(by_client)) as pool:
        jobs = [pool.submit(run, client, own) for client, own in by_client.items()]
        return [problem for job in jobs for problem in job.result()]


def unexpected(
    client: Client,
    requests: list[Request],
    connections: list[http.client.HTTPConnection],
    turn: BoundedSemaphore,
) -> Iterator[str]:
    headers = {
        "Cookie": f"sessionid={client.session}",
        # What stands before the last address is what a client makes up.
        "X-Forwarded-For": f"6.6.6.6, {client.address}",
    }
    for number, request in enumerate(requests):
        connection = connections[number % len(connections)]
        with turn:
            connection.request("POST", request.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
        if answer.status != request.status:
            yield f"{request}: answered {answer.status}"
