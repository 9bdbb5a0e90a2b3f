"""Channels: by which deadlines are announced. ``DJANGO_SLA["CHANNELS"]`` names them."""

from django_sla.channels.base import Channel
from django_sla.channels.chat import Apprise
from django_sla.channels.mail import Email
from django_sla.channels.webhook import Webhook

__all__ = ["Apprise", "Channel", "Email", "Webhook"]
