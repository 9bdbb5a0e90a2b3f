"""Other libraries that reckon in business time, each asked in the way that its documentation shows.

What a library wants of a question, naive local datetimes or objects of its own, is made before it
is asked, and what it answers is read afterwards; neither is in the time that it takes.
"""

import operator
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django_sla.core.calendar import ALWAYS, Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Opening hours, of a calendar in each library."""

    name: str
    spans: tuple[tuple[str, str], ...]
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: frozenset[date] = field(default=frozenset(), repr=False)
    tz: str = "America/Toronto"

    @property
    def written(self) -> dict[str, Any]:
        """As the oracle of the tests and our own calendar take it."""
        hours = {WEEKDAYS[day]: list(self.spans) for day in self.days}
        return {"tz": self.tz, "hours": hours, "holidays": self.holidays}

    @property
    def always(self) -> bool:
        return self.spans == (("00:00", "24:00"),) and len(self.days) == 7

    @property
    def times(self) -> list[tuple[time, time]]:
        """Of each span; not of one that ends at 24:00, which is no ``time``."""
        return [(time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in self.spans]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How one library is asked one question."""

    ask: Callable[..., Any]
    prepare: Callable[[datetime, Any], tuple[Any, ...] | None] = lambda *question: question
    """None where the library cannot be asked this."""
    read: Callable[[Any], Any] = lambda answer: answer


Ways = dict[str, Way]
"""By question, ``add`` or ``between``; one that is missing cannot be asked at all."""


def django_sla(desk: Desk) -> Ways:
    calendar = ALWAYS if desk.always else Calendar(**desk.written)
    return {"add": Way(ask=calendar.add), "between": Way(ask=calendar.between)}


def workclock(desk: Desk) -> Ways:
    schedule = workclock_schedule(desk)
    return {"add": Way(ask=schedule.add), "between": Way(ask=schedule.between)}


def workclock_schedule(desk: Desk) -> Any:
    from workclock import Holidays, Schedule, WorkDay

    # From midnight to midnight is its way to say 24 hours.
    times = [(time(0), time(0))] if desk.always else desk.times
    rules = [WorkDay(begin, end, days=desk.days) for begin, end in times]
    return Schedule([*rules, Holidays(desk.holidays)], time_zone=desk.tz)


def businesstimedelta(desk: Desk) -> Ways:
    import pytz
    from businesstimedelta import (
        BusinessTimeDelta,
        HolidayRule,
        LunchTimeRule,
        Rules,
        WorkDayRule,
    )

    if desk.always:
        return {}  # its days end at 23:59:59.999999 at the latest
    common = {"working_days": list(desk.days), "tz": pytz.timezone(desk.tz)}
    times = desk.times
    rules = [WorkDayRule(times[0][0], times[-1][1], **common)]
    for (_, begin), (end, _) in pairwise(times):
        rules.append(LunchTimeRule(begin, end, **common))
    if desk.holidays:
        rules.append(HolidayRule(desk.holidays, tz=common["tz"]))
    rule = Rules(rules) if len(rules) > 1 else rules[0]
    return {
        "add": Way(
            prepare=lambda start, amount: (start, BusinessTimeDelta(rule, timedelta=amount)),
            ask=operator.add,
            read=lambda answer: answer.astimezone(UTC),
        ),
        "between": Way(ask=rule.difference, read=lambda answer: answer.timedelta),
    }


def business_duration(desk: Desk) -> Ways:
    from business_duration import businessDuration

    if len(desk.spans) > 1:
        return {}
    zone = ZoneInfo(desk.tz)
    begin, end = (None, None) if desk.always else desk.times[0]
    weekend = [day for day in range(7) if day not in desk.days]

    def local(instant: datetime) -> datetime:
        return instant.astimezone(zone).replace(tzinfo=None)

    return {
        "between": Way(
            prepare=lambda a, b: (local(a), local(b), begin, end, weekend, desk.holidays, "sec"),
            ask=businessDuration,
            read=lambda answer: timedelta(seconds=float(answer)),
        )
    }


def pandas(desk: Desk) -> Ways:
    import pandas as pd

    if desk.always:
        return {}  # "opening hours should not touch or overlap with one another"
    hour = pandas_hour(desk)

    def prepare(start: datetime, amount: timedelta) -> tuple[Any, ...] | None:
        if amount % HOUR:
            return None
        return pd.Timestamp(start).tz_convert(desk.tz), (amount // HOUR) * hour

    return {
        "add": Way(
            prepare=prepare,
            ask=operator.add,
            read=lambda answer: answer.to_pydatetime().astimezone(UTC),
        )
    }


def pandas_hour(desk: Desk) -> Any:
    from pandas.tseries.offsets import CustomBusinessHour

    begins, ends = zip(*desk.spans, strict=True)
    weekmask = " ".join(WEEKDAYS[day].capitalize() for day in desk.days)
    return CustomBusinessHour(
        start=list(begins), end=list(ends), weekmask=weekmask, holidays=sorted(desk.holidays)
    )


LIBRARIES: dict[str, Callable[[Desk], Ways]] = {
    "workclock": workclock,
    "businesstimedelta": businesstimedelta,
    "business-duration": business_duration,
    "pandas CustomBusinessHour": pandas,
}


def in_bulk(
    desk: Desk, starts: Iterable[datetime], amount: timedelta
) -> dict[str, Callable[[], Any]]:
    """One amount added to many instants in one call, by those who have one for it."""
    import numpy as np
    import pandas as pd

    # It says that there is a loop behind it, which is what is measured.
    warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
    starts, schedule = list(starts), workclock_schedule(desk)
    array = np.array([start.replace(tzinfo=None) for start in starts], dtype="datetime64[us]")
    index = pd.DatetimeIndex(starts).tz_convert(desk.tz)
    offset = (amount // HOUR) * pandas_hour(desk)
    return {
        "workclock, a list": lambda: schedule.add_many(starts, amount),
        "workclock, a NumPy array": lambda: schedule.add_many(array, amount),
        "pandas, a DatetimeIndex": lambda: index + offset,
    }
