"""Breaches by weekday and hour, as a table whose cells are the darker the more there are."""

from dataclasses import dataclass
from math import ceil

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR

from django_sla.reports.heat import Heat
from django_sla.views.dashboard.words import count

LEVELS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatCell:
    count: str
    """Empty for none."""
    level: int
    """From 0 for none to ``LEVELS``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatRow:
    short: str
    name: str
    cells: list[HeatCell]


def heat_rows(heat: Heat) -> list[HeatRow]:
    """A row for each day of the week, as the language begins it."""
    first = int(formats.get_format("FIRST_DAY_OF_WEEK"))
    weekdays = [(first + 6 + number) % 7 for number in range(7)]  # 0 is Monday
    return [
        HeatRow(
            short=str(WEEKDAYS_ABBR[weekday]),
            name=str(WEEKDAYS[weekday]),
            cells=[_cell(heat.counts.get((weekday + 1, hour), 0), heat.most) for hour in range(24)],
        )
        for weekday in weekdays
    ]


def _cell(late: int, most: int) -> HeatCell:
    return HeatCell(
        count=count(late) if late else "", level=ceil(LEVELS * late / most) if late else 0
    )
