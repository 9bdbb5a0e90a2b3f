"""One ticket: a save, or a fact told. Locks, appends and refreshes in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Model

from django_sla.core.clock import Lifecycle
from django_sla.core.event import BY_HAND
from django_sla.exceptions import SLAError
from django_sla.flow.bulk import observe_rows
from django_sla.flow.lock import Row, lock, locked_row
from django_sla.flow.observe import Observer, check
from django_sla.flow.refresh import Columns, columns, load, store
from django_sla.flow.writing import (
    assign,
    assigned,
    attributes,
    aware,
    columns_of,
    is_stamped,
    observer_of,
    opened,
    progressed,
    shortened,
    write_history,
)
from django_sla.moment import replaying
from django_sla.tables.columns import COLUMNS, TARGETS
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


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
    observer = observer_of(sla, using, ticket)
    history_date = {"_history_date": observer.now} if replaying() else {}
    with _refusing(using), attributes(ticket, history_date):
        found = None if force_insert or _is_new(ticket) else locked_row(sla, ticket.pk, using)
        if found is None:
            saved = _create(ticket, observer, write)
        else:
            before, policies = found
            knowing = replace(observer, known=policies)
            saved = _update(ticket, knowing, before, write, update_fields)
    ticket._sla_loaded = saved
    ticket.sla.forget()


def _is_new(ticket: Model) -> bool:
    """True where asking the database for the row would be a waste."""
    return ticket._state.adding and (ticket.pk is None or ticket._meta.pk.has_default())


def _create(ticket: Any, observer: Observer, write: Callable[[Any], None]) -> Columns:
    sla, using = observer.sla, observer.using
    given = assigned(sla, ticket)
    progress = opened(ticket, observer, given)
    if not is_stamped(sla):
        write(None)
        store(sla, {ticket.pk: progress}, using)
        return columns(progress.after)
    # A savepoint, because what the insert stamps may yet lead to a refusal; and the changelog's
    # first row waits until the row is whole.
    with transaction.atomic(using=using):
        with attributes(ticket, {"skip_history_when_saving": True}):
            write(None)
        progress = opened(ticket, observer, given)
        sla.rows(using).filter(pk=ticket.pk).update(**columns(progress.after))
        write_history([ticket], observer, update=False)
        store(sla, {ticket.pk: progress}, using)
    return columns(progress.after)


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
    written = sla.written(ticket, before, fields)
    if any(hasattr(value, "resolve_expression") for value in (*written.values(), *given.values())):
        # F("priority") + 1, say: only the database knows the value, so look afterwards.
        with transaction.atomic(using=using):
            write(update_fields)
            result = observe_rows(observer, {ticket.pk: before})[ticket.pk]
        assign(ticket, result)
        return result
    for name, value in given.items():
        given[name] = aware(sla, name, value)
    after = {**before, **written, **given}
    if after == before:
        write(update_fields)
        return columns_of(before)
    recorded = load(sla, ticket.pk, using)
    progress = progressed(
        observer,
        ticket,
        before,
        recorded,
        partial(observer.changes, ticket, before, after, given),
    )
    lifecycle = progress.after
    result = columns(lifecycle)
    check(given, result, lifecycle)
    assign(ticket, result)
    if update_fields is not None:
        update_fields = {*update_fields, *(c for c in COLUMNS if result[c] != before[c])}
    write(update_fields)
    store(sla, {ticket.pk: progress}, using)
    for name, value in pending.items():
        setattr(ticket, name, value)
    return result


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
    left out. ``ticket``, an instance somebody holds, is brought in step. The changelog tells of
    what a person did even where no column changes. Returns whether there was anything new.
    """
    with _refusing(using):
        # A special kind of ticket has a changelog of its own.
        model = None if ticket is None else type(ticket)._meta.concrete_model
        fresh = lock(sla, using, model).filter(pk=pk).first()
        if fresh is None:
            return False  # gone, or somebody else's ticket that has no SLA
        observer = observer_of(sla, using, ticket)
        recorded = load(sla, pk, using)
        progress = progressed(
            observer,
            fresh,
            sla.row(fresh, frozenset()),
            recorded,
            lambda old, first: tell(observer, old),
        )
        if not progress.news:
            return False
        store(sla, {pk: progress}, using)
        changed = assign(fresh, columns(progress.after))
        if changed or any(event.kind in BY_HAND for event in progress.news):
            # The instant by which the changelog's row and the event know each other.
            extra: dict[str, Any] = {"_history_date": progress.news[-1].recorded_at}
            if reason:
                extra["_change_reason"] = shortened(reason, type(fresh))
            if hasattr(ticket, "_history_user"):
                extra["_history_user"] = ticket._history_user
            with attributes(fresh, extra):
                # Past the host's save(): nothing of the host's changes here. Django saves no
                # empty set of fields; the targets are written as they are then.
                fresh.save_base(using=using, update_fields=frozenset(changed or TARGETS))
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
