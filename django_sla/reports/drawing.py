"""Charts as PNG, for mails, which show no SVG. Needs the extra ``charts``.

Nothing of it is shared: each picture has a figure of its own, and names its font.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from django_sla.reports.letter_words import percent

COLOURS = ("#1f6fb2", "#0f8a63", "#a4540f", "#7a4fb5")
"""Of the metrics, in their order. On white they have a contrast of 4.5 or more."""

INK, QUIET, LINE, TRACK = "#1c2430", "#5b6675", "#dde2e8", "#eef1f4"

WIDTH = 5.52
"""Inches: with ``DPI`` dots each, twice the 552 pixels that a mail has room for."""
DPI = 200
SMALL, NORMAL = 10, 11
"""Points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The values of one metric, in percent; None where there is none."""

    name: str
    colour: str
    values: Sequence[float | None]


def can_draw(texts: Iterable[str]) -> bool:
    """Whether matplotlib is there, and its font has all of these letters, which have to read from
    left to right: it knows no other way."""
    try:
        from matplotlib.ft2font import FT2Font
    except ImportError:
        return False
    known = FT2Font(_font_path()).get_charmap()
    letters = set("".join(texts))
    return all(
        ord(letter) in known and unicodedata.bidirectional(letter) not in ("R", "AL", "AN")
        for letter in letters
    )


def lines(labels: Sequence[str], series: Sequence[Series], objective: float) -> bytes:
    """How percentages went over time."""
    figure, axes = _figure(2.5)
    for one in series:
        axes.plot(
            range(len(labels)),
            [float("nan") if value is None else value for value in one.values],
            color=one.colour,
            linewidth=2,
            marker="o",
            markersize=4,
            label=one.name,
        )
    axes.axhline(objective, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    lowest = min([value for one in series for value in one.values if value is not None] or [0.0])
    axes.set_ylim(max(0.0, min(lowest, objective) - 8) if lowest > 30 else 0, 103)
    axes.set_xlim(-0.3, len(labels) - 0.3)
    step = max(1, -(-len(labels) // 7))
    shown = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_xticks(shown)
    _labelled(axes.set_xticklabels([shortened(labels[place]) for place in shown]))
    axes.yaxis.set_major_locator(_ticks())
    axes.yaxis.set_major_formatter("{x:.0f} %")
    _labelled(axes.get_yticklabels())
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    _legend(axes, len(series))
    return _png(figure)


def bars(labels: Sequence[str], series: Sequence[Series], objective: float) -> bytes:
    """Percentages of groups, one below the other."""
    thick = 0.8 / len(series)
    figure, axes = _figure(0.75 + len(labels) * (0.2 * len(series) + 0.12))
    for number, one in enumerate(series):
        places = [place - 0.4 + thick * (number + 0.5) for place in range(len(labels))]
        axes.barh(places, [100] * len(labels), height=thick * 0.86, color=TRACK, zorder=-1)
        axes.barh(
            places,
            [value or 0.0 for value in one.values],
            height=thick * 0.86,
            color=one.colour,
            label=one.name,
        )
        for place, value in zip(places, one.values, strict=True):
            axes.text(
                117,
                place,
                "—" if value is None else percent(value),
                ha="right",
                va="center",
                color=INK,
                fontproperties=_font(SMALL),
            )
    axes.axvline(objective, color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(0, 117)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks(range(len(labels)))
    _labelled(axes.set_yticklabels([shortened(label) for label in labels]), INK)
    axes.spines["bottom"].set_visible(False)
    _legend(axes, len(series))
    return _png(figure)


def shortened(label: str, most: int = 22) -> str:
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0)
    return figure, axes


def _png(figure: Any) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def _font(size: float) -> Any:
    """The one that comes with matplotlib, whatever the machine has."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=_font_path(), size=size)


def _font_path() -> str:
    from matplotlib import get_data_path

    return str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def _ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)


def _labelled(texts: Iterable[Any], colour: str = QUIET) -> None:
    for text in texts:
        text.set_parse_math(False)  # or a "$" in a name would be taken for a formula
        text.set_fontproperties(_font(SMALL))
        text.set_color(colour)


def _legend(axes: Any, count: int) -> None:
    legend = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=count,
        frameon=False,
        borderaxespad=0,
        borderpad=0.4,
        handlelength=1.2,
        prop=_font(NORMAL),
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_color(INK)
