"""Bringing what is stored of tickets in step with their events, without losing any of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from django_sla.flow.drift import Replay
from django_sla.flow.observe import Observer
from django_sla.flow.writing import copy_history
from django_sla.tables.clock import IDENTITY
from django_sla.tables.columns import COLUMNS
from django_sla.tables.history import history_of
from django_sla.tables.insert import insert
from django_sla.tables.update import update_many


def mend(observer: Observer, replays: Sequence[Replay]) -> None:
    """Append what no event tells of, and bring clocks, columns and the changelog in step."""
    sla, using = observer.sla, observer.using
    for replay in replays:
        for event in replay.step.news:
            event.ticket_id = replay.ticket.pk
    insert([event for replay in replays for event in replay.step.news], using)
    insert([clock for replay in replays for clock in replay.clocks], using, IDENTITY)
    surplus = [clock.pk for replay in replays for clock in replay.surplus]
    if surplus:
        sla.clock_model._base_manager.using(using).filter(pk__in=surplus).delete()
    changed = [replay for replay in replays if replay.stored != replay.result]
    for adopted, reason in ((True, _("adopted")), (False, _("reconciled"))):
        some = [replay for replay in changed if replay.is_adopted is adopted]
        if some:
            _write_columns(observer, some, reason)


def _write_columns(observer: Observer, replays: Sequence[Replay], reason: str) -> None:
    # Of most tickets that are adopted the changelog knows nothing, and there is nothing to know.
    some = [replay for replay in replays if replay.overwrites or not replay.is_adopted]
    unsaid = _unsaid(observer, some)
    if unsaid:
        earlier = replace(observer, now=observer.now - timedelta(microseconds=1))
        copy_history(unsaid, earlier, _("found by sla_reconcile"))
    names = [
        name
        for name in COLUMNS
        if any(replay.stored[name] != replay.result[name] for replay in replays)
    ]
    rows = [(replay.ticket.pk, *(replay.result[name] for name in names)) for replay in replays]
    update_many(observer.sla.model, names, rows, observer.using)
    copy_history([replay.ticket.pk for replay in replays], observer, reason)


def _unsaid(observer: Observer, replays: Sequence[Replay]) -> list[Any]:
    """Those of which the changelog does not know what the columns said: somebody wrote them
    behind its back."""
    model, using = observer.sla.model, observer.using
    if not replays:
        return []
    history = history_of(model).model
    tracked = {field.name for field in history.tracked_fields}
    columns = [name for name in COLUMNS if name in tracked]
    key = model._meta.pk.attname
    rows = history._base_manager.using(using).filter(
        **{f"{key}__in": [replay.ticket.pk for replay in replays]}
    )
    ordered = rows.order_by("history_date", "history_id").values_list(key, *columns)
    said = {pk: values for pk, *values in ordered}
    return [
        replay.ticket.pk
        for replay in replays
        if said.get(replay.ticket.pk) != [replay.stored[name] for name in columns]
    ]
