"""Invents incidents for the demo: the same ones every time, as seen from ``now``."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from .models import WAITING, Status, Ticket
from .play import Incident, Person, Step

SEED = 2026
DAYS = 30

GOALS = {"urgent": (1, 4), "high": (4, 8), "medium": (8, 24), "low": (24, 72)}
"""Hours for the response and the resolution, as they ship: lives are measured against them."""

LIVES = {
    "done": 58,
    "reopened": 7,
    "on_track": 12,
    "at_risk": 6,
    "breached": 6,
    "paused": 11,
}
"""How every hundredth ticket stands, about."""

AGENTS = [
    Person(name=name, staff=True)
    for name in ("agent", "Priya Nair", "Tomás Herrera", "Lena Fischer", "Kofi Mensah", "Yuki Sato")
]
REQUESTERS = [
    Person(name=name)
    for name in (
        "requester", "Grace Okafor", "Daniel Roy", "Chloé Tremblay", "Marcus Webb", "Ana Souza",
        "Ibrahim Khan", "Sofia Rossi", "Peter Lund", "Mei Lin", "Hannah Cole", "Diego Castro",
    )
]  # fmt: skip

PROBLEMS = json.loads(Path(__file__).with_name("problems.json").read_text("utf-8"))
"""Category, department, title and description of each."""

REPLIES = (
    "Thanks for telling us. I am looking into it now and will come back to you today.",
    "I can see it in the logs. Working on it.",
    "Good catch, thank you. You are not the only one; I have taken this over.",
    "Hello! I have this now. Could you tell me since when it happens?",
)
NOTES = (
    "Same as last month's incident; see the known error entry.",
    "Reproduced on a test machine. Suspect the driver update of last week.",
    "Checked with the team on shift: no change in that area today.",
    "The vendor's portal shows a partial outage in our region.",
)
QUESTIONS = (
    "Any news on this? It is getting in the way of the month's closing.",
    "It happened twice more since. Let me know if a screenshot helps.",
    "I am in the office until five, in case somebody wants to have a look.",
)
WAITS = {
    Status.AWAITING_USER: "Could you try once more and tell me what the message says exactly?",
    Status.AWAITING_VENDOR: "The vendor has our case and promises an answer by tomorrow.",
    Status.AWAITING_PROBLEM: "The cause is being worked on; I will write as soon as it is fixed.",
    Status.AWAITING_EVIDENCE: "Please leave it as it is; we need the logs of the next occurrence.",
}
FIXES = (
    "This is fixed. Please tell us if it comes back.",
    "Rolled back the change that caused it. All looks normal on our side.",
    "Replaced and tested. It should hold now.",
)
AGAIN = "Sadly it is back. The same as before."
EXCUSES = ("Outage of the carrier, agreed with the customer", "Site closed by the fire brigade")


def incidents(count: int, now: datetime) -> list[Incident]:
    """``count`` incidents of the last days, oldest first."""
    random = Random(SEED)
    # The first few show what can be seen at present, however few there are.
    kinds = ["breached", "at_risk", "paused", "on_track"][:count]
    kinds += random.choices(list(LIVES), list(LIVES.values()), k=count - len(kinds))
    found = [Life(random, now, kind).incident() for kind in kinds]
    return sorted(found, key=lambda incident: incident.opened_at)


class Life:
    """One ticket's life. Its instants are hours since the opening."""

    def __init__(self, random: Random, now: datetime, kind: str):
        self.random = random
        self.kind = kind
        self.priority = random.choices(Ticket.Priority.values, [8, 22, 45, 25])[0]
        self.response, self.resolution = GOALS[self.priority]
        self.requester = random.choice(REQUESTERS)
        self.agent = random.choice(AGENTS)
        self.answered = kind in ("done", "reopened", "paused") or random.random() < 0.6
        self.age = self._age()
        self.opened_at = now - timedelta(hours=self.age)
        self.category, self.department, title, text = random.choice(PROBLEMS)
        places = {
            "room": f"{random.randint(2, 6)}.{random.randint(10, 29)}",
            "floor": random.randint(1, 9),
            "invoice": random.randint(20_000, 90_000),
        }
        self.title, self.description = title.format(**places), text.format(**places)

    def _age(self) -> float:
        """How long ago this was opened, so that it stands at present as its kind says."""
        between = self.random.uniform
        goal = self.resolution if self.answered else self.response
        match self.kind:
            case "on_track":
                return goal * between(0.03, 0.6)
            case "at_risk":
                return goal * between(0.8, 0.92)
            case "breached":
                return goal * between(1.1, 2.5)
            case "paused":
                return between(self.resolution, self.resolution + 60)
            case _:
                return between(2.5 * self.resolution, 24 * DAYS)

    def incident(self) -> Incident:
        steps = sorted(self._steps(), key=lambda step: step.at)
        return Incident(
            opened_at=self.opened_at,
            title=self.title,
            description=self.description,
            priority=self.priority,
            category=self.category,
            requester=self.requester,
            steps=tuple(
                step for step in steps if step.at <= self.opened_at + self._hours(self.age)
            ),
        )

    def _steps(self) -> Iterator[Step]:
        random, between = self.random, self.random.uniform
        late = random.random() < 0.12
        first = self.response * (between(1.1, 1.8) if late else between(0.1, 0.75))
        if not self.answered:
            if random.random() < 0.5:
                yield self._by_agent(first * 0.3, assignee=self.agent, department=self.department)
            return
        if self.kind not in ("done", "reopened"):
            first = min(first, self.age * 0.5)
        yield self._by_agent(first * 0.8, assignee=self.agent, department=self.department)
        yield self._by_agent(first, comment=random.choice(REPLIES), status=Status.ACTIVE)
        if random.random() < 0.4:
            yield self._by_agent(first * 1.1, comment=random.choice(NOTES), internal=True)
        if self.kind == "paused":
            yield from self._wait(between(first, min(self.age, self.resolution * 0.9)))
        elif self.kind in ("done", "reopened"):
            yield from self._finish(first)

    def _finish(self, first: float) -> Iterator[Step]:
        random, between = self.random, self.random.uniform
        late = random.random() < 0.15
        end = self.resolution * (between(1.1, 2) if late else between(0.45, 0.95))
        end = max(end, first * 1.2)
        if random.random() < 0.35:
            # What is paused does not count, so this ends later, and in time all the same.
            begin = between(first, end)
            pause = between(1, 20)
            yield from self._wait(begin)
            yield self._by_requester(begin + pause, "Here is what you asked for.")
            yield self._by_agent(begin + pause + 0.1, status=Status.ACTIVE)
            end += pause + 0.2
        elif random.random() < 0.3:
            ask = between(first, end)
            yield self._by_requester(ask, random.choice(QUESTIONS))
            yield self._by_agent(ask + (end - ask) * 0.3, comment=random.choice(REPLIES[:2]))
        if random.random() < 0.06:
            higher = "urgent" if self.priority == "high" else "high"
            yield self._by_agent(first * 1.15, priority=higher)
        yield self._by_agent(end, comment=random.choice(FIXES), status=Status.RESOLVED)
        if self.kind == "reopened":
            back = end + between(2, 20)
            yield self._by_requester(back, AGAIN)
            yield self._by_agent(back + 0.2, status=Status.ACTIVE)
            end = back + between(0.1, 0.3) * self.resolution
            yield self._by_agent(end, comment=random.choice(FIXES), status=Status.RESOLVED)
        if late and random.random() < 0.25:
            yield self._by_agent(end + 5, excuse=random.choice(EXCUSES))
        if random.random() < 0.85:
            yield self._by_agent(end + between(20, 70), status=Status.CLOSED)

    def _wait(self, at: float) -> Iterator[Step]:
        status = self.random.choices(WAITING, [6, 1, 2, 1])[0]
        yield self._by_agent(at, comment=WAITS[status], status=status)

    def _by_agent(self, at: float, **what: object) -> Step:
        return Step(at=self.opened_at + self._hours(at), by=self.agent, **what)

    def _by_requester(self, at: float, text: str) -> Step:
        return Step(at=self.opened_at + self._hours(at), by=self.requester, comment=text)

    @staticmethod
    def _hours(number: float) -> timedelta:
        return timedelta(seconds=round(number * 3600))
