"""One ticket: what its row says, what happened to it, and why what is empty is empty."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from django_sla.core.clock import Lifecycle
from django_sla.core.event import Category
from django_sla.core.explain import Explanation, explain
from django_sla.core.policy import Trial
from django_sla.doctor import replying
from django_sla.doctor.finding import Finding, error, hint, joined, listed, warning
from django_sla.doctor.replying import Comment
from django_sla.flow import reconcile
from django_sla.flow.drift import Difference
from django_sla.flow.refresh import fold
from django_sla.introspect import fold as folded
from django_sla.tables import terms as terms_table
from django_sla.tables.columns import COLUMNS, TARGETS
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


@dataclass(kw_only=True, slots=True)
class Examined:
    """A ticket, with all that there is to know of its SLA."""

    sla: "SLA"
    ticket: Any
    now: datetime
    using: str
    events: list[SLAEvent] = field(default_factory=list)
    """In the order in which they happened."""
    clocks: list[Explanation] = field(default_factory=list)
    trials: tuple[Trial, ...] = ()
    """The policies as they answer for it now; the last one is for it."""
    comments: list[Comment] = field(default_factory=list)
    differences: tuple[Difference, ...] = ()
    """Where its row and its clocks are not as its events say."""
    lifecycle: Lifecycle | None = None
    """What its events add up to; None where they cannot be replayed, and without any."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.sla.model._meta.label} {self.ticket.pk}"

    @property
    def status(self) -> Any:
        return getattr(self.ticket, self.sla.attname(self.sla.status), None)

    @property
    def row(self) -> dict[str, Any]:
        """What the row says, by field name."""
        names = (self.sla.status, self.sla.priority, self.sla.requester)
        own = {name: getattr(self.ticket, self.sla.attname(name), None) for name in names if name}
        return own | {name: getattr(self.ticket, name) for name in COLUMNS}


def examine(sla: "SLA", ticket: Any, *, using: str, now: datetime) -> Examined:
    """Everything about one ticket, as it stands at ``now``."""
    found = Examined(sla=sla, ticket=ticket, now=now, using=using)
    events = sla.event_model._base_manager.using(using).filter(ticket=ticket.pk)
    found.events = list(events.select_related("actor").order_by("at", "id"))
    found.findings += _replay(found)
    found.findings += _clocks(found)
    keys = {event.key for event in found.events}
    found.comments = list(replying.comments(ticket, sla, using, keys))
    found.trials = ticket.sla.policy_trials(now)
    for look in (_status, _policy, _first_response, _targets, _done):
        found.findings += look(found)
    return found


def _replay(found: Examined) -> Iterator[Finding]:
    """Whether the ticket is as its events say."""
    pk, label = found.ticket.pk, found.sla.model._meta.label
    mend = f"python manage.py sla_reconcile --model {label} {pk}"
    if not found.events:
        yield warning(
            _("It has no events, so it has no clocks and no targets."),
            about=found.name,
            cause=_("It was there before the SLA was, or was written past it."),
            remedy=mend,
        )
        return
    batch = reconcile.reconcile(found.sla, [pk], using=found.using, repair=False)
    for finding in batch.findings:
        if finding.problem:
            yield error(
                _("Its events cannot be replayed: %(problem)s") % {"problem": finding.problem},
                about=found.name,
                cause=_("Somebody has written to its events."),
                remedy=_("Restore them from a backup."),
            )
            return
        found.differences = finding.differences
        yield error(
            _("It is not as its events say: %(what)s.")
            % {"what": joined([difference.what for difference in found.differences])},
            about=found.name,
            cause=_("Something was written past the SLA: raw SQL, another manager."),
            remedy=mend,
        )
    found.lifecycle = fold(sorted(found.events, key=lambda event: event.pk), found.using)


def _clocks(found: Examined) -> Iterator[Finding]:
    rows = found.sla.clock_model._base_manager.using(found.using).filter(ticket=found.ticket.pk)
    for row in rows.order_by("started_at", "id"):
        try:
            terms = terms_table.read([row.terms_id], found.using)
            found.clocks.append(explain(row.metric, row.value(terms), found.now))
        except (LookupError, TypeError, ValueError) as problem:
            yield error(
                _("The row of the clock %(clock)s cannot be read: %(problem)s")
                % {"clock": row, "problem": f"{type(problem).__name__}: {problem}"},
                about=found.name,
                cause=_("Somebody has written to it."),
                remedy=f"python manage.py sla_reconcile --model {found.sla.model._meta.label} "
                f"{found.ticket.pk}",
            )


