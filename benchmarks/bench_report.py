"""Compliance by priority, against hand-written SQL for the same numbers in the same run: a million
tickets on PostgreSQL, a hundred thousand on SQLite.

The baseline joins tickets and clocks by what it knows of them, and asks for the groups and for the
total, as the report does.
"""

import os
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from benchmarks.history import PRIORITIES
from benchmarks.project import compare, measured, run_alone

TICKETS = {
    "postgres": int(os.environ.get("BENCH_TICKETS", 1_000_000)),
    "sqlite": int(os.environ.get("BENCH_TICKETS", 100_000)),
}
ROUNDS = 3
LIMIT = 5
"""Seconds for the time in each status."""


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection
    from django.utils import timezone

    from benchmarks.history import fill
    from django_sla.reports.compliance import ComplianceReport

    now = timezone.now()
    model = fill(TICKETS[vendor], now)

    class Plain(ComplianceReport):
        """Without what is read from the events."""

        sought = ()

    def by_hand(statements: tuple[str, ...]) -> list[Any]:
        found = []
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                found.append(cursor.fetchall())
        return found

    instant = f"'{now:%Y-%m-%d %H:%M:%S.%f}{'+00' if vendor == 'postgres' else ''}'"
    statements = _statements(vendor, instant)
    for kind, what in ((Plain, statements[:-1]), (ComplianceReport, statements)):
        grouped = tuple(text for pair in what for text in pair)

        def ours(kind: type[ComplianceReport] = kind) -> Any:
            report = kind(model.objects.all(), by="priority", now=now)
            return report.rows, report.total

        _same(ours(), by_hand(grouped))
        mine, theirs, ratio = compare(ours, lambda grouped=grouped: by_hand(grouped), rounds=ROUNDS)
        part = "without events" if kind is Plain else "with reopened and without a policy"
        yield {
            "what": f"{TICKETS[vendor]:,} tickets by priority, {part}, {vendor}; SQL",
            "ours": mine,
            "baseline": theirs,
            "unit": "s",
            "ratio": ratio,
            "goal": 1.2,
        }
    yield _in_status(vendor, model, now)


def _in_status(vendor: str, model: Any, now: Any) -> dict[str, Any]:
    from django_sla.reports.time_in_status import TimeInStatusReport

    begin = perf_counter()
    rows = TimeInStatusReport(model.objects.all(), now=now).rows
    seconds = perf_counter() - begin
    assert max(row.tickets for row in rows) == TICKETS[vendor]
    return {
        "what": f"{TICKETS[vendor]:,} tickets, time in each status, {vendor}; the limit",
        "ours": seconds,
        "baseline": LIMIT,
        "unit": "s",
        "ratio": seconds / LIMIT,
        "goal": 1,
    }


def _same(ours: Any, theirs: list[Any]) -> None:
    """The counts of clocks, and the highest of the percentiles."""
    by_priority, total = ours
    counted = {(row[0], row[1]): row[2:5] for row in theirs[2]}
    assert len(by_priority) == len(PRIORITIES)
    for row in by_priority:
        for metric, found in row.metrics.items():
            assert (found.met, found.missed, found.breached) == tuple(counted[row.key, metric])
    assert total.tickets == theirs[1][0][0]
    assert total.response.met == sum(row.response.met for row in by_priority)


