"""How fast a calendar answers, and how long one takes to compile.

Beside a bare binary search, which gives the same answers, and beside other libraries, whose answers
are compared with those of an oracle; the ratio is below 1 where ours is faster.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import questions
from benchmarks.run import show
from django_sla.core.calendar import ALWAYS, Calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
APART = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "30 days": timedelta(days=30),
    "1 year": timedelta(days=365),
    "10 years": timedelta(days=3650),
}
REPEATS, CALLS = 25, 1000

Row = dict[str, Any]
Question = Callable[[datetime, Any], Any]


def rows() -> Iterator[Row | str]:
    yield from beside_the_least()
    yield from questions.rows()


def beside_the_least() -> Iterator[Row]:
    desk = calendar(0)
    first, last = datetime(2018, 1, 1, tzinfo=UTC), datetime(2034, 12, 31, tzinfo=UTC)
    bare_add, bare_between = bare(desk, first, last)
    starts = [datetime(2020, 1, 6, 14, tzinfo=UTC) + i * timedelta(hours=7) for i in range(CALLS)]
    ratios: dict[str, list[float]] = {"add": [], "between": []}
    for name, apart in APART.items():
        ends = [start + apart for start in starts]
        hour = timedelta(hours=1)  # at least: an add of nothing has nothing to search
        amounts = [max(desk.between(start, start + apart), hour) for start in starts]
        questions: tuple[tuple[str, Question, Question, Sequence[Any]], ...] = (
            ("add", desk.add, bare_add, amounts),
            ("between", desk.between, bare_between, ends),
        )
        for what, ours, baseline, others in questions:
            assert list(map(ours, starts, others)) == list(map(baseline, starts, others))
            row = compare(f"{what}, {name} apart", ours, baseline, starts, others)
            ratios[what].append(row["ratio"])
            yield row
    # Of the ratios, because what else the machine does meanwhile changes both sides alike.
    for what, found in ratios.items():
        slowest, quickest = max(found), min(found)
        yield figure(f"{what}, slowest distance beside quickest", slowest, quickest, "×", 1.5)
    amounts = [timedelta(hours=4)] * CALLS
    yield compare(
        "add, around the clock, beside +", ALWAYS.add, lambda t, d: t + d, starts, amounts, None
    )
    milliseconds = median(compile_four_years(i) for i in range(REPEATS))
    yield figure("compile four years", milliseconds, None, "ms", 5)


def calendar(i: int) -> Calendar:
    """Working hours with lunch and ten holidays a year; another one for each ``i``."""
    return Calendar(
        "America/Toronto",
        hours={"mon-fri": [("09:00", "12:30"), ("13:30", f"17:{30 + i}")]},
        holidays=[date(year, month, 3) for year in range(2010, 2040) for month in range(3, 13)],
    )


def bare(desk: Calendar, first: datetime, last: datetime) -> tuple[Question, Question]:
    """The least that ``add`` and ``between`` can be: a binary search over cumulative sums."""
    spans = desk.spans(first, last)
    opens = [span.start - EPOCH for span in spans]
    sums, gaps, total = [], [], timedelta(0)
    for span in spans:
        gaps.append(span.start - EPOCH - total)
        total += span.duration
        sums.append(total)

    def add(start: datetime, duration: timedelta) -> datetime:
        instant = start - EPOCH
        i = bisect_right(opens, instant) - 1
        open_time = instant - gaps[i]
        if open_time > sums[i]:
            open_time = sums[i]
        open_time += duration
        return EPOCH + (open_time + gaps[bisect_left(sums, open_time)])

    def between(start: datetime, end: datetime) -> timedelta:
        instant = start - EPOCH
        i = bisect_right(opens, instant) - 1
        until_start = instant - gaps[i]
        if until_start > sums[i]:
            until_start = sums[i]
        instant = end - EPOCH
        i = bisect_right(opens, instant) - 1
        until_end = instant - gaps[i]
        if until_end > sums[i]:
            until_end = sums[i]
        return until_end - until_start

    return add, between


def compare(
    what: str,
    ours: Question,
    baseline: Question,
    starts: Sequence[datetime],
    others: Sequence[object],
    goal: float | None = 1.5,
) -> Row:
    """Nanoseconds of the processor a call; both in turn, so that a busy machine slows both."""
    pairs = [
        (seconds(ours, starts, others), seconds(baseline, starts, others)) for _ in range(REPEATS)
    ]
    our_median, baseline_median = map(median, zip(*pairs, strict=True))
    return figure(what, our_median / CALLS * 1e9, baseline_median / CALLS * 1e9, "ns", goal)


def seconds(question: Question, starts: Sequence[datetime], others: Sequence[object]) -> float:
    began = process_time()
    for start, other in zip(starts, others, strict=True):
        question(start, other)
    return process_time() - began


def compile_four_years(i: int) -> float:
    """Milliseconds until a calendar that was never asked has given its first answer."""
    fresh = calendar(i)
    began = process_time()
    fresh.is_open(datetime(2026, 6, 1, tzinfo=UTC))
    return (process_time() - began) * 1e3


def figure(what: str, ours: float, baseline: float | None, unit: str, goal: float | None) -> Row:
    """Where there is no baseline, the goal is for the number itself."""
    ratio = ours if baseline is None else ours / baseline
    return {
        "what": what,
        "ours": ours,
        "baseline": baseline,
        "unit": unit,
        "ratio": ratio,
        "goal": goal,
    }


if __name__ == "__main__":
    show(rows())
