"""What rows are called where a page or a shell names one."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_sla.models import Beginning, Feed, Recalculation, Seal, Terms
from django_sla.tables.edition import Edition
from tests.conftest import MONDAY


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (Edition(token="f00d"), "f00d"),
        (Feed(user=get_user_model()(username="ada"), created_at=MONDAY), "ada 2026-03-02"),
        (Recalculation(started_at=MONDAY, phase="applying"), "2026-03-02 09:00 applying"),
        (Seal(number=7, digest="0123456789abcdef"), "7 0123456789ab"),
        (Beginning(since=MONDAY), "2026-03-02 09:00"),
        (Terms(document={"name": "VIP"}, fingerprint="0123456789abcdef"), "VIP (01234567)"),
        (Terms(document={}, fingerprint="0123456789abcdef"), " (01234567)"),
    ],
)
def test_a_row_says_what_it_is(row: Any, name: str) -> None:
    assert str(row) == name
