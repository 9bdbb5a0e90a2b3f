"""Run the benchmarks and print a table of each: run.py [NAME ...]

NAME is that of benchmarks/bench_NAME.py; without one, all are run.

Each bench_*.py offers rows(), an iterator of dicts:

    what      what was measured
    ours      this package's number
    baseline  the number to compare with
    unit      of both
    ratio     ours / baseline
    goal      the highest ratio that is good enough; or "<= 2" or ">= 10"; None where there is none
    note      what else there is to say of it; may be left out

and of texts, which are printed below the table.

A missed goal is marked and is no failure: the numbers of a busy machine should not stop anybody.
"""

import importlib
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("what", "ours", "baseline", "unit", "ratio", "goal", "")

Row = dict[str, object]
Cells = tuple[str, ...]


def main(names: list[str]) -> int:
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if unknown := set(names) - set(known):
        print("No such benchmark:", *sorted(unknown), "- there are:", *known, file=sys.stderr)
        return 2
    sys.path.insert(0, str(HERE.parent))
    broken = []
    for name in names or known:
        try:
            bench = importlib.import_module(f"benchmarks.bench_{name}")
            print(f"\n{name}: {bench.__doc__.strip()}\n")
            show(bench.rows())
        except Exception:  # one that is broken must not hide the numbers of the others
            traceback.print_exc()
            broken.append(name)
    if broken:
        print("Broken:", *broken)
    return bool(broken)


def show(rows: Iterable[Row | str]) -> None:
    """As much as there is, should measuring break off."""
    table, texts = [COLUMNS], []
    try:
        for row in rows:
            if isinstance(row, str):
                texts.append(row)
            else:
                table.append(line(row))
    finally:
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for cells in table:
            padded = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
            print("  ".join(padded).rstrip())
        print(*texts, sep="\n", flush=True)


def line(row: Row) -> Cells:
    ratio, goal = row["ratio"], row["goal"]
    missed = goal is not None and ratio is not None and not reached(ratio, goal)
    return (
        str(row["what"]),
        number(row["ours"]),
        number(row["baseline"]),
        str(row["unit"]),
        number(ratio),
        "" if goal is None else goal if isinstance(goal, str) else f"<= {goal:g}",
        "  ".join(filter(None, ("MISSED" if missed else "", str(row.get("note", ""))))),
    )


def number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "" if value is None else str(value)


def reached(ratio: float, goal: float | str) -> bool:
    sign, _, limit = goal.partition(" ") if isinstance(goal, str) else ("<=", " ", goal)
    return ratio >= float(limit) if sign == ">=" else ratio <= float(limit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
