"""What ``countdown.js`` is told by a badge."""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.utils.translation import get_language, gettext

from django_sla.core.countdown import countdown
from django_sla.core.span import Span
from django_sla.core.verdict import State, Verdict
from django_sla.moment import now as read_now
from django_sla.tables.clock import StateName
from django_sla.templatetags._words import SHAPES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

PRESENT = timedelta(minutes=1)
"""What was judged at an instant further from now than this is about another time than the
reader's, and stands still."""


def told(verdict: Verdict, now: datetime) -> str:
    """A verdict given at ``now`` for the script to go on from, as JSON; empty where there is
    nothing to count.

    ``state``, ``now``, ``warn`` and ``due`` (milliseconds since 1970), ``left`` (milliseconds of
    counted time), ``open`` (spans, in milliseconds from ``now``) and ``waived``.
    """
    going = countdown(verdict, now)
    if going is None or verdict.clock is None or abs(read_now() - now) > PRESENT:
        return ""
    warn = "null" if going.warn is None else (going.warn - EPOCH) // MILLISECOND
    return (
        f'{{"state":"{verdict.state}","now":{(now - EPOCH) // MILLISECOND},"warn":{warn},'
        f'"due":{(going.due - EPOCH) // MILLISECOND},"left":{going.remaining // MILLISECOND},'
        f'"open":{_spans(going.open, now)},"waived":{"true" if verdict.clock.waived else "false"}}}'
    )


@lru_cache(maxsize=64)
def _spans(spans: tuple[Span, ...], now: datetime) -> str:
    return json.dumps(
        [[(s.start - now) // MILLISECOND, (s.end - now) // MILLISECOND] for s in spans],
        separators=(",", ":"),
    )


def words() -> str:
    """What the script writes, in the current language, as JSON: a label and a shape for each state
    that time alone can bring about, and the texts around a duration."""
    return _words(get_language())


@lru_cache(maxsize=64)
def _words(language: str | None) -> str:
    states = {
        state.value: [str(StateName(state).label), SHAPES[state]]
        for state in (State.AT_RISK, State.BREACHED)
    }
    texts = {
        "left": gettext("%(duration)s left"),
        "over": gettext("%(duration)s over"),
        "waived": gettext("waived"),
    }
    return json.dumps(states | texts, ensure_ascii=False, separators=(",", ":"))
