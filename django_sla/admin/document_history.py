"""How the histories of policies and calendars word a change: cell by cell, not as JSON."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.models import ModelChange, ModelDelta

from django_sla.admin import hours
from django_sla.admin.history import ChangeInWords
from django_sla.admin.policy_form import priority_in_words
from django_sla.tables import condition, escalation
from django_sla.tables.clock import metric_name
from django_sla.tables.goals import in_order

FEW = 8
"""More cells than this are told together: a hundred holidays that somebody added, say."""


def conditions_in_words(rows: Iterable[Any]) -> list[str]:
    """Each condition; "every ticket" where there is none."""
    return [_condition(row) for row in rows] or [_("every ticket")]


def _condition(row: Any) -> str:
    try:
        return condition.in_words(row)
    except (LookupError, TypeError, ValueError):  # written past the validation
        return str(row)


def _conditions(rows: Any) -> dict[str, str]:
    return {"": _(" and ").join(conditions_in_words(rows))}


def _goals(table: Any) -> dict[str, str]:
    return {
        f"{priority_in_words(priority)}, {metric_name(metric)}": goal
        for priority, row in in_order(table).items()
        for metric, goal in row.items()
    }


def _escalations(rows: Any) -> dict[str, str]:
    if rows is None:
        return {"": _("as the settings say")}
    return escalation.states(rows) or {"": _("nobody is told")}


def _hours(week: Any) -> dict[str, str]:
    return {hours.weekday(day): hours.day_in_words(week.get(day)) for day in hours.DAYS}


def _holidays(days: Any) -> dict[str, str]:
    return {hours.date_in_words(day): name or _("holiday") for day, name in sorted(days.items())}


def _special_days(days: Any) -> dict[str, str]:
    return {
        hours.date_in_words(day): hours.day_in_words(spans) for day, spans in sorted(days.items())
    }


CELLS: Mapping[str, Callable[[Any], dict[str, str]]] = {
    "conditions": _conditions,
    "goals": _goals,
    "escalations": _escalations,
    "hours": _hours,
    "holidays": _holidays,
    "special_days": _special_days,
}
"""The cells of a part in words, by what people call them."""


class DocumentChangeInWords(ChangeInWords):
    """One line for each cell that is another."""

    def context_for_delta_changes(self, delta: ModelDelta) -> list[dict[str, Any]]:
        told = []
        for change in delta.changes:
            if change.field in CELLS:
                told += self._cells(change)
            else:
                formatted = self.format_delta_change(change)
                told.append({key: getattr(formatted, key) for key in ("field", "old", "new")})
        return told

    def _cells(self, change: ModelChange) -> list[dict[str, Any]]:
        label = capfirst(str(self.model._meta.get_field(change.field).verbose_name))
        old, new = map(CELLS[change.field], (change.old, change.new))
        names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
        if len(names) <= FEW:
            return [
                {
                    "field": f"{label}: {name}" if name else label,
                    "old": old.get(name, "—"),
                    "new": new.get(name, "—"),
                }
                for name in names
            ]
        together = [
            "; ".join(f"{name}: {side[name]}" for name in names if name in side) or "—"
            for side in (old, new)
        ]
        return [{"field": label, "old": together[0], "new": together[1]}]
