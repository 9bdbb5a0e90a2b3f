"""The doctor tests are about the project, and not about the server under them."""

from typing import Any

import pytest
from django.db import connections


@pytest.fixture(autouse=True)
def _time_zone_tables(monkeypatch: Any) -> None:
    features = connections["default"].features
    monkeypatch.setattr(features, "has_zoneinfo_database", True, raising=False)
