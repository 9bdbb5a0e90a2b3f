"""The geometry of charts, which templates draw as SVG: plain numbers as text, no styles.

Colours, and how lines differ without them, are up to ``dashboard.css``. In languages that are
written from right to left, time runs that way, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from django.utils.translation import get_language_bidi

from django_sla.reports.calendar_period import Bucket

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 10, 26
TICKS = 7
"""The most labels below a chart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    x: str
    y: str
    title: str
    """What it says: part, line and value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    name: str
    place: int
    """Among the lines, from 0: how it is drawn."""
    path: str
    """With a gap where there is no value."""
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A place on an axis, or a line across."""

    at: str
    label: str
    is_spare: bool = False
    """Whether a narrow chart can do without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    name: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """A line chart."""

    title: str
    left: str
    right: str
    bottom: str
    lines: Sequence[Line]
    heights: Sequence[Mark]
    """The vertical axis."""
    parts: Sequence[Mark]
    """The horizontal one; not every part has its label."""
    rules: Sequence[Mark]
    areas: Sequence[Area] = ()
    width: int = WIDTH
    height: int = HEIGHT
    is_mirrored: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    name: str
    values: Sequence[float | None]
    """One for each part; None where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Between which heights something will be, in parts one after the other."""

    name: str
    first: int
    """The place of the first of these parts."""
    bounds: Sequence[tuple[float, float]]
    """The lower and the upper one of each."""


def lines(
    title: str,
    parts: Sequence[Bucket],
    series: Sequence[Series],
    *,
    scale: Sequence[float],
    text: Callable[[float], str],
    rules: Sequence[tuple[float, str]] = (),
    ranges: Sequence[Range] = (),
    shown: Callable[[float], str] | None = None,
) -> Lines:
    """A line chart of at least one part.

    Args:
        scale: the heights that are labelled, the lowest and the highest among them.
        text: a height in words; ``shown`` those of a point, where they are finer.
        rules: heights with a line across, and what it is called.
    """
    mirrored = get_language_bidi()
    low, high = scale[0], scale[-1]

    def x(place: int) -> float:
        share = (place + 0.5) / len(parts)
        return LEFT + (1 - share if mirrored else share) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def line(place: int, one: Series) -> Line:
        known = [(x(n), y(v), parts[n].label, v) for n, v in enumerate(one.values) if v is not None]
        return Line(
            name=one.name,
            place=place,
            path=_path([None if v is None else (x(n), y(v)) for n, v in enumerate(one.values)]),
            points=[
                Point(
                    x=_number(at),
                    y=_number(height),
                    title=f"{part} · {one.name}: {(shown or text)(value)}",
                )
                for at, height, part, value in known
            ],
        )

    def area(one: Range) -> Area:
        there = [(x(one.first + n), y(high)) for n, (_low, high) in enumerate(one.bounds)]
        back = [(x(one.first + n), y(low)) for n, (low, _high) in enumerate(one.bounds)]
        return Area(name=one.name, path=f"{_path([*there, *reversed(back)])}Z")

    every = ceil(len(parts) / TICKS)
    return Lines(
        title=title,
        left=_number(LEFT),
        right=_number(WIDTH - RIGHT),
        bottom=_number(HEIGHT - BOTTOM),
        lines=[line(place, one) for place, one in enumerate(series)],
        heights=[Mark(at=_number(y(value)), label=text(value)) for value in scale],
        # From the last one back, which is what people look for.
        parts=[
            Mark(at=_number(x(len(parts) - 1 - back)), label=part.short, is_spare=bool(place % 2))
            for place, (back, part) in enumerate(list(enumerate(reversed(parts)))[::every])
        ],
        rules=[Mark(at=_number(y(value)), label=name) for value, name in rules],
        areas=[area(one) for one in ranges],
        is_mirrored=mirrored,
    )


def percent_scale(values: Sequence[float | None], objective: float) -> list[float]:
    """Heights for percentages, up to 100: from 0 where they are that low, else from the last
    multiple of ten below all of them."""
    lowest = min([value for value in values if value is not None] + [objective])
    low = floor(max(lowest - 2, 0) / 10) * 10
    step = 2 if low >= 90 else 5 if low >= 80 else 10 if low >= 50 else 20 if low >= 20 else 25
    low = low // step * step
    return [float(value) for value in range(low, 101, step)]


def count_scale(most: float) -> list[float]:
    """Heights for counts, from 0 to a round number."""
    rough = max(most, 4) / 4
    magnitude = 10 ** floor(log10(rough))
    step = next(step for n in (1, 2, 5, 10) if (step := n * magnitude) >= rough)
    step = max(step, 1)
    return [step * n for n in range(ceil(max(most, 1) / step) + 1)]


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    steps, is_on = [], False
    for point in points:
        if point is not None:
            steps.append(f"{'L' if is_on else 'M'}{_number(point[0])} {_number(point[1])}")
        is_on = point is not None
    return " ".join(steps)


def _number(value: float) -> str:
    """As SVG wants it, in every language."""
    return f"{value:.1f}".removesuffix(".0")
