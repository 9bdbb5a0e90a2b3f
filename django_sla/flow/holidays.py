"""Public holidays into calendars, from the package ``holidays``.

It is asked when somebody adds holidays, and never again: what it said is written into the calendar,
so that an upgrade of the package moves no deadline.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from types import ModuleType

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from django_sla.exceptions import HolidaysNotInstalled
from django_sla.tables.calendar import Calendar

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""What calendars reach."""
MOST_YEARS = 50
"""How many years are added at a time."""


def available() -> bool:
    """Whether the package is installed."""
    return find_spec("holidays") is not None


def countries() -> dict[str, tuple[str, ...]]:
    """The codes of the countries that the package knows, each with those of its subdivisions.

    Raises:
        HolidaysNotInstalled: as it says.
    """
    known = _package().list_supported_countries(include_aliases=False)
    return {code: tuple(known[code]) for code in sorted(known)}


def read_years(text: str) -> range:
    """The years that somebody wrote: ``2026``, or ``2026-2028`` with both ends.

    Raises:
        ValidationError: at ``years``.
    """
    first, dash, last = text.strip().partition("-")
    try:
        years = range(int(first), int(last if dash else first) + 1)
    except ValueError:
        raise ValidationError(
            {"years": _("“%(text)s” is no year; write 2026, or 2026-2028.") % {"text": text[:80]}}
        ) from None
    _check(years)
    return years


def public_holidays(country: str, subdivision: str, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of these years by date, in order, each with its name in the language of
    the country.

    Args:
        country: a code such as ``CA``, in upper or lower case.
        subdivision: a code such as ``ON``; empty for what the whole country has.
        years: from 1900 to 2200, and not 50 or more apart.

    Raises:
        ValidationError: at ``country``, ``subdivision`` or ``years``.
        HolidaysNotInstalled: as it says.
    """
    code, part = _known(country, subdivision)
    years = sorted(set(years))
    _check(years)
    found = _package().country_holidays(code, subdiv=part or None, years=years)
    if not found:
        message = _("No holidays of %(country)s are known for these years.") % {"country": code}
        raise ValidationError({"years": message})
    return dict(sorted(found.items()))


def add_holidays(calendar: Calendar, found: Mapping[date, str]) -> int:
    """Add holidays to a calendar, in one save. Dates that it has keep their names.

    Returns: how many are new.

    Raises:
        ValidationError: the calendar would not be valid.
    """
    using = calendar._state.db or "default"
    with transaction.atomic(using=using):
        # Under lock, and what is there now: somebody may have edited it since it was read.
        row = Calendar._base_manager.using(using).select_for_update().get(pk=calendar.pk)
        new = {
            day.isoformat(): name
            for day, name in found.items()
            if day.isoformat() not in row.holidays
        }
        if new:
            row.holidays = row.holidays | new
            row.save()
    calendar.holidays = row.holidays
    return len(new)


def _package() -> ModuleType:
    try:
        import holidays
    except ImportError:
        raise HolidaysNotInstalled from None
    return holidays


def _known(country: str, subdivision: str) -> tuple[str, str]:
    """The codes as the package writes them."""
    known = countries()
    code = country.strip().upper()
    if code not in known:
        message = _("“%(code)s” is no country that is known; give its code of two letters, as CA.")
        raise ValidationError({"country": message % {"code": country.strip()[:80]}})
    by_spelling = {part.casefold(): part for part in known[code]}
    wanted = subdivision.strip()
    if wanted and wanted.casefold() not in by_spelling:
        raise ValidationError({"subdivision": _no_subdivision(code, wanted, known[code])})
    return code, by_spelling.get(wanted.casefold(), "")


def _no_subdivision(country: str, wanted: str, known: tuple[str, ...]) -> str:
    words = {"country": country, "code": wanted[:80], "known": ", ".join(known)}
    if not known:
        return _("%(country)s has no subdivisions; leave it empty.") % words
    return _("%(country)s has no subdivision “%(code)s”; there is %(known)s.") % words


def _check(years: Sequence[int]) -> None:
    """Refuse years, given in order, that no calendar reaches. Reads only the first and the last."""
    if not years:
        problem = _("The last year comes before the first.")
    elif years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        problem = _("Give years from %(first)s to %(last)s.") % {
            "first": FIRST_YEAR,
            "last": LAST_YEAR,
        }
    elif years[-1] - years[0] >= MOST_YEARS:
        problem = _("Give at most %(number)s years at a time.") % {"number": MOST_YEARS}
    else:
        return
    raise ValidationError({"years": problem})
