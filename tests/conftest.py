"""What the tests share. ``tests/core`` runs without Django and takes nothing from here."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

# Projects of their own, each run where the built wheel is installed: tox -e host-plain and others.
collect_ignore_glob = ["hosts/*/test_*.py"]
# Run by tests/docs in a process of its own; here its app "desk" would be found by everybody.
collect_ignore = ["docs/site"]

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""An ordinary Monday morning; tests tell times as hours from here."""


def after(hours: float) -> datetime:
    """The instant so many hours after ``MONDAY``."""
    return MONDAY + timedelta(hours=hours)


if "django" in sys.modules:

    @pytest.fixture
    def agent(db: None) -> Any:
        from django.contrib.auth import get_user_model

        return get_user_model().objects.create_user("agent", password="agent", is_staff=True)

    @pytest.fixture
    def requester(db: None) -> Any:
        from django.contrib.auth import get_user_model

        return get_user_model().objects.create_user("requester", password="requester")
