"""Where weekly shares are going: a state space model of statsmodels. Needs the extra ``forecast``.

Every week has a *level*, the log-odds of keeping a promise. From week to week it wanders, it may
drift in a direction that fades, and a single week may be off for once. How much of each there is,
is what fits the past best. Of the level a week shows only so many promises kept out of so many: a
week of three tells little, a week of none nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from django_sla.exceptions import ForecastNotInstalled

FADE = 0.9
"""What is left of a drift a week later."""

PRIOR = 3.0
"""How far the first level may be from that of all weeks together, in log-odds."""

WANDER, DRIFT, NOISE = (0.0, 0.1, 0.2, 0.4), (0.0, 0.03, 0.1), (0.0, 0.2, 0.4)
"""Standard deviations in log-odds that are tried. A few, all of them: a search might not end."""

ROUNDS = 6
"""How often the promises are looked at from the level that the last look gave."""

LEVELS = 200
"""Equally likely levels of a week to come, over which what it may show is added up."""

MOST = 2_000
"""Promises of a week to come. More would hardly be told apart, and take long."""

EXTREME = 12.0
"""Beyond such log-odds nothing is told apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """Of one week to come: shares from 0 to 1."""

    expected: float
    low: float
    high: float


class TrendModel:
    """Fitted to the weeks that there were, in order. The same weeks give the same answer."""

    def __init__(self, kept: Sequence[int], of: Sequence[int]):
        """
        Args:
            kept, of: of each week, how many promises were kept, and of how many; 0 of 0 for a week
                that tells nothing. At least one tells something.

        Raises:
            ForecastNotInstalled: as it says.
        """
        try:
            import numpy
            from scipy.special import expit
            from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother
        except ImportError:
            raise ForecastNotInstalled from None
        counts = numpy.array(of, dtype=float)
        # One promise more, half kept, spread over all weeks: where all were kept, too, the level
        # is a number.
        total = counts.sum()
        counts += counts / total
        shares = numpy.divide(
            numpy.array(kept) + 0.5 * numpy.array(of) / total,
            counts,
            out=numpy.zeros_like(counts),
            where=counts > 0,
        )
        share = (sum(kept) + 0.5) / (total + 1)
        self._mean = float(numpy.log(share / (1 - share)))
        levels = numpy.full(len(counts), self._mean)
        for _round in range(ROUNDS):
            # A binomial count near a level is nearly a normal observation of it.
            kept_share = expit(levels)
            spread = kept_share * (1 - kept_share)
            seen = numpy.where(counts > 0, levels + (shares - kept_share) / spread, numpy.nan)
            self._uncertain = 1 / (numpy.maximum(counts, 1) * spread)
            # A new one each time: one that is bound to other data goes on with the old.
            self._filter = KalmanSmoother(k_endog=1, k_states=2, k_posdef=2)
            self._filter["design"] = [[1.0, 0.0]]
            self._filter["transition"] = [[1.0, 1.0], [0.0, FADE]]
            self._filter["selection"] = numpy.eye(2)
            self._filter.bind(seen)
            self._scales = max(product(WANDER, DRIFT, NOISE), key=self._fit)
            self._set(self._scales)
            levels = self._filter.smooth().smoothed_state[0].clip(-EXTREME, EXTREME)

    def ahead(self, weeks: int, of: int, percent: float) -> list[Ahead]:
        """The next weeks, each with so many promises.

        In ``percent`` of all cases, or somewhat more, what a week shows lies between ``low`` and
        ``high``; a share of so many promises takes only so many values.
        """
        import numpy
        from scipy.special import expit
        from scipy.stats import binom, norm

        filtered = self._filter.filter()
        state, variance = filtered.predicted_state[:, -1], filtered.predicted_state_cov[:, :, -1]
        transition = self._filter["transition"]
        wander, drift, noise = self._scales
        places = norm.ppf((numpy.arange(LEVELS) + 0.5) / LEVELS)
        tail = (1 - percent / 100) / 2
        of = min(of, MOST)
        found = []
        for _week in range(weeks):
            deviation = (variance[0, 0] + noise**2) ** 0.5
            shares = expit(state[0] + deviation * places)
            chances = binom.cdf(numpy.arange(of + 1)[:, None], of, shares).mean(axis=1)
            expected = float(shares.mean())
            low, high = (int((chances < limit - 1e-12).sum()) for limit in (tail, 1 - tail))
            found.append(
                Ahead(
                    expected=expected,
                    low=min(low / of, expected),
                    high=max(high / of, expected),
                )
            )
            state = transition @ state
            variance = transition @ variance @ transition.T + numpy.diag([wander**2, drift**2])
        return found

    def _fit(self, scales: tuple[float, float, float]) -> float:
        """How well it fits, less one for each scale that it takes (Akaike)."""
        self._set(scales)
        return float(self._filter.loglike()) - sum(scale > 0 for scale in scales)

    def _set(self, scales: tuple[float, float, float]) -> None:
        wander, drift, noise = scales
        self._filter["state_cov"] = [[wander**2, 0.0], [0.0, drift**2]]
        self._filter["obs_cov"] = (self._uncertain + noise**2)[None, None, :]
        self._filter.initialize_known(
            [self._mean, 0.0], [[PRIOR**2, 0.0], [0.0, drift**2 / (1 - FADE**2)]]
        )
