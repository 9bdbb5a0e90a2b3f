"""helpdesk saves its own tickets and knows nothing of ours."""

from django.db.models.signals import post_save
from django.dispatch import receiver
from helpdesk.models import Ticket

from support.models import SupportTicket


@receiver(post_save, sender=Ticket)
def keep_up(instance, created, raw, **kwargs):
    """Give a new ticket its row; let an older one follow helpdesk's hold. Statuses, priorities
    and queues are noticed by django_sla itself."""
    if raw:
        return
    if created:
        SupportTicket.beside(instance).save(force_insert=True)
    elif ticket := SupportTicket.objects.filter(pk=instance.pk).first():
        ticket.follow_hold()
