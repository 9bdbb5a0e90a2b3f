"""How the history page words a change."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Field
from django.utils import formats, timezone
from django.utils.text import capfirst
from simple_history.models import DeletedObject, ModelChange, ModelDelta
from simple_history.template_utils import HistoricalRecordContextHelper

from django_sla.core.event import BY_HAND
from django_sla.tables.columns import COLUMNS
from django_sla.ticket.changelog import WRITE, column_of, writers


class ChangeInWords(HistoricalRecordContextHelper):
    """Instants in the current zone and choices by their labels, where it would show the raw
    values; and the timestamps, which it leaves out because no form edits them."""

    def context_for_delta_changes(self, delta: ModelDelta) -> list[dict[str, Any]]:
        changes = [*delta.changes, *_timestamps(delta)]
        words: list[dict[str, Any]] = super().context_for_delta_changes(
            replace(delta, changes=changes)
        )
        return words

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        if isinstance(value, DeletedObject) and value.pk is None:
            return "—"  # an empty foreign key, which is no deleted object
        value = super().prepare_delta_change_value(change, value)
        if value is None or value == "":
            return "—"
        if isinstance(value, datetime):
            return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
        field = self.model._meta.get_field(change.field)
        if isinstance(field, Field) and field.choices:
            return dict(field.flatchoices).get(value, value)
        return value


def _timestamps(delta: ModelDelta) -> list[ModelChange]:
    told = set(delta.changed_fields)
    changes = [
        ModelChange(
            name, getattr(delta.old_record, name, None), getattr(delta.new_record, name, None)
        )
        for name in COLUMNS
        if name not in told
    ]
    return [change for change in changes if change.old != change.new]


def tell_what_was_done(model: Any, records: Sequence[Any]) -> None:
    """Give each row of a ticket's history, as ``sla_done``, what a person did that none of its
    columns shows; and as ``sla_who`` who wrote it. One query."""
    if not records:
        return
    rows = {record.history_date: record for record in records}
    pk = getattr(records[0], model._meta.pk.attname)
    events = list(
        model.sla.event_model._base_manager.using(records[0]._state.db)
        .filter(ticket=pk, recorded_at__range=(min(rows) - WRITE, max(rows)))
        .order_by("id")
    )
    writer = writers(events)
    for record in records:
        record.sla_done, record.sla_who = [], writer(record)
    for event in events:
        record = rows.get(event.recorded_at)
        if record is None or event.kind not in BY_HAND:
            continue
        if not (column_of(event) and getattr(record, "history_delta_changes", None)):
            record.sla_done.append(capfirst(event.label))
