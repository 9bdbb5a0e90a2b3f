"""Time by the clock on the wall, reckoned by the database to the microsecond."""

from typing import Any

from django.db.models import DurationField, Func


class WallTime(Func):
    """From the second instant back to the first: ``WallTime("stopped_at", "started_at")``.

    Django's own difference of two fields calls Python for every row of SQLite; this does not.
    """

    arity = 2
    output_field = DurationField()
    template = "(%(expressions)s)"
    arg_joiner = " - "

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        turned = self.copy()
        turned.set_source_expressions(self.get_source_expressions()[::-1])
        template = "TIMESTAMPDIFF(MICROSECOND, %(expressions)s)"
        return turned.as_sql(compiler, connection, template=template, arg_joiner=", ", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        parts, values = [], []
        for expression in self.get_source_expressions():
            sql, params = compiler.compile(expression)
            # Text, its fraction of a second left out where it is none. Cut off before the
            # seconds are read, which would round it.
            parts.append(
                f"(CAST(strftime('%%s', substr({sql}, 1, 19)) AS INTEGER) * 1000000"
                f" + CAST(substr(substr({sql}, 21) || '000000', 1, 6) AS INTEGER))"
            )
            values += [*params, *params]
        return f"({' - '.join(parts)})", tuple(values)
