"""From notices to a message: what is told, as things stand when it is told."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.conf import settings
from django_sla.core.explain import explain
from django_sla.flow.message import Item, Letter, Message
from django_sla.flow.notices import UNRESOLVED, key_of
from django_sla.flow.schedules import report_key
from django_sla.tables import terms as terms_table
from django_sla.tables.delivery import Notice, NoticeKind
from django_sla.tables.recipients import resolve, resolve_apart
from django_sla.tables.schedule import Order, ReportSchedule


class Moot(Exception):
    """There is nothing to tell any more."""


def message_of(notices: Sequence[Notice], channel: Any, now: datetime, using: str) -> Message:
    """The message of these notices, which are all for one recipient.

    Raises:
        Moot: nothing of it is worth telling any more; says why.
    """
    first = notices[0]
    user = _user(first)
    items, reason = [], ""
    for notice in notices:
        try:
            items.append(_item(notice, channel, now, using))
        except Moot as moot:
            reason = str(moot)
    if not items:
        raise Moot(reason)
    return Message(
        key=first.digest or first.key,
        items=tuple(items),
        user=user,
        address=_address(first, user),
        now=now,
    )


def letter_of(notice: Notice, using: str) -> Letter:
    """The letter of a notice about no ticket, to be written when the language is known.

    Raises:
        Moot: nobody wants it any more; says why.
    """
    order = Order.read(notice.report or {})
    if order.schedule is not None:
        schedules = ReportSchedule._base_manager.using(using)
        if not schedules.filter(pk=order.schedule, enabled=True).exists():
            raise Moot(_("Its schedule was deleted or switched off before it was sent."))
    user = _user(notice)
    return Letter(
        key=notice.key,
        user=user,
        address=_address(notice, user),
        write=partial(registry.letters[notice.kind], order, using),
    )


def _user(notice: Notice) -> Any:
    if notice.user_pk is None:
        return None
    user = get_user_model()._base_manager.filter(pk=notice.user_pk).first()
    if user is None or not getattr(user, "is_active", True):
        raise Moot(_("The person is gone, or no longer active."))
    return user


def _address(notice: Notice, user: Any) -> str:
    if user is None:
        return notice.recipient
    return str(getattr(user, user.get_email_field_name(), "") or "")


def _item(notice: Notice, channel: Any, now: datetime, using: str) -> Item:
    ticket = _ticket(notice, using)
    row = ticket.sla_clocks.filter(metric=notice.metric, cycle=notice.cycle).first()
    if row is None:
        raise Moot(_("The clock is gone."))
    clock = row.value(terms_table.read([row.terms_id], using))
    explanation = explain(notice.metric, clock, now)
    if channel is not None and channel.for_people and notice.kind != NoticeKind.MET:
        _check(notice, clock, explanation.verdict.due)
    return Item(
        kind=NoticeKind(notice.kind),
        key=notice.key,
        ticket=ticket,
        metric=notice.metric,
        cycle=notice.cycle,
        when=notice.when,
        at=notice.at,
        due=notice.due,
        verdict=explanation.verdict,
        explanation=explanation,
        url=url_of(ticket),
    )


def _ticket(notice: Notice, using: str) -> Any:
    try:
        model = apps.get_model(notice.model)
        return registry.tickets[model].rows(using).get(pk=notice.ticket)
    except (LookupError, ObjectDoesNotExist, ValidationError):
        raise Moot(_("The ticket is gone.")) from None


def _check(notice: Notice, clock: Any, due: datetime | None) -> None:
    """Quiet where somebody has taken care of it meanwhile."""
    if clock.stopped_at is not None:
        raise Moot(_("It was done before anybody was told."))
    if clock.paused_at is not None:
        raise Moot(_("It was paused before anybody was told."))
    if clock.waived:
        raise Moot(_("It was excused before anybody was told."))
    if due != notice.due:
        raise Moot(_("The deadline was moved before anybody was told."))


def url_of(ticket: Any) -> str:
    """The page of a ticket, absolute where the settings say where that is."""
    find = getattr(ticket, "get_absolute_url", None)
    path = str(find()) if find is not None else ""
    return f"{settings.base_url}{path}" if path.startswith("/") else path


def spread(notice: Notice, using: str) -> bool:
    """Of a notice whose recipient could not be told at first: put one into the outbox for each
    whom the name stands for. False for every other one."""
    name = notice.recipient.removeprefix(UNRESOLVED)
    if name == notice.recipient:
        return False
    copies = []
    with transaction.atomic(using=using):
        for recipient, key in _stood_for(name, notice, using):
            copies.append(_copy(notice, key, recipient))
        Notice._base_manager.using(using).bulk_create(copies, ignore_conflicts=True)
    return True


def _stood_for(name: str, notice: Notice, using: str) -> list[tuple[str, str]]:
    """Each recipient, with a key of its own, so that at each try it is the same again."""
    if notice.kind == NoticeKind.REPORT:
        return [(one, report_key(using, notice.key, one)) for one in resolve_apart(name, using)]
    ticket = _ticket(notice, using)
    sla = type(ticket).sla
    return [
        (one, key_of(using, sla, ticket.pk, notice.key, notice.channel, one))
        for one in resolve(name, ticket, sla)
    ]


def _copy(notice: Notice, key: str, recipient: str) -> Notice:
    names = (
        *("kind", "channel", "model", "ticket", "metric", "cycle", "when", "at", "due"),
        *("report", "sweep"),
    )
    return Notice(key=key, recipient=recipient, **{name: getattr(notice, name) for name in names})
