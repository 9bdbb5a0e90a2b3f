"""The ways in: a save, a fact told, a bulk write. Each locks, appends and refreshes in one
transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from simple_history.models import HistoricalRecords

from django_sla.core.clock import Lifecycle
from django_sla.exceptions import NaiveDatetime, SLAError
from django_sla.flow.lock import Row, lock, lock_batch, locked_row
from django_sla.flow.observe import Observer, check
from django_sla.flow.refresh import (
    COLUMNS,
    Columns,
    Progress,
    columns,
    fold,
    load,
    load_batch,
    store,
)
from django_sla.moment import now, replaying
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

BATCH = 1000
"""Tickets a bulk write handles at a time: bounds its memory, whatever the number of tickets."""


def save(
    ticket: Any,
    write: Callable[[Iterable[str] | None], None],
    *,
    using: str,
    update_fields: Iterable[str] | None,
    force_insert: bool,
) -> None:
    """Save a ticket through ``write``, with its events, clocks and columns.

    Costs one query where nothing changes that matters to the SLA.

    Raises:
        ContradictedTimestamp: a timestamp or target assigned by the caller is not what the
            events allow. Nothing is saved.
    """
    sla: SLA = type(ticket).sla
    observer = _observer(sla, using, ticket)
    history_date = {"_history_date": observer.now} if replaying() else {}
    with _refusing(using), _attributes(ticket, history_date):
        before = None if force_insert or _is_new(ticket) else locked_row(sla, ticket.pk, using)
        if before is None:
            saved = _create(ticket, observer, write)
        else:
            saved = _update(ticket, observer, before, write, update_fields)
    ticket._sla_loaded = saved
    ticket.sla.forget()


def _is_new(ticket: Model) -> bool:
    """True where asking the database for the row would be a waste."""
    return ticket._state.adding and (ticket.pk is None or ticket._meta.pk.has_default())


def _create(ticket: Any, observer: Observer, write: Callable[[Any], None]) -> Columns:
    sla, using = observer.sla, observer.using
    given = _assigned(sla, ticket)
    progress = _opened(ticket, observer, given)
    if not _is_stamped(sla):
        write(None)
    else:
        # The changelog's first row waits until the row is whole.
        with _attributes(ticket, {"skip_history_when_saving": True}):
            write(None)
        progress = _opened(ticket, observer, given)
        sla.rows(using).filter(pk=ticket.pk).update(**columns(progress.after))
        _history([ticket], observer, update=False)
    store(sla, {ticket.pk: progress}, using)
    return columns(progress.after)


def _is_stamped(sla: "SLA") -> bool:
    """Whether Django itself sets ``created_at``. It does so while it inserts, so that what
    depends on it has to be written afterwards."""
    return bool(sla.field("created_at").auto_now_add)


def _opened(ticket: Any, observer: Observer, given: Columns) -> Progress:
    """The first facts of a new ticket, with its columns set."""
    sla = observer.sla
    ticket.created_at = aware(sla, "created_at", ticket.created_at) or observer.now
    news = observer.opening(ticket, sla.row(ticket), given)
    progress = Progress(news=news, before=None, after=fold(news, observer.using))
    result = columns(progress.after)
    check(given, result, progress.after)
    _assign(ticket, result)
    return progress


def _update(
    ticket: Any,
    observer: Observer,
    before: Row,
    write: Callable[[Any], None],
    update_fields: Iterable[str] | None,
) -> Columns:
    sla, using = observer.sla, observer.using
    fields = None if update_fields is None else sla.attnames(update_fields)
    given, pending = _changed_by(ticket, before, fields)
    written = sla.written(ticket, fields)
    if any(hasattr(value, "resolve_expression") for value in (*written.values(), *given.values())):
        # F("priority") + 1, say: only the database knows the value, so look afterwards.
        with transaction.atomic(using=using):
            write(update_fields)
            return _observe_rows(observer, {ticket.pk: before})[ticket.pk]
    for name, value in given.items():
        given[name] = aware(sla, name, value)
    after = {**before, **written, **given}
    if after == before:
        write(update_fields)
        return columns_of(before)
    recorded = load(sla, ticket.pk, using)
    progress = _progress(
        observer,
        ticket,
        before,
        recorded,
        partial(observer.changes, ticket, before, after, given),
    )
    lifecycle = progress.after
    result = columns(lifecycle)
    check(given, result, lifecycle)
    _assign(ticket, result)
    if update_fields is not None:
        update_fields = {*update_fields, *(c for c in COLUMNS if result[c] != before[c])}
    write(update_fields)
    store(sla, {ticket.pk: progress}, using)
    for name, value in pending.items():
        setattr(ticket, name, value)
    return result


def _progress(
    observer: Observer,
    ticket: Model,
    row: Row,
    recorded: list[SLAEvent],
    tell: Callable[[Lifecycle, SLAEvent], Iterable[SLAEvent]],
) -> Progress:
    """What a ticket has come to with the facts that ``tell`` adds to the recorded ones.

    A ticket without any, from before its model had an SLA, is opened first, as ``row`` says.
    """
    known = recorded or observer.opening(ticket, row, _timestamps_of(row))
    before = fold(known, observer.using)
    keys = {event.key for event in known}
    news = [event for event in tell(before, known[0]) if event.key not in keys]
    return Progress(
        news=news if recorded else known + news,
        before=before if recorded else None,
        after=fold(known + news, observer.using) if news else before,
    )


def _changed_by(
    ticket: Any, before: Row, fields: set[str] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The SLA columns that this instance changed itself: those being written, and those that
    wait for a later save. The others are set to what the row says, so that a stale instance
    never overwrites newer ones."""
    given: dict[str, Any] = {}
    pending: dict[str, Any] = {}
    loaded = getattr(ticket, "_sla_loaded", {})
    for name in COLUMNS:
        if name not in ticket.__dict__:
            continue
        value = ticket.__dict__[name]
        if name not in loaded or value == loaded[name]:
            setattr(ticket, name, before[name])
        elif fields is not None and name not in fields:
            pending[name] = value
        elif value != before[name]:
            given[name] = value
    return given, pending


