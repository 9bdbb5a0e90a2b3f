"""What every way in has in common: who looks, what a ticket comes to, and what it then says."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import AutoField, Model, QuerySet
from simple_history.models import HistoricalRecords

from django_sla.core.clock import Lifecycle
from django_sla.core.event import Category, Kind
from django_sla.exceptions import NaiveDatetime
from django_sla.flow.lock import Row
from django_sla.flow.observe import Observer, check
from django_sla.flow.refresh import Columns, Progress, columns, fold, go_on
from django_sla.flow.replies import Message, facts, messages
from django_sla.moment import now
from django_sla.tables.among import Among
from django_sla.tables.columns import COLUMNS
from django_sla.tables.event import SLAEvent
from django_sla.tables.history import current_ip, history_of, points_to_users
from django_sla.tables.insert import insert_from

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


def observer_of(sla: "SLA", using: str, ticket: Model | None = None) -> Observer:
    return Observer(sla=sla, now=now(), actor_id=_actor_id(ticket), using=using)


def _actor_id(ticket: Model | None) -> Any:
    """Who acts, as the changelog will say too; None is the system."""
    user = getattr(ticket, "_history_user", None)
    if user is None:
        request = getattr(HistoricalRecords.context, "request", None)
        user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


def opened(ticket: Any, observer: Observer, given: Columns) -> Progress:
    """The first facts of a new ticket, with its columns set."""
    sla = observer.sla
    ticket.created_at = aware(sla, "created_at", ticket.created_at) or observer.now
    news = observer.opening(ticket, observer.row(ticket), given)
    progress = Progress(news=news, before=None, after=fold(news, observer.using))
    result = columns(progress.after)
    check(given, result, progress.after)
    assign(ticket, result)
    return progress


def is_stamped(sla: "SLA") -> bool:
    """Whether Django itself sets ``created_at``. It does so while it inserts, so that what
    depends on it has to be written afterwards."""
    return bool(sla.field("created_at").auto_now_add)


def progressed(
    observer: Observer,
    ticket: Model,
    row: Row,
    recorded: list[SLAEvent],
    tell: Callable[[Lifecycle, SLAEvent], Iterable[SLAEvent]],
    said: Sequence[Message] | None = None,
) -> Progress:
    """What a ticket has come to with the facts that ``tell`` adds to the recorded ones.

    A ticket without any, from before its model had an SLA, is adopted first, as ``row`` and its
    comments tell. ``said`` are these, where somebody has read them for many tickets at once.
    """
    known = recorded or _adopted(observer, ticket, row, said)
    before = fold(known, observer.using)
    keys = {event.key for event in known}
    news = [event for event in tell(before, known[0]) if event.key not in keys]
    return Progress(
        news=news if recorded else known + news,
        before=before if recorded else None,
        after=go_on(before, known, news, observer.using),
    )


def _adopted(
    observer: Observer, ticket: Model, row: Row, said: Sequence[Message] | None
) -> list[SLAEvent]:
    """The facts of a ticket from before its model had an SLA."""
    if said is None:
        said = messages(observer.sla, [ticket], observer.using)[ticket.pk]
    replies = facts(observer, said)
    return [*observer.opening(ticket, row, _taken_over(observer.sla, row, replies)), *replies]


def _taken_over(sla: "SLA", row: Row, replies: Iterable[SLAEvent]) -> Columns:
    """The timestamps of a row that are facts: those that do not contradict each other, and no
    first response later than, or the same as, one that a comment tells of."""
    names = ("first_responded_at", "resolved_at", "closed_at")
    given = {name: row[name] for name in names if row[name] is not None}
    first = min((event.at for event in replies if event.kind == Kind.AGENT_REPLIED), default=None)
    if first is not None and given.get("first_responded_at", first) >= first:
        given.pop("first_responded_at", None)
    if sla.category(sla.status_of(row)) is Category.CLOSED and "resolved_at" in given:
        # Closing resolves, so it is the later word; where nobody knows when, it was not earlier.
        closed_at = given.setdefault("closed_at", given["resolved_at"])
        given["resolved_at"] = min(given["resolved_at"], closed_at)
    return given


def assign(ticket: Any, result: Columns) -> list[str]:
    """Set the columns on an instance; the names of those that changed."""
    changed = [name for name in COLUMNS if getattr(ticket, name) != result[name]]
    for name in changed:
        setattr(ticket, name, result[name])
    return changed


def assigned(sla: "SLA", ticket: Any) -> Columns:
    """The SLA columns that the caller filled in on a new ticket, but for ``created_at``, which
    is set. What a copy of another ticket brought along is not the caller's."""
    copied = ticket.__dict__.get("_sla_loaded", {})
    for name in COLUMNS:
        if name in copied and getattr(ticket, name) == copied[name]:
            setattr(ticket, name, None)
    return {
        name: aware(sla, name, value)
        for name in COLUMNS[1:]
        if (value := getattr(ticket, name)) is not None
    }


