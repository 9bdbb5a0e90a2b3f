"""Messages in the words of the current language, as templates are given them."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from django_sla.core.duration import format_short
from django_sla.core.escalation import parse_when
from django_sla.core.explain import Explanation
from django_sla.flow.message import Item, Message
from django_sla.tables.clock import StateName, metric_name
from django_sla.tables.delivery import NoticeKind
from django_sla.words import STRETCHES, time_left, totals

SHOWN_STRETCHES = 12
"""How many stretches of time a message lists, the latest; of those before, it gives the sums."""
SHOWN_ITEMS = 50
"""How many things a message tells; of more it gives the number. Mails that are longer are cut off
by those who show them."""
LONGEST_NAME = 150


def in_words(message: Message) -> dict[str, Any]:
    """What the templates of a message are given, which a host may override:

    - ``message``, the :class:`~django_sla.flow.message.Message`;
    - ``items``, each a :class:`Told`; ``item``, the first; ``more``, how many there are besides;
    - ``counts``, what happened how often: ``[(3, "breached"), …]``;
    - ``language``, ``direction`` (``"ltr"`` or ``"rtl"``) and ``zone``, of whoever reads it.
    """
    items = [told(item) for item in message.items[:SHOWN_ITEMS]]
    kinds = Counter(NoticeKind(item.kind) for item in message.items)
    return {
        "message": message,
        "items": items,
        "item": items[0],
        "more": len(message.items) - len(items),
        "counts": [(count, kind.label) for kind, count in kinds.most_common()],
        "language": get_language(),
        "direction": "rtl" if get_language_bidi() else "ltr",
        "zone": timezone.get_current_timezone_name(),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An item in words."""

    item: Item
    title: str
    """What the ticket is called, on one line."""
    url: str
    """Its page; empty where nobody knows where on the web that is."""
    what: str
    """What happened: "Breached", "1h after it was due"."""
    metric: str
    state: str
    """How the clock stands now: "Breached"."""
    tone: str
    """``"bad"``, ``"warning"`` or ``"good"``, for colours."""
    time: str
    """How much time is left, or by how much it was exceeded: "1h 5m over"."""
    due: datetime | None
    by_hand: bool
    """Whether somebody set the target."""
    policy: str
    priority: str
    totals: list[tuple[str, Any, timedelta]]
    """How long each kind of stretch lasted altogether: name, words, duration."""
    stretches: list[tuple[datetime, timedelta, Any]]
    """The latest ones: since when, how long, what."""
    earlier: list[tuple[str, Any, timedelta]]
    """The totals of the others."""


def told(item: Item) -> Told:
    verdict, explanation = item.verdict, item.explanation
    clock = explanation.clock
    earlier = explanation.segments[:-SHOWN_STRETCHES]
    return Told(
        item=item,
        title=_name(item.ticket),
        url=item.url if item.url.startswith(("https://", "http://")) else "",
        what=_what(item),
        metric=metric_name(item.metric),
        state=str(StateName(verdict.state).label),
        tone=_tone(item),
        time=time_left(verdict),
        due=item.due or verdict.due,
        by_hand=clock is not None and clock.target is not None,
        policy=_name(explanation.policy or ""),
        priority=_name(clock.priority if clock else ""),
        totals=totals(explanation),
        stretches=_stretches(explanation),
        earlier=totals(replace(explanation, segments=earlier)) if earlier else [],
    )


def _what(item: Item) -> str:
    if item.kind != NoticeKind.ESCALATED:
        return capfirst(str(NoticeKind(item.kind).label))
    when = parse_when(item.when)
    if when.offset is None:
        return _("%(percent)s%% of the time used") % {"percent": when.percent}
    duration = {"duration": format_short(abs(when.offset))}
    if when.offset < timedelta(0):
        return _("%(duration)s before it is due") % duration
    return _("%(duration)s after it was due") % duration


def _tone(item: Item) -> str:
    if item.verdict.late:
        return "bad"
    return "good" if item.kind == NoticeKind.MET else "warning"


def _stretches(explanation: Explanation) -> list[tuple[datetime, timedelta, Any]]:
    return [
        (segment.span.start, segment.span.duration, STRETCHES[segment.stretch])
        for segment in explanation.segments[-SHOWN_STRETCHES:]
    ]


# Names that people gave

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that say in which direction what follows them reads."""
_RTL = ("R", "AL", "AN")


def one_line(text: str) -> str:
    """As one line, without control characters."""
    return _SPACE.sub(" ", text).strip()


def _name(said: Any) -> str:
    """A name on one line, not endless, and such that one in a script of the other direction turns
    nothing around but itself."""
    text = _DIRECTIONS.sub("", one_line(str(said)))
    if len(text) > LONGEST_NAME:
        text = f"{text[: LONGEST_NAME - 1].rstrip()}…"
    is_rtl = any(unicodedata.bidirectional(character) in _RTL for character in text)
    return f"\u2068{text}\u2069" if text and (is_rtl or get_language_bidi()) else text
