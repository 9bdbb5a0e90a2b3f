"""Two years of a service desk: as many tickets as wanted, their clocks and their events."""

from datetime import datetime, timedelta
from typing import Any

SOME = 200
"""So many are lived through; the others are copies of them at other times."""
PRIORITIES = ("urgent", "high", "medium", "low")
AGENTS, DEPARTMENTS = 60, 12
YEARS = timedelta(days=730)


def fill(count: int, now: datetime) -> Any:
    """``count`` tickets, opened evenly over ``YEARS`` before ``now``, two clocks and five events
    each; no two took the same time. 4 % stay open, 5 % are reopened. Gives their model."""
    from django.contrib.auth.models import User
    from django.db import connection

    from benchmarks.desk.models import Department, ServiceTicket

    User.objects.bulk_create([User(username=f"agent{n}") for n in range(AGENTS)])
    Department.objects.bulk_create([Department(name=f"Dept {n}") for n in range(DEPARTMENTS)])
    _live(now - timedelta(days=2))
    model = ServiceTicket
    copies = count // SOME - 1
    keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
    first, width = keys[0], keys[-1] - keys[0] + 1
    with connection.cursor() as cursor:
        for table, key in (
            (model, "id"),
            (model.sla.event_model, "ticket_id"),
            (model.sla.clock_model, "ticket_id"),
        ):
            fields = [f for f in table._meta.concrete_fields if f.column not in ("id", key)]
            values = ", ".join(_copied(field, copies, connection.vendor) for field in fields)
            columns = ", ".join(f'"{field.column}"' for field in fields)
            cursor.execute(
                f'INSERT INTO "{table._meta.db_table}" ("{key}", {columns}) '
                f'SELECT "{key}" + {width} * n, {values} FROM "{table._meta.db_table}", '
                f"{_numbers(copies, connection.vendor)} "
                f'WHERE "{key}" BETWEEN {first} AND {keys[-1]}'
            )
        agent, department = f"1 + (id * 7919) % {AGENTS}", f"1 + (id * 7919) % {DEPARTMENTS}"
        cursor.execute(
            f"UPDATE desk_serviceticket SET agent_id = {agent}, department_id = {department}"
        )
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return model


def _live(begin: datetime) -> None:
    from benchmarks.desk.models import ServiceTicket
    from django_sla.moment import as_of

    with as_of(begin):
        ServiceTicket.objects.bulk_create(
            ServiceTicket(priority=PRIORITIES[n % 4], created_at=begin) for n in range(SOME)
        )
    for number, ticket in enumerate(ServiceTicket.objects.order_by("pk")):
        steps = ["pending", "open", "resolved"] + ["open", "resolved"] * (number % 20 == 0)
        at = begin
        for place, status in enumerate(steps):
            at += timedelta(minutes=7 * (number % 97) + 11 * place + 1, microseconds=number)
            if number % 25 == 24 and status == "resolved":
                break  # stays open
            ticket.status = status
            with as_of(at):
                ticket.save()


def _copied(field: Any, copies: int, vendor: str) -> str:
    """What the copy of number ``n`` has in a column."""
    column = f'"{field.column}"'
    kind = field.get_internal_type()
    if kind == "DurationField":
        # A little more each time, so that there is something to sort.
        return f"{column} + " + ("n * 1000" if vendor == "sqlite" else "n * interval '1 ms'")
    if kind != "DateTimeField":
        return column
    step = int(YEARS.total_seconds()) // (copies + 1)
    if vendor == "postgresql":
        return f"{column} - n * interval '{step} s'"
    earlier = f"datetime(substr({column}, 1, 19), '-' || (n * {step}) || ' seconds')"
    return f"{earlier} || substr({column}, 20)"


def _numbers(copies: int, vendor: str) -> str:
    if vendor == "postgresql":
        return f"generate_series(1, {copies}) AS g(n)"
    counting = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < {copies}"
    return f"(WITH RECURSIVE c AS ({counting}) SELECT n FROM c) AS g"
