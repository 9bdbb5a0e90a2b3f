"""``manage.py adopt_tickets``: service levels for the tickets that helpdesk had before."""

from django.core.management import BaseCommand, call_command
from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _
from helpdesk.models import FollowUp, Ticket, TicketChange

from django_sla.core.event import Kind
from django_sla.moment import as_of
from support.models import SupportTicket


class Command(BaseCommand):
    help = "Give service levels to tickets that have none. It may be stopped, and run again."

    def handle(self, **options):
        moves = FollowUp.objects.exclude(new_status=None).order_by("date")
        tickets = Ticket.objects.filter(supportticket=None)
        for ticket in tickets.prefetch_related(Prefetch("followup_set", moves)).iterator(500):
            # Raw: the row beside the ticket alone, for django_sla to adopt.
            SupportTicket(
                ticket_ptr_id=ticket.pk, created_at=ticket.created, **done_at(ticket)
            ).save_base(raw=True, force_insert=True)
        call_command("sla_reconcile", model="support.SupportTicket", adopt_only=True)
        for ticket in held_before():
            replay_holds(ticket)


def done_at(ticket):
    """Since when a ticket is resolved and closed, as its follow-ups tell; where none does, it was
    no later than its last change."""
    found = {}
    for followup in ticket.followup_set.all():
        category = SupportTicket.sla.category(followup.new_status)
        if not category.done:
            found = {}
        else:
            found[f"{category}_at"] = followup.date
    category = SupportTicket.sla.category(ticket.status)
    return {f"{category}_at": ticket.modified, **found} if category.done else {}


def held_before():
    """Open tickets that helpdesk has or had on hold, and of whose holds nothing is told yet."""
    return (
        SupportTicket.objects.filter(status__in=Ticket.OPEN_STATUSES)
        .filter(Q(on_hold=True) | Q(followup__ticketchange__field=_("On Hold")))
        .exclude(sla_events__kind=Kind.HELD)
        .distinct()
    )


def replay_holds(ticket):
    """Tell each hold at its own instant."""
    changes = TicketChange.objects.filter(followup__ticket=ticket, field=_("On Hold"))
    for change in changes.select_related("followup").order_by("followup__date"):
        ticket.on_hold = change.new_value == "True"
        with as_of(change.followup.date):
            ticket.follow_hold()
    ticket.refresh_from_db()
    ticket.follow_hold()
