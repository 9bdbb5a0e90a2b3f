"""Links from one view of a dashboard to another: all of it is in the address."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from django_sla.reports.calendar_period import Period
from django_sla.reports.grouping import is_unset
from django_sla.views.dashboard.form import IS_NULL

FLEETING = ("tickets", "report", "forecast", "format", "page")
"""What belongs to one page only."""


class Address:
    """The address of the page at hand, for others to begin from."""

    def __init__(self, query: QueryDict):
        self._query = query

    def at(self, **changes: str | None) -> str:
        """With some parameters changed; None leaves one out."""
        return self._with(changes)

    def in_period(self, period: Period, **changes: str | None) -> str:
        return self._with({"period": None, **_days(period), **changes})

    def called(self, name: str) -> str:
        """In the period of that name."""
        return self._with({"period": name, "since": None, "until": None})

    def of_group(self, name: str, key: Any, **changes: str | None) -> str:
        """Of one group of what ``name`` groups by."""
        return self._with({name: None, f"{name}{IS_NULL}": None, **group(name, key), **changes})

    def without(self, name: str) -> str:
        """Without a filter."""
        return self._with({name: None, f"{name}{IS_NULL}": None})

    def _with(self, changes: Mapping[str, str | None]) -> str:
        query = self._query.copy()
        for name, value in {**dict.fromkeys(FLEETING), **changes}.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = value
        return f"?{query.urlencode()}"


def group(name: str, key: Any) -> dict[str, str]:
    return {f"{name}{IS_NULL}": "True"} if is_unset(key) else {name: str(key)}


def _days(period: Period) -> dict[str, str]:
    return {"since": period.first.isoformat(), "until": period.last.isoformat()}
