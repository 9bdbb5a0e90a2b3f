"""How long things go on, learnt from those that ended and those that still go on."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta


class Survival:
    """The share of things that go on for longer than a time, by Kaplan and Meier.

    What still goes on counts as long as it did so far. To leave it out would make things look
    shorter than they are, as the long ones are still among it.
    """

    def __init__(self, ended: Iterable[timedelta], going_on: Iterable[timedelta] = ()):
        """
        Args:
            ended: how long things took.
            going_on: how long others have taken so far.
        """
        ends, others = Counter(ended), Counter(going_on)
        self.ended = ends.total()
        self._all = sorted([*ends.elements(), *others.elements()])
        self._times = sorted(ends)
        self._shares = []
        left, share = len(self._all), 1.0
        by_time = iter(sorted(others.items()))
        other = next(by_time, None)
        for time in self._times:
            # One that went on for just that long was there when the other ended.
            while other is not None and other[0] < time:
                left -= other[1]
                other = next(by_time, None)
            share *= 1 - ends[time] / left
            left -= ends[time]
            self._shares.append(share)

    def beyond(self, time: timedelta) -> float | None:
        """The share that goes on for longer, from 0 to 1; None beyond what has been seen, unless
        all had ended by then."""
        if not self._all or (time > self._all[-1] and self._all[-1] > self._last):
            return None
        place = bisect_right(self._times, time)
        return self._shares[place - 1] if place else 1.0

    def seen_beyond(self, time: timedelta) -> int:
        """How many are known to have gone on for longer."""
        return len(self._all) - bisect_right(self._all, time)

    def chance(self, so_far: timedelta, limit: timedelta) -> float | None:
        """Of what has gone on for ``so_far``, the share that goes on for longer than ``limit``,
        which is no shorter. None where nothing like it has been seen."""
        there, then = self.beyond(so_far), self.beyond(limit)
        return then / there if there and then is not None else None

    @property
    def _last(self) -> timedelta:
        """When the last of those that ended did so."""
        return self._times[-1] if self._times else timedelta(-1)
