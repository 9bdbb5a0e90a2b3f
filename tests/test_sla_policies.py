"""``manage.py sla_policies``: its options, and what it says of wrong ones."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_sla.tables.calendar import Calendar
from django_sla.tables.policy import Policy

pytestmark = pytest.mark.django_db

GOALS = {"urgent": {"response": "15m"}, "*": {"response": "1h", "resolution": "8h"}}


def sla_policies(*arguments: str) -> str:
    output = io.StringIO()
    call_command("sla_policies", *arguments, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def vip() -> Policy:
    office = Calendar.objects.create(
        name="Office", tz="America/Toronto", hours={"mon": [["09:00", "17:00"]]}
    )
    conditions = [
        {"field": "project__key", "operator": "is", "value": "MOON"},
        {"field": "title", "operator": "contains", "value": "fire"},
    ]
    escalation = {"metric": "resolution", "when": "80%", "channel": "email", "to": ["assignee"]}
    return Policy.objects.create(
        name="VIP",
        goals=GOALS,
        conditions=conditions,
        calendar=office,
        at_risk=50,
        escalations=[escalation],
    )


# The list


def test_policies_are_listed_with_the_source_of_each_value(vip: Policy) -> None:
    assert sla_policies() == (
        "1. VIP (database)\n"
        "     for         Project → key is MOON\n"
        "     and         Title contains fire\n"
        "     calendar    Office, America/Toronto (database)\n"
        "     at risk     50 % of the goal (database)\n"
        "     reopening   the same clock goes on (default)\n"
        "     escalation  Resolution, at 80 % of the goal: email to assignee (database)\n"
        "                 Response        Resolution\n"
        "     Urgent      15m (database)\n"
        "     All others  1h (database)   8h (database)\n"
        "2. default (default)\n"
        "     for         every ticket\n"
        "     calendar    always (default)\n"
        "     at risk     75 % of the goal (default)\n"
        "     reopening   the same clock goes on (default)\n"
        "     escalation  Any metric, when at risk: email to assignee (off) (default)\n"
        "     escalation  Any metric, when due: email to assignee, lead (off) (default)\n"
        "                 Response      Resolution\n"
        "     Urgent      1h (default)  4h (default)\n"
        "     High        4h (default)  8h (default)\n"
        "     Medium      8h (default)  1d (default)\n"
        "     Low         1d (default)  3d (default)\n"
    )


def test_what_is_not_taken_now_says_so() -> None:
    goals = {"*": {"response": "1h"}}
    Policy.objects.create(name="Old", goals=goals, effective_until="2020-01-01T00:00:00+00:00")
    Policy.objects.create(name="Rest", goals=goals, fallback=True)
    said = sla_policies()
    assert "     effective   until Jan. 1, 2020, midnight UTC - not now\n" in said
    assert "3. default (default) - never asked, one before it is for every ticket\n" in said


def test_what_people_typed_does_not_tear_the_list_apart(vip: Policy) -> None:
    Policy.objects.filter(pk=vip.pk).update(name="V\x1b[2J\nIP")
    assert "1. V [2J IP (database)\n" in sla_policies()


def test_as_json(vip: Policy) -> None:
    found = json.loads(sla_policies("--json"))
    assert [policy["name"] for policy in found] == ["VIP", "default"]
    assert found[0]["goals"]["urgent"]["response"] == {"value": "15m", "source": "database"}


# The file


def test_written_to_the_output_and_loaded_again(vip: Policy, tmp_path: Path) -> None:
    text = sla_policies("--export")
    path = tmp_path / "policies.json"
    assert sla_policies("--export", str(path)) == ""
    assert path.read_text("utf-8") == text
    Policy.objects.all().delete()
    Calendar.objects.all().delete()
    assert sla_policies("--load", str(path)) == (
        "+ calendar Office\n+ policy VIP\n0 as the file says.\n"
    )
    assert sla_policies("--load", str(path)) == "2 as the file says.\n"
    assert sla_policies("--export") == text


def test_loaded_from_the_input(vip: Policy, monkeypatch: Any) -> None:
    data = sla_policies("--export").replace('"15m"', '"10m"').encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert sla_policies("--load", "-") == "~ policy VIP: goals\n1 as the file says.\n"
    vip.refresh_from_db()
    assert vip.goals["urgent"] == {"response": "10m"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policies.json"
    new = {"name": "New", "goals": {"urgent": {"response": "2h"}, "low": {"response": "1h"}}}
    path.write_text(json.dumps({"version": 1, "calendars": {}, "policies": [new]}))
    return path


def test_what_the_file_does_not_have_is_named_and_stays(vip: Policy, file: Path) -> None:
    said = sla_policies("--load", str(file))
    assert said == (
        "policies[0]: The goals for response are shorter for a lower priority: "
        "urgent 2h, low 1h.\n"
        "  calendar Office is not in the file\n"
        "+ policy New\n"
        "  policy VIP is not in the file\n"
        "0 as the file says.\n"
        "What the file does not have stays; --prune deletes policies, and unused calendars.\n"
    )
    assert Policy.objects.count() == 2


def test_pruned_it_is_deleted(vip: Policy, file: Path) -> None:
    lines = sla_policies("--load", str(file), "--prune").splitlines()
    assert lines[1:] == ["- calendar Office", "+ policy New", "- policy VIP", "0 as the file says."]
    assert [policy.name for policy in Policy.objects.all()] == ["New"]


def test_a_dry_run_says_what_would_be_done(vip: Policy, file: Path) -> None:
    lines = sla_policies("--load", str(file), "--prune", "--dry-run").splitlines()
    assert lines[1:4] == ["- calendar Office", "+ policy New", "- policy VIP"]
    assert lines[-1] == "Nothing has been written."
    assert [policy.name for policy in Policy.objects.all()] == ["VIP"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--load", "nowhere.json"], "--load: [Errno 2] No such file or directory: 'nowhere.json'"),
        (["--export", "nowhere/x.json"], "--export: [Errno 2] No such file or directory"),
        (["--dry-run"], "--dry-run and --prune go with --load."),
        (["--export", "--prune"], "--dry-run and --prune go with --load."),
        (["--json", "--export"], "not allowed with argument --json"),
    ],
)
def test_wrong_options(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_policies(*arguments)
    assert message in str(raised.value)


def test_a_wrong_file_is_told_and_changes_nothing(vip: Policy, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(sla_policies("--export").replace('"15m"', '"soon"'))
    with pytest.raises(CommandError) as raised:
        sla_policies("--load", str(path), "--prune")
    assert raised.value.returncode == 1
    assert str(raised.value).startswith(
        "The policy file is wrong, and nothing was changed:\n  policies[0].goals.urgent.response: "
    )
    vip.refresh_from_db()
    assert vip.goals == GOALS


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: Any) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b" " * len(buffer)
            return len(buffer)

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    with pytest.raises(CommandError, match="file: it is larger than 5,000,000 bytes"):
        sla_policies("--load", "-")
