"""Small pieces of the desk's pages."""

from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from ..models import WAITING, Status, Ticket

register = template.Library()

AVATARS = 6
"""How many colours there are for people."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decoration: the text beside it says the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("desk/icons.svg"),
        name,
    )


@register.simple_tag
def priority(ticket: Ticket) -> SafeString:
    return format_html(
        '<span class="priority priority--{}">{} {}</span>',
        ticket.priority,
        icon(f"priority-{ticket.priority}"),
        ticket.get_priority_display(),
    )


@register.simple_tag
def status(ticket: Ticket) -> SafeString:
    shape = "waiting" if ticket.status in WAITING else Status(ticket.status).value
    return format_html(
        '<span class="status status--{}">{} {}</span>',
        shape,
        icon(f"status-{shape}"),
        ticket.get_status_display(),
    )


@register.filter
def name(user: Any) -> str:
    return (user.get_full_name() or user.username) if user else ""


@register.simple_tag
def avatar(user: Any) -> SafeString:
    """The initials of a person, on a colour that stays theirs."""
    words = name(user).split()
    initials = "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()
    return format_html(
        '<span class="avatar avatar--{}" aria-hidden="true">{}</span>', user.pk % AVATARS, initials
    )


@register.filter
def percent(share: float | None) -> int:
    """A share for a bar that is full at 100."""
    return 0 if share is None else min(100, round(share * 100))


@register.simple_tag
def when(at: datetime | None) -> SafeString | str:
    """An instant in the desk's time zone."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return _time(local, formats.date_format(local, "DATETIME_FORMAT"))


@register.simple_tag
def ago(at: datetime) -> SafeString:
    """How long ago an instant was, with the instant itself as a tooltip."""
    return _time(timezone.localtime(at), f"{timesince(at, depth=1)} ago")


def _time(local: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formats.date_format(local, "l j F Y, H:i T"),
        text,
    )
