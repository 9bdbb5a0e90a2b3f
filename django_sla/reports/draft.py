"""Draft policies: what would be in force if rows that nobody has saved were."""

from collections.abc import Iterable, Mapping

from django_sla import registry
from django_sla.flow.policy_file import Action, load
from django_sla.tables.calendar import Calendar
from django_sla.tables.effective import Policies, together
from django_sla.tables.policy import Policy


def drafted(
    using: str, *, policies: Iterable[Policy] = (), calendars: Iterable[Calendar] = ()
) -> Policies:
    """The policies in force, had these policies and calendars been saved. One query.

    A row takes the place of the one with its primary key; one without is a new one.
    """
    rows = {row.pk: row for row in Policy._base_manager.using(using).select_related("calendar")}
    new = [row for row in policies if row.pk is None]
    rows |= {row.pk: row for row in policies if row.pk is not None}
    changed = {row.pk: row for row in calendars}
    for row in rows.values():
        if row.calendar is not None and row.calendar.pk in changed:
            row.calendar = changed[row.calendar.pk]
    return _in_force([*rows.values(), *new])


def from_file(data: bytes, using: str) -> Policies:
    """The policies that would be in force once ``sla_policies --load`` has loaded this file.

    Raises:
        InvalidPolicyFile: as loading it would.
    """
    loading = load(data, using=using, dry_run=True)
    calendars: Mapping[str, Calendar] = {one.row.name: one.row for one in loading.calendars}
    rows = [one.row for one in loading.policies if one.action is not Action.DELETE]
    for row in rows:  # of one that the file does not have, the calendar may be in the file
        if row.calendar is not None:
            row.calendar = calendars.get(row.calendar.name, row.calendar)
    return _in_force(rows)


def _in_force(rows: Iterable[Policy]) -> Policies:
    asked = sorted(
        (row for row in rows if row.enabled), key=lambda row: (row.fallback, row.order, row.name)
    )
    return together(asked, registry.policies())
