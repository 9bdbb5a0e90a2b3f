"""Whether what is known of people is taken away in time."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from django_sla.conf import settings
from django_sla.doctor.finding import Finding, warning
from django_sla.flow.privacy import cutoff, to_purge

GRACE = timedelta(days=7)
"""How late a purge may be: not everybody runs one every day."""


def unpurged(using: str) -> Iterator[Finding]:
    """Addresses that are there longer than the setting says."""
    before = cutoff()
    if before is None:
        return
    labels = [piece.label for piece in to_purge(before - GRACE, using) if piece.rows.exists()]
    if labels:
        yield warning(
            _("What is known of people is kept for longer than %(days)d days.")
            % {"days": settings.retention_days},
            about=", ".join(labels),
            cause=_("Nobody purges, or too seldom."),
            remedy="python manage.py sla_privacy --purge",
        )
