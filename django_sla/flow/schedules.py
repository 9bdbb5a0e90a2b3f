"""Reports that have come due, and those that somebody asks for, are put into the outbox.

What is written there is an order. The report itself is made when it is sent, by what stands above
the flow: ``registry.letters``.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from django_sla.conf import EMAIL
from django_sla.flow.notices import UNRESOLVED
from django_sla.flow.retry import patiently
from django_sla.moment import now as read_now
from django_sla.tables.delivery import Notice, NoticeKind, Standing, digest
from django_sla.tables.recipients import resolve_apart
from django_sla.tables.schedule import Order, ReportSchedule

logger = logging.getLogger(__name__)


def put_due(using: str, now: datetime) -> int:
    """Put the reports into the outbox that have come due by now, each once, whoever else looks at
    the same time; of one that was missed several times, the last. How many notices these are.

    Raises:
        OperationalError: the database is away, or ended every try.
    """
    schedules = ReportSchedule._base_manager.using(using)
    due = list(schedules.filter(enabled=True, next_at__lte=now).order_by("next_at", "pk"))
    return sum(patiently(partial(_put_one, schedule, using, now), using) for schedule in due)


def _put_one(schedule: ReportSchedule, using: str, now: datetime) -> int:
    """In one transaction: a crash leaves it due, or done."""
    mine = ReportSchedule._base_manager.using(using).filter(
        pk=schedule.pk, enabled=True, next_at=schedule.next_at
    )
    try:
        at, following = schedule.latest(now), schedule.following(now)
    except (LookupError, TypeError, ValueError, OSError) as error:
        # Somebody has written to the row past its validation. It waits to be saved again.
        logger.error("The report schedule %r cannot be read: %s", schedule.name, error)
        mine.update(next_at=None, problem=f"{type(error).__name__}: {error}")
        return 0
    with transaction.atomic(using=using):
        # Of two who are here at once, one changes the row, and the other waits and finds none.
        if not mine.update(next_at=following, last_at=at):
            return 0
        day = schedule.local_day(at).isoformat()
        notices = list(_notices(schedule.order(at), schedule.recipients, at, now, using, day))
        ReportSchedule._base_manager.using(using).filter(pk=schedule.pk).update(
            problem=_problem(notices)
        )
        # Where the time of day was edited, it comes once a day all the same.
        Notice._base_manager.using(using).bulk_create(notices, ignore_conflicts=True)
    return len(notices)


def put(order: Order, recipients: Iterable[str], using: str) -> list[Notice]:
    """Put a report into the outbox that somebody asks for now; the rows, of which those with a
    ``problem`` cannot be sent. A recipient who is named twice gets one."""
    now = read_now()
    notices = list(_notices(order, recipients, now, now, using, uuid4().hex))
    for notice in notices:
        notice.save(using=using, force_insert=True)
    return notices


def _notices(
    order: Order, recipients: Iterable[str], at: datetime, now: datetime, using: str, which: str
) -> Iterator[Notice]:
    """A notice for each recipient. ``which`` tells one report of a schedule from the next."""
    found: dict[str, str] = {}
    for name in recipients:
        try:
            found |= dict.fromkeys(resolve_apart(name, using), "")
        except LookupError as error:
            found[f"{UNRESOLVED}{name}"[:255]] = f"{type(error).__name__}: {error.args[0]}"
    document = order.document()
    for recipient, problem in found.items():
        standing = Standing.DEAD if problem else Standing.WAITING
        yield Notice(
            key=report_key(using, f"{order.schedule}:{which}", recipient),
            kind=NoticeKind.REPORT,
            channel=EMAIL,
            recipient=recipient,
            model=order.model,
            at=at,
            report=document,
            created_at=now,
            try_at=now,
            standing=standing.value,
            problem=problem,
        )


def report_key(using: str, which: str, recipient: str) -> str:
    """What tells a report apart."""
    return digest(using, NoticeKind.REPORT.value, which, recipient)


def _problem(notices: Iterable[Notice]) -> str:
    """Why some of those whom a schedule names get nothing."""
    every = list(notices)
    if not every:
        return _("It names nobody who is active; name somebody else, or fill the group.")
    return "\n".join(notice.problem for notice in every if notice.problem)
