"""What ``ticket.sla`` refuses, as answers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from django_sla import exceptions

CONFLICTS: dict[type[exceptions.SLAError], tuple[str, str, Any]] = {
    exceptions.AlreadyOnHold: ("already_on_hold", "", _("Resume it first.")),
    exceptions.NotOnHold: ("not_on_hold", "", _("Nothing needs to be done.")),
    exceptions.TicketDone: ("ticket_done", "", _("Reopen the ticket first.")),
    exceptions.ClockStopped: (
        "clock_stopped",
        "metric",
        _("Choose a clock that still runs, or reopen the ticket first."),
    ),
    exceptions.NoClock: ("no_clock", "metric", _("Choose a metric that has a clock here.")),
}
"""The code, the field of the request that it is about, and what would help."""


class Refused(APIException):
    """It cannot be done to the ticket as it stands: 409."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, error: exceptions.SLAError):
        code, field, remedy = CONFLICTS[type(error)]
        said = {"detail": str(error), "code": code, "field": field, "remedy": remedy}
        self.detail = {name: ErrorDetail(text, code) for name, text in said.items()}


def answer(error: Exception) -> Exception:
    """What to raise in the place of an error: one that has an answer, where it is a refusal."""
    if type(error) in CONFLICTS:
        assert isinstance(error, exceptions.SLAError)
        return Refused(error)
    if isinstance(error, exceptions.ContradictedTimestamp):
        return ValidationError({error.column: [str(error)]}, "contradicted")
    return error
