"""Making the database say what a policy file says.

The file is checked as a whole before anything is written, and what is as it says already is not
touched: it gets no changelog row, and no process has to read its policies again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from django_sla.conf import did_you_mean, say
from django_sla.conf.entry import Entry
from django_sla.exceptions import InvalidPolicyFile
from django_sla.flow.policy_document import Document, Part, read, tell
from django_sla.flow.policy_export import calendar_as, policy_as
from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy


class Action(StrEnum):
    """What loading a file does to a calendar or a policy."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"
    KEEP = "keep"
    """The file does not have it, and it stays."""
    LEAVE = "leave"
    """It is as the file says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What loading a file does to one calendar or policy."""

    action: Action
    row: Any
    """The calendar or policy; of one that is added or changed, as it will be saved."""
    place: Entry | None = None
    """Where the file has it, if it does."""
    fields: tuple[str, ...] = ()
    """What is changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """What loading a file does, or would do."""

    calendars: list[Change]
    policies: list[Change]
    warnings: list[str]
    """What is allowed, and hardly meant."""


def load(data: bytes, *, using: str, dry_run: bool = False, prune: bool = False) -> Loading:
    """Make the database say what a file says.

    Args:
        data: the file, JSON in UTF-8.
        dry_run: only say what would be done.
        prune: also delete what the file does not have: policies, and calendars that no policy of
            the file uses.

    Raises:
        InvalidPolicyFile: something is wrong with the file, all of which is told. Nothing is
            written.
    """
    document = read(data)
    with transaction.atomic(using=using):
        loading = _compared(document, using, prune)
        if document.noted:
            raise InvalidPolicyFile(document.noted)
        if not dry_run:
            _write(loading, using)
    return loading


def _compared(document: Document, using: str, prune: bool) -> Loading:
    calendar_rows, policy_rows = _there(Calendar, using), _there(Policy, using, "calendar")
    calendars = [*_changes(document.calendars, calendar_rows, Calendar, calendar_as)]
    usable = calendar_rows | {change.row.name: change.row for change in calendars}
    labels = [_labels(part.values["conditions"]) for part in document.policies]
    for part in document.policies:
        _find_calendar(part, usable)
    policies = [*_changes(document.policies, policy_rows, Policy, policy_as)]
    warnings: list[str] = []
    if not document.noted:
        for change, said in zip(policies, labels, strict=True):
            warnings += _warnings(change, said)
    used = {change.row.calendar.name for change in policies if change.row.calendar}
    calendars += _others(calendar_rows, calendars, used, prune)
    policies += _others(policy_rows, policies, set(), prune)
    _check_fallback(policies)
    return Loading(calendars=calendars, policies=policies, warnings=warnings)


def _there(model: Any, using: str, *related: str) -> dict[str, Any]:
    """The rows that there are, by name, in the order in which they are listed."""
    rows = model._base_manager.using(using).select_for_update().order_by(*model._meta.ordering)
    return {row.name: row for row in rows.prefetch_related(*related)}


def _changes(
    parts: Iterable[Part],
    there: Mapping[str, Any],
    model: Any,
    written: Callable[[Any], dict[str, Any]],
) -> Iterator[Change]:
    names: set[str] = set()
    for part in parts:
        name = part.values["name"] = part.values["name"].strip()
        if name in names and "name" not in part.wrong:
            part.place.get("name", name).wrong(f"{say(name)} is there twice")
        names.add(name)
        row = there.get(name) or model()
        before = written(row) if row.pk else {}
        for key, value in part.values.items():
            setattr(row, key, value)
        if not _is_valid(row, part):
            yield Change(action=Action.LEAVE, row=row, place=part.place)
            continue
        after = written(row)
        changed = tuple(key for key in after if _plain(before.get(key)) != _plain(after[key]))
        action = (Action.CHANGE if changed else Action.LEAVE) if before else Action.ADD
        yield Change(action=action, row=row, place=part.place, fields=changed)


def _others(
    there: Mapping[str, Any], changes: Iterable[Change], used: set[str], prune: bool
) -> list[Change]:
    """What becomes of those that the file does not have."""
    named = {change.row.name for change in changes}
    return [
        Change(action=Action.DELETE if prune and name not in used else Action.KEEP, row=row)
        for name, row in there.items()
        if name not in named
    ]


def _is_valid(row: Any, part: Part) -> bool:
    """Check all that needs no look at other rows."""
    noted = len(part.place.noted)
    for check in (partial(row.clean_fields, exclude={"calendar"}), row.clean):
        try:
            check()
        except ValidationError as error:
            tell(part.place, error, known=part.wrong)
    return not part.wrong and len(part.place.noted) == noted


def _plain(value: Any) -> Any:
    """Without labels: what people call the value of a condition may change, and it stays the
    same condition."""
    if not isinstance(value, list):
        return value
    return [{key: part for key, part in row.items() if key != "label"} for row in value]


def _find_calendar(part: Part, calendars: Mapping[str, Calendar]) -> None:
    name = part.values["calendar"]
    part.values["calendar"] = calendars.get(name)
    if name is not None and name not in calendars:
        hint = did_you_mean(name, calendars)
        part.place.get("calendar", name).wrong(f"there is no calendar {say(name)}", hint)
        part.wrong.add("calendar")


def _check_fallback(policies: Iterable[Change]) -> None:
    """There is but one, of those that are there in the end."""
    found = [change for change in policies if change.row.fallback]
    found = [change for change in found if change.action is not Action.DELETE]
    for change in found:
        others = [other.row.name for other in found if other is not change]
        if others and change.place:
            change.place.get("fallback", True).wrong(
                f"{say(others[0])} is the fallback; only one policy can be"
            )


# What was meant?


def _labels(rows: Iterable[Any]) -> list[Any]:
    return [row.get("label") if isinstance(row, dict) else None for row in rows]


def _warnings(change: Change, labels: Iterable[Any]) -> Iterator[str]:
    """``labels`` are what the file calls the values of the conditions."""
    assert change.place is not None
    path, row = change.place.path, change.row
    for number, (condition, said) in enumerate(zip(row.conditions, labels, strict=True)):
        label = condition.get("label")
        if said and label and said != label:
            yield _(
                "%(path)s.conditions[%(number)d]: the file calls it %(said)s, here it is %(label)s."
            ) % {"path": path, "number": number, "said": say(said), "label": say(label)}
    for warning in row.warnings():
        yield f"{path}: {warning}"


# Writing what was compared


def _write(loading: Loading, using: str) -> None:
    _save(loading.calendars, using)
    _delete(loading.policies)
    # Who is the fallback no longer makes room for who is it now.
    _save(sorted(loading.policies, key=lambda change: change.row.fallback), using)
    _delete(loading.calendars)


def _save(changes: Iterable[Change], using: str) -> None:
    for change in changes:
        if change.action not in (Action.ADD, Action.CHANGE):
            continue
        assert change.place is not None
        row = change.row
        if isinstance(row, Policy):
            row.calendar = row.calendar  # which by now has a key
        row._change_reason = _("Loaded from a file")
        try:
            row.save(using=using)
        except ValidationError as error:  # what only the database knows
            tell(change.place, error)
            raise InvalidPolicyFile(change.place.noted) from None


def _delete(changes: Iterable[Change]) -> None:
    for change in changes:
        if change.action is Action.DELETE:
            change.row._change_reason = _("Loaded from a file")
            change.row.delete()
