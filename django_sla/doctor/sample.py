"""The tickets of a model: what their rows hold that nobody meant, and whether they are in step.

What is looked at is bounded: a sample of the newest, whatever the number of tickets.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.doctor.finding import Finding, error, joined, listed, warning
from django_sla.flow import reconcile
from django_sla.flow.reconcile import Batch
from django_sla.introspect import choices_of, fold, path_exists
from django_sla.tables import terms as terms_table
from django_sla.tables.clock import metric_name
from django_sla.tables.columns import COLUMNS

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

SAMPLE = 10_000
"""The newest tickets whose statuses are looked at, and the newest clocks."""

REPLAYED = 200
"""The newest tickets whose events are replayed, unless all are asked for."""

MANY = 1_000
"""From here on, tickets are not counted any more."""


def unmapped_statuses(sla: "SLA", using: str) -> Iterator[Finding]:
    """Statuses in the data that have no category; of choices without one a system check tells."""
    if sla.status is None or not path_exists(sla.model, sla.status):
        return
    newest = sla.rows(using).order_by("-pk").values_list(sla.attname(sla.status), flat=True)
    said = {fold(choice) for choice in choices_of(sla.model, sla.status)}
    said |= {fold(status) for status in sla.categories}
    found = Counter(value for value in newest[:SAMPLE] if value is not None)
    unmapped = [value for value, _number in found.most_common() if fold(value) not in said]
    if unmapped:
        yield warning(
            _("Nobody said what these statuses mean, so they are open: %(statuses)s.")
            % {"statuses": listed(unmapped)},
            about=sla.model._meta.label,
            cause=_("They are in the data, and SLA(…) does not name them."),
            remedy=_("Name them, SLA(open=[…], paused=[…], resolved=[…], closed=[…])."),
        )


def priorities_without_goals(sla: "SLA", using: str) -> Iterator[Finding]:
    """Clocks that are promised nothing under a policy that promises something at other
    priorities."""
    clocks = sla.clock_model._base_manager.using(using).order_by("-id")
    rows = clocks.values_list("terms_id", "priority", "metric", "outcome")[:SAMPLE]
    idle = Counter((t, p, m) for t, p, m, outcome in rows if outcome == "none" and t)
    terms = terms_table.read({fingerprint for fingerprint, _p, _m in idle}, using)
    priorities: dict[tuple[str, str], set[str]] = {}
    for fingerprint, priority, metric in idle:
        if metric in terms[fingerprint].metrics:
            priorities.setdefault((terms[fingerprint].name, metric), set()).add(priority)
    for (name, metric), some in sorted(priorities.items()):
        yield warning(
            _("The policy %(policy)r has no goal for %(metric)s at these priorities: %(some)s.")
            % {"policy": name, "metric": metric_name(metric), "some": listed(sorted(some))},
            about=sla.model._meta.label,
            cause=_(
                "A ticket takes all of its goals from one policy; these tickets have no target."
            ),
            remedy=_(
                'Give the policy a row for each of them, or one for "*"; or say which priority '
                "they are, SLA(priorities={…})."
            ),
        )


def never_adopted(sla: "SLA", using: str) -> Iterator[Finding]:
    """Tickets from before their model had an SLA."""
    rows = reconcile.chosen(sla, using=using, adopt_only=True)
    number = len(rows.values_list("pk", flat=True)[:MANY])
    if number:
        yield warning(
            ngettext(
                "%(number)s ticket has no events, so it has no clocks and no targets.",
                "%(number)s tickets have no events, so they have no clocks and no targets.",
                number,
            )
            % {"number": f"{number:,}" + ("+" if number == MANY else "")},
            about=sla.model._meta.label,
            cause=_("They were there before the SLA was, or were written past it."),
            remedy="python manage.py sla_reconcile --adopt-only",
        )
    if empty := reconcile.without_creation(sla, using=using):
        yield warning(
            ngettext(
                "created_at of %(number)s ticket is empty.",
                "created_at of %(number)s tickets is empty.",
                empty,
            )
            % {"number": f"{empty:,}"},
            about=sla.model._meta.label,
            cause=_("Their clocks cannot start, and sla_reconcile leaves them out."),
            remedy=_("Fill it in from a field that knows."),
        )


def naive(sla: "SLA", using: str) -> Iterator[Finding]:
    """Columns in the database that hold times without a time zone."""
    names: set[str] = set()
    for values in sla.rows(using).order_by("-pk").values_list(*COLUMNS)[:REPLAYED]:
        names |= {
            name
            for name, value in zip(COLUMNS, values, strict=True)
            if value is not None and timezone.is_naive(value)
        }
    if names:
        yield error(
            _("The database has times without a time zone in %(names)s.")
            % {"names": ", ".join(sorted(names))},
            about=sla.model._meta.label,
            cause=_("The columns were not made by a migration of Django with USE_TZ on."),
            remedy=_("Change their type to one with a time zone; in PostgreSQL, timestamptz."),
        )


def out_of_step(sla: "SLA", using: str, *, everything: bool) -> Iterator[Finding]:
    """Clocks and columns that say something else than their events."""
    wrong, broken = [], []
    for batch in _replayed(sla, using, everything):
        for found in batch.findings:
            if found.problem:
                broken.append(f"{found.pk} ({found.problem})")
            elif not found.is_adopted:
                what = ", ".join(difference.what for difference in found.differences)
                wrong.append(f"{found.pk} ({what})")
    about = sla.model._meta.label
    if wrong:
        yield error(
            _("Tickets are not as their events say: %(tickets)s.") % {"tickets": joined(wrong)},
            about=about,
            cause=_("Something was written past the SLA: raw SQL, another manager."),
            remedy=f"python manage.py sla_reconcile --model {about} --dry-run",
        )
    if broken:
        yield error(
            _("Events cannot be replayed: %(tickets)s.") % {"tickets": joined(broken)},
            about=about,
            cause=_("Somebody has written to the events of these tickets."),
            remedy=_("Restore them from a backup."),
        )


def _replayed(sla: "SLA", using: str, everything: bool) -> Iterator[Batch]:
    if everything:
        keys = reconcile.keys(sla, using=using)
        yield from reconcile.run(sla, keys, using=using, repair=False, adopt_only=False)
        return
    newest = reconcile.chosen(sla, using=using).order_by("-pk").values_list("pk", flat=True)
    pks = list(newest[:REPLAYED])
    yield reconcile.reconcile(sla, pks, using=using, repair=False)
