"""Escalations as rows that people edit: of which metric, when, by which channel, and whom.

A row is ``{"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}``. One with
``"enabled": False`` is kept and does nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.conf import did_you_mean, settings
from django_sla.core.duration import format_duration
from django_sla.core.errors import PolicyError
from django_sla.core.escalation import ANY_METRIC, When, parse_when, written
from django_sla.core.escalation import KEYS as KEYS
from django_sla.exceptions import InvalidSettings
from django_sla.tables.clock import metric_name
from django_sla.tables.numbered import clean_rows
from django_sla.tables.recipients import GROUP, is_known, known_recipients
from django_sla.words import refusal

Row = Mapping[str, Any]

# Checking what people wrote


def clean(rows: object) -> list[dict[str, Any]]:
    """Rows checked, and written in one way only.

    Raises:
        ValidationError: for each row that is wrong, which it is, why, and what to write.
    """
    return clean_rows(
        rows,
        clean_row,
        no_list=gettext_lazy("Expected a list of escalations, got %(got)r."),
        wrong=gettext_lazy("Escalation %(number)d: %(message)s"),
    )


def clean_row(row: object) -> dict[str, Any]:
    """One row checked. Whom it tells has to be known only once it is switched on.

    Raises:
        ValidationError: by key.
    """
    if not isinstance(row, Mapping):
        raise ValidationError(
            _('Expected {"when": …, "channel": …, "to": […]}, got %(got)r.') % {"got": row}
        )
    try:
        found = written(row)
    except PolicyError as error:
        if error.where in KEYS:
            raise ValidationError({error.where: capfirst(refusal(error))}) from None
        raise ValidationError(capfirst(f"{error.where}: {refusal(error)}")) from None
    errors = {
        "metric": _metric_problem(found["metric"]),
        "channel": _channel_problem(found["channel"]),
    }
    if found.get("enabled", True) and not errors["channel"]:
        errors["to"] = _recipients_problem(found["channel"], found["to"])
    if any(errors.values()):
        raise ValidationError({key: message for key, message in errors.items() if message})
    return found


def _metric_problem(metric: str) -> str:
    known = [name.name for name in registry.metrics()]
    if metric == ANY_METRIC or metric in known:
        return ""
    message = _("“%(metric)s” is no metric.") % {"metric": metric}
    return f"{message} {did_you_mean(metric, known)}".strip()


def _channel_problem(name: str) -> str:
    if name not in settings.channels:
        known = ", ".join(settings.channels)
        return _("There is no channel “%(name)s”; there is %(known)s.") % {
            "name": name,
            "known": known,
        }
    try:
        settings.channel(name)
    except InvalidSettings as error:
        return str(error)
    return ""


def _recipients_problem(channel: str, names: Iterable[str]) -> str:
    if not settings.channel(channel).addressed:
        return (
            _("The channel “%(channel)s” has a destination of its own; name nobody.")
            % {"channel": channel}
            if names
            else ""
        )
    if not names:
        return _("Say whom the channel “%(channel)s” should tell.") % {"channel": channel}
    unknown = [name for name in names if not is_known(name)]
    if not unknown:
        return ""
    nobody = [_("Nobody knows “%(name)s”.") % {"name": name} for name in unknown]
    return " ".join([*nobody, whom_to_name()])


def whom_to_name() -> str:
    """Who can be told, for people."""
    known = known_recipients()
    if known:
        return _("There is %(known)s, a group such as group:Managers, or an address.") % {
            "known": ", ".join(known)
        }
    return _("Name a group such as group:Managers, or an address.")


# Words


def in_words(row: Row) -> str:
    """For people: "Any metric, when due: email to assignee, lead", in the current language.

    Raises:
        LookupError, TypeError, ValueError: it was written past its validation.
    """
    metric, to = row.get("metric", ANY_METRIC), row.get("to", ())
    said = {
        "metric": metric_in_words(metric),
        "when": when_in_words(parse_when(row["when"])),
        "channel": row["channel"],
        "to": ", ".join(map(_recipient_in_words, [to] if isinstance(to, str) else to)),
    }
    words = (
        _("%(metric)s, %(when)s: %(channel)s to %(to)s")
        if to
        else _("%(metric)s, %(when)s: %(channel)s")
    )
    words = words % said
    if row.get("in_hours"):
        words = _("%(escalation)s, in business hours") % {"escalation": words}
    return words


def metric_in_words(metric: str) -> str:
    return _("Any metric") if metric == ANY_METRIC else metric_name(metric)


def when_in_words(when: When) -> str:
    """For people: "when due", "30m before it is due"."""
    if when.is_at_risk:
        return _("when at risk")
    if when.is_due:
        return _("when due")
    if when.offset is None:
        return _("at %(percent)d %% of the goal") % {"percent": when.percent}
    duration = {"duration": format_duration(abs(when.offset))}
    if when.offset < timedelta(0):
        return _("%(duration)s before it is due") % duration
    return _("%(duration)s after it was due") % duration


def when_said(text: str) -> str:
    """The same, of an instant as events and notices keep it; one that cannot be read, as it is."""
    try:
        return when_in_words(parse_when(text))
    except PolicyError:
        return text


def _recipient_in_words(name: str) -> str:
    if name.startswith(GROUP):
        return _("the group %(name)s") % {"name": name.removeprefix(GROUP)}
    return name


def states(rows: Iterable[Row]) -> dict[str, str]:
    """Each escalation in words with whether it is on; one that cannot be read as it is."""
    return {_in_words(row): _state(row) for row in rows}


def listed(rows: Iterable[Row]) -> list[str]:
    """A line for each; those that are switched off say so. None: "nobody is told"."""
    lines = [_in_words(row) if _is_on(row) else f"{_in_words(row)} ({_state(row)})" for row in rows]
    return lines or [_("nobody is told")]


def _is_on(row: Row) -> bool:
    return not isinstance(row, Mapping) or row.get("enabled", True) is True


def _state(row: Row) -> str:
    return _("on") if _is_on(row) else _("off")


def _in_words(row: Row) -> str:
    try:
        return in_words(row)
    except (LookupError, TypeError, ValueError, AttributeError):  # written past the validation
        return str(row)
