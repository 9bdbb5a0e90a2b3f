"""Work for a process whose connections can be in a schema, as those of django-tenants are. Who
comes here to read its work gets them."""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def set_schema(connection: Any, name: str) -> None:
    connection.schema_name = name


BaseDatabaseWrapper.set_schema = set_schema  # type: ignore[attr-defined]


def schema(piece: int) -> Any:
    connection: Any = connections["default"]
    return connection.schema_name
