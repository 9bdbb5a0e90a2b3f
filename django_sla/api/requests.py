"""What the API is asked: the bodies of its POST requests, and query parameters."""

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from django_sla.api.fields import InstantField, MetricField, Strict
from django_sla.ticket.target import check_target


# Where it may be blank, the schema says so beside the pattern.
@extend_schema_field({"type": "string", "pattern": r"^[^\u0000]+$", "maxLength": 1000})
class TextField(serializers.CharField):
    """At most 1,000 characters, none of them NUL; a number is no text."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=1000, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


@extend_schema_field(
    {"type": "string", "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$", "maxLength": 1000}
)
class ReasonField(TextField):
    """Not blank, which the schema says, too."""


class Reasoned(Strict):
    """Something that a person does to a ticket, for a reason."""

    reason = ReasonField()

    def carry_out(self, ticket: Any) -> None:
        """Do it.

        Raises:
            SLAError: it cannot be done to the ticket as it stands.
            ValidationError: the request does not fit the ticket.
        """
        raise NotImplementedError


class Pause(Reasoned):
    """Put the ticket on hold."""

    def carry_out(self, ticket: Any) -> None:
        ticket.sla.pause(self.validated_data["reason"])


class Resume(Reasoned):
    """Release the ticket from hold."""

    reason = TextField(default="", allow_blank=True)

    def carry_out(self, ticket: Any) -> None:
        ticket.sla.resume(self.validated_data["reason"])


class Waive(Reasoned):
    """Excuse a breach."""

    metric = MetricField()

    def carry_out(self, ticket: Any) -> None:
        ticket.sla.waive(self.validated_data["metric"], self.validated_data["reason"])


class SetTarget(Resume):
    """Set the due instant of a clock by hand."""

    metric = MetricField()
    due = InstantField()

    def carry_out(self, ticket: Any) -> None:
        said = self.validated_data
        try:
            check_target(said["due"], ticket.created_at)
        except ValidationError as error:
            raise serializers.ValidationError({"due": error.messages}, error.code) from None
        ticket.sla.set_target(said["metric"], said["due"], said["reason"])


class ClearTarget(Resume):
    """Let the policy decide again when a clock is due."""

    metric = MetricField()

    def carry_out(self, ticket: Any) -> None:
        ticket.sla.clear_target(self.validated_data["metric"], self.validated_data["reason"])


class ExplainQuery(Strict):
    metric = MetricField(default="resolution")
