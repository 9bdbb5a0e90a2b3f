"""Which database an alias leads to at the moment."""

from django.db import connections

Place = tuple[str, str]


def place(using: str) -> Place:
    """What to remember a database by: its alias, and the schema that the connection is in.

    Where each tenant has a schema, one alias leads to all of them in turn. ``schema_name`` is what
    django-tenants calls it; other connections have none.
    """
    return using, getattr(connections[using], "schema_name", None) or ""