def record(
    sla: "SLA",
    pk: Any,
    tell: Callable[[Observer, Lifecycle], Sequence[SLAEvent]],
    *,
    using: str,
    ticket: Any = None,
    reason: str = "",
) -> bool:
    """Record facts about one ticket that no write to its row tells.

    ``tell`` is asked, under the lock, for the facts; those whose key is recorded already are
    left out. ``ticket``, an instance somebody holds, is brought in step. Returns whether
    there was anything new.
    """
    with _refusing(using):
        fresh = lock(sla, using).get(pk=pk)
        observer = _observer(sla, using, fresh)
        recorded = load(sla, pk, using)
        progress = _progress(
            observer, fresh, sla.row(fresh), recorded, lambda old, first: tell(observer, old)
        )
        if not progress.news:
            return False
        store(sla, {pk: progress}, using)
        changed = _assign(fresh, columns(progress.after))
        if changed:
            extra: dict[str, Any] = {"_change_reason": reason} if reason else {}
            if replaying():
                extra["_history_date"] = observer.now
            with _attributes(fresh, extra):
                # Past the host's save(): nothing of the host's changes here.
                fresh.save_base(using=using, update_fields=frozenset(changed))
    if ticket is not None:
        in_step(ticket, fresh)
    return True


def in_step(ticket: Any, fresh: Any) -> None:
    """Give an instance in memory the SLA columns of its row, but for those it has changed."""
    loaded = getattr(ticket, "_sla_loaded", {})
    for name in COLUMNS:
        if name in loaded and ticket.__dict__.get(name) == loaded[name]:
            setattr(ticket, name, getattr(fresh, name))
            loaded[name] = getattr(fresh, name)
    ticket.sla.forget()


def bulk_create(
    sla: "SLA", tickets: list[Any], write: Callable[[list[Any]], list[Any]], using: str
) -> list[Any]:
    """Insert many tickets with their events, clocks and changelog rows."""
    observer = _observer(sla, using)
    given = [_assigned(sla, ticket) for ticket in tickets]

    def opened() -> list[Progress]:
        pairs = zip(tickets, given, strict=True)
        return [_opened(ticket, observer, columns_given) for ticket, columns_given in pairs]

    progress = opened()
    with transaction.atomic(using=using, savepoint=False):
        created = write(tickets)
        if _is_stamped(sla):
            progress = opened()
            sla.rows(using).bulk_update(tickets, list(COLUMNS))
        pks = [ticket.pk for ticket in tickets]
        store(sla, dict(zip(pks, progress, strict=True)), using)
        _history(tickets, observer, update=False)
    for ticket in tickets:
        ticket._sla_loaded = {name: getattr(ticket, name) for name in COLUMNS}
    return created


