"""How times are spread: the median, and the 90th and the 95th percentile.

A percentile is by *nearest rank*: the shortest time that so many percent of the clocks took at
most. It is always the time of one of them, never a value in between. The median of an even number
is the mean of the two in the middle.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Count, F, Q, QuerySet, Window
from django.db.models.expressions import BaseExpression
from django.db.models.functions import RowNumber

PERCENTILES = (90, 95)
ZERO = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The times of some clocks; None where there are none."""

    median: timedelta | None = None
    p90: timedelta | None = None
    p95: timedelta | None = None


Spreads = Mapping[tuple[Any, ...], Mapping[str, Spread]]
"""By the values of what the rows are told apart by, and the name of what is measured."""


def spreads(
    rows: QuerySet[Any], apart: Sequence[str], measures: Mapping[str, BaseExpression | F]
) -> Spreads:
    """The spreads of some durations, none of which is NULL. One query.

    ``apart`` names fields and annotations of ``rows``.
    """
    if connections[rows.db].vendor == "postgresql":
        return _aggregated(rows, apart, measures)
    return _ranked(rows, apart, measures)


class _Rank(Aggregate):
    """The value of nearest rank."""

    name = "Rank"
    template = "PERCENTILE_DISC(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"


# Half, and so little more that it is the other one of the two in the middle, of up to 10^9.
_FRACTIONS = {"lower": "0.5", "upper": "0.5000000001", "p90": "0.9", "p95": "0.95"}


def _aggregated(
    rows: QuerySet[Any], apart: Sequence[str], measures: Mapping[str, BaseExpression | F]
) -> Spreads:
    """By PostgreSQL's own aggregates, which sort each group once for all fractions."""
    ranks = {
        f"{measure}_{name}": _Rank(value, fraction=fraction)
        for measure, value in measures.items()
        for name, fraction in _FRACTIONS.items()
    }
    return {
        tuple(row[name] for name in apart): {
            measure: Spread(
                median=(row[f"{measure}_lower"] + row[f"{measure}_upper"]) / 2,
                p90=row[f"{measure}_p90"],
                p95=row[f"{measure}_p95"],
            )
            for measure in measures
        }
        for row in rows.order_by().values(*apart).annotate(**ranks)
    }


def _ranked(
    rows: QuerySet[Any], apart: Sequence[str], measures: Mapping[str, BaseExpression | F]
) -> Spreads:
    """By window functions: a handful of rows of each group comes back, those at its ranks."""
    parts = [F(name) for name in apart]
    rows = rows.annotate(spread_size=Window(Count("pk"), partition_by=parts))
    is_wanted = Q()
    for measure, value in measures.items():
        place = Window(RowNumber(), partition_by=parts, order_by=[value])
        rows = rows.annotate(**{f"{measure}_value": value, f"{measure}_place": place * 100})
        for percent in (50, *PERCENTILES):
            rank = F("spread_size") * percent
            # Of two in the middle both.
            end = "lte" if percent == 50 else "lt"
            is_wanted |= Q((f"{measure}_place__gte", rank), (f"{measure}_place__{end}", rank + 100))
    names = [f"{measure}_{part}" for measure in measures for part in ("place", "value")]
    found: dict[tuple[Any, ...], dict[str, dict[int, timedelta]]] = defaultdict(
        lambda: {measure: {} for measure in measures}
    )
    sizes = {}
    for size, *values in rows.filter(is_wanted).values_list("spread_size", *names, *apart):
        key = tuple(values[len(names) :])
        sizes[key] = size
        for measure, place, value in zip(
            measures, values[::2], values[1 : len(names) : 2], strict=False
        ):
            found[key][measure][place // 100] = value
    return {
        key: {measure: _spread(values, sizes[key]) for measure, values in by_measure.items()}
        for key, by_measure in found.items()
    }


def _spread(values: Mapping[int, timedelta], size: int) -> Spread:
    """``values`` by their places, from 1."""
    p90, p95 = (values[-(-percent * size // 100)] for percent in PERCENTILES)
    middle = values[(size + 1) // 2] + values[size // 2 + 1]
    return Spread(median=middle / 2, p90=p90, p95=p95)
