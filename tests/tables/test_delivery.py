"""What tells a notice apart."""

from typing import Any

from django.db import connections

from django_sla.tables.delivery import digest


def test_the_same_key_for_the_same_thing_in_one_schema_alone(monkeypatch: Any) -> None:
    keys = {digest("default", "desk.ticket", "1") for _ in range(2)}
    for tenant in ("acme", "globex"):
        monkeypatch.setattr(connections["default"], "schema_name", tenant, raising=False)
        keys |= {digest("default", "desk.ticket", "1") for _ in range(2)}
    assert len(keys) == 3
