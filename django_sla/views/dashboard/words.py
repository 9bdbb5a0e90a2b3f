"""How a dashboard writes numbers."""

from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _

NOTHING = "—"


def percent(value: float | None, digits: int = 1) -> str:
    """``96.4 %``. What is not all of it is never written as 100, and what is some never as 0."""
    if value is None:
        return NOTHING
    step = 10**-digits
    shown = round(value, digits)
    if 0 < value < 100:
        shown = min(max(shown, step), 100 - step)
    return _("%s %%") % formats.number_format(shown, digits, use_l10n=True)


def whole_percent(value: float) -> str:
    return _("%s %%") % formats.number_format(value, 0)


def count(value: float) -> str:
    """With the separators of the language."""
    return formats.number_format(value, 0, use_l10n=True, force_grouping=True)


def number(value: float) -> str:
    """To one decimal."""
    return formats.number_format(value, 1)


def points(change: float) -> str:
    """A change of percentages: ``+1.2``, with a real minus."""
    shown = round(abs(change), 1)
    sign = "±" if not shown else "+" if change > 0 else "\N{MINUS SIGN}"
    return f"{sign}{formats.number_format(shown, 1)}"


def day(at: date) -> str:
    return formats.date_format(at, "DATE_FORMAT")
