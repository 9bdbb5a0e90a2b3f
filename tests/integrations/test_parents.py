"""Somebody else's code that saves its own row of a ticket, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.signals import pre_save

from tests.hosts.variety.models import ExtendedTicket
from tests.hosts.vendor.models import VendorFollowUp, VendorTicket

pytestmark = pytest.mark.django_db


@contextmanager
def meanwhile(write: Any) -> Iterator[None]:
    """Somebody else writes after the parent's row was read, and before it is written. Nothing is
    locked then, outside a transaction."""

    def once(**kwargs: Any) -> None:
        pre_save.disconnect(once, sender=VendorTicket)
        write()

    pre_save.connect(once, sender=VendorTicket)
    yield


def kinds(ticket: Any) -> list[str]:
    return list(ticket.sla_events.order_by("id").values_list("kind", flat=True))


def test_an_answer_that_comes_meanwhile_is_not_told_twice(agent: Any) -> None:
    ticket = ExtendedTicket.objects.create(subject="Extended")
    parent = VendorTicket.objects.get(pk=ticket.pk)
    at = ticket.created_at + timedelta(minutes=1)
    answer = VendorFollowUp(ticket=parent, user=agent, public=True, date=at)
    with meanwhile(answer.save):
        parent.save()
    assert kinds(ticket) == ["opened", "agent_replied"]
    assert ExtendedTicket.objects.get().first_responded_at == at


def test_a_target_that_moves_meanwhile_is_not_set_by_hand() -> None:
    ticket = ExtendedTicket.objects.create(subject="Extended", urgency=3)
    parent = VendorTicket.objects.get(pk=ticket.pk)
    parent.urgency = 1

    def raise_it() -> None:
        ticket.urgency = 1
        ticket.save()

    with meanwhile(raise_it):
        parent.save()
    assert "target_set" not in kinds(ticket)
    assert ExtendedTicket.objects.get().resolution_target == ticket.created_at + timedelta(hours=4)


def test_the_parent_s_is_the_later_word() -> None:
    ticket = ExtendedTicket.objects.create(subject="Extended")
    parent = VendorTicket.objects.get(pk=ticket.pk)
    parent.state = 2

    def resolve() -> None:
        ticket.state = 3
        ticket.save()

    with meanwhile(resolve):
        parent.save()
    assert ExtendedTicket.objects.get().resolved_at is None
    assert ticket.sla.resolution.clock.stopped_at is None
