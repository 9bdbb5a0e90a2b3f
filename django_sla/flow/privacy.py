"""Taking away what is known of people: addresses after a while, and a person altogether.

Facts stay. No clock depends on who did something or from where, so that no deadline, no breach and
no report by priority is another afterwards.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext_lazy

from django_sla.conf import settings
from django_sla.flow.retry import patiently
from django_sla.moment import now as read_now
from django_sla.tables.delivery import Notice, Standing
from django_sla.tables.event import ERASED_KEY, ERASED_MARK
from django_sla.tables.feed import Feed
from django_sla.tables.history import has_address, points_to_users
from django_sla.tables.personal import ACTOR, ADDRESS, REASON, WHY, events, histories, users
from django_sla.tables.recalculation import Recalculation
from django_sla.tables.recipients import USER
from django_sla.tables.seal import destroy
from django_sla.tables.update import update_many

BATCH = 1_000
"""Rows that are changed in one transaction."""

ERASED_RECIPIENT = "erased:"
"""The recipient of a notice of whom nothing is known any more."""

Watch = Callable[[int], bool]
"""Called after each batch with the number of its rows; true stops the work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Rows of one model of which something is to be taken away, and how."""

    label: str
    """Of the model."""
    what: Any
    """What is taken away, in words."""
    rows: QuerySet[Any]
    change: Callable[[QuerySet[Any]], object]
    columns: tuple[str, ...] = ()
    """What of it may be sealed."""

    def count(self) -> int:
        return self.rows.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody to be erased: the row of the user may be gone already."""

    pk: Any
    email: str = ""

    @classmethod
    def called(cls, text: str) -> "Person":
        """Who logs in as this, or has this primary key or had it.

        Raises:
            ValidationError: nobody logs in so, and it is no key.
        """
        model: Any = get_user_model()
        users = model._base_manager
        user = users.filter(**{model.USERNAME_FIELD: text}).first()
        if user is None:
            key = model._meta.pk.to_python(text)
            user = users.filter(pk=key).first()
            if user is None:
                return cls(pk=key)
        return cls(pk=user.pk, email=getattr(user, user.get_email_field_name(), None) or "")


def cutoff(now: datetime | None = None) -> datetime | None:
    """The instant before which addresses have had their time; None: they are kept for good."""
    days = settings.retention_days
    return None if days is None else (now or read_now()) - timedelta(days=days)


def to_purge(before: datetime, using: str) -> Iterator[Piece]:
    """What is older than it is kept: addresses in changelogs, whom closed notices were for, and
    links to calendars that were revoked."""
    for model in histories():
        if has_address(model) and router.db_for_write(model) == using:
            yield Piece(
                label=model._meta.label,
                what=gettext_lazy("addresses"),
                rows=_rows(model, using).filter(history_date__lt=before, client_ip__isnull=False),
                change=lambda rows: rows.update(client_ip=None),
                columns=(ADDRESS,),
            )
    if router.db_for_write(Notice) == using:
        closed = (
            _rows(Notice, using).filter(created_at__lt=before).exclude(standing=Standing.WAITING)
        )
        named = closed.exclude(recipient__in=["", ERASED_RECIPIENT])
        yield Piece(
            label=Notice._meta.label,
            what=gettext_lazy("recipients"),
            rows=named,
            change=lambda rows: rows.update(recipient=ERASED_RECIPIENT, problem=""),
        )
    if router.db_for_write(Feed) == using:
        yield Piece(
            label=Feed._meta.label,
            what=gettext_lazy("revoked links"),
            rows=_rows(Feed, using).filter(revoked_at__lt=before),
            change=lambda rows: rows.delete(),
        )


def to_erase(person: Person, using: str, *, reasons: bool = False) -> Iterator[Piece]:
    """All that says something of a person; with ``reasons`` what they wrote of why, too."""
    yield from _in_events(person, using, reasons)
    yield from _in_histories(person, using, reasons)
    if router.db_for_write(Recalculation) == using:
        yield Piece(
            label=Recalculation._meta.label,
            what=gettext_lazy("who did it"),
            rows=_rows(Recalculation, using).filter(actor=person.pk),
            change=lambda rows: rows.update(actor=None),
        )
    if router.db_for_write(Notice) == using:
        whom = Q(recipient=f"{USER}{person.pk}")
        if person.email:
            whom |= Q(recipient__iexact=person.email)
        yield Piece(
            label=Notice._meta.label,
            what=gettext_lazy("recipients"),
            rows=_rows(Notice, using).filter(whom),
            change=_forget_recipient,
        )
    if router.db_for_write(Feed) == using:
        yield Piece(
            label=Feed._meta.label,
            what=gettext_lazy("links to calendars"),
            rows=_rows(Feed, using).filter(user=person.pk),
            change=lambda rows: rows.delete(),
        )


