"""Ranges of keys: many rows in pieces of the same size, whatever their keys are."""

from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber


def cuts(rows: QuerySet[Any], key: str, size: int) -> list[Any]:
    """Every key of rank ``size``, twice ``size`` and so on, in the order of the keys: where the
    pieces end. One query, which reads the keys once."""
    numbered = rows.order_by(key).annotate(sla_rank=Window(RowNumber(), order_by=F(key).asc()))
    found = numbered.annotate(sla_rest=F("sla_rank") % size).filter(sla_rest=0)
    # A row that is joined with several others has its key more than once.
    return list(dict.fromkeys(found.values_list(key, flat=True)))
