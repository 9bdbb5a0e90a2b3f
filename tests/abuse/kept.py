"""What the database has, so that whatever is refused can be seen to have written nothing."""

import hashlib
from typing import Any

from django.apps import apps
from django.db import connection

APPS = ("django_sla", "desk", "admin")
"""The package, tickets with all that belongs to them, and what the admin logs."""


class Kept:
    """The rows of all tables by now."""

    def __init__(self) -> None:
        self._tables = [
            connection.ops.quote_name(model._meta.db_table)
            for label in APPS
            for model in apps.get_app_config(label).get_models()
        ]
        self._then = self._now()

    def _now(self) -> dict[str, tuple[int, str]]:
        found = {}
        with connection.cursor() as cursor:
            for table in self._tables:
                cursor.execute(f"SELECT * FROM {table}")
                rows: list[Any] = sorted(map(repr, cursor.fetchall()))
                found[table] = (len(rows), hashlib.sha256("".join(rows).encode()).hexdigest())
        return found

    def check(self) -> None:
        """Nothing has changed, neither how many rows there are nor what is in them."""
        now = self._now()
        assert [table for table in now if now[table] != self._then[table]] == []
