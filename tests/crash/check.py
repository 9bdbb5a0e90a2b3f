"""What is wrong after all, told from the tables and from the ledger of those who were told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django_sla.core.event import Kind
from django_sla.tables.delivery import Notice, Standing
from tests.crash.receiver import noted
from tests.hosts.desk.models import Ticket

METRICS = ("response", "resolution")
CHANNELS = ("bulletin", "pager", "signal")


@dataclass
class Verdict:
    """Of a siege."""

    tickets: int = 0
    events: int = 0
    notices: int = 0
    messages: int = 0
    duplicates: int = 0
    """Messages under a key that had come before."""
    allowed: int = 0
    """How many duplicates there may be."""
    wrong: list[str] = field(default_factory=list)


def check(allowed: int) -> Verdict:
    """Judge the whole database: every clock of every ticket is past its deadline."""
    clocks = [
        (pk, metric) for pk in Ticket.objects.values_list("pk", flat=True) for metric in METRICS
    ]
    verdict = Verdict(tickets=len(clocks) // len(METRICS), allowed=allowed)
    _check_events(clocks, verdict)
    _check_notices(clocks, verdict)
    _check_ledger(verdict)
    return verdict


def _check_events(clocks: list[tuple[int, str]], verdict: Verdict) -> None:
    """One warning and one breach of each clock."""
    kinds = (Kind.TARGET_WARNED.value, Kind.TARGET_BREACHED.value)
    rows = Ticket.sla.event_model.objects.filter(kind__in=kinds)
    found = Counter(
        (pk, data["metric"], kind) for pk, kind, data in rows.values_list("ticket", "kind", "data")
    )
    verdict.events = found.total()
    expected = {(pk, metric, kind) for pk, metric in clocks for kind in kinds}
    verdict.wrong += _differences(found, expected, "event")


def _check_notices(clocks: list[tuple[int, str]], verdict: Verdict) -> None:
    """One notice of each breach to each destination, and all of them sent."""
    notices = Notice.objects.all()
    found = Counter(
        (int(notice.ticket), notice.metric, notice.kind, notice.channel) for notice in notices
    )
    verdict.notices = found.total()
    kind = Kind.TARGET_BREACHED.value
    expected = {(pk, metric, kind, channel) for pk, metric in clocks for channel in CHANNELS}
    verdict.wrong += _differences(found, expected, "notice")
    verdict.wrong += [
        f"notice {notice.pk} ({notice.channel}) is {notice.standing}: {notice.problem}"
        for notice in notices
        if notice.standing != Standing.SENT
    ]


def _check_ledger(verdict: Verdict) -> None:
    """Whoever takes each key once has been told everything exactly once."""
    messages = noted()
    verdict.messages = len(messages)
    contents: dict[str, set[tuple[str, ...]]] = {}
    for key, items in messages:
        contents.setdefault(key, set()).add(items)
    verdict.duplicates = len(messages) - len(contents)
    if verdict.duplicates > verdict.allowed:
        verdict.wrong.append(f"{verdict.duplicates} duplicates, {verdict.allowed} allowed")
    verdict.wrong += [
        f"message {key} was not the same each time"
        for key, some in contents.items()
        if len(some) > 1
    ]
    told = Counter(item for some in contents.values() for items in some for item in items)
    keys = set(Notice.objects.values_list("key", flat=True))
    verdict.wrong += _differences(told, keys, "item")


def _differences(found: Counter, expected: Iterable, what: str) -> list[str]:
    expected = set(expected)
    twice = [f"{what} {key}: {n} times" for key, n in sorted(found.items()) if n > 1]
    missing = [f"{what} {key}: missing" for key in sorted(expected - found.keys())]
    foreign = [f"{what} {key}: not expected" for key in sorted(found.keys() - expected)]
    return twice + missing + foreign
