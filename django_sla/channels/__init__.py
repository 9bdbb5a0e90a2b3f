"""Channels: by which deadlines are announced. ``DJANGO_SLA["CHANNELS"]`` names them."""

from django_sla.channels.base import Channel
from django_sla.channels.mail import Email

__all__ = ["Channel", "Email"]
