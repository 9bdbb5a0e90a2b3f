"""What is said of clocks in more than one place, in the current language."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla.core.duration import format_short
from django_sla.core.errors import CoreError, Phrase
from django_sla.core.explain import Explanation, Stretch
from django_sla.core.verdict import State, Verdict

STRETCHES: Mapping[Stretch, Any] = {
    Stretch.COUNTED: gettext_lazy("counted"),
    Stretch.PAUSED: gettext_lazy("paused"),
    Stretch.CLOSED: gettext_lazy("outside opening hours"),
    Stretch.HOLIDAY: gettext_lazy("holiday"),
}


def translated(text: str) -> str:
    """A text in the current language; as it is before the apps are loaded, when there are no
    translations yet."""
    return _(text) if apps.ready else text


def refusal(error: CoreError) -> str:
    """What is wrong, without where that is."""
    return _phrase(error.phrase)


def _phrase(phrase: Phrase) -> str:
    values = {
        name: _phrase(value) if isinstance(value, Phrase) else value
        for name, value in phrase.values.items()
    }
    words = _(phrase.words)
    return words % values if values else words


def totals(explanation: Explanation) -> list[tuple[str, Any, timedelta]]:
    """How long each kind of stretch lasted altogether, counted time first: its name, its words,
    and the duration. Those that there are none of are left out."""
    lasted = explanation.totals
    return [(kind.value, STRETCHES[kind], lasted[kind]) for kind in STRETCHES if lasted[kind]]


def local(instant: datetime) -> str:
    """An instant in the current zone, for people to read."""
    return formats.date_format(timezone.localtime(instant), "DATETIME_FORMAT")


def time_left(verdict: Verdict) -> str:
    """How much time is left, or by how much it was exceeded; empty where there is no saying."""
    if verdict.remaining is None:
        return ""
    time = {"duration": format_short(abs(verdict.remaining))}
    match verdict.state:
        case State.ON_TRACK | State.AT_RISK | State.PAUSED:
            return _("%(duration)s left") % time
        case State.BREACHED:
            return _("%(duration)s over") % time
        case State.MISSED:
            # Translators: follows "Missed".
            return _("by %(duration)s") % time
    return ""
