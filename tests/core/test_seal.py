"""Digests of rows, and the chain of them."""

from dataclasses import replace
from typing import Any

import pytest

from django_sla.core.seal import BEGINNING, DESTROYED, SALT, Content, chained, pack, unpack

SALTS = [bytes(range(SALT)), bytes(range(SALT, 2 * SALT))]

CONTENT = Content(
    key=7,
    ticket="42",
    facts={"kind": "opened", "at": "2026-03-02T09:00:00+00:00"},
    people=("3", "203.0.113.77"),
)
RECORD = CONTENT.record(SALTS)

TICKET = "57b43cf02666687a"
FACTS = "2cda60b8b2191f2643bbbc6c096a6d79"
PERSON = "8874c6607c4ae2a1bba5464a76df1d00"
CHAIN = "1afdee79f39900105b80931279547c9ca0cb9a721adc26009dea294eaf441233"
ACCENTED = "ef972c8fabc328a33d4ce8fbd6f3bd93eb779d38260c318a1ae9dc3809008edb"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"key": 8}, "key"),
        ({"ticket": "43"}, "ticket"),
        ({"facts": {"kind": "opened", "at": "2026-03-02T09:00:01+00:00"}}, "facts"),
        ({"facts": {"kind": "opened"}}, "facts"),
        ({"people": ("4", "203.0.113.77")}, "people"),
        ({"people": ("3", "")}, "people"),
    ],
)
def test_each_part_has_a_digest_of_its_own(change: dict[str, Any], part: str) -> None:
    other = replace(CONTENT, **change).record(SALTS)
    differing = {
        name
        for name in ("key", "ticket", "facts", "people")
        if getattr(other, name) != getattr(RECORD, name)
    }
    assert differing == {part}


def test_each_column_about_people_has_a_digest_of_its_own() -> None:
    other = replace(CONTENT, people=("4", "203.0.113.77")).record(SALTS)
    assert other.people[0] != RECORD.people[0]
    assert other.people[1] == RECORD.people[1]


def test_the_order_of_columns_does_not_matter() -> None:
    turned = replace(CONTENT, facts=dict(reversed(CONTENT.facts.items())))
    assert turned.record(SALTS) == RECORD


def test_people_are_salted_and_facts_are_not() -> None:
    other = CONTENT.record([DESTROYED, SALTS[1]])
    assert other.facts == RECORD.facts
    assert other.people[0] != RECORD.people[0]
    assert other.people[1] == RECORD.people[1]


def test_the_digests_of_known_content() -> None:
    """What is stored must be read by later versions: these never change."""
    assert RECORD.ticket.hex() == TICKET
    assert RECORD.facts.hex() == FACTS
    assert RECORD.people[0].hex() == PERSON
    assert chained(BEGINNING, {"number": 1}, pack([RECORD])).hex() == CHAIN
    assert chained(BEGINNING, {"what": "Zoé"}, b"").hex() == ACCENTED


def test_records_are_packed_and_unpacked() -> None:
    records = [RECORD, replace(RECORD, key=2**63 - 1)]
    assert list(unpack(pack(records), 2)) == records
    assert len(pack(records)) == 2 * 64


@pytest.mark.parametrize("length", [1, 63, 65])
def test_what_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        list(unpack(bytes(length), 2))


def test_a_seal_depends_on_all_before_it() -> None:
    first = chained(BEGINNING, {"number": 1}, b"")
    assert first != chained(bytes(31) + b"\1", {"number": 1}, b"")
    assert first != chained(BEGINNING, {"number": 2}, b"")
    assert first != chained(BEGINNING, {"number": 1}, b"x")


def test_header_and_records_cannot_be_shifted() -> None:
    assert chained(BEGINNING, {}, b"{}") != chained(BEGINNING, {}, b"")
    assert len(chained(BEGINNING, {}, b"")) == 32
