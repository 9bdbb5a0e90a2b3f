"""The SLA in a host's own serializer of tickets."""

from typing import Any

from django.db.models.manager import BaseManager
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from django_sla.api.documents import SLADocument
from django_sla.api.fields import Strict
from django_sla.moment import now
from django_sla.tables.columns import COLUMNS
from django_sla.ticket.queryset import judged_together


@extend_schema_field(SLADocument)
class SLAField(serializers.Field):
    """``ticket.sla.as_dict()``."""

    def __init__(self, **kwargs: Any):
        super().__init__(read_only=True, source="*", **kwargs)

    def to_representation(self, value: Any) -> Any:
        return SLADocument(value.sla.as_dict()).data


class SLAListSerializer(serializers.ListSerializer):
    """Many tickets: one query for the clocks of all of them, judged at one instant."""

    def to_representation(self, data: Any) -> Any:
        tickets = list(data.all() if isinstance(data, BaseManager) else data)
        judged_together(tickets, now())
        return super().to_representation(tickets)


class SLASerializerMixin(Strict):
    """Adds ``sla``, whatever the names of the fields in ``Meta``. The six columns of the SLA are
    read-only, under any name, and a field that the serializer does not know is an error.

    A list takes one query more than it would without, as long as ``list_serializer_class`` is
    this one or a subclass of it.
    """

    sla = SLAField()

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().many_init(*args, **kwargs)
        if type(made) is serializers.ListSerializer:
            # The host has none of its own in Meta, which the mixin cannot reach.
            made.__class__ = SLAListSerializer
        return made

    def get_field_names(self, declared_fields: Any, info: Any) -> list[str]:
        names = list(super().get_field_names(declared_fields, info))
        return names if "sla" in names else [*names, "sla"]

    def get_fields(self) -> Any:
        fields = super().get_fields()
        for name, field in fields.items():
            if (field.source or name) in COLUMNS:
                field.read_only, field.required = True, False
        return fields
