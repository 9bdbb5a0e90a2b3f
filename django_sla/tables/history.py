"""The changelog's own column: where a change came from, beside who made it.

django-simple-history keeps the request that is being served, and writes who made a change. This
adds the client's address, read off the same request; there is no second place where a request is
kept. Outside a request both are NULL, which reads as "the system".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

from django_sla.core.ip import client_ip, masked

logger = logging.getLogger(__name__)


class ClientIPHistory(models.Model):
    """Base for a history model: ``HistoricalRecords(bases=[ClientIPHistory])``."""

    client_ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    """The client's address, without port and zone. NULL: outside a request, or not known."""

    class Meta:
        abstract = True


class ClientIPHistoryManager(HistoryManager):
    """Manager for a history model: ``HistoricalRecords(history_manager=ClientIPHistoryManager)``.

    Bulk writes send no signal, so this is where their rows get the address. It covers
    ``bulk_create_with_history()`` and ``bulk_update_with_history()``, whoever calls them.
    """

    @classmethod
    @cache
    def from_queryset(cls, *args: Any, **kwargs: Any) -> Any:
        """As inherited, remembered: ``ticket.history`` asks for it at every access, and making
        the class is a quarter of what a changelog row costs."""
        return super().from_queryset(*args, **kwargs)

    def bulk_history_create(self, *args: Any, **kwargs: Any) -> Any:
        """Fill in ``client_ip``, unless ``custom_historical_attrs`` has it; then as inherited."""
        if has_address(self.model):
            given = kwargs.get("custom_historical_attrs") or {}
            kwargs["custom_historical_attrs"] = {"client_ip": current_ip(), **given}
        return super().bulk_history_create(*args, **kwargs)


class OwnHistory(HistoricalRecords):
    """The history of a model of ours: who changed it, and from which address."""

    def __init__(self) -> None:
        super().__init__(
            bases=[ClientIPHistory],
            history_manager=ClientIPHistoryManager,
            history_id_field=models.BigAutoField(),
        )

    def create_history_model(self, model: Any, inherited: bool) -> Any:
        """As inherited, under the name of the module where it will be found: pickles and
        ``manage.py shell`` import it from there."""
        history = super().create_history_model(model, inherited)
        history.__module__ = self.module
        return history


def current_ip() -> str | None:
    """Return the client's address for the request being served, as far as the setting
    ``CLIENT_IP`` lets it be known; ``None`` outside of a request.

    Never raises: a changelog row without an address is worth more than no row. What went wrong is
    logged instead.
    """
    request = getattr(HistoricalRecords.context, "request", None)
    if request is None:
        return None
    # Imported here, so that the models can be loaded before the settings have been read.
    from django_sla.conf import Addresses
    from django_sla.conf import settings as sla_settings

    try:
        kept = sla_settings.client_ip
        if kept == Addresses.NONE:
            return None
        # Code outside a request may put a stand-in there that has a user and nothing else.
        meta = getattr(request, "META", {})
        found = client_ip(
            meta.get("REMOTE_ADDR"),
            meta.get("HTTP_X_FORWARDED_FOR"),
            sla_settings.trusted_proxies,
        )
        return masked(found) if found and kept == Addresses.MASKED else found
    except Exception:
        logger.exception("The client's address could not be told; the changelog is without it.")
        return None


def stamp(rows: Iterable[models.Model]) -> None:
    """Set ``client_ip`` on unsaved history rows that have that column and no address yet.

    Never raises, and touches no other row.
    """
    ip = current_ip()
    for row in rows:
        if has_address(type(row)) and row.client_ip is None:  # type: ignore[attr-defined]
            row.client_ip = ip  # type: ignore[attr-defined]


def has_address(model: type[models.Model]) -> bool:
    """Whether a history model has the client's address. Where the ticket has a ``client_ip``
    itself, the history's column is a copy of that."""
    tracked: Iterable[Any] = getattr(model, "tracked_fields", ())
    return issubclass(model, ClientIPHistory) and not any(
        field.name == "client_ip" for field in tracked
    )


def history_of(model: Any) -> Any:
    """The manager of a ticket model's history, ours or the host's own; of a ticket, of its rows."""
    return getattr(model, model._meta.simple_history_manager_attribute)


def points_to_users(model: type[models.Model]) -> bool:
    """Whether a history model has a key of who changed the row; one of the host's own may tell it
    in another way."""
    return any(field.name == "history_user" for field in model._meta.concrete_fields)
