"""Seals: short digests of rows, chained, by which a change made behind the program's back shows.

A row's facts have one digest. Each column that says something of people has one more, made with a
random salt of its own. Once a salt is destroyed nobody can find out any more what was there, and
the chain, which is made of the digests alone, stays whole.

Digests are BLAKE2b (RFC 7693): of 128 bits for the parts of a row, of 256 for the chain.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

SALT: Final = 16
"""Bytes of a salt."""

DESTROYED: Final = bytes(SALT)
"""What is in the place of a salt that was destroyed; a random one is never this."""

BEGINNING: Final = bytes(32)
"""What the first seal of a chain follows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a seal keeps of one row."""

    key: int
    ticket: bytes
    """A digest of the ticket's key: with a ticket that is deleted, its events go."""
    facts: bytes
    people: tuple[bytes, ...]
    """Of each column that says something of people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A row as far as it is sealed; all values as text, and nothing as an empty one."""

    key: int
    ticket: str
    facts: Mapping[str, str]
    people: tuple[str, ...]

    def record(self, salts: Sequence[bytes]) -> Record:
        """With a salt for each column that says something of people."""
        return Record(
            key=self.key,
            ticket=ticket_digest(self.ticket),
            facts=_digest(self.facts),
            people=tuple(map(_digest, self.people, salts)),
        )


def ticket_digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=8).digest()


def pack(records: Iterable[Record]) -> bytes:
    """Of records of one model, which all have as many columns."""
    return b"".join(
        _layout(len(r.people)).pack(r.key, r.ticket, r.facts, *r.people) for r in records
    )


def unpack(packed: bytes, columns: int) -> Iterator[Record]:
    """
    Raises:
        ValueError: it is no whole number of records with so many columns of people.
    """
    try:
        for key, ticket, facts, *people in _layout(columns).iter_unpack(packed):
            yield Record(key=key, ticket=ticket, facts=facts, people=tuple(people))
    except struct.error as error:
        raise ValueError(str(error)) from None


def _layout(columns: int) -> struct.Struct:
    return struct.Struct(f">q8s16s{'16s' * columns}")


def chained(previous: bytes, header: Mapping[str, object], packed: bytes) -> bytes:
    """The digest of a seal, made of the one before it, what it is about, and its records."""
    told = _canonical(header)
    digest = blake2b(previous, digest_size=32)
    digest.update(len(told).to_bytes(8, "big"))
    digest.update(told)
    digest.update(packed)
    return digest.digest()


def _digest(content: object, salt: bytes = b"") -> bytes:
    return blake2b(_canonical(content), digest_size=16, key=salt).digest()


def _canonical(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