def update(sla: "SLA", queryset: QuerySet[Any], write: Callable[[QuerySet[Any]], int]) -> int:
    """Update many rows, and record what that changed, in a constant number of queries a batch."""
    using = queryset.db
    observer = _observer(sla, using)
    updated = 0
    with transaction.atomic(using=using):
        pks = list(queryset.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(pks), BATCH):
            batch = pks[start : start + BATCH]
            before = {ticket.pk: sla.row(ticket) for ticket in lock_batch(sla, batch, using)}
            updated += write(queryset.filter(pk__in=batch))
            _observe_rows(observer, before)
    return updated


def observe(sla: "SLA", pk: Any, before: Row, using: str) -> None:
    """Record what has changed in one ticket's row since ``before`` was read."""
    with transaction.atomic(using=using):
        _observe_rows(_observer(sla, using), {pk: before})


def _observe_rows(observer: Observer, before: dict[Any, Row]) -> dict[Any, Columns]:
    """Record what has changed in these rows; the columns of each afterwards."""
    sla, using = observer.sla, observer.using
    results = {pk: columns_of(row) for pk, row in before.items()}
    changed = [
        (ticket, before[ticket.pk], after)
        for ticket in lock_batch(sla, list(before), using)
        if (after := sla.row(ticket)) != before[ticket.pk]
    ]
    if not changed:
        return results
    recorded = load_batch(sla, [ticket.pk for ticket, _, _ in changed], using)
    progress, stale = {}, []
    for ticket, old, new in changed:
        given = {name: new[name] for name in COLUMNS if new[name] != old[name]}
        step = _progress(
            observer,
            ticket,
            old,
            recorded[ticket.pk],
            partial(observer.changes, ticket, old, new, given),
        )
        results[ticket.pk] = result = columns(step.after)
        check(given, result, step.after)
        progress[ticket.pk] = step
        if _assign(ticket, result):
            stale.append(ticket)
    store(sla, progress, using)
    if stale:
        sla.rows(using).bulk_update(stale, list(COLUMNS))
    _history([ticket for ticket, _, _ in changed], observer, update=True)
    return results


def _assign(ticket: Any, result: Columns) -> list[str]:
    """Set the columns on an instance; the names of those that changed."""
    changed = [name for name in COLUMNS if getattr(ticket, name) != result[name]]
    for name in changed:
        setattr(ticket, name, result[name])
    return changed


def columns_of(row: Row) -> Columns:
    return {name: row[name] for name in COLUMNS}


def _timestamps_of(row: Row) -> Columns:
    """The timestamps in a row that no event tells of yet: facts to be taken over."""
    names = ("first_responded_at", "resolved_at", "closed_at")
    return {name: row[name] for name in names if row[name] is not None}


def _assigned(sla: "SLA", ticket: Any) -> Columns:
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


def aware(sla: "SLA", name: str, value: Any) -> datetime | None:
    """The value of an SLA column as an aware datetime.

    Raises:
        ValidationError: it is no datetime.
        NaiveDatetime: it has no time zone.
    """
    if type(value) is not datetime:
        value = sla.field(name).to_python(value)
    if value is not None and timezone.is_naive(value):
        raise NaiveDatetime(name, value)
    return value


def _observer(sla: "SLA", using: str, ticket: Model | None = None) -> Observer:
    return Observer(sla=sla, now=now(), actor_id=_actor_id(ticket), using=using)


def _actor_id(ticket: Model | None) -> Any:
    """Who acts, as the changelog will say too; None is the system."""
    user = getattr(ticket, "_history_user", None)
    if user is None:
        request = getattr(HistoricalRecords.context, "request", None)
        user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


def _history(tickets: list[Any], observer: Observer, *, update: bool) -> None:
    """Changelog rows for tickets that were written without Django's save signals."""
    name = getattr(observer.sla.model._meta, "simple_history_manager_attribute", None)
    if name is None or not tickets:
        return
    manager = getattr(observer.sla.model, name)
    actor = get_user_model()._base_manager.filter(pk=observer.actor_id).first()
    manager.bulk_history_create(
        tickets, update=update, default_user=actor, default_date=observer.now
    )


@contextmanager
def _refusing(using: str) -> Iterator[None]:
    """A transaction that a refusal does not spoil.

    What is refused is refused before anything is written, so a caller inside a transaction of
    its own may catch the error and go on, without the two queries of a savepoint.
    """
    refused = None
    with transaction.atomic(using=using, savepoint=False):
        try:
            yield
        except SLAError as error:
            refused = error
    if refused is not None:
        raise refused


@contextmanager
def _attributes(ticket: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Set attributes for the time of a write: django-simple-history reads its options so."""
    values = {name: value for name, value in values.items() if name not in ticket.__dict__}
    ticket.__dict__.update(values)
    try:
        yield
    finally:
        for name in values:
            ticket.__dict__.pop(name, None)
