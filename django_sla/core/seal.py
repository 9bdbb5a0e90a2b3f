"""Seals: short digests of rows, chained, by which a change made behind the program's back shows.

A row's facts have one digest. What it says of people has two more, of who and of the address, each
made with a random salt of its own. Once a salt is destroyed nobody can find out any more what was
there, and the chain, which is made of the digests alone, stays whole.

Digests are BLAKE2b (RFC 7693): of 128 bits for the parts of a row, of 256 for the chain.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

SALT: Final = 16
"""Bytes of a salt."""

DESTROYED: Final = bytes(SALT)
"""What is in the place of a salt that was destroyed; a random one is never this."""

BEGINNING: Final = bytes(32)
"""What the first seal of a chain follows."""

_RECORD: Final = struct.Struct(">q8s16s16s16s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a seal keeps of one row."""

    key: int
    ticket: bytes
    """A digest of the ticket's key: with a ticket that is deleted, its events go."""
    facts: bytes
    who: bytes
    address: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A row as far as it is sealed; all values as text."""

    key: int
    ticket: str
    facts: Mapping[str, str]
    who: Mapping[str, str]
    address: str

    @property
    def names_all(self) -> bool:
        """Whether every column that can say something of people does."""
        return all(self.who.values())

    def record(self, who: bytes, address: bytes) -> Record:
        """With these two salts."""
        return Record(
            key=self.key,
            ticket=ticket_digest(self.ticket),
            facts=_digest(self.facts),
            who=_digest(self.who, who),
            address=_digest(self.address, address),
        )


def ticket_digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=8).digest()


def pack(records: Iterable[Record]) -> bytes:
    return b"".join(_RECORD.pack(r.key, r.ticket, r.facts, r.who, r.address) for r in records)


def unpack(packed: bytes) -> Iterator[Record]:
    """
    Raises:
        ValueError: it is no whole number of records.
    """
    try:
        for key, ticket, facts, who, address in _RECORD.iter_unpack(packed):
            yield Record(key=key, ticket=ticket, facts=facts, who=who, address=address)
    except struct.error as error:
        raise ValueError(str(error)) from None


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
