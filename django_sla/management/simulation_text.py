"""What ``sla_simulate`` says: a table for people, JSON and CSV for programs."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from django_sla.core.duration import format_duration, format_short
from django_sla.core.inert import inert
from django_sla.reports.format import FORMATS, printable, to_json
from django_sla.reports.outcome import Changed
from django_sla.reports.simulate import Simulation
from django_sla.reports.suggest import SHARES, Suggestions
from django_sla.tables.clock import metric_name


def _table(simulation: Simulation, by: str) -> str:
    total = simulation.total
    lines = [
        f"{total.tickets:,} tickets, of which {simulation.changed_tickets:,} would have been met "
        "or missed otherwise. Now: as it was. Then: under the draft."
    ]
    report = FORMATS["table"](simulation.by_group(by))
    if simulation.changed:
        lines += ["", report, "The largest changes:"]
        lines += [f"  {line}" for line in _changes(simulation)]
    else:
        lines += ["", report.rstrip("\n")]
    return "\n".join(lines) + "\n"


def _changes(simulation: Simulation) -> Iterator[str]:
    label = simulation.sla.model._meta.label
    for one in simulation.changed:
        late = format_short(one.over)
        said = f"late by {late}" if one.newly_late else f"no longer late by {late}"
        due = f"{_local(one.due_now)} -> {_local(one.due_then)}"
        yield f"{label} {one.pk} {one.metric}: {due}, {said}"


def _local(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "none"


def _json(simulation: Simulation, by: str) -> str:
    """As ``sla_report``, and what changes."""
    document = json.loads(to_json(simulation.by_group(by)))
    document["looked_at"] = simulation.total.tickets
    document["changed_tickets"] = simulation.changed_tickets
    document["complete"] = not simulation.is_stopped and not simulation.is_cut
    document["largest_changes"] = [_as_dict(one) for one in simulation.changed]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _as_dict(one: Changed) -> dict[str, Any]:
    due = {"due_now": one.due_now, "due_then": one.due_then}
    return {
        "pk": str(one.pk),
        "metric": one.metric,
        "cycle": one.cycle,
        "newly": "missed" if one.newly_late else "met",
        **{name: timezone.localtime(at).isoformat() if at else None for name, at in due.items()},
        "late_seconds": one.over.total_seconds(),
    }


def _csv(simulation: Simulation, by: str) -> str:
    return FORMATS["csv"](simulation.by_group(by))


SIMULATED = {"table": _table, "json": _json, "csv": _csv}


# Suggestions


def _suggested_table(found: list[Suggestions]) -> str:
    if not found:
        return "No clock has stopped in this period.\n"
    lines = []
    for one in found:
        of = f"{metric_name(one.metric)}, {printable(one.priority) or 'no priority'}"
        lines.append(f"{of}: {one.clocks:,} stopped")
        lines += [
            f"  {share} % took {format_short(one.by_share[share].exact)} at most; "
            f"{format_duration(one.by_share[share].target)} would have been met by "
            f"{one.share(share):.1f} %"
            for share in SHARES
        ]
    return "\n".join(lines) + "\n"


def _suggested_rows(found: list[Suggestions]) -> list[dict[str, Any]]:
    return [
        {
            "metric": one.metric,
            "priority": one.priority,
            "stopped": one.clocks,
            "percent": share,
            "seconds": one.by_share[share].exact.total_seconds(),
            "target": format_duration(one.by_share[share].target),
            "would_have_met": round(one.share(share), 4),
        }
        for one in found
        for share in SHARES
    ]


def _suggested_json(found: list[Suggestions]) -> str:
    return json.dumps(_suggested_rows(found), indent=2, ensure_ascii=False) + "\n"


def _suggested_csv(found: list[Suggestions]) -> str:
    text = io.StringIO()
    columns = ["metric", "priority", "stopped", "percent", "seconds", "target", "would_have_met"]
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(
        {name: inert(value) for name, value in row.items()} for row in _suggested_rows(found)
    )
    return text.getvalue()


SUGGESTED = {"table": _suggested_table, "json": _suggested_json, "csv": _suggested_csv}
