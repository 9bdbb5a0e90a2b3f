"""What the doctor found, as lines for a terminal and as JSON types."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from django_sla.core.duration import format_short
from django_sla.core.explain import Explanation, Stretch
from django_sla.core.policy import Trial
from django_sla.doctor.finding import Finding, Severity
from django_sla.doctor.replying import Comment
from django_sla.doctor.ticket import Examined
from django_sla.tables.clock import StateName, metric_name
from django_sla.tables.event import SLAEvent

ORDER = list(Severity)
"""The worst first."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: ORDER.index(finding.severity))


# For a terminal


def finding_lines(finding: Finding) -> Iterator[str]:
    about = f"{finding.about}: " if finding.about else ""
    yield f"{finding.severity.value.upper():8} {about}{finding.what}"
    if finding.cause:
        yield "         " + _("Why: %s") % finding.cause
    if finding.remedy:
        yield "         " + _("Do:  %s") % finding.remedy


def ticket_lines(found: Examined) -> Iterator[str]:
    """All about one ticket, in sections."""
    yield found.name
    yield from _section(_("Row"), (f"{name:20} {said(value)}" for name, value in found.row.items()))
    yield from _section(_("Events"), (_event(event) for event in found.events))
    yield from _section(
        _("Clocks"), (line for explanation in found.clocks for line in _clock(explanation))
    )
    yield from _section(
        _("Policies, as they would be asked now"), (_trial(trial) for trial in found.trials)
    )
    yield from _section(_("Comments"), (_comment(comment) for comment in found.comments))
    yield from _section(
        _("Not as the events say"),
        (
            _("%(what)s: stored %(stored)s, replayed %(replayed)s")
            % {"what": d.what, "stored": said(d.stored), "replayed": said(d.replayed)}
            for d in found.differences
        ),
    )
    yield from _section(
        _("Findings"),
        (line for finding in worst_first(found.findings) for line in finding_lines(finding)),
    )


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield title
    empty = True
    for line in lines:
        empty = False
        yield f"  {line}"
    if empty:
        yield "  " + _("none")


def _event(event: SLAEvent) -> str:
    told = ", ".join(f"{name} {value}" for name, value in event.data.items())
    actor = event.who or _("the system")
    return f"{said(event.at)}  {event.get_kind_display()} ({actor}) {told}".rstrip()


def _clock(explanation: Explanation) -> Iterator[str]:
    verdict, clock = explanation.verdict, explanation.clock
    assert clock is not None
    totals, name = explanation.totals, metric_name(explanation.metric)
    yield _("%(clock)s: %(state)s, due %(due)s") % {
        "clock": f"{name} {clock.cycle}",
        "state": StateName(verdict.state).label,
        "due": said(verdict.due),
    }
    lasted = (
        _("from %(start)s, until %(stop)s") if clock.stopped_at else _("from %(start)s, still open")
    )
    yield "  " + lasted % {"start": said(clock.started_at), "stop": said(clock.stopped_at)}
    yield "  " + _("policy %(policy)s, priority %(priority)s, calendar in %(zone)s") % {
        "policy": explanation.policy or _("none"),
        "priority": clock.priority or _("none"),
        "zone": explanation.tz,
    }
    counted = _(
        "counted %(counted)s (%(allowed)s), paused %(paused)s, outside opening hours %(closed)s, "
        "holidays %(holidays)s"
    )
    allowed = format_short(explanation.allowed) if explanation.allowed else _("nothing promised")
    yield "  " + counted % {
        "counted": format_short(verdict.elapsed),
        "allowed": allowed,
        "paused": format_short(totals[Stretch.PAUSED]),
        "closed": format_short(totals[Stretch.CLOSED]),
        "holidays": format_short(totals[Stretch.HOLIDAY]),
    }


def _trial(trial: Trial) -> str:
    policy = trial.policy.name
    if trial.matches:
        return _("%(policy)s: is for this ticket") % {"policy": policy}
    if not trial.effective:
        return _("%(policy)s: is not in force now") % {"policy": policy}
    failing = "; ".join(condition.text for condition in trial.failing)
    return _("%(policy)s: does not hold: %(failing)s") % {"policy": policy, "failing": failing}


def _comment(comment: Comment) -> str:
    counts = _("a response") if comment.counts else _("no response")
    author = comment.author or _("nobody")
    why = f": {comment.why}" if comment.why else ""
    return f"{said(comment.at)}  {comment.key} ({author}) {counts}{why}"


def said(value: Any) -> str:
    """A value in words; an instant in the active time zone."""
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.isoformat(" ")
    return _("nothing") if value is None or value == "" else str(value)


# As JSON types


def finding_document(finding: Finding) -> dict[str, str]:
    return asdict(finding) | {"severity": finding.severity.value}


def ticket_document(found: Examined) -> dict[str, Any]:
    return {
        "ticket": found.name,
        "row": {name: _plain(value) for name, value in found.row.items()},
        "events": [
            {
                "at": _plain(event.at),
                "kind": event.kind,
                "actor": str(event.actor) if event.actor else None,
                "key": event.key,
                "data": event.data,
            }
            for event in found.events
        ],
        "clocks": [_clock_document(explanation) for explanation in found.clocks],
        "policies": [
            {
                "name": trial.policy.name,
                "matches": trial.matches,
                "effective": trial.effective,
                "failing": [condition.text for condition in trial.failing],
            }
            for trial in found.trials
        ],
        "comments": [asdict(comment) | {"at": _plain(comment.at)} for comment in found.comments],
        "differences": [
            {"what": d.what, "stored": _plain(d.stored), "replayed": _plain(d.replayed)}
            for d in found.differences
        ],
        "findings": [finding_document(finding) for finding in worst_first(found.findings)],
    }


def _clock_document(explanation: Explanation) -> dict[str, Any]:
    verdict, clock = explanation.verdict, explanation.clock
    assert clock is not None
    return {
        "metric": explanation.metric,
        "cycle": clock.cycle,
        "state": verdict.state.value,
        "started_at": _plain(clock.started_at),
        "stopped_at": _plain(clock.stopped_at),
        "due": _plain(verdict.due),
        "policy": explanation.policy,
        "priority": clock.priority,
        "tz": explanation.tz,
        "hours": {
            stretch.value: duration.total_seconds() / 3600
            for stretch, duration in explanation.totals.items()
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)
