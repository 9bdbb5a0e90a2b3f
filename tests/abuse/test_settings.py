"""Whatever stands in ``DJANGO_SLA``: it is read, or it is said what is wrong and where."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla import conf
from django_sla.checks import TAG
from django_sla.exceptions import InvalidSettings
from tests.abuse.inputs import DEEP, INPUTS, THOUSANDS, broken, draws, nested, plain
from tests.abuse.measure import quickly, undisturbed

EVERYTHING: dict[str, Any] = {
    "CALENDARS": {
        "business": {
            "tz": "Europe/Paris",
            "hours": {
                "mon-thu": [["09:00", "12:30"], ["13:30", "17:30"]],
                "fri": [["22:00", "06:00"]],
            },
            "holidays": ["2026-12-25", "2027-01-01"],
            "special_days": {"2026-12-24": [["09:00", "12:00"]]},
        }
    },
    "CALENDAR": "business",
    "GOALS": {"urgent": {"response": "1h", "resolution": "1d 2h 30m"}, "*": {"response": "PT4H"}},
    "AT_RISK": 80,
    "REOPENING": "restart",
    "POLICIES": [
        {
            "name": "VIP",
            "goals": {"*": {"response": "1h"}},
            "when": {"project__key": "OPS", "priority__in": ["urgent", "high"]},
            "calendar": "business",
            "at_risk": 50,
            "reopening": "keep",
            "escalations": [{"when": "80%", "channel": "email", "to": ["assignee"]}],
        },
        {"name": "Rest", "goals": {"low": {"resolution": "2w"}}},
    ],
    "PRIORITIES": {"P1": "urgent", "P2": "high"},
    "TRUSTED_PROXIES": ["10.0.0.0/8", "::1", "unix"],
    "RESPONDER": "tests.abuse.test_settings.anybody",
    "ESCALATIONS": [
        {"metric": "*", "when": "30m before", "channel": "pager", "to": ["group:Managers"]},
        {"when": "due", "channel": "email", "to": ["a@example.com"], "enabled": False},
    ],
    "CHANNELS": {"pager": {"backend": "django_sla.channels.Email", "from_email": "a@example.com"}},
    "DIGEST_ABOVE": 3,
    "OBJECTIVE": 97.5,
    "BASE_URL": "https://desk.example.com/sub",
    "RECIPIENT_LOCALE": "tests.abuse.test_settings.nowhere",
    "METRICS_TOKEN": "0123456789abcdef",
}


def anybody(user: Any, ticket: Any) -> bool:
    return True


def nowhere(user: Any) -> tuple[None, None]:
    return None, None


class Hostile:
    """Breaks whoever wants to say it, compare it, or know whether it is true."""

    def _break(self, *args: object) -> Any:
        raise RuntimeError("hostile")

    __bool__ = __eq__ = __repr__ = __str__ = _break


class Endless(dict[str, Any]):
    """Contains itself."""

    def __init__(self) -> None:
        super().__init__(a=self, hours=self)


def things() -> list[Any]:
    """What a module in Python can have for a value, and JSON cannot."""
    return [
        10**10_000,
        nested(list, DEEP),
        nested(dict, DEEP),
        Endless(),
        Hostile(),
        b"bytes",
        bytearray(b"bytes"),
        {1, 2},
        frozenset(["a"]),
        ("09:00", "17:00"),
        range(10**9),
        iter(()),
        object(),
        object,
        len,
        lambda: None,
        anybody,
        Decimal("NaN"),
        1j,
        ...,
        tzinfo(),
        date.min,
        date.max,
        datetime.min,  # noqa: DTZ901  naive on purpose
        datetime.max.replace(tzinfo=UTC),
        timedelta.min,
        timedelta.max,
        timedelta(0),
        st,
        *plain(),
    ]


def check(raw: Any) -> list[conf.Problem]:
    """What is wrong with it, in the way in which all of it has to be told."""
    reading = quickly(lambda: conf.read(raw))
    with override_settings(DJANGO_SLA=raw):
        found = conf.problems()
        for problem in found:
            assert re.fullmatch(r"django_sla\.E\d{3}", problem.id)
            assert problem.path.startswith("DJANGO_SLA")
            assert problem.message
            assert len(str(problem)) < 3_000
        if reading.problems:
            with pytest.raises(InvalidSettings) as refusal:
                _ = conf.settings.policies
            assert isinstance(refusal.value, ImproperlyConfigured)
            assert reading.problems[0].path in str(refusal.value)
        else:
            for policy in conf.settings.policies:
                _ = policy.terms.fingerprint
        if not found:
            run_checks(tags=[TAG])
    return found


@pytest.fixture(autouse=True)
def warm() -> Iterator[None]:
    # The names of all time zones are read from the disk once.
    conf.read({"CALENDARS": {"a": {"tz": "Nowhere"}}})
    with undisturbed():
        yield


def test_what_is_broken_here_is_otherwise_right() -> None:
    assert check(EVERYTHING) == []


@pytest.mark.parametrize("key", [*conf.KEYS, "whole"])
def test_anything_at_all_in_the_place_of_a_key(key: str) -> None:
    for value in things():
        raw = value if key == "whole" else {key: value}
        for problem in check(raw):
            assert key in (*problem.path.split('"'), "whole", "CALENDARS", "CHANNELS")


def test_one_place_of_it_broken(thousand: int) -> None:
    junk = things()
    found: set[str] = set()
    for chance in draws("settings", thousand):
        found.update(p.id for p in check(broken(EVERYTHING, chance, junk)))
    assert len(found) >= 8


def test_an_option_of_a_channel_has_a_text_for_a_name() -> None:
    pager = EVERYTHING["CHANNELS"]["pager"]
    for key in (1, None, 10**10_000):
        problem, *rest = check({"CHANNELS": {"pager": {**pager, key: 1}}})
        assert (problem.message, rest) == ("the name of an option must be a text.", [])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text() | st.integers(), parts),
    max_leaves=8,
)


@settings(max_examples=INPUTS * THOUSANDS // 10, deadline=None)
@given(st.sampled_from(conf.KEYS), anything)
def test_junk(key: str, value: Any) -> None:
    for problem in check({key: value}):
        assert key in problem.path
