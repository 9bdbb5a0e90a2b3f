"""How the history page words a change."""

from datetime import datetime
from typing import Any

from django.db.models import Field
from django.utils import formats, timezone
from simple_history.template_utils import HistoricalRecordContextHelper


class ChangeInWords(HistoricalRecordContextHelper):  # type: ignore[misc]
    """Instants in the current zone and choices by their labels, where it would show the raw
    values."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        value = super().prepare_delta_change_value(change, value)
        if value is None or value == "":
            return "—"
        if isinstance(value, datetime):
            return formats.date_format(timezone.localtime(value), "DATETIME_FORMAT")
        field = self.model._meta.get_field(change.field)
        if isinstance(field, Field) and field.choices:
            return dict(field.flatchoices).get(value, value)
        return value