def _status(found: Examined) -> Iterator[Finding]:
    status = found.status
    if status is None:
        return
    category = found.sla.category(status)
    if folded(status) not in {folded(known) for known in found.sla.categories}:
        yield warning(
            _("Nobody said what the status %(status)r means, so it is open.") % {"status": status},
            about=found.name,
            cause=_("SLA(…) does not name it."),
            remedy=_("Name it, SLA(open=[…], paused=[…], resolved=[…], closed=[…])."),
        )
    known = found.lifecycle
    if known and known.category is not category and not _unknown(found, found.sla.status):
        yield hint(
            _("The status %(status)r means %(now)s by now; when it was recorded it meant %(then)s.")
            % {"status": status, "now": category.value, "then": known.category.value},
            about=found.name,
            cause=_("Mapping a status anew does not rewrite what happened."),
            remedy=_("Its next move goes by the new meaning."),
        )


def _unknown(found: Examined, name: str | None) -> bool:
    """Whether no event tells of what the row says in this field."""
    return found.sla.attname(name) in {difference.what for difference in found.differences}


def _first_response(found: Examined) -> Iterator[Finding]:
    """Why nobody has responded, by what is known."""
    if found.ticket.first_responded_at is not None:
        return
    if found.comments:
        counts = _("it counts")
        whys = [f"{comment.key}: {comment.why or counts}" for comment in found.comments]
        cause = joined(whys, most=5, between="; ")
    else:
        cause = _("There is no comment of a watched model on this ticket.")
    yield hint(_("first_responded_at is empty."), about=found.name, cause=cause)
    for model, number in replying.unwatched(found.ticket, found.sla, found.using):
        yield warning(
            _("%(number)d rows of %(model)s are about it, and nobody listens to them.")
            % {"number": number, "model": model.model._meta.label},
            about=found.name,
            cause=_("Only comments of watched models are replies."),
            remedy=_("If they are, in the module sla of an app: %(line)s, then sla_reconcile.")
            % {"line": model.line},
        )


def _targets(found: Examined) -> Iterator[Finding]:
    """Why a target is empty, though there is a clock for it."""
    by_metric = {explanation.metric: explanation for explanation in found.clocks}
    for column, metric in TARGETS.items():
        clock = by_metric[metric].clock if metric in by_metric else None
        if getattr(found.ticket, column) is not None or clock is None:
            continue
        what = _("%(column)s is empty.") % {"column": column}
        if clock.terms is None:
            yield warning(
                what,
                about=found.name,
                cause=_("No policy was for this ticket."),
                remedy="python manage.py sla_recalculate",
            )
        elif metric not in clock.terms.metrics:
            yield hint(
                what,
                about=found.name,
                cause=_("The policy %(policy)r promises no %(metric)s at any priority.")
                % {"policy": clock.terms.name, "metric": metric},
            )
        elif clock.goal is None:
            known = sorted({g.priority for g in clock.terms.goals if g.metric == metric})
            yield warning(
                what,
                about=found.name,
                cause=_(
                    "The policy %(policy)r has no goal for the priority %(priority)r; it has some "
                    "for %(known)s."
                )
                % {
                    "policy": clock.terms.name,
                    "priority": clock.priority,
                    "known": listed(known),
                },
                remedy=_(
                    'Give the policy a row for it, or one for "*"; or say which priority it is, '
                    "SLA(priorities={…}). Then sla_recalculate."
                ),
            )


def _done(found: Examined) -> Iterator[Finding]:
    """Why a ticket that somebody takes for done is not, to the clocks."""
    if found.status is None:
        return
    category = found.sla.category(found.status)
    means = _("The status %(status)r means %(category)s.") % {
        "status": found.status,
        "category": category.value,
    }
    if found.ticket.resolved_at is None and not category.done:
        yield hint(
            _("resolved_at is empty."),
            about=found.name,
            cause=means,
            remedy=_("If it ought to end the clocks: SLA(resolved=[…]) or SLA(closed=[…])."),
        )
    elif found.ticket.closed_at is None and category is Category.RESOLVED:
        yield hint(_("closed_at is empty."), about=found.name, cause=means)


def _policy(found: Examined) -> Iterator[Finding]:
    """Whether another policy would be chosen by now."""
    chosen = found.trials[-1].policy.terms if found.trials else None
    known = found.lifecycle
    if known is None or known.category.done or known.terms == chosen:
        return
    yield hint(
        _("Its terms are those of %(then)r; chosen now, they would be those of %(now)r.")
        % {
            "then": known.terms.name if known.terms else "",
            "now": chosen.name if chosen else "",
        },
        about=found.name,
        cause=_("The policy was edited, or another one was added; open tickets keep their terms."),
        remedy="python manage.py sla_recalculate --dry-run",
    )
