"""What ``sla_forecast`` says: text for people, JSON for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.utils import timezone

from django_sla.exceptions import NotEnoughHistory
from django_sla.reports.calibration import Calibration
from django_sla.reports.chances import Likeliest
from django_sla.reports.forecast import RECENT, Forecast
from django_sla.reports.format import Column, Unit, to_table
from django_sla.tables.clock import StateName, metric_name

SHOWN = 8
"""Past weeks that people are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """All that the command found out."""

    model: str
    metric: str
    now: datetime
    forecast: Forecast | NotEnoughHistory | None
    """None where it was not asked for, as of the next two."""
    likeliest: Likeliest | None
    calibration: Calibration | None


@dataclass(kw_only=True, slots=True)
class _Table:
    """Rows that do not add up."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    now: datetime
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    total: None = field(default=None, init=False)


def text(told: Told) -> str:
    parts = []
    if isinstance(told.forecast, NotEnoughHistory):
        parts.append(f"{metric_name(told.metric)}: {told.forecast}\n")
    elif told.forecast is not None:
        parts.append(_lines(_forecast(told.forecast, told.now)))
    if told.likeliest is not None:
        parts.append(_lines(_open(told, told.likeliest)))
    if told.calibration is not None:
        parts.append(_lines(_calibration(told.calibration, told.now)))
    return "\n".join(parts)


def _lines(said: Iterator[str]) -> str:
    return "\n".join(said).rstrip("\n") + "\n"


def _forecast(found: Forecast, now: datetime) -> Iterator[str]:
    adjusted = ", without excused breaches" if found.adjusted else ""
    yield f"{metric_name(found.metric)}, promises kept by week{adjusted}:"
    past = [
        _column("week", "Week", Unit.TEXT, "label"),
        _column("percent", "Kept", Unit.PERCENT),
        _column("judged", "Came due", Unit.COUNT),
    ]
    yield _table(past, found.history[-SHOWN:], now)
    yield f"Expected, and between what in {found.interval} cases of 100:"
    ahead = [
        _column("week", "Week", Unit.TEXT, "label"),
        _column("percent", "Kept", Unit.PERCENT),
        _column("low", "From", Unit.PERCENT),
        _column("high", "To", Unit.PERCENT),
    ]
    yield _table(ahead, found.weeks, now)
    error = found.error
    if error is None:
        yield "No week could be held back to try it on."
        return
    yield (
        f"Tried on the last {error.weeks} weeks, {error.forecasts} forecasts: off by "
        f"{error.mean:.1f} points on average; {error.covered:.0f} % came within the interval."
    )
    yield f"The average of the {RECENT} weeks before was off by {error.mean_of_average:.1f} points."


def _open(told: Told, found: Likeliest) -> Iterator[str]:
    name = metric_name(told.metric)
    said = f"{name}, open and not late: {found.open:,}"
    if found.open > found.untold:
        said += f", of which about {found.expected:.0f} will be late"
    if found.untold:
        said += f"; of {found.untold:,} nothing can be said, as too few like it took so long"
    yield f"{said}."
    if not found.chances:
        return
    columns = [
        Column(
            name="ticket",
            title="Ticket",
            unit=Unit.TEXT,
            value=lambda row: f"{told.model} {row.ticket_id}",
        ),
        _column("percent", "Chance", Unit.PERCENT),
        _column("priority", "Priority", Unit.TEXT),
        Column(
            name="state",
            title="State",
            unit=Unit.TEXT,
            value=lambda row: StateName(row.state.value).label,
        ),
        _column("elapsed", "Elapsed", Unit.DURATION),
        _column("remaining", "Left", Unit.DURATION),
    ]
    yield _table(columns, found.chances, told.now)


def _calibration(found: Calibration, now: datetime) -> Iterator[str]:
    if found.brier is None:
        yield (
            "Such chances could not be tried: too few clocks have been due and were open when "
            "half of their goal had been counted."
        )
        return
    untold = f"; of {found.untold:,} more nothing could be said" if found.untold else ""
    yield (
        f"Such chances, tried on the {found.count:,} latest when half of their goal was "
        f"gone{untold}:"
    )
    columns = [
        Column(
            name="band",
            title="Chance",
            unit=Unit.TEXT,
            value=lambda band: f"{band.low} to {band.high} %",
        ),
        _column("count", "Clocks", Unit.COUNT),
        _column("predicted", "Predicted", Unit.PERCENT),
        _column("observed", "Breached", Unit.PERCENT),
    ]
    yield _table(columns, found.bands, now)
    rate = ""
    if found.brier_of_rate is not None:
        rate = f"; of telling each {found.rate:.1f} %, the rate before, {found.brier_of_rate:.4f}"
    yield f"Brier score, 0 is best: {found.brier:.4f}{rate}."


def _column(name: str, title: str, unit: Unit, attribute: str = "") -> Column:
    return Column(name=name, title=title, unit=unit, value=attrgetter(attribute or name))


def _table(columns: Sequence[Column], rows: Sequence[Any], now: datetime) -> str:
    return to_table(_Table(columns=columns, rows=rows, now=now))


def to_json(told: Told) -> str:
    """``forecast``, ``open`` and ``calibration``, each null where it was not asked for."""
    document = {
        "model": told.model,
        "metric": told.metric,
        "now": told.now,
        "forecast": _plain(told.forecast),
        "open": told.likeliest and _plain(told.likeliest),
        "calibration": told.calibration and _plain(told.calibration),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=_json) + "\n"


def _plain(found: Any) -> Any:
    if isinstance(found, NotEnoughHistory):
        return {"error": str(found)}
    return None if found is None else asdict(found)


def _json(value: Any) -> Any:
    match value:
        case datetime():
            return timezone.localtime(value).isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
    return str(value)


FORECAST = {"text": text, "json": to_json}
