"""Breaches by weekday and hour, as a table whose cells are the darker the more there are."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from math import ceil

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from django_sla.reports.heat import Heat
from django_sla.views.dashboard.words import count

LEVELS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatCell:
    count: str
    """Empty for none."""
    level: int
    """From 0 for none to ``LEVELS``."""
    title: str = ""
    """When that is; empty for none."""
    url: str = ""
    """Of the tickets; empty for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatRow:
    short: str
    name: str
    cells: list[HeatCell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """An hour of each week, as the address of its tickets says it."""

    weekday: int
    """1 for Monday."""
    hour: int

    @classmethod
    def named(cls, number: str) -> "Hour | None":
        """None where that is the name of something else."""
        if not (match := re.fullmatch(r"late_([1-7])_([01]?\d|2[0-3])", number, re.ASCII)):
            return None
        return cls(weekday=int(match[1]), hour=int(match[2]))

    @property
    def number(self) -> str:
        return f"late_{self.weekday}_{self.hour}"

    @property
    def title(self) -> str:
        return _("Late, due on %(weekday)s from %(begin)s to %(end)s") % {
            "weekday": WEEKDAYS[self.weekday - 1],
            "begin": formats.time_format(time(self.hour)),
            "end": formats.time_format(time((self.hour + 1) % 24)),
        }


def heat_rows(heat: Heat, url_of: Callable[[str], str]) -> list[HeatRow]:
    """A row for each day of the week, as the language begins it."""
    first = int(formats.get_format("FIRST_DAY_OF_WEEK"))
    weekdays = [(first + 6 + number) % 7 for number in range(7)]  # 0 is Monday
    return [
        HeatRow(
            short=str(WEEKDAYS_ABBR[weekday]),
            name=str(WEEKDAYS[weekday]),
            cells=[_cell(Hour(weekday=weekday + 1, hour=n), heat, url_of) for n in range(24)],
        )
        for weekday in weekdays
    ]


def _cell(hour: Hour, heat: Heat, url_of: Callable[[str], str]) -> HeatCell:
    late = heat.counts.get((hour.weekday, hour.hour), 0)
    if not late:
        return HeatCell(count="", level=0)
    level = ceil(LEVELS * late / heat.most)
    return HeatCell(count=count(late), level=level, title=hour.title, url=url_of(hour.number))
