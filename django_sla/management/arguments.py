"""What commands take in common: which ticket model, which tickets, instants and zones."""

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import date, datetime, time, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from django_sla import registry

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


def add_model(parser: ArgumentParser) -> None:
    """``--model``, for :func:`declaration`."""
    parser.add_argument(
        "--model", metavar="APP.MODEL", help="the ticket model; needed where there are several"
    )


def declaration(label: str | None) -> "SLA":
    """The declaration of the model asked for; of the only one where none was.

    Raises:
        CommandError: there is no such ticket model, or several to choose from.
    """
    known = declarations(label)
    if len(known) > 1:
        labels = ", ".join(sla.model._meta.label for sla in known)
        raise CommandError(f"--model: there are several ticket models; choose one of {labels}")
    return known[0]


def declarations(label: str | None) -> "list[SLA]":
    """Of the model asked for, or of all, by name.

    Raises:
        CommandError: there is no such ticket model.
    """
    known = {model._meta.label: sla for model, sla in sorted(registry.tickets.items(), key=_label)}
    if not known:
        raise CommandError("No ticket model: no installed app has a subclass of SLAMixin.")
    if label is None:
        return list(known.values())
    found = [sla for name, sla in known.items() if name.lower() == label.lower()]
    if not found:
        raise CommandError(f"--model: {label!r} is not a ticket model; there is {', '.join(known)}")
    return found


def _label(item: "tuple[type, SLA]") -> str:
    return str(item[1].model._meta.label)


def instant(option: str, text: str | None) -> datetime | None:
    """A date stands for its first instant; what has no offset is local.

    Raises:
        CommandError: it is neither a date nor a datetime.
    """
    if text is None:
        return None
    try:
        found: date | None = parse_date(text) or parse_datetime(text)
    except ValueError:  # well-formed, but there is no such day or hour
        found = None
    if found is None:
        raise CommandError(
            f"{option}: {text!r} is not a date; write it as 2026-03-31, or 2026-03-31T18:00"
        )
    if not isinstance(found, datetime):
        found = datetime.combine(found, time())
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def zone(option: str, text: str | None) -> tzinfo | None:
    """
    Raises:
        CommandError: no time zone is called so.
    """
    if text is None:
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(
            f"{option}: {text!r} is not a time zone; write it as America/Toronto"
        ) from None


def where(conditions: Iterable[str]) -> dict[str, list[str]]:
    """The values by name, of ``--where NAME=VALUE``, which may be repeated.

    Raises:
        CommandError: one has no equals sign.
    """
    found: dict[str, list[str]] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals:
            raise CommandError(f"--where: {condition!r} is no NAME=VALUE")
        found.setdefault(name, []).append(value)
    return found


def tickets(sla: "SLA", named: Iterable[str], using: str) -> list[Any]:
    """The tickets with these primary keys, in this order.

    Raises:
        CommandError: one is no key, or there is no such ticket.
    """
    label, key = sla.model._meta.label, sla.model._meta.pk
    pks = []
    for text in named:
        try:
            pks.append(key.to_python(text))
        except ValidationError as error:
            raise CommandError(f"{label} {text}: {' '.join(error.messages)}") from None
    found = sla.rows(using).in_bulk(pks)
    missing = [str(pk) for pk in pks if pk not in found]
    if missing:
        raise CommandError(f"{label}: there is no ticket {', '.join(missing)}")
    return [found[pk] for pk in pks]
