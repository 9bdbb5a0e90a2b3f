"""Many rows changed at once."""

from typing import Any

import pytest

from django_sla.tables.update import update_many
from tests.hosts.desk.models import Ticket


@pytest.mark.django_db
def test_of_no_rows_nothing_is_changed(django_assert_num_queries: Any) -> None:
    """Those that were to be changed may have been deleted meanwhile."""
    with django_assert_num_queries(0):
        update_many(Ticket, ["title"], [], "default", {"status": "closed"})
