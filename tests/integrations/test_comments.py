"""Comments that are listened to."""

from typing import Any

import pytest
from django.core import serializers

from django_sla import registry
from tests.conftest import after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import ExtendedTicket
from tests.hosts.vendor.models import VendorFollowUp, VendorTicket

pytestmark = pytest.mark.django_db


def test_what_is_loaded_from_a_file_is_no_reply(agent: Any) -> None:
    """Its events are in the file, too."""
    ticket = Ticket.objects.create()
    reply = Comment(pk=1, ticket=ticket, author=agent, created_at=after(1))
    for loaded in serializers.deserialize("python", serializers.serialize("python", [reply])):
        loaded.save()
    assert [event.kind for event in ticket.sla_events.all()] == ["opened"]
    Comment.objects.get().save()
    assert ticket.sla_events.filter(kind="agent_replied").exists()


def test_a_comment_on_a_ticket_that_nobody_extended_is_left_alone(
    agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})
    ticket = VendorTicket.objects.create(subject="Theirs")
    VendorFollowUp.objects.create(ticket=ticket, user=agent, public=True, date=after(1))
    assert not ExtendedTicket.sla.event_model.objects.exists()
