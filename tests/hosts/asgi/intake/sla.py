import asyncio

from django.dispatch import receiver

from django_sla.registry import watch_comments
from django_sla.signals import target_breached

watch_comments("intake.Comment", ticket="ticket", author="author", public="public", at="created_at")

paged = []


@receiver(target_breached)
async def page_somebody(ticket, metric, **kwargs):
    await asyncio.sleep(0)
    paged.append((ticket.title, metric))