def columns_of(row: Row) -> Columns:
    return {name: row[name] for name in COLUMNS}


def aware(sla: "SLA", name: str, value: Any) -> datetime | None:
    """The value of an SLA column as an aware datetime.

    Raises:
        ValidationError: it is no datetime.
        NaiveDatetime: it has no time zone.
    """
    if type(value) is not datetime:
        value = sla.field(name).to_python(value)
    NaiveDatetime.refuse(**{name: value})
    instant: datetime | None = value
    return instant


def write_history(tickets: list[Any], observer: Observer, *, update: bool) -> None:
    """Changelog rows for tickets of one kind that were written without Django's save signals."""
    manager = history_of(type(tickets[0])._meta.concrete_model)
    actor = get_user_model()._base_manager.filter(pk=observer.actor_id).first()
    manager.bulk_history_create(
        tickets, update=update, default_user=actor, default_date=observer.now
    )


_HISTORY = frozenset({"history_date", "history_change_reason", "history_type", "history_user_id"})


def copy_history(pks: Collection[Any], observer: Observer, reason: str) -> None:
    """Changelog rows for tickets as their rows are now, those of a special kind of ticket in the
    changelog of that kind."""
    left = set(pks)
    for model in kinds(observer.sla.model):
        rows: QuerySet[Any] = QuerySet(model, using=observer.using).filter(Among("pk", left))
        of_kind = left if model is observer.sla.model else set(rows.values_list("pk", flat=True))
        if of_kind:
            _copy_history(rows, observer, reason)
            left -= of_kind


@cache
def kinds(model: type[Model]) -> tuple[type[Model], ...]:
    """A ticket model after its special kinds, its children by multi-table inheritance."""
    found = [m for m in apps.get_models() if issubclass(m, model) and not m._meta.proxy]
    return tuple(sorted(found, key=lambda kind: len(kind._meta.get_parent_list()), reverse=True))


def _copy_history(rows: QuerySet[Any], observer: Observer, reason: str) -> None:
    """Copied by the database, where the changelog has no columns but those of the ticket and the
    usual ones."""
    manager = history_of(rows.model)
    reason = shortened(reason, rows.model)
    history = manager.model._meta
    tracked = [field.attname for field in manager.model.tracked_fields]
    own = {field.attname for field in history.concrete_fields} - {*tracked, history.pk.attname}
    is_usual = own - {"client_ip"} == _HISTORY and points_to_users(manager.model)
    if not is_usual or not isinstance(history.pk, AutoField):
        tickets = list(rows)
        for ticket in tickets:
            ticket._change_reason = reason
        write_history(tickets, observer, update=True)
        return
    constants = {
        "history_date": observer.now,
        "history_change_reason": reason or None,
        "history_type": "~",
        "history_user_id": observer.actor_id,
    }
    if "client_ip" in own:
        constants["client_ip"] = current_ip()
    insert_from(manager.model, rows, {name: name for name in tracked}, constants, observer.using)


def shortened(reason: str, model: Any) -> str:
    """A reason as the changelog of a ticket model takes it; its event keeps it whole."""
    limit = history_of(model).model._meta.get_field("history_change_reason").max_length
    return reason if limit is None or len(reason) <= limit else f"{reason[: limit - 1]}…"


@contextmanager
def attributes(ticket: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Set attributes for the time of a write: django-simple-history reads its options so."""
    values = {name: value for name, value in values.items() if name not in ticket.__dict__}
    ticket.__dict__.update(values)
    try:
        yield
    finally:
        for name in values:
            ticket.__dict__.pop(name, None)
