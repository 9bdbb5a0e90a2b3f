"""``SLA(...)``: what a model says of itself."""

import pytest

from django_sla.models import SLA
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket


def test_a_model_says_whom_escalations_can_tell() -> None:
    sla = SLA(recipients={"lead": "department__lead"})
    sla.model = Ticket
    assert sla.recipients == {"assignee": "assignee", "lead": "department__lead"}
    assert SLA(recipients={"assignee": "owner"}).copy()._recipients == {"assignee": "owner"}
    assert dict(UUIDTicket.sla.recipients) == {}
    own = SLA(recipients={"assignee": "requester"})
    own.model = Ticket
    assert own.recipients == {"assignee": "requester"}


def test_a_status_means_one_thing() -> None:
    with pytest.raises(ValueError, match=r"SLA\(closed=…\): 'done' is resolved already"):
        SLA(resolved=["done"], closed=["done"])
