"""The examination of a project: every look there is, each on its own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from django_sla.doctor import comments, policies, privacy, project, sample, watching
from django_sla.doctor.finding import Finding, error

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

Look = Callable[[], Iterable[Finding]]

OF_PROJECT = (project.failed_checks, project.unapplied_migrations, project.unwritten_migrations)
"""Each takes the alias of the database."""

OF_DATABASE = (
    project.time_zone_tables,
    project.apart,
    policies.invalid,
    policies.never_taken,
    policies.old_terms,
    watching.sweeps,
    watching.outbox,
    watching.scheduled_reports,
    watching.unknown_to_escalations,
    privacy.unpurged,
)
"""The same; they read what the migrations have made."""

OF_MODEL = (
    comments.unwatched,
    comments.instants,
    sample.unmapped_statuses,
    sample.priorities_without_goals,
    sample.never_adopted,
    sample.naive,
)
"""Each takes the declaration of a ticket model, and the alias."""


def examine(declarations: "Iterable[SLA]", *, everything: bool = False) -> Iterator[Finding]:
    """What is wrong with the project and with these ticket models.

    With ``everything`` the events of all tickets are replayed, otherwise those of the newest.
    The number of queries does not grow with the tickets.
    """
    by_alias: dict[str, list[SLA]] = {}
    for sla in declarations:
        by_alias.setdefault(router.db_for_read(sla.model), []).append(sla)
    for using, some in by_alias.items():
        looks: list[Look] = [partial(look, using) for look in (*OF_PROJECT, *OF_DATABASE)]
        looks += [partial(look, sla, using) for sla in some for look in OF_MODEL]
        looks += [partial(sample.out_of_step, sla, using, everything=everything) for sla in some]
        for look in looks:
            yield from _guarded(look, using)


def _guarded(look: Look, using: str) -> list[Finding]:
    """What was found, or why nobody could look: a table that is not there yet, say."""
    connection = connections[using]
    # Inside somebody's transaction an error would end all of it.
    inner = transaction.atomic(using=using) if connection.in_atomic_block else nullcontext()
    try:
        with inner:
            return list(look())
    except Exception as problem:  # whatever it is, the other looks are worth having
        name = getattr(look, "func", look).__name__.replace("_", " ")
        return [
            error(
                _("Could not look for: %(what)s.") % {"what": name},
                cause=f"{type(problem).__name__}: {problem}".strip(),
                remedy=_("Mend what is told above, and ask again."),
            )
        ]
