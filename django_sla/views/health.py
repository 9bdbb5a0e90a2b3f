"""Whether deadlines are watched, for monitors and load balancers."""

from datetime import timedelta
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from django_sla.flow.sweep import databases
from django_sla.tables.watching import MAX_AGE, MAX_LAG, Health, Watching, watching
from django_sla.views.apart import Apart

MOST = 86_400
"""Seconds in a query parameter; more is taken as that."""

WORST_FIRST = (Health.NEVER, Health.LATE, Health.FAILING, Health.OK)


class HealthView(Apart):
    """200 where all is well, else 503, with a little JSON. For everybody: it has no secrets.

    ``max_age`` and ``max_lag`` in seconds, as query parameters or ``as_view(max_age=…)``.
    """

    max_age: float = MAX_AGE.total_seconds()
    """How long ago the last sweep may have finished."""
    max_lag: float = MAX_LAG.total_seconds()
    """By how much a threshold, or a notice, may be late."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            max_age, max_lag = (self._limit(request, name) for name in ("max_age", "max_lag"))
        except ValueError as error:
            return _answer({"error": str(error)}, 400)
        now = timezone.now()
        try:
            watched = [watching(using, now) for using in databases()]
        except Error:
            return _answer({"status": Health.FAILING}, 503)
        found = {one.health(max_age, max_lag) for one in watched}
        status = next((health for health in WORST_FIRST if health in found), Health.NEVER)
        document = {"status": status, **_figures(watched)}
        return _answer(document, 200 if status is Health.OK else 503)

    def _limit(self, request: HttpRequest, name: str) -> timedelta:
        """
        Raises:
            ValueError: it is not a whole number of seconds.
        """
        text = request.GET.get(name)
        if text is None:
            return timedelta(seconds=getattr(self, name))
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            raise ValueError(f"{name}: expected a whole number of seconds")
        return timedelta(seconds=min(int(text), MOST))


def _figures(watched: list[Watching]) -> dict[str, Any]:
    """Of all databases together: of ages and lags the greatest, of notices the sum."""
    ages = [one.age for one in watched if one.age is not None]
    is_known = ages and len(ages) == len(watched)
    lags = [max(one.lag, one.overdue) for one in watched]
    return {
        "last_sweep_age": _seconds(max(ages)) if is_known else None,
        "lag": _seconds(max(lags, default=timedelta(0))),
        "waiting": sum(one.waiting for one in watched),
        "dead": sum(one.dead for one in watched),
    }


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 1)


def _answer(document: dict[str, Any], status: int) -> HttpResponse:
    return JsonResponse(document, status=status, headers={"Cache-Control": "no-store"})
