"""The SLA in a host's own serializer of tickets."""

from collections.abc import Mapping
from typing import Any

from django.db.models.manager import BaseManager
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from django_sla.api.documents import SLADocument
from django_sla.api.fields import Strict
from django_sla.moment import now
from django_sla.tables.columns import COLUMNS, TARGETS
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
    read-only, under any name: another value than what is there is an error, and so is a field that
    the serializer does not know. So what was read can be sent back.

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

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            sent = {name: self.fields[name] for name in data if name in self.fields}
            columns = {n: f.source or n for n, f in sent.items() if (f.source or n) in COLUMNS}
            told = {column: data[name] for name, column in columns.items()}
            nested = data.get("sla")
            wrong = {n: [_said(c)] for n, c in columns.items() if not self._is_so(c, told[c])}
            if isinstance(nested, Mapping):
                other = [c for c in COLUMNS if c in nested and not self._is_so(c, nested[c])]
                if other:
                    wrong["sla"] = [f"{column}: {_said(column)}" for column in other]
            if wrong:
                raise serializers.ValidationError(wrong, "read_only")
        return super().to_internal_value(data)

    def _is_so(self, column: str, value: Any) -> bool:
        """Whether a column has this value already; of a new ticket, whether it is left empty."""
        present = getattr(self.instance, column, None) if self.instance is not None else None
        if value in (None, ""):
            return present is None or self.instance is None
        try:
            return present is not None and parse_datetime(str(value)) == present
        except ValueError:
            return False

    def get_fields(self) -> Any:
        fields = super().get_fields()
        for name, field in fields.items():
            if (field.source or name) in COLUMNS:
                field.read_only, field.required = True, False
        return fields


def _said(column: str) -> str:
    if column in TARGETS:
        return _("It is read-only here; a target is set by POST to sla/set-target/.")
    return _("It is read-only: what happens to the ticket sets it.")
