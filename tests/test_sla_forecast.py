"""``manage.py sla_forecast``: its options, what it says, and how it ends."""

import io
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_sla import registry
from django_sla.moment import as_of
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket
from tests.reports.desk import opened

pytestmark = pytest.mark.django_db

Run = Callable[..., str]
WEEKS = 20
NOW = after(WEEKS * 7 * 24 + 50)


@pytest.fixture
def sla_forecast(monkeypatch: Any) -> Run:
    """Run the command where the desk's is the only ticket model."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})

    def run(*arguments: str) -> str:
        output = io.StringIO()
        call_command("sla_forecast", "--now", NOW.isoformat(), *arguments, stdout=output)
        return output.getvalue()

    return run


@pytest.fixture
def desk() -> Any:
    """Ten tickets a week, and one that is open."""
    random = Random(1)
    Ticket.objects.bulk_create(
        Ticket(
            status="resolved",
            created_at=(at := after(7 * 24 * week + random.uniform(0, 160))),
            resolved_at=at + timedelta(hours=random.expovariate(1 / 15)),
        )
        for week in range(WEEKS)
        for _ in range(10)
    )
    return opened(WEEKS * 7 * 24 + 40)


def test_as_text(sla_forecast: Run, desk: Any) -> None:
    said = sla_forecast()
    lines = said.splitlines()
    assert lines[0] == "Resolution, promises kept by week:"
    weeks = [line.split()[0] for line in lines if line.startswith("2026-W")]
    assert weeks == [f"2026-W{number}" for number in range(22, 34)]
    assert "Expected, and between what in 80 cases of 100:" in lines
    assert "Tried on the last 8 weeks, 26 forecasts: off by " in said
    assert "The average of the 8 weeks before was off by " in said
    assert "Resolution, open and not late: 1, of which about 0 will be late." in said
    [row] = [line for line in lines if line.startswith("desk.Ticket")]
    assert row.startswith(f"desk.Ticket {desk.pk} ")
    assert row.endswith("medium    On track      10h   14h")
    assert "Such chances, tried on the " in said
    assert lines[-1].startswith("Brier score, 0 is best: 0.")
    assert "\n\n\n" not in said


def test_as_json(sla_forecast: Run, desk: Any) -> None:
    found = json.loads(sla_forecast("--format", "json", "--weeks", "2", "--interval", "90"))
    assert (found["model"], found["metric"]) == ("desk.Ticket", "resolution")
    assert [week["first"] for week in found["forecast"]["weeks"]] == ["2026-07-20", "2026-07-27"]
    assert found["forecast"]["interval"] == 90
    assert found["forecast"]["error"]["weeks"] == 8
    [chance] = found["open"]["chances"]
    assert (chance["ticket_id"], chance["elapsed"], chance["state"]) == (desk.pk, 36000, "on_track")
    assert 0 < chance["percent"] < 100
    assert found["calibration"]["count"] == sum(b["count"] for b in found["calibration"]["bands"])


def test_one_without_the_other(sla_forecast: Run, desk: Any, monkeypatch: Any) -> None:
    alone = json.loads(sla_forecast("--format", "json", "--open", "0"))
    assert alone["forecast"]
    assert alone["open"] is alone["calibration"] is None
    assert "open and not late" not in sla_forecast("--open", "0")
    # Chances take no extra.
    for name in ("numpy", "scipy", "statsmodels", "statsmodels.tsa.statespace.kalman_smoother"):
        monkeypatch.setitem(sys.modules, name, None)
    alone = json.loads(sla_forecast("--format", "json", "--weeks", "0"))
    assert alone["forecast"] is None
    assert alone["open"]["open"] == 1
    assert sla_forecast("--weeks", "0").startswith("Resolution, open and not late: 1")
    with pytest.raises(CommandError, match=r'^The package .* pip install "django-sla\[forecast\]"'):
        sla_forecast()


def test_where_no_week_came_due_lately_nothing_is_tried(sla_forecast: Run, desk: Any) -> None:
    said = sla_forecast("--now", (NOW + timedelta(weeks=9)).isoformat(), "--open", "0")
    assert said.endswith("No week could be held back to try it on.\n")


def test_of_a_ticket_that_is_older_than_all_others_nothing_can_be_said(
    sla_forecast: Run, desk: Any
) -> None:
    ticket = opened(0)
    ticket.sla.set_target("resolution", NOW + timedelta(weeks=1), "Promised on the phone")
    said = sla_forecast("--weeks", "0")
    assert "open and not late: 2, of which about 0 will be late; of 1 nothing can be said" in said


def test_chances_that_have_no_rate_to_be_held_against(sla_forecast: Run) -> None:
    # When the last ten started, all others had been resolved, and none had been due.
    for number, hours in ((40, 0), (10, 16)):
        begin = after(WEEKS * 7 * 24 + hours)
        Ticket.objects.bulk_create(
            Ticket(
                status="resolved",
                created_at=begin + timedelta(minutes=minute),
                resolved_at=begin + timedelta(hours=14, minutes=minute),
            )
            for minute in range(number)
        )
    said = sla_forecast("--weeks", "0")
    assert "Such chances, tried on the 10 latest when half of their goal was gone:" in said
    assert said.splitlines()[-1] == "Brier score, 0 is best: 0.0000."


def test_keys_that_are_no_numbers(monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "tickets", {UUIDTicket: UUIDTicket.sla})
    with as_of(NOW - timedelta(hours=23)):
        ticket = UUIDTicket.objects.create()
    UUIDTicket.objects.bulk_create(
        UUIDTicket(
            status="resolved",
            created_at=NOW - timedelta(hours=40, minutes=number),
            resolved_at=NOW - timedelta(hours=10),
        )
        for number in range(40)
    )
    output = io.StringIO()
    arguments = ["--now", NOW.isoformat(), "--weeks", "0", "--format", "json"]
    call_command("sla_forecast", *arguments, stdout=output)
    [chance] = json.loads(output.getvalue())["open"]["chances"]
    assert chance["ticket_id"] == str(ticket.pk)


def test_of_some_tickets_and_another_metric(sla_forecast: Run, desk: Any) -> None:
    assert sla_forecast("--metric", "response").startswith("Response, promises kept by week:")
    said = sla_forecast("--where", "priority=low")
    assert said.startswith(
        "Resolution: not enough history: promises came due in 0 of the last 52 weeks"
    )
    assert "open and not late: 0." in said
    assert "Such chances could not be tried" in said
    found = json.loads(sla_forecast("--where", "priority=low", "--format", "json"))
    assert found["forecast"]["error"].startswith("not enough history")


def test_without_excused_breaches(sla_forecast: Run, desk: Any) -> None:
    for ticket in Ticket.objects.filter(sla_clocks__outcome="missed").distinct():
        ticket.sla.waive("resolution", "The carrier was down")
    found = json.loads(sla_forecast("--adjusted", "--format", "json"))["forecast"]
    assert found["adjusted"] is True
    assert {week["met"] - week["judged"] for week in found["history"]} == {0}
    assert "promises kept by week, without excused breaches:" in sla_forecast("--adjusted")


def test_weeks_of_another_zone(sla_forecast: Run, desk: Any) -> None:
    found = [
        json.loads(sla_forecast("--tz", zone, "--format", "json"))["forecast"]["history"]
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    ]
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--metric", "reply"], "--metric: there is no 'reply'; there is response, "),
        (["--weeks", "-1"], "--weeks: expected a number from 1 to 26, got -1"),
        (["--interval", "100"], "--interval: expected a number from 50 to 99"),
        (["--open", "-1"], "--open: expected a number from 0 on"),
        (["--weeks", "0", "--open", "0"], "--weeks 0 and --open 0 leave nothing to say"),
        (["--where", "colour=red"], "--where: 'colour' is nothing to filter by"),
        (["--where", "priority"], "--where: 'priority' is no NAME=VALUE"),
        (["--weeks", "0", "--where", "colour=red"], "--where: 'colour' is nothing to filter by"),
        (["--tz", "Toronto"], "--tz: 'Toronto' is not a time zone; write it as America/Toronto"),
        (["--model", "desk.Desk"], "--model: 'desk.Desk' is not a ticket model"),
    ],
)
def test_what_is_wrong_with_the_options(sla_forecast: Run, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_forecast(*arguments)
    assert str(raised.value).startswith(said)


def test_says_how_far_it_is(sla_forecast: Run, desk: Any, monkeypatch: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("django_sla.reports.chances.CHUNK", 1)
    errors = Terminal()
    now = ("--now", NOW.isoformat())
    call_command("sla_forecast", *now, stdout=io.StringIO(), stderr=errors)
    assert "1 of 1 open clocks, " in errors.getvalue()
    errors = Terminal()
    call_command("sla_forecast", *now, verbosity=0, stdout=io.StringIO(), stderr=errors)
    assert errors.getvalue() == ""
