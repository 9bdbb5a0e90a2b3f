"""Targets that people set, wherever they type them."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from django_sla.moment import now
from django_sla.words import local

FARTHEST = timedelta(days=3653)
"""A target further away than ten years is a slip of the finger."""


def check_target(due: datetime, opened: datetime) -> None:
    """Refuse a target that is nobody's intention.

    Raises:
        ValidationError: it is not later than the opening of the ticket, or too far away.
    """
    if due <= opened:
        raise ValidationError(
            _("The ticket was opened at %(opened)s; its target must be later."),
            code="before_opening",
            params={"opened": local(opened)},
        )
    if due - now() > FARTHEST:
        raise ValidationError(_("This is more than ten years away."), code="too_far")
