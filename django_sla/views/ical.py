"""Deadlines as an iCalendar document. Needs the extra ``ical``."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from django_sla.core.verdict import State, Verdict, warn_at
from django_sla.exceptions import ICalendarNotInstalled
from django_sla.tables.clock import metric_name
from django_sla.views.tickets import Entry

LASTS = timedelta(minutes=15)
"""How long an event is, so that it can be seen; it begins when the clock is due."""

REFRESH = timedelta(minutes=15)
"""After which calendars are asked to look again."""


def package() -> Any:
    """The package.

    Raises:
        ICalendarNotInstalled: it is not there.
    """
    try:
        import icalendar
    except ImportError:
        raise ICalendarNotInstalled from None
    return icalendar


def document(found: Iterable[Entry], host: str, absolute: Callable[[str], str]) -> bytes:
    """The deadlines of tickets, in the current language. The same deadlines give the same bytes.

    Args:
        found: tickets annotated with ``sla_changes``, how many events they have, and
            ``sla_changed_at``, when the latest was recorded.
        host: the end of each UID, the same every time.
        absolute: the address of a path.

    Raises:
        ICalendarNotInstalled: the package is not there.
    """
    icalendar = package()
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//django-sla//deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _("Deadlines"))
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    for entry in found:
        for verdict in entry.verdicts:
            # A paused clock has no deadline, and one that is excused has to meet it no more.
            if verdict.due is not None and verdict.clock and not verdict.clock.waived:
                calendar.add_component(_event(icalendar, entry, verdict, host, absolute))
    content: bytes = calendar.to_ical()
    return content


def _event(
    icalendar: Any, entry: Entry, verdict: Verdict, host: str, absolute: Callable[[str], str]
) -> Any:
    clock, ticket = verdict.clock, entry.ticket
    assert clock is not None
    assert verdict.due is not None
    said = {"metric": metric_name(clock.metric), "ticket": str(ticket)}
    event = icalendar.Event()
    label = ticket._meta.label_lower
    event.add("uid", f"{label}-{ticket.pk}-{clock.metric}-{clock.cycle}@{host}")
    event.add("summary", _("%(metric)s due: %(ticket)s") % said)
    event.add("dtstart", verdict.due)
    event.add("dtend", verdict.due + LASTS)
    # Without a method, both say when what is told was last changed.
    event.add("dtstamp", ticket.sla_changed_at)
    event.add("last-modified", ticket.sla_changed_at)
    event.add("sequence", ticket.sla_changes)
    event.add("transp", "TRANSPARENT")
    about = [entry.priority, entry.policy]
    event.add("description", "\n".join(text for text in about if text))
    if entry.url:
        event.add("url", absolute(entry.url))
    warn = warn_at(clock)
    if warn is not None and verdict.state is State.ON_TRACK:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _("%(metric)s at risk: %(ticket)s") % said)
        alarm.add("trigger", warn)
        event.add_component(alarm)
    return event
