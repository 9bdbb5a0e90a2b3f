"""Rows checked one by one."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from django_sla.tables.numbered import clean_rows

SAID = {
    "no_list": gettext_lazy("No list: %(got)r"),
    "wrong": gettext_lazy("Row %(number)d: %(message)s"),
}


def even(row: Any) -> dict[str, Any]:
    if row % 2:
        raise ValidationError({"a": ["odd"], "b": [f"{row}!"]})
    return {"row": row}


def test_each_row_cleaned() -> None:
    assert clean_rows((2, 4), even, **SAID) == [{"row": 2}, {"row": 4}]


def test_all_that_is_wrong_with_the_number_of_its_row() -> None:
    with pytest.raises(ValidationError) as raised:
        clean_rows([1, 2, 3], even, **SAID)
    assert raised.value.messages == ["Row 1: odd", "Row 1: 1!", "Row 3: odd", "Row 3: 3!"]


def test_what_is_no_list() -> None:
    with pytest.raises(ValidationError, match=r"No list: \{\}"):
        clean_rows({}, even, **SAID)
