"""Figures for Prometheus, read from the databases whenever somebody asks. Needs the extra
``metrics``."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, Value, When
from django.utils import timezone

from django_sla import registry
from django_sla.core.verdict import State
from django_sla.exceptions import MetricsNotInstalled
from django_sla.flow.sweep import databases
from django_sla.tables.watching import Totals, Watching, clock_rows, totals, watching

OPEN_STATES = (State.ON_TRACK, State.AT_RISK, State.BREACHED, State.PAUSED, State.NONE)

Samples = Mapping[tuple[str, ...], float]
"""Values by those of the labels."""


AGE = "How many seconds ago the last sweep finished."
LAG = "By how many seconds the oldest clock that has come due is late."
OVERDUE = "By how many seconds the oldest notice that is to be sent is late."
RECORDED = "Warnings, breaches and escalations recorded."
FAILURES = "Tickets that a sweep could not look at."


def open_clocks(using: str, now: datetime) -> Counter[tuple[str, ...]]:
    """How many open clocks there are by metric and state, 0 for those that have none. One query
    for each kind of tickets, which reads all open clocks."""
    # As core.verdict.judge says; each condition takes what those before it leave.
    state = Case(
        When(outcome=State.NONE.value, then=Value(State.NONE.value)),
        When(due_at__lt=now, then=Value(State.BREACHED.value)),
        When(due_at=None, then=Value(State.PAUSED.value)),
        When(warn_at__lte=now, then=Value(State.AT_RISK.value)),
        default=Value(State.ON_TRACK.value),
        output_field=CharField(),
    )
    names = [metric.name for metric in registry.metrics()]
    found: Counter[tuple[str, ...]] = Counter(
        {(name, state.value): 0 for name in names for state in OPEN_STATES}
    )
    for clocks in clock_rows(using):
        rows = clocks.filter(stopped_at=None).order_by().annotate(state=state)
        for *key, count in rows.values_list("metric", "state").annotate(Count("pk")):
            found[tuple(key)] += count
    return found


class Collector:
    """Tells Prometheus what the databases that have tickets say at that moment: of ages and lags
    the greatest, of numbers the sum."""

    def __init__(self) -> None:
        """
        Raises:
            MetricsNotInstalled: as it says.
        """
        try:
            from prometheus_client import core
        except ImportError:
            raise MetricsNotInstalled from None
        self._gauge: Callable[..., Any] = core.GaugeMetricFamily
        self._counter: Callable[..., Any] = core.CounterMetricFamily

    def describe(self) -> Iterator[Any]:
        """The names alone: to register it asks no database."""
        return self._families({}, [], [])

    def collect(self) -> Iterator[Any]:
        now, using = timezone.now(), databases()
        clocks = Counter[tuple[str, ...]]()
        for alias in using:
            clocks.update(open_clocks(alias, now))
        watched = [watching(alias, now) for alias in using]
        return self._families(clocks, watched, [totals(alias) for alias in using])

    def _families(
        self, clocks: Samples, watched: list[Watching], sums: list[Totals]
    ) -> Iterator[Any]:
        def greatest(name: str) -> Samples:
            """Nothing before the first sweep of a database, which has no age."""
            durations: list[Any] = [getattr(one, name) for one in watched]
            is_known = durations and None not in durations
            return {(): max(durations).total_seconds()} if is_known else {}

        def total(name: str) -> Samples:
            return {(): sum(getattr(one, name) for one in sums)} if sums else {}

        depth: Samples = {
            (standing,): sum(getattr(one, standing) for one in watched)
            for standing in (("waiting", "later", "dead") if watched else ())
        }
        for kind, name, text, labels, samples in (
            (self._gauge, "open_clocks", "Open clocks.", ("metric", "state"), clocks),
            (self._gauge, "sweep_age_seconds", AGE, (), greatest("age")),
            (self._gauge, "sweep_lag_seconds", LAG, (), greatest("lag")),
            (self._gauge, "outbox_depth", "Notices not sent yet.", ("standing",), depth),
            (self._gauge, "outbox_lag_seconds", OVERDUE, (), greatest("overdue")),
            (self._counter, "thresholds_recorded", RECORDED, (), total("recorded")),
            (self._counter, "breaches_recorded", "Breaches recorded.", (), total("breaches")),
            (self._counter, "sweep_failures", FAILURES, (), total("failed")),
        ):
            yield _filled(kind(f"django_sla_{name}", text, labels=labels), samples)


def _filled(family: Any, samples: Samples) -> Any:
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family


def register_collector(registry: Any) -> Collector:
    """Add the figures to a registry of ``prometheus_client``, for a host with a page of metrics of
    its own.

    Raises:
        MetricsNotInstalled: as it says.
    """
    collector = Collector()
    registry.register(collector)
    return collector


def exposition(accept: str) -> tuple[bytes, str]:
    """The figures as a page, and its content type; ``accept`` is what the reader asks for.

    Raises:
        MetricsNotInstalled: as it says.
    """
    collector = Collector()
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