def _statements(vendor: str, now: str) -> tuple[tuple[str, str], ...]:
    """For each question that of the groups and that of the total."""
    wall, age = "stopped_at - started_at", f"coalesce(closed_at, resolved_at, {now}) - created_at"
    if vendor == "sqlite":
        end = f"coalesce(closed_at, resolved_at, {now})"
        wall = f"({_microseconds('stopped_at')} - {_microseconds('started_at')})"
        age = f"({_microseconds(end)} - {_microseconds('created_at')})"
    ranks = ", ".join(
        f"percentile_disc({fraction}) WITHIN GROUP (ORDER BY {value})"
        for value in ("elapsed", wall)
        for fraction in ("0.5", "0.9", "0.95")
    )
    late = f"outcome = 'missed' OR (stopped_at IS NULL AND due_at < {now})"
    tickets = f"""count(*), sum({age}),
        count(*) FILTER (WHERE resolved_at IS NULL AND closed_at IS NULL)"""
    clocks = f"""metric, count(*) FILTER (WHERE outcome = 'met'),
        count(*) FILTER (WHERE outcome = 'missed'),
        count(*) FILTER (WHERE stopped_at IS NULL AND due_at < {now}),
        count(*) FILTER (WHERE waived AND ({late})), count(elapsed),
        sum(elapsed), sum({wall}),
        count(DISTINCT ticket_id) FILTER (WHERE stopped_at IS NULL AND due_at < {now}),
        count(DISTINCT ticket_id)
            FILTER (WHERE stopped_at IS NULL AND due_at >= {now} AND warn_at <= {now})"""
    joined = "desk_serviceticketslaclock c JOIN desk_serviceticket t ON t.id = c.ticket_id"
    stopped = "elapsed IS NOT NULL AND metric IN ('response', 'resolution')"
    spread = (
        f"SELECT t.priority, metric, {ranks} FROM {joined} WHERE {stopped} GROUP BY 1, 2",
        f"SELECT metric, {ranks} FROM desk_serviceticketslaclock WHERE {stopped} GROUP BY 1",
    )
    if vendor == "sqlite":
        spread = tuple(  # type: ignore[assignment]
            f"""WITH r AS (SELECT {group} AS grp, metric, elapsed, {wall} AS wall,
                row_number() OVER (PARTITION BY {group}, metric ORDER BY elapsed) AS e,
                row_number() OVER (PARTITION BY {group}, metric ORDER BY {wall}) AS w,
                count(*) OVER (PARTITION BY {group}, metric) AS n
                FROM {source} WHERE {stopped})
            SELECT * FROM r WHERE e IN ((n + 1) / 2, n / 2 + 1, (90 * n + 99) / 100,
                (95 * n + 99) / 100) OR w IN ((n + 1) / 2, n / 2 + 1, (90 * n + 99) / 100,
                (95 * n + 99) / 100)"""
            for group, source in (("t.priority", joined), ("1", "desk_serviceticketslaclock"))
        )
    text = "->>'category'" if vendor == "postgres" else "->>'$.category'"
    again = f"""id IN (SELECT e.ticket_id FROM desk_serviceticketslaevent e
        WHERE e.kind = 'status_moved' AND e.data{text} IN ('open', 'paused') AND EXISTS (
            SELECT 1 FROM desk_serviceticketslaevent d WHERE d.ticket_id = e.ticket_id
            AND d.kind = 'status_moved' AND d.data{text} IN ('resolved', 'closed')
            AND (d.at < e.at OR (d.at = e.at AND d.id < e.id))))"""
    pinned = """NOT EXISTS (SELECT 1 FROM desk_serviceticketslaclock c
        WHERE c.ticket_id = desk_serviceticket.id AND c.terms_id IS NOT NULL)"""
    unseen = (
        f"SELECT priority, count(*) FROM desk_serviceticket WHERE {again} GROUP BY 1",
        f"SELECT priority, count(*) FROM desk_serviceticket WHERE {pinned} GROUP BY 1",
        f"SELECT count(*) FROM desk_serviceticket WHERE {again}",
        f"SELECT count(*) FROM desk_serviceticket WHERE {pinned}",
    )
    return (
        (
            f"SELECT priority, {tickets} FROM desk_serviceticket GROUP BY 1",
            f"SELECT {tickets} FROM desk_serviceticket",
        ),
        (
            f"SELECT t.priority, {clocks} FROM {joined} GROUP BY 1, 2",
            f"SELECT {clocks} FROM desk_serviceticketslaclock GROUP BY 1",
        ),
        spread,
        unseen,  # type: ignore[return-value]
    )


def _microseconds(instant: str) -> str:
    return (
        f"(strftime('%s', substr({instant}, 1, 19)) * 1000000"
        f" + substr(substr({instant}, 21) || '000000', 1, 6))"
    )


if __name__ == "__main__":
    run_alone(_rows)
