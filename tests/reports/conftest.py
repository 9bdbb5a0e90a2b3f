"""Tickets that several tests of the reports look at."""

from typing import Any

import pytest

from tests.hosts.desk.models import Ticket
from tests.reports.desk import answered, moved, opened


@pytest.fixture
def four(agent: Any) -> list[Ticket]:
    """One in time, one late, one not looked at, and one that waits. To be seen at hour 40."""
    in_time = answered(opened(), agent, 2)
    moved(moved(in_time, "resolved", 10), "closed", 30)
    late = moved(answered(opened(), agent, 9), "resolved", 30)
    not_looked_at = opened(20)
    waiting = moved(answered(opened(), agent, 0.5), "pending", 1)
    return [in_time, late, not_looked_at, waiting]
