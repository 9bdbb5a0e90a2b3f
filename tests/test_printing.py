"""Commands whose output nobody reads any more."""

import os
from collections.abc import Iterator
from typing import IO

import pytest
from django.core.management import call_command

from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db

COMMANDS = [
    ("sla_export", "--model", "desk.Ticket"),
    ("sla_report", "--model", "desk.Ticket"),
    ("sla_simulate", "--model", "desk.Ticket"),
    ("sla_policies",),
    ("sla_policies", "--export", "-"),
    ("sla_doctor", "--json"),
    ("sla_holidays", "--list"),
]


@pytest.fixture
def pipe() -> Iterator[IO[str]]:
    """One whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as file:
        yield file


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_ends_without_a_word(
    command: tuple[str, ...], pipe: IO[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Ticket.objects.create()
    with pytest.raises(SystemExit) as ended:
        call_command(*command, stdout=pipe)
    assert ended.value.code == 141
    assert capsys.readouterr().err == ""
