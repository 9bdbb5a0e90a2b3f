"""helpdesk's ticket, with service levels."""

from contextlib import suppress

from helpdesk.models import Ticket
from simple_history.models import HistoricalRecords

from django_sla.exceptions import AlreadyOnHold, NotOnHold, TicketDone
from django_sla.models import SLA, ClientIPHistory, ClientIPHistoryManager, SLAMixin

ON_HOLD = "On hold in helpdesk"
"""The reason of those holds that follow helpdesk's own. Others are somebody else's to release."""


class SupportTicket(SLAMixin, Ticket):
    """The row beside each ticket of helpdesk that holds what django_sla adds."""

    # Each row of the changelog has the columns of the ticket; these are long, or secret.
    history = HistoricalRecords(
        bases=[ClientIPHistory],
        history_manager=ClientIPHistoryManager,
        excluded_fields=["description", "resolution", "secret_key"],
    )
    sla = SLA(
        requester=None,
        open=[Ticket.OPEN_STATUS, Ticket.REOPENED_STATUS],
        resolved=[Ticket.RESOLVED_STATUS],
        closed=[Ticket.CLOSED_STATUS, Ticket.DUPLICATE_STATUS],
        dimensions={"agent": "assigned_to", "queue": "queue"},
        recipients={"assignee": "assigned_to"},
    )

    @classmethod
    def beside(cls, ticket):
        """The row for a ticket of helpdesk; not saved yet."""
        values = {f.attname: getattr(ticket, f.attname) for f in ticket._meta.concrete_fields}
        return cls(ticket_ptr_id=ticket.pk, **values)

    def save(self, **kwargs):
        super().save(**kwargs)
        self.follow_hold()

    def follow_hold(self):
        """Pause the clocks while helpdesk has the ticket on hold, and no longer.

        What is resolved cannot be on hold. If helpdesk has it so when it is reopened, so it is.
        """
        with suppress(AlreadyOnHold, NotOnHold, TicketDone):
            if self.on_hold:
                self.sla.pause(ON_HOLD)
            elif (hold := self.sla.hold) and hold.data["reason"] == ON_HOLD:
                self.sla.resume()
