"""The language and the time zone in which somebody is told."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.utils import timezone, translation

from django_sla.conf import settings

logger = logging.getLogger("django_sla.channels")


@contextmanager
def speaking_to(user: Any) -> Iterator[None]:
    """The language and the time zone of a person are the current ones inside; those of the
    project for None."""
    language, zone = locale_of(user)
    with translation.override(language), timezone.override(zone):
        yield


def locale_of(user: Any) -> tuple[str, ZoneInfo]:
    """As ``RECIPIENT_LOCALE`` says, else the attributes ``language`` and ``timezone`` of the
    user, else those of the project. What cannot be used is logged, and does not keep anybody
    from being told."""
    language, zone = _said(user)
    return _language(language), _zone(zone)


def _said(user: Any) -> tuple[Any, Any]:
    if user is None:
        return None, None
    recipient_locale = settings.recipient_locale
    if recipient_locale is None:
        return getattr(user, "language", None), getattr(user, "timezone", None)
    try:
        language, zone = recipient_locale(user)
    except Exception as error:  # of a host's own code
        _warn(f"RECIPIENT_LOCALE failed: {type(error).__name__}: {error}")
        return None, None
    return language, zone


def _language(given: Any) -> str:
    if given:
        try:
            return translation.get_supported_language_variant(str(given))
        except LookupError:
            _warn(f"{given!r} is not among the LANGUAGES of the project")
    return django_settings.LANGUAGE_CODE


def _zone(given: Any) -> ZoneInfo:
    if given:
        try:
            return ZoneInfo(str(given))
        except (LookupError, ValueError, OSError):  # no such name; no name at all; a folder
            _warn(f"{given!r} is not the name of a time zone")
    return ZoneInfo(django_settings.TIME_ZONE)


@lru_cache(maxsize=1000)
def _warn(text: str) -> None:
    """Log it, once in a process."""
    logger.warning("%s; the one of the project is taken instead.", text)
