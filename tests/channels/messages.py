"""Messages about real tickets, made as they are for delivery."""

from datetime import datetime
from typing import Any

from django_sla.core.explain import explain
from django_sla.core.threshold import thresholds
from django_sla.flow.message import Item, Message
from django_sla.moment import as_of
from django_sla.tables.delivery import NoticeKind
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket


def opened(**fields: Any) -> Ticket:
    """A ticket of Monday morning, due a day later."""
    with as_of(MONDAY):
        return Ticket.objects.create(**{"title": "No mail", **fields})


def item(
    ticket: Any,
    *,
    when: str = "due",
    now: datetime,
    metric: str = "resolution",
    url: str = "https://desk.example.com/tickets/7/",
) -> Item:
    """What a threshold of a ticket is told as."""
    clock = ticket.sla.clock(metric)
    explanation = explain(metric, clock, now)
    [threshold] = [one for one in thresholds(clock) if one.when == when]
    return Item(
        kind=NoticeKind(threshold.kind.value),
        key=f"{ticket.pk:040x}",
        ticket=ticket,
        metric=metric,
        cycle=clock.cycle,
        when=when,
        at=threshold.at,
        due=threshold.due,
        verdict=explanation.verdict,
        explanation=explanation,
        url=url,
    )


def message(*items: Item, **fields: Any) -> Message:
    """For somebody, an hour after the breach where nothing is said."""
    items = items or (item(opened(), now=after(25)),)
    return Message(key=items[0].key, items=items, **{"now": after(25), **fields})
