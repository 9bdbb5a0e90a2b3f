"""Reports that a command mails: through the outbox, so that none is lost where mail is away."""

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import router

from django_sla.flow.deliver import deliver
from django_sla.flow.notices import UNRESOLVED
from django_sla.flow.schedules import put
from django_sla.moment import now as read_now
from django_sla.tables.delivery import Notice, Standing
from django_sla.tables.recipients import problem_with
from django_sla.tables.schedule import Order, ReportSchedule


def scheduled(name: str) -> tuple[Order, list[str]]:
    """What a schedule asks for as of now, and whom it names, whether it is switched on or not.

    Raises:
        CommandError: none has this name.
    """
    schedules = ReportSchedule._base_manager.using(router.db_for_write(ReportSchedule))
    schedule = schedules.filter(name=name).first()
    if schedule is None:
        known = ", ".join(schedules.order_by("name").values_list("name", flat=True)) or "none"
        raise CommandError(f"--schedule: {name!r} is none; there is {known}")
    try:
        return schedule.order(read_now(), void=False), schedule.recipients
    except (LookupError, ValueError, OSError) as error:
        raise CommandError(f"--schedule: {name!r} cannot be read: {error}") from error


def mail(command: BaseCommand, order: Order, recipients: Sequence[str]) -> None:
    """Put it into the outbox, send it, and say what came of it.

    Raises:
        CommandError: a name stands for nobody, or somebody never can be reached. What waits for a
            server that is away is no error: it goes out with a later delivery.
    """
    for name in recipients:
        if problem := problem_with(name):
            raise CommandError(f"--email: {problem}")
    using = router.db_for_write(Notice)
    pks = [notice.pk for notice in put(order, recipients, using)]
    if not pks:
        raise CommandError("--email: nobody who is active is among them")
    deliver(using=using, only=pks)
    given_up = 0
    for notice in Notice._base_manager.using(using).filter(pk__in=pks).order_by("pk"):
        whom = _called(notice)
        if notice.standing == Standing.SENT:
            command.stdout.write(f"Sent to {whom}.")
        elif notice.standing == Standing.WAITING:
            command.stdout.write(
                f"Waits for {whom}, and goes out with a later sla_deliver: {notice.problem}"
            )
        else:
            given_up += 1
            command.stderr.write(f"Not sent to {whom}: {notice.problem}")
    if given_up:
        raise CommandError("Not everybody was reached; see above.")


def _called(notice: Notice) -> str:
    user = None
    if notice.user_pk is not None:
        user = get_user_model()._base_manager.filter(pk=notice.user_pk).first()
    return str(user) if user is not None else notice.recipient.removeprefix(UNRESOLVED)
