"""The error budget of a period: how many promises may be missed at the agreed objective."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor

from django_sla.reports.calendar_period import Period


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorBudget:
    """What one metric may still miss.

    Of a period that is running, as many promises are expected as there would be if the rest of it
    were like what has passed: ``judged / elapsed``. The budget is the part of them that the
    objective leaves: 5 % of them at an objective of 95 %. Excused breaches spend nothing of it.
    """

    metric: str
    objective: float
    """Percent of promises to be kept."""
    period: Period
    now: datetime
    judged: int
    """Promises kept and not kept so far, without those that are excused."""
    late: int
    """Those not kept."""

    @property
    def elapsed(self) -> float:
        """The share of the period that has passed, from 0 to 1."""
        return self.period.elapsed(self.now)

    @property
    def expected(self) -> float | None:
        """Promises in the whole period at this rate; None before it begins."""
        return self.judged / self.elapsed if self.elapsed else None

    @property
    def allowed(self) -> float | None:
        """How many of them may be missed."""
        return None if self.expected is None else self.expected * self._share

    @property
    def left(self) -> int | None:
        """How many more may be missed; negative where there were too many already."""
        # Not below the number for what binary fractions lack.
        return None if self.allowed is None else floor(self.allowed + 1e-9) - self.late

    @property
    def spent(self) -> float | None:
        """The spent share, 1 for all of it; None where there is no budget."""
        return self.late / self.allowed if self.allowed else None

    @property
    def burn(self) -> float | None:
        """How fast it burns: at 1 it would last exactly for the period. None where nothing was
        judged."""
        return self.late / self.judged / self._share if self.judged else None

    @property
    def is_spent(self) -> bool:
        return self.left is not None and self.left < 0

    @property
    def runs_out_at(self) -> datetime | None:
        """When it is used up at this rate; None where it lasts, or is used up already."""
        if not self.late or not self.allowed or self.is_spent or self.elapsed >= 1:
            return None
        passed = self.now - self.period.since
        at = self.period.since + passed * (self.allowed / self.late)
        return max(at, self.now) if at < self.period.until else None

    @property
    def _share(self) -> float:
        return 1 - self.objective / 100


def overspent_from(allowed: float | None, late: Sequence[int]) -> int | None:
    """The place of the part of a period in which the budget was overspent, by how many promises
    each part missed; None where it was not."""
    total = 0
    for place, count in enumerate(late):
        total += count
        if allowed is not None and total > floor(allowed + 1e-9):
            return place
    return None
