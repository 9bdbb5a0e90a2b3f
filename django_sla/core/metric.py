"""Metrics: which facts start, pause, resume and stop a clock."""

from dataclasses import dataclass
from enum import StrEnum


class Fact(StrEnum):
    """What an event means to the clocks; one event may mean several."""

    OPENED = "opened"
    AGENT_REPLIED = "agent_replied"
    FOLLOWED_UP = "followed_up"
    """The requester wrote after the first response, and nobody has answered yet."""
    PAUSED = "paused"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A duration that is promised. A host adds its own with ``registry.register_metric``."""

    name: str
    starts: Fact
    """The fact that starts a clock."""
    stops: frozenset[Fact]
    """The facts that stop it, whichever comes first."""
    pauses: bool = False
    """Whether time in a paused status, and time on hold, is left out."""
    repeats: bool = False
    """Whether starting again after a stop gives another cycle."""
    always: bool = False
    """Whether a clock runs even where the terms set no goal for this metric, because
    reports need to know how long it took."""


RESPONSE = Metric(
    name="response",
    starts=Fact.OPENED,
    stops=frozenset({Fact.AGENT_REPLIED, Fact.RESOLVED}),
    always=True,
)
RESOLUTION = Metric(
    name="resolution",
    starts=Fact.OPENED,
    stops=frozenset({Fact.RESOLVED}),
    pauses=True,
    always=True,
)
NEXT_RESPONSE = Metric(
    name="next_response",
    starts=Fact.FOLLOWED_UP,
    stops=frozenset({Fact.AGENT_REPLIED, Fact.RESOLVED}),
    repeats=True,
)
CLOSURE = Metric(
    name="closure",
    starts=Fact.OPENED,
    stops=frozenset({Fact.CLOSED}),
    pauses=True,
)

METRICS = (RESPONSE, RESOLUTION, NEXT_RESPONSE, CLOSURE)
