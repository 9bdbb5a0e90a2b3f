"""E-mail."""

from typing import ClassVar

from django_sla.channels.base import Channel


class Email(Channel):
    addressed: ClassVar[bool] = True
