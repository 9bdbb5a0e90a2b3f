"""Policies and calendars in the database, which may be out of date without being touched."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.core.policy import Source, asked
from django_sla.doctor.finding import Finding, error, hint, warning
from django_sla.moment import now
from django_sla.tables.calendar import Calendar
from django_sla.tables.effective import policies
from django_sla.tables.pinned import open_on_old_terms
from django_sla.tables.policy import Policy


def invalid(using: str) -> Iterator[Finding]:
    """Rows that were valid once: what a condition names is gone, a priority, a metric."""
    for model in (Calendar, Policy):
        for row in model._base_manager.using(using).order_by("name"):
            if isinstance(row, Policy) and not row.enabled:
                continue
            about = f"{row._meta.verbose_name} {row.name!r}"
            try:
                row.full_clean()
            except ValidationError as wrong:
                yield error(
                    _("It is not valid any more: %(problems)s") % {"problems": _problems(wrong)},
                    about=about,
                    cause=_("What it refers to has changed or is gone since it was saved."),
                    remedy=_("Edit it in the admin, or disable it."),
                )
                continue
            for words in row.warnings() if isinstance(row, Policy) else ():
                yield hint(
                    words, about=about, remedy=_("Edit it in the admin, if that is not meant.")
                )


def _problems(wrong: ValidationError) -> str:
    return " ".join(
        f"{field}: {' '.join(messages)}" for field, messages in wrong.message_dict.items()
    )


def never_taken(using: str) -> Iterator[Finding]:
    """Policies behind one that is for every ticket, and those whose time is over. Of those that a
    process brings along itself, a system check tells."""
    everything = policies(using).all
    reached = asked(everything)
    for policy in everything:
        if Source.DATABASE not in (policy.source, reached[-1].source):
            continue
        about = _("policy %(name)r") % {"name": policy.name}
        if policy not in reached and policy.source is not Source.DEFAULT:
            yield warning(
                _("It is never asked."),
                about=about,
                cause=_("%(name)r comes before it and is for every ticket.")
                % {"name": reached[-1].name},
                remedy=_("Give that one a condition, or put it last."),
            )
        elif policy.effective_until is not None and policy.effective_until <= now():
            yield hint(
                _("Its time is over since %(until)s.") % {"until": policy.effective_until},
                about=about,
                remedy=_("Disable it, or move the end."),
            )


def old_terms(using: str) -> Iterator[Finding]:
    """Open tickets that keep what a policy said before it was edited."""
    for name, tickets in sorted(open_on_old_terms(using).items()):
        yield hint(
            ngettext(
                "%(tickets)d open ticket keeps earlier terms of this policy.",
                "%(tickets)d open tickets keep earlier terms of this policy.",
                tickets,
            )
            % {"tickets": tickets},
            about=_("policy %(name)r") % {"name": name},
            cause=_("It was edited after they were opened; an edit is for new tickets."),
            remedy="python manage.py sla_recalculate --dry-run",
        )
