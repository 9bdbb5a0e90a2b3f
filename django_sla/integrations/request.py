"""Puts the client's address into each changelog row that is written while a request is served."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.signals import pre_create_historical_record

from django_sla.tables.history import ClientIPHistory, stamp


def connect() -> None:
    """Start listening. Once per process is enough; again does no harm."""
    pre_create_historical_record.connect(
        stamp_client_ip, dispatch_uid="django_sla.integrations.request.stamp_client_ip"
    )


def stamp_client_ip(*, history_instance: models.Model, **kwargs: Any) -> None:
    """Receive ``pre_create_historical_record``, which every model with a history sends."""
    if isinstance(history_instance, ClientIPHistory):
        stamp([history_instance])
