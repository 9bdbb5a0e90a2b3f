"""Work that the database ends is begun again, for a while."""

from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from django_sla.flow import retry
from django_sla.flow.retry import patiently

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of any transaction, and at once."""
    monkeypatch.setattr(retry, "WAIT", 0)
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)
    monkeypatch.setattr(connections["default"], "close_if_unusable_or_obsolete", lambda: None)


class Work:
    """Is ended by the database so many times."""

    def __init__(self, ended: int):
        self.ended = ended
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.ended:
            raise OperationalError("deadlock detected")
        return "done"


def test_what_the_database_ended_is_tried_again(outside: None) -> None:
    work = Work(ended=retry.TRIES - 1)
    assert patiently(work, "default") == "done"
    assert work.tries == retry.TRIES


def test_but_not_for_ever(outside: None) -> None:
    work = Work(ended=retry.TRIES)
    with pytest.raises(OperationalError):
        patiently(work, "default")
    assert work.tries == retry.TRIES


def test_nor_in_a_transaction_of_the_callers(monkeypatch: Any) -> None:
    monkeypatch.setattr(retry, "WAIT", 0)
    work = Work(ended=1)
    with pytest.raises(OperationalError), transaction.atomic():
        patiently(work, "default")
    assert work.tries == 1
