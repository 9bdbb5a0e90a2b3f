"""Judging a ticket with 50 policies of the database, against one policy of the settings."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any
from unittest import mock

from benchmarks.project import measured, run_alone

POLICIES = 50
BATCH = 10
"""Saves in one measurement, in a transaction of their own as a request would have."""

ROUNDS = 150
TITLES = ["A ticket", "Another ticket"]
GOALS = {"*": {"response": "1h", "resolution": "4h"}}


def rows() -> Iterator[dict[str, Any]]:
    yield from measured(__file__)


def quickest(*works: Callable[[], None]) -> list[float]:
    """Seconds of the quickest run of each, in turn: a tenth of a millisecond more or less is lost
    in the noise of a median."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, found in zip(works, seconds, strict=True):
            start = perf_counter()
            work()
            found.append(perf_counter() - start)
    return [min(found) for found in seconds]


def _rows(vendor: str) -> Iterator[dict[str, Any]]:
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext, override_settings

    from benchmarks.desk.models import Ticket
    from django_sla.models import Policy
    from django_sla.tables import edition

    def by_settings(work: Callable[[], None]) -> Callable[[], None]:
        """As where nobody asks the database for policies."""

        def patched() -> None:
            switch(few)
            with mock.patch.object(edition, "read", return_value=few):
                work()

        return patched

    def by_database(work: Callable[[], None]) -> Callable[[], None]:
        def switched() -> None:
            switch(many)
            work()

        return switched

    def switch(token: str) -> None:
        """To the policies that were in force under this token, which the process has read."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE django_sla_edition SET token = %s", [token])

    def create() -> None:
        for _ in range(BATCH):
            with transaction.atomic():
                Ticket.objects.create()

    def update(ticket: Any) -> Callable[[], None]:
        def work() -> None:
            for number in range(BATCH):
                ticket.title = TITLES[number % 2]
                with transaction.atomic():
                    ticket.save()

        return work

    def queries(work: Callable[[], None]) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    in_settings = {"name": "Desk", "when": {"title__in": TITLES, "status": "open"}, "goals": GOALS}
    with override_settings(DJANGO_SLA={"POLICIES": [in_settings]}):
        edition.revise("default")
        few = edition.read("default")
        old = Ticket.objects.create()
        for number in range(1, POLICIES + 1):
            Policy.objects.create(
                name=f"Policy {number}",
                order=number,
                # All but the last fail, and at their third condition: the most that can be asked.
                conditions=[
                    {"field": "status", "operator": "is", "value": "open"},
                    {"field": "title", "operator": "contains", "value": "TICKET"},
                    {
                        "field": "priority",
                        "operator": "is" if number == POLICIES else "is_not",
                        "value": "medium",
                    },
                ],
                goals=GOALS,
            )
        many = edition.read("default")
        new = Ticket.objects.create()
        for ticket, name in ((old, "Desk"), (new, f"Policy {POLICIES}")):
            assert ticket.sla.clock("resolution").terms.name == name
        for what, ours, theirs in (
            ("create", create, create),
            ("update of a field that conditions ask for", update(new), update(old)),
        ):
            mine, base = quickest(by_database(ours), by_settings(theirs))
            yield {
                "what": f"{what}, ms more with {POLICIES} policies, {vendor}",
                "ours": mine / BATCH * 1e3,
                "baseline": base / BATCH * 1e3,
                "unit": "ms",
                "ratio": (mine - base) / BATCH * 1e3,
                "goal": "<= 0.3",
            }
            many_asked, few_asked = queries(by_database(ours)), queries(by_settings(theirs))
            yield {
                "what": f"{what}, queries more with {POLICIES} policies, {vendor}",
                "ours": many_asked / BATCH,
                "baseline": few_asked / BATCH,
                "unit": "",
                "ratio": (many_asked - few_asked) / BATCH,
                "goal": "<= 1",
            }


if __name__ == "__main__":
    run_alone(_rows)
