"""Opening hours as people write and read them: "09:00-12:30, 13:30-17:30"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from django_sla.conf import unreadable
from django_sla.words import refusal

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = ["00:00", "24:00"]

Spans = Sequence[Sequence[str]]
"""Of one day, as JSON has them: ``[["09:00", "12:30"], ["13:30", "17:30"]]``; none is closed."""

_TIME = r"\s*(\d{1,2})(?:[:.](\d{2})((?::\d{2}(?:\.\d{1,6})?)?))?\s*"
_SPAN = re.compile(rf"{_TIME}[-‐‑‒–—]{_TIME}", re.ASCII)
_PLACE = re.compile(r"hours\['(\w+)'\]")


def read(text: str) -> list[list[str]]:
    """The spans that a text says.

    Raises:
        ValidationError: it cannot be read, or two spans overlap.
    """
    closed = ("", "closed", _("closed").casefold())
    parts = [] if text.strip().casefold() in closed else re.split("[,;]", text)
    spans = []
    for part in filter(str.strip, parts):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise ValidationError(
                _("“%(text)s” cannot be read; write hours as 09:00-12:30, 13:30-17:30.")
                % {"text": part.strip()[:80]}
            )
        spans.append([_time(*match.groups()[:3]), _time(*match.groups()[3:])])
    for message in wrong({"mon": spans}).values():
        raise ValidationError(message)
    return spans


def _time(hour: str, minute: str | None, rest: str | None) -> str:
    return f"{hour:0>2}:{minute or '00'}{rest or ''}"


def wrong(hours: Mapping[str, Spans]) -> dict[str, str]:
    """What is wrong with opening hours that can be read, for people, by weekday: they overlap, or
    a time does not exist."""
    found = {}
    for error in unreadable({"hours": hours}).values():
        place = _PLACE.fullmatch(error.where)
        day = place[1] if place else DAYS[0]
        found[day] = _PLACE.sub(lambda other: weekday(other[1]), refusal(error))
    return found


def write(spans: Spans) -> str:
    """As :func:`read` reads it; an empty text for a closed day."""
    return ", ".join("-".join(span) for span in spans)


# In words


def weekday(day: str) -> str:
    return str(WEEKDAYS[DAYS.index(day)])


def day_in_words(spans: Spans | None) -> str:
    return ", ".join("–".join(span) for span in spans or ()) or _("closed")


def week_in_words(hours: Mapping[str, Spans]) -> str:
    """In few words: "Mon–Fri 09:00–17:00; Sat 10:00–14:00"."""
    if all(hours.get(day) == [WHOLE_DAY] for day in DAYS):
        return _("around the clock")
    return "; ".join(_runs(hours)) or _("closed")


def _runs(hours: Mapping[str, Spans]) -> Iterator[str]:
    """Neighbouring days with the same hours as one."""
    for spans, days in groupby(range(7), key=lambda day: hours.get(DAYS[day])):
        names = [str(WEEKDAYS_ABBR[day]) for day in days]
        if spans:
            ends = names if len(names) == 1 else [names[0], names[-1]]
            yield f"{'–'.join(ends)} {day_in_words(spans)}"


def date_in_words(day: Any) -> str:
    """A date, or a text such as "2026-12-25", as the current language writes it."""
    return formats.date_format(day if isinstance(day, date) else date.fromisoformat(day))
