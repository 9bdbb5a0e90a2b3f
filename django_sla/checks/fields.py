"""What the checks have in common: which models are checked, and how values are written down."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.db.models import Model

Apps = Sequence[AppConfig] | None
Messages = Iterator[CheckMessage]


def is_checked(model: type[Model], app_configs: Apps) -> bool:
    return app_configs is None or model._meta.app_config in app_configs


def written(values: Iterable[Any]) -> str:
    """As they stand in a list in Python."""
    return ", ".join(map(quoted, values))


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
