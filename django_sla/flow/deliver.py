"""Delivery: the outbox is drained. Claimed for a while, sent outside any transaction, marked.

Whoever is killed after sending and before marking has it sent again, under the same key.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from random import uniform
from time import monotonic
from typing import Any
from uuid import uuid4

from django.db import connections, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from django_sla.conf import SIGNAL, settings
from django_sla.exceptions import Undeliverable
from django_sla.flow.notices import SIGNALS
from django_sla.flow.retry import patiently
from django_sla.flow.saying import Moot, letter_of, message_of, spread
from django_sla.moment import now as read_now
from django_sla.tables.delivery import Notice, NoticeKind, Standing
from django_sla.tables.sweep import Sweep

logger = logging.getLogger(__name__)

BATCH = 20
"""Notices claimed at a time: how many one crash may have sent twice."""

LEASE = timedelta(minutes=2)
"""For which a claim holds. Whoever has not sent by then leaves it to others."""

GRACE = timedelta(minutes=1)
"""How long a notice waits for the end of its sweep, to be told together with others."""

LARGEST_DIGEST = 200

TRIES = 10
"""After so many a notice is given up: a day and a half, with the pauses in between."""

PAUSE = timedelta(seconds=30)
"""Before the second try; four times that before the third, and so on up to ``LONGEST_PAUSE``."""
LONGEST_PAUSE = timedelta(hours=6)

Watch = Callable[["Tally"], bool]
"""Called after each message with what has been done; True ends it there."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What became of notices."""

    sent: int = 0
    failed: int = 0
    """To be tried again."""
    dead: int = 0
    moot: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Notices that are ours for a while."""

    token: str
    notices: list[Notice]
    begun: float
    """By the monotonic clock."""

    @property
    def holds(self) -> bool:
        """Whether there is time to send another one: half of the lease is for the slowest."""
        return monotonic() - self.begun < LEASE.total_seconds() / 2


def deliver(
    *, using: str, watch: Watch = lambda tally: False, only: Collection[int] | None = None
) -> Tally:
    """Send what is due, until nothing is. Any number may do so side by side. ``only`` are the
    primary keys of what is sent, and of nothing else.

    Raises:
        OperationalError: the database is away, or ended every try.
    """
    tally = Tally()
    while True:
        held = patiently(partial(claim, using, only), using)
        if not held.notices:
            return tally
        if _send_all(held, using, tally, watch):
            return tally


def _send_all(held: Claim, using: str, tally: Tally, watch: Watch) -> bool:
    """Whether it was asked to end."""
    asked = False
    for together in _messages(held.notices):
        if asked or not held.holds:
            release(held, together, using)
            continue
        standing, problem = send(together, using)
        mark(held, together, standing, problem, using)
        _count(tally, together, standing, problem)
        asked = watch(tally)
    return asked


def _messages(notices: Iterable[Notice]) -> list[list[Notice]]:
    """What is told together: those of one digest; others each by itself, the oldest first."""
    ordered = sorted(notices, key=lambda notice: (notice.digest or notice.key, notice.pk))
    grouped = groupby(ordered, key=lambda notice: notice.digest or notice.key)
    return sorted((list(some) for _key, some in grouped), key=lambda some: some[0].pk)


def _count(tally: Tally, notices: Sequence[Notice], standing: Standing, problem: str) -> None:
    name = {Standing.SENT: "sent", Standing.DEAD: "dead", Standing.MOOT: "moot"}.get(standing)
    name = name or "failed"
    setattr(tally, name, getattr(tally, name) + len(notices))
    if problem and standing in (Standing.WAITING, Standing.DEAD):
        first = notices[0]
        tally.problems.append(f"{first.channel} {first.recipient}: {problem}".strip())
        logger.warning("%s (key %s) failed: %s", first, first.key, problem)


# Claiming


def claim(using: str, only: Collection[int] | None = None) -> Claim:
    """Take some notices that are due, so that nobody else sends them meanwhile."""
    now, token = read_now(), uuid4().hex
    with transaction.atomic(using=using):
        due = _ready(using, now)
        if only is not None:
            due = due.filter(pk__in=only)
        if connections[using].features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=_self(using))
        some = list(due.order_by("try_at", "id")[:BATCH])
        pks = {notice.pk for notice in some} | _companions(some, using, now)
        if not pks:
            return Claim(token=token, notices=[], begun=monotonic())
        # Where rows cannot be locked the condition decides who of two has them.
        mine = Notice._base_manager.using(using).filter(pk__in=pks)
        mine.filter(standing=Standing.WAITING, try_at__lte=now).update(
            claim=token, try_at=now + LEASE, tries=F("tries") + 1
        )
    held = Notice._base_manager.using(using).filter(claim=token, standing=Standing.WAITING)
    return Claim(token=token, notices=list(held.order_by("id")), begun=monotonic())


def _self(using: str) -> tuple[str, ...]:
    return ("self",) if connections[using].features.has_select_for_update_of else ()


def _ready(using: str, now: datetime) -> QuerySet[Any]:
    """What may be sent: due, and its sweep at its end, unless that takes too long."""
    sweeps = Sweep._base_manager.using(using)
    running = sweeps.filter(pk=OuterRef("sweep"), finished_at=None)
    alone = Q(sweep=None) | Q(created_at__lt=now - GRACE) | ~Exists(running)
    rows: QuerySet[Any] = Notice._base_manager.using(using)
    return rows.filter(alone, standing=Standing.WAITING, try_at__lte=now)


def _companions(some: Sequence[Notice], using: str, now: datetime) -> set[int]:
    """What belongs to the digests of these notices, which is made where one recipient would be
    told too often. What somebody has tried to tell by itself stays by itself: it may have been
    told, under its own key."""
    waiting = Notice._base_manager.using(using).filter(standing=Standing.WAITING)
    digests = {notice.digest for notice in some if notice.digest}
    found = (
        set(waiting.filter(digest__in=digests).values_list("pk", flat=True)) if digests else set()
    )
    untold = [
        notice
        for notice in some
        if not notice.digest and not notice.tries and notice.kind != NoticeKind.REPORT
    ]
    single = {(n.channel, n.recipient) for n in untold if _has_digests(n.channel)}
    if not single:
        return found
    whom = Q()
    for channel, recipient in single:
        whom |= Q(channel=channel, recipient=recipient)
    fresh = _ready(using, now).filter(whom, digest="", tries=0)
    fresh = fresh.exclude(kind=NoticeKind.REPORT)
    many = fresh.order_by().values("channel", "recipient").annotate(n=Count("pk"))
    for channel, recipient in many.filter(n__gt=settings.digest_above).values_list(
        "channel", "recipient"
    ):
        theirs = fresh.filter(channel=channel, recipient=recipient).order_by("id")
        if connections[using].features.has_select_for_update_skip_locked:
            theirs = theirs.select_for_update(skip_locked=True, of=_self(using))
        pks = [notice.pk for notice in theirs[:LARGEST_DIGEST]]
        # Kept before anything is sent, so that every try is of the same ones.
        waiting.filter(pk__in=pks, digest="").update(digest=uuid4().hex)
        found |= set(pks)
    return found


def _has_digests(channel: str) -> bool:
    try:
        return channel != SIGNAL and bool(settings.channel(channel).digests)
    except Exception:  # sending will tell
        return False


def release(held: Claim, notices: Iterable[Notice], using: str) -> None:
    """Give back what has not been sent."""
    mine = Notice._base_manager.using(using).filter(claim=held.token)
    mine.filter(pk__in=[notice.pk for notice in notices]).update(
        claim="", try_at=read_now(), tries=F("tries") - 1
    )


# Sending


def send(notices: Sequence[Notice], using: str) -> tuple[Standing, str]:
    """Send one message; what becomes of its notices, and why."""
    first = notices[0]
    try:
        if spread(first, using):
            return Standing.MOOT, _("Told to those whom the name stands for.")
        channel = None if first.channel == SIGNAL else settings.channel(first.channel)
        if first.kind == NoticeKind.REPORT and channel is not None:
            channel.post(letter_of(first, using))
            return Standing.SENT, ""
        message = message_of(notices, channel, read_now(), using)
        if channel is None:
            _announce(message)
        else:
            channel.send(message)
    except Moot as reason:
        return Standing.MOOT, str(reason)
    except Undeliverable as error:
        return Standing.DEAD, str(error)
    except Exception as error:  # of a server, a network, a host's own code
        problem = f"{type(error).__name__}: {error}".strip()
        return Standing.DEAD if first.tries >= TRIES else Standing.WAITING, problem
    return Standing.SENT, ""


def _announce(message: Any) -> None:
    """Call every receiver; the first that failed is told afterwards."""
    for item in message.items:
        answers = SIGNALS[NoticeKind(item.kind)].send_robust(
            sender=type(item.ticket),
            ticket=item.ticket,
            metric=item.metric,
            cycle=item.cycle,
            due=item.due,
            at=item.at,
            key=item.key,
        )
        for _receiver, answer in answers:
            if isinstance(answer, Exception):
                raise answer


# Marking


def mark(
    held: Claim, notices: Sequence[Notice], standing: Standing, problem: str, using: str
) -> None:
    """Note what became of notices, if they are still ours."""
    now = read_now()
    values: dict[str, Any] = {"standing": standing.value, "problem": problem, "claim": ""}
    if standing is Standing.SENT:
        values["sent_at"] = now
    elif standing is Standing.WAITING:
        values["try_at"] = now + pause_after(notices[0].tries)
    mine = Notice._base_manager.using(using).filter(claim=held.token)
    mine = mine.filter(pk__in=[notice.pk for notice in notices])
    patiently(lambda: mine.update(**values), using)


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries; never the same for two that failed together."""
    pause: timedelta = min(PAUSE * 4 ** (max(tries, 1) - 1), LONGEST_PAUSE)
    return pause * uniform(0.8, 1.2)  # nosec B311


def retry(pks: Iterable[int], *, using: str) -> int:
    """Have notices that were given up sent again, those of a digest together, for a part of it
    would be taken for the whole; how many there are."""
    every = Notice._base_manager.using(using).filter(standing=Standing.DEAD)
    chosen = every.filter(pk__in=list(pks))
    digests = set(chosen.exclude(digest="").values_list("digest", flat=True))
    dead = every.filter(Q(pk__in=list(chosen.values_list("pk", flat=True))) | Q(digest__in=digests))
    # Begun before, so that it goes on under the key that it may have been told under.
    return dead.update(standing=Standing.WAITING, try_at=read_now(), tries=1, claim="", problem="")
