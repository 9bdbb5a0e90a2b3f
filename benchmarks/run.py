"""Run the benchmarks and print one table: run.py [NAME ...]

NAME is that of benchmarks/bench_NAME.py; without one, all are run.

Each bench_*.py offers rows(), an iterator of dicts:

    what      what was measured
    ours      this package's number
    baseline  the number to compare with
    unit      of both
    ratio     ours / baseline
    goal      the highest ratio that is good enough; or "<= 2" or ">= 10"; None where there is none

A missed goal is marked and is no failure: the numbers of a busy machine should not stop anybody.
"""

import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("what", "ours", "baseline", "unit", "ratio", "goal", "")

Row = dict[str, object]


def main(names: list[str]) -> int:
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if unknown := set(names) - set(known):
        print("No such benchmark:", *sorted(unknown), "- there are:", *known, file=sys.stderr)
        return 2
    sys.path.insert(0, str(HERE.parent))
    table, broken = [COLUMNS], []
    for name in names or known:
        try:
            table += [line(row) for row in rows(name)]
        except Exception:  # one that is broken must not hide the numbers of the others
            traceback.print_exc()
            broken.append(name)
    show(table)
    if broken:
        print("Broken:", *broken)
    return bool(broken)


def rows(name: str) -> Iterator[Row]:
    yield from importlib.import_module(f"benchmarks.bench_{name}").rows()


def line(row: Row) -> tuple[str, ...]:
    ratio, goal = row["ratio"], row["goal"]
    return (
        str(row["what"]),
        number(row["ours"]),
        number(row["baseline"]),
        str(row["unit"]),
        number(ratio),
        "" if goal is None else goal if isinstance(goal, str) else f"<= {goal:g}",
        "" if goal is None or ratio is None or reached(ratio, goal) else "MISSED",
    )


def number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "" if value is None else str(value)


def reached(ratio: float, goal: float | str) -> bool:
    sign, _, limit = goal.partition(" ") if isinstance(goal, str) else ("<=", " ", goal)
    return ratio >= float(limit) if sign == ">=" else ratio <= float(limit)


def show(table: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print(
            "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
