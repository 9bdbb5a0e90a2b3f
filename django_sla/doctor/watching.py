"""Whether deadlines are watched, and whom it concerns is told."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.conf import settings
from django_sla.core.escalation import Escalation
from django_sla.core.policy import Source
from django_sla.doctor.finding import Finding, error, hint, joined, listed, warning
from django_sla.tables.effective import policies
from django_sla.tables.pinned import old_terms
from django_sla.tables.recipients import is_known, known_recipients
from django_sla.tables.schedule import ReportSchedule, labels
from django_sla.tables.watching import RECENT, clock_rows, rough, watching

SWEEP = "python manage.py sla_sweep --loop 30"


def sweeps(using: str) -> Iterator[Finding]:
    """Deadlines that nobody watches, and tickets that a sweep cannot look at."""
    found = watching(using, timezone.now())
    if found.age is None:
        if any(clocks.filter(next_at__isnull=False).exists() for clocks in clock_rows(using)):
            yield warning(
                _("No sweep has ever finished."),
                cause=_("Nobody runs one, so breaches are shown, and nobody is told of them."),
                remedy=SWEEP,
            )
    elif found.age > RECENT:
        yield error(
            _("The last sweep was %(age)s ago.") % {"age": rough(found.age)},
            cause=_("Whatever ran it has stopped. %(due)s clocks are due, the oldest for %(late)s.")
            % {"due": found.due, "late": rough(found.lag)},
            remedy=SWEEP,
        )
    elif found.lag > RECENT:
        yield error(
            _("%(due)s clocks are due, the oldest for %(late)s.")
            % {"due": found.due, "late": rough(found.lag)},
            cause=_("It is too much for the sweeps that run."),
            remedy=_("Run more of them side by side: %(command)s") % {"command": SWEEP},
        )
    if found.failures:
        text = ngettext(
            "A sweep could not look at a ticket.",
            "Sweeps could not look at tickets, %(count)d times in 15 minutes.",
            found.failures,
        )
        key, _colon, _rest = found.problem.partition(":")
        yield error(
            text % {"count": found.failures},
            cause=found.problem,
            remedy=f"python manage.py sla_doctor {key}",
        )
    if found.unfinished:
        text = ngettext(
            "%(count)d sweep did not finish.", "%(count)d sweeps did not finish.", found.unfinished
        )
        yield hint(
            text % {"count": found.unfinished},
            cause=_("They were killed, or the database was. The next one went on."),
            remedy=_("Stop them with SIGTERM, and leave them the time to end."),
        )


def outbox(using: str) -> Iterator[Finding]:
    """Notices that nobody sends, and those that were given up."""
    found = watching(using, timezone.now())
    if found.overdue > RECENT:
        text = ngettext(
            "%(count)d notice waits to be sent, for %(late)s.",
            "%(count)d notices wait to be sent, the oldest for %(late)s.",
            found.waiting,
        )
        yield error(
            text % {"count": found.waiting, "late": rough(found.overdue)},
            cause=_("Nobody delivers them, or not fast enough."),
            remedy="python manage.py sla_deliver --loop 30",
        )
    if found.dead:
        text = ngettext(
            "%(count)d notice was given up.", "%(count)d notices were given up.", found.dead
        )
        yield warning(
            text % {"count": found.dead},
            cause=_("They could not be sent, each with its problem in the admin."),
            remedy=_("Mend what is told there; then choose “Send again” in the list of notices."),
        )


def scheduled_reports(using: str) -> Iterator[Finding]:
    """Reports that nobody gets, or not all who should, or that cannot be made any more."""
    schedules = ReportSchedule._base_manager.using(using).filter(enabled=True).order_by("name")
    for schedule in schedules:
        problem = schedule.problem
        if schedule.model not in labels():
            problem = _("There is no ticket model “%(model)s”.") % {"model": schedule.model}
        if problem:
            yield warning(
                _("A scheduled report does not reach everybody."),
                about=schedule.name,
                cause=problem,
                remedy=_("Edit it in the admin, under “Report schedules”."),
            )


def unknown_to_escalations(using: str) -> Iterator[Finding]:
    """Escalations by channels that there are not, and to people whom nobody knows. Of policies in
    the database it is told that they are not valid any more; here of the terms of open tickets."""
    for policy in policies(using).all:
        if policy.source is not Source.DATABASE:
            about = _("policy %(name)r") % {"name": policy.name}
            yield from _unknown(policy.terms.escalations, about, "")
    for terms, tickets in old_terms(using):
        about = _("earlier terms of policy %(name)r") % {"name": terms.name}
        text = ngettext(
            "%(count)d open ticket has them.", "%(count)d open tickets have them.", tickets
        )
        yield from _unknown(terms.escalations, about, text % {"count": tickets})


def _unknown(escalations: tuple[Escalation, ...], about: str, cause: str) -> Iterator[Finding]:
    remedy = _("Correct the policy, and apply it: python manage.py sla_recalculate")
    channels = {one.channel for one in escalations} - set(settings.channels)
    if channels:
        there = _("There is %(names)s.") % {"names": joined(sorted(settings.channels))}
        yield error(
            _("Escalations go by channels that there are not: %(names)s.")
            % {"names": listed(sorted(channels))},
            about=about,
            cause=f"{cause} {there}".strip(),
            remedy=remedy,
        )
    named = {name for one in escalations for name in one.to}
    if strangers := sorted(name for name in named if not is_known(name)):
        there = _("There is %(names)s.") % {"names": joined(known_recipients()) or _("nobody")}
        yield error(
            _("Escalations tell people whom nobody knows: %(names)s.")
            % {"names": listed(strangers)},
            about=about,
            cause=f"{cause} {there}".strip(),
            remedy=remedy,
        )
