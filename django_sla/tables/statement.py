"""Questions asked at every save, compiled once.

Django builds the SQL of a queryset anew each time it is asked, which costs several times what
the database needs to answer. What every save of a ticket asks is built once and kept.
"""

from typing import Any

from django.db import connections
from django.db.models import QuerySet


class Statement:
    """A ``values_list`` queryset whose only parameter is the value of one field."""

    def __init__(self, queryset: QuerySet[Any], field: Any, using: str):
        """Compile ``queryset``, which compares ``field`` with any value at all."""
        self._field = field
        self._using = using
        compiler = queryset.query.get_compiler(using)
        self._sql, parameters = compiler.as_sql()
        assert len(parameters) == 1, "the field's value is the statement's only parameter"
        self._converters = compiler.get_converters([column[0] for column in compiler.select])

    def __call__(self, value: Any) -> list[list[Any]]:
        """The rows that belong to ``value``."""
        connection = connections[self._using]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, (self._field.get_db_prep_value(value, connection),))
            rows = [list(row) for row in cursor.fetchall()]
        for position, (converters, expression) in self._converters.items():
            for convert in converters:
                for row in rows:
                    row[position] = convert(row[position], expression, connection)
        return rows


def any_value(field: Any) -> Any:
    """A value that the field accepts, to compile a statement with."""
    while field.remote_field:
        field = field.target_field
    kind = field.get_internal_type()
    if kind == "UUIDField":
        return "00000000-0000-0000-0000-000000000000"
    return "1" if kind in ("CharField", "TextField", "SlugField") else 1