def _in_events(person: Person, using: str, reasons: bool) -> Iterator[Piece]:
    def change(rows: QuerySet[Any]) -> None:
        changed = []
        for pk, data in rows.values_list("pk", "data"):
            if reasons:
                data.pop(REASON, None)
            changed.append((pk, data | {ERASED_KEY: ERASED_MARK}))
        update_many(rows.model, ["data"], changed, using, constants={"actor": None})

    for model in events():
        if router.db_for_write(model) == using:
            yield Piece(
                label=model._meta.label,
                what=gettext_lazy("who did it"),
                rows=_rows(model, using).filter(actor=person.pk),
                change=change,
                columns=(ACTOR, REASON) if reasons else (ACTOR,),
            )


def _in_histories(person: Person, using: str, reasons: bool) -> Iterator[Piece]:
    for model in histories():
        if router.db_for_write(model) != using:
            continue
        for field in users(model):
            columns = [field.attname]
            if field.name == "history_user":
                columns += [ADDRESS] if has_address(model) else []
                columns += [WHY] if reasons else []
            yield Piece(
                label=model._meta.label,
                what=field.verbose_name or field.name,
                rows=_rows(model, using).filter(**{field.name: person.pk}),
                change=partial(_empty, columns),
                columns=tuple(columns),
            )


def out_of_reach(using: str) -> list[str]:
    """The histories that say in a way of their own who changed a row, which nothing here knows."""
    found = [model for model in histories() if router.db_for_write(model) == using]
    return [model._meta.label for model in found if not points_to_users(model)]


def _empty(columns: Sequence[str], rows: QuerySet[Any]) -> None:
    rows.update(**dict.fromkeys(columns))


def _forget_recipient(rows: QuerySet[Any]) -> None:
    rows.filter(standing=Standing.WAITING).update(standing=Standing.MOOT)
    rows.update(recipient=ERASED_RECIPIENT, problem="")


def work_off(piece: Piece, watch: Watch = lambda number: False) -> int:
    """Change all rows of a piece, in batches, and say how many that were. Stopped in between it
    may be begun again."""
    using, last, done = piece.rows.db, None, 0
    while True:
        rows = piece.rows if last is None else piece.rows.filter(pk__gt=last)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not keys:
            return done
        patiently(partial(_in_one, piece, keys, using), using)
        last, done = keys[-1], done + len(keys)
        if watch(len(keys)):
            return done


def _in_one(piece: Piece, keys: list[Any], using: str) -> None:
    with transaction.atomic(using=using):
        piece.change(_rows(piece.rows.model, using).filter(pk__in=keys))
        if piece.columns:
            destroy(piece.rows.model, keys, piece.columns, using)


def _rows(model: Any, using: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._base_manager.using(using)
    return rows.all()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What of people one column has."""

    label: str
    what: Any
    count: int
    oldest: datetime | None


def held(using: str) -> Iterator[Held]:
    """What of people is kept at all. One look through each table."""
    for model in events():
        if router.db_for_read(model) == using:
            rows = _rows(model, using).exclude(actor=None)
            yield _held(rows, gettext_lazy("who did it"), "recorded_at")
    for model in histories():
        if router.db_for_read(model) != using:
            continue
        if points_to_users(model):
            rows = _rows(model, using).exclude(history_user=None)
            yield _held(rows, gettext_lazy("who did it"), "history_date")
        if has_address(model):
            rows = _rows(model, using).exclude(client_ip=None)
            yield _held(rows, gettext_lazy("addresses"), "history_date")
    if router.db_for_read(Notice) == using:
        rows = _rows(Notice, using).exclude(recipient__in=["", ERASED_RECIPIENT])
        yield _held(rows, gettext_lazy("recipients"), "created_at")
    if router.db_for_read(Feed) == using:
        yield _held(_rows(Feed, using), gettext_lazy("links to calendars"), "created_at")


def _held(rows: QuerySet[Any], what: Any, dated: str) -> Held:
    found = rows.aggregate(oldest=Min(dated))
    return Held(label=rows.model._meta.label, what=what, count=rows.count(), oldest=found["oldest"])
