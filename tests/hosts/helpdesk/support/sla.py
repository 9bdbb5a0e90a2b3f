"""Which follow-ups are messages, and which of them are answers."""

from datetime import timedelta

from django.db.models import Q
from helpdesk.models import Ticket

from django_sla.registry import watch_comments

AT_ONCE = timedelta(seconds=5)


def is_message(followup):
    """Whether one person tells another something. helpdesk's own words have neither a user nor the
    id of an e-mail; holds and bulk updates have no text."""
    written = followup.comment and (followup.user_id or followup.message_id)
    return bool(followup.public and written) and not opens_a_ticket(followup)


def opens_a_ticket(followup):
    """helpdesk keeps the text that opens a ticket as its first follow-up too, with whoever typed it
    as its author; and hands it on with the others when the ticket is merged."""
    tickets = Ticket.objects.filter(Q(pk=followup.ticket_id) | Q(merged_to=followup.ticket_id))
    around = (followup.date - AT_ONCE, followup.date + AT_ONCE)
    return tickets.filter(created__range=around).exists()


def is_answer(user, ticket):
    """Whether a message by this user is one to the customer, whom helpdesk knows by e-mail."""
    return user.is_staff and user.email.lower() != (ticket.submitter_email or "").lower()


watch_comments(
    "helpdesk.FollowUp",
    ticket="ticket",
    author="user",
    public=is_message,
    at="date",
    responder=is_answer,
)
