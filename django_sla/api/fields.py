"""What requests and answers are made of, each with its schema."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils import html

from django_sla import registry
from django_sla.core.event import Kind
from django_sla.core.explain import Stretch
from django_sla.core.verdict import State

YEARS = range(1900, 2200)
"""Instants of other years are no deadlines, and some databases cannot hold them."""

CSRF = "csrfmiddlewaretoken"
"""What every form of the browsable API sends along."""


LONGEST_SHOWN = 80
"""Characters of what was sent that an answer repeats."""


def shown(text: object) -> str:
    """A text that was sent, as an answer can repeat it: JSON can say what UTF-8 cannot."""
    return str(text)[:LONGEST_SHOWN].encode(errors="replace").decode()


class Strict(serializers.Serializer):
    """A field that it does not know is an error, and not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if self._name(name, data) not in self.fields]
            if unknown := [name for name in unknown if name != CSRF]:
                said = _("There is no such field.")
                told = {shown(name): [said] for name in unknown}
                raise serializers.ValidationError(told, "unknown")
        return super().to_internal_value(data)

    @staticmethod
    def _name(name: str, data: Any) -> str:
        """Forms write the parts of a nested field as ``field.part`` and ``field[0]``."""
        return name.partition(".")[0].partition("[")[0] if html.is_html_input(data) else name


class StrictExtension(OpenApiSerializerExtension):
    target_class = Strict
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"additionalProperties": False}


class OneOf(serializers.CharField):
    """One of some names. In the schema it is a component, whatever the fields are called."""

    component: ClassVar[str]
    default_error_messages = {"unknown": _("“{given}” is none of these: {known}.")}

    @staticmethod
    def known() -> Iterable[str]:
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> str:
        name: str = super().to_internal_value(data)
        if name not in self.known():
            self.fail("unknown", given=shown(name), known=", ".join(self.known()))
        return name


class StateField(OneOf):
    component = "SLAState"

    @staticmethod
    def known() -> list[str]:
        return [state.value for state in State]


class MetricField(OneOf):
    component = "SLAMetric"

    @staticmethod
    def known() -> list[str]:
        return [metric.name for metric in registry.metrics()]


class KindField(OneOf):
    component = "SLAKind"

    @staticmethod
    def known() -> list[str]:
        return [kind.value for kind in Kind]


class StretchField(OneOf):
    component = "SLAStretch"

    @staticmethod
    def known() -> list[str]:
        return [stretch.value for stretch in Stretch]


class OneOfExtension(OpenApiSerializerFieldExtension):
    target_class = OneOf
    match_subclasses = True

    def get_name(self) -> str:
        name: str = self.target.component
        return name

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "string", "enum": list(self.target.known())}


class InstantField(serializers.DateTimeField):
    """An instant, as in ``2026-03-31T18:00:00+02:00``. One without an offset is refused, never
    guessed."""

    default_error_messages = {
        "no_offset": _("It has no offset; write it as 2026-03-31T18:00:00Z or …+02:00."),
        "out_of_range": _("It must be in the years from {first} to {last}."),
    }

    def enforce_timezone(self, value: datetime) -> Any:
        if value.year not in YEARS:
            self.fail("out_of_range", first=YEARS[0], last=YEARS[-1])
        if timezone.is_naive(value):
            self.fail("no_offset")
        return super().enforce_timezone(value)


@extend_schema_field({"anyOf": [{"format": "date-time"}, {"format": "date"}], "type": "string"})
class BoundField(InstantField):
    """An instant; a date stands for its first one in the active zone."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            day = None
        if day is not None and day.year in YEARS:
            value = timezone.make_aware(datetime.combine(day, time())).isoformat()
        return super().to_internal_value(value)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class KeyField(serializers.Field):
    """The primary key of a ticket, of any type."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "number", "nullable": True})
class HoursField(serializers.Field):
    """Hours, which may be negative and broken."""

    def to_representation(self, value: Any) -> Any:
        return value
