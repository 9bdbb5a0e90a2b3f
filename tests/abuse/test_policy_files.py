"""Policy files: one that is loaded says what it means, and any other changes nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction

from django_sla.exceptions import InvalidPolicyFile
from django_sla.flow.policy_document import MOST_BYTES, MOST_VALUES, read
from django_sla.flow.policy_export import export
from django_sla.flow.policy_file import load
from django_sla.models import Calendar, Policy
from tests.abuse.inputs import DEEP, INPUTS, TEXTS, broken, dented, draws, plain
from tests.abuse.kept import Kept
from tests.abuse.measure import quickly, undisturbed, usual
from tests.hosts.desk.models import Department

pytestmark = pytest.mark.django_db

VALID: dict[str, Any] = {
    "version": 1,
    "calendars": {
        "Office": {
            "tz": "Europe/Paris",
            "hours": {"mon": [["09:00", "12:30"], ["13:30", "17:30"]], "fri": [["22:00", "06:00"]]},
            "holidays": {"2026-12-25": "Christmas Day", "2027-01-01": ""},
            "special_days": {"2026-12-24": [["09:00", "12:00"]], "2026-12-31": []},
        }
    },
    "policies": [
        {
            "name": "VIP",
            "enabled": True,
            "order": 10,
            "fallback": False,
            "conditions": [
                {"field": "department", "operator": "is", "value": "Kitchen"},
                {"field": "priority", "operator": "in", "value": ["urgent", "high"]},
                {"field": "title", "operator": "contains", "value": "fire"},
                {"field": "assignee", "operator": "empty"},
            ],
            "goals": {"urgent": {"response": "1h", "resolution": "1d 2h 30m"}},
            "calendar": "Office",
            "reopening": "restart",
            "at_risk": 60,
            "escalations": [
                {"metric": "response", "when": "30m before", "channel": "email", "to": ["a@b.org"]},
                {"when": "120%", "channel": "email", "to": ["assignee"], "enabled": False},
            ],
            "effective_from": "2026-01-01T00:00:00+00:00",
            "effective_until": "2026-12-31T00:00:00+01:00",
        },
        {"name": "Rest", "goals": {"*": {"resolution": "2w"}}, "fallback": True},
    ],
}

LISTED = '{"version": 1, "calendars": {}, "policies": '


@pytest.fixture(autouse=True)
def desk() -> Iterator[None]:
    Department.objects.create(name="Kitchen")
    calendar = Calendar.objects.create(name="Old", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    Policy.objects.create(name="Old", goals={"*": {"response": "1h"}}, calendar=calendar)
    with undisturbed():
        yield


def loaded(data: bytes, **options: Any) -> bool:
    """Whether it was, which leaves no trace; one that was not has to leave none by itself."""
    refused = None
    try:
        with transaction.atomic():
            load(data, using="default", **options)
            again = export("default").encode()
            load(again, using="default", prune=True)
            transaction.set_rollback(True)
    except InvalidPolicyFile as error:
        refused = error
    if refused is not None:
        assert refused.problems
        assert all(problem.path and problem.message for problem in refused.problems)
    return refused is None


def dumped(document: Any) -> bytes:
    try:
        return json.dumps(document).encode()
    except (RecursionError, ValueError):
        return str(document)[:100].encode()


def test_what_is_broken_here_is_otherwise_right() -> None:
    assert loaded(json.dumps(VALID).encode())


def test_one_place_of_it_broken(thousand: int) -> None:
    junk = plain()
    kept = Kept()
    count = 0
    for number, chance in enumerate(draws("policy file", thousand)):
        data = dumped(broken(VALID, chance, junk))
        count += loaded(data, prune=chance.random() < 0.5)
        if not number % 20:
            kept.check()
    assert INPUTS / 50 < count < INPUTS / 2


def test_bytes(thousand: int) -> None:
    data = json.dumps(VALID).encode()
    kept = Kept()
    for chance in draws("bytes", thousand):
        loaded(dented(data, chance))
    kept.check()


@pytest.mark.parametrize("place", ["version", "calendars", "policies"])
def test_anything_in_the_place_of_a_part(place: str) -> None:
    kept = Kept()
    for value in plain():
        loaded(dumped(VALID | {place: value}))
        kept.check()


def _parsed(data: bytes) -> None:
    with suppress(InvalidPolicyFile):
        read(data)


def test_no_text_takes_long() -> None:
    for text in [*TEXTS, "a" + " " * 100_000 + "b", "1 " * 100_000, "before " * 100_000]:
        for said in (text, f"{text} before", f"1h{text}before", f"{text}%"):
            for part in (
                {"policies": [{"name": said, "goals": {said: {said: said}}}]},
                {"policies": [{"name": "a", "goals": {}, "escalations": [{"when": said}]}]},
                {"policies": [{"name": "a", "goals": {}, "conditions": [{"field": said}]}]},
                {"calendars": {said: {"tz": said, "hours": {said: [[said, said]]}}}},
            ):
                data = json.dumps({"version": 1, "calendars": {}, "policies": []} | part).encode()
                quickly(lambda data=data: _parsed(data))  # type: ignore[misc]


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        b'{"a":' * DEEP,
        b'{"version": 1, "calendars": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b"9" * 10_000,
        b'{"version": ' + b"9" * 10_000 + b"}",
        b'{"version": 1e999}',
        b'{"version": NaN, "calendars": {}, "policies": []}',
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf",
        b"",
        b"\0" * 1000,
        b'"' + b"\\" * 99_999 + b'"',
        b"x" * (MOST_BYTES + 1),
    ],
    ids=lambda data: data[:20],
)
def test_what_is_no_such_file_is_refused_at_once(data: bytes) -> None:
    kept = Kept()
    quickly(lambda: _parsed(data))
    assert not loaded(data)
    kept.check()


def filled(piece: str, between: Callable[[int], bytes], count: int) -> bytes:
    return piece.encode() % b",".join(between(number) for number in range(count))


@pytest.mark.parametrize(
    ("whole", "piece"),
    [
        ('{%s, "1": 2}', lambda n: b'"%d":1' % n),
        ("{%s}", lambda n: b'"%d":[]' % n),
        (f"{LISTED}[%s]}}", lambda n: b"1"),
        (f"{LISTED}[%s]}}", lambda n: b"{}"),
        (f"{LISTED}[%s]}}", lambda n: b'{"name": "a", "goals": {"%d": {}}}' % n),
        (f'{LISTED}[{{"name": "a", "conditions": [%s]}}]}}', lambda n: b"[]"),
    ],
    ids=["a name twice", "unknown keys", "numbers", "empty policies", "policies", "conditions"],
)
def test_a_large_file_takes_as_long_as_it_is_large(
    whole: str, piece: Callable[[int], bytes]
) -> None:
    small, large = (filled(whole, piece, count) for count in (2_000, 8_000))
    once = usual(lambda: _parsed(small))
    quickly(lambda: _parsed(large), 10 * once)


def test_of_too_much_not_all_is_looked_at() -> None:
    data = filled(f"{LISTED}[%s]}}", lambda number: b"1", MOST_VALUES + 1)
    with pytest.raises(InvalidPolicyFile, match="has more than 200,000 values"):
        read(data)
