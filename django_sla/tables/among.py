"""A thousand keys as one parameter.

``pk__in`` gives each key a placeholder of its own, which Django, the driver and the database each
go through: for a thousand of them that takes longer than finding the rows.
"""

import json
from collections.abc import Collection
from typing import Any

from django.db.models import F, Lookup


class Among(Lookup):
    """A condition for ``filter()``: that a key field is one of these keys."""

    prepare_rhs = False

    def __init__(self, name: str, keys: Collection[Any]):
        super().__init__(F(name), list(keys))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        keys = self._prepared(connection)
        marks = ", ".join(["%s"] * len(keys)) or "NULL"
        return f"{column} IN ({marks})", (*parameters, *keys)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        keys = self._prepared(connection)
        kind = self._field.rel_db_type(connection)
        if not keys or not all(type(key) is int for key in keys):
            return f"{column} = ANY(%s::{kind}[])", (*parameters, keys)
        # As it would be written, which saves the driver looking at each; and with their bounds,
        # from which the planner sees that the index of the key serves.
        array = f"{{{','.join(map(str, keys))}}}"
        return (
            f"({column} BETWEEN %s AND %s AND {column} = ANY(%s::{kind}[]))",
            (*parameters, min(keys), max(keys), *parameters, array),
        )

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        keys = json.dumps(self._prepared(connection))
        return f"{column} IN (SELECT value FROM json_each(%s))", (*parameters, keys)  # nosec B608

    def _prepared(self, connection: Any) -> list[Any]:
        prepare = self._field.get_db_prep_value
        return [key if type(key) is int else prepare(key, connection) for key in self.rhs]

    @property
    def _field(self) -> Any:
        """That of the keys themselves, also where the column is a foreign key."""
        return self.lhs.output_field
