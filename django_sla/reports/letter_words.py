"""How a report in a mail writes names and numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from django_sla.reports.format import NOTHING, printable
from django_sla.tables.clock import metric_name

LONGEST_NAME = 80


def name(text: Any) -> str:
    """What people called something, on one line, without what turns the direction of reading, and
    not endless."""
    said = " ".join(printable(str(text)).split())
    return said if len(said) <= LONGEST_NAME else f"{said[: LONGEST_NAME - 1].rstrip()}…"


def percent(share: float | None) -> str:
    """What is not all of it is never written as 100, and what is some never as 0."""
    if share is None:
        return NOTHING
    shown = round(share, 1)
    if 0 < share < 100:
        shown = min(max(shown, 0.1), 99.9)
    return _("%s %%") % formats.number_format(shown, 1)


def count(number: int) -> str:
    return formats.number_format(number, 0, use_l10n=True, force_grouping=True)


def change(now: float | None, then: float | None, unit: str) -> dict[str, Any]:
    """``change``: ``"+1.2 points"``, empty where there is nothing to compare; ``tone``: ``"up"``,
    ``"down"`` or ``"even"``."""
    if now is None or then is None:
        return {"change": "", "tone": "even"}
    difference = round(now - then, 1)
    sign = "±" if not difference else "+" if difference > 0 else "\N{MINUS SIGN}"
    digits = 0 if isinstance(now, int) else 1
    said = f"{sign}{formats.number_format(abs(difference), digits)} {unit}".strip()
    tone = "even" if not difference else "up" if difference > 0 else "down"
    return {"change": said, "tone": tone}


def legend(metrics: Sequence[str], colours: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"name": metric_name(metric), "colour": colours[place % len(colours)]}
        for place, metric in enumerate(metrics)
    ]


def spoken(lines: Iterable[Mapping[str, Any]]) -> str:
    """What a picture shows, for those who do not see it."""
    return "; ".join(
        "{}: {}".format(
            line["label"],
            ", ".join(f"{share['metric']} {share['text']}" for share in line["shares"]),
        )
        for line in lines
    )
