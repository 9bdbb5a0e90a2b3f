"""Sealing events and changelogs, and finding out whether they still are as they were."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Max

from django_sla.core.seal import DESTROYED, SALT, Content, Record, pack, ticket_digest, unpack
from django_sla.exceptions import SealedAtOnce
from django_sla.moment import now as read_now
from django_sla.tables.event import SLAEvent
from django_sla.tables.history import history_of
from django_sla.tables.personal import of_people
from django_sla.tables.seal import Seal, contents, facts_of, sealed_models

BLOCK = 5_000
"""Rows in one seal."""

SETTLED = timedelta(minutes=10)
"""After so long every transaction is over that was given a key."""

Watch = Callable[[int], bool]
"""Called after each seal with the number of its rows; true stops the work."""


# Sealing


def seal(using: str, watch: Watch = lambda number: False) -> int:
    """Seal what was seen the last time, and see what there is: a row is sealed by the second run
    after it was written, ten minutes later at the earliest. Gives the number of rows sealed.

    Raises:
        SealedAtOnce: somebody else is sealing.
    """
    now, done = read_now(), 0
    for model in sealed_models(using):
        for made in _of(model, now, using):
            done += made
            if watch(made):
                return done
    return done


def _of(model: Any, now: datetime, using: str) -> Iterator[int]:
    before = Seal._base_manager.using(using).filter(model=model._meta.label).last()
    rows = model._base_manager.using(using)
    last, seen, seen_at = (before.last, before.seen, before.seen_at) if before else (0, 0, now)
    if before is not None and now - seen_at < SETTLED:
        return
    while last < seen:
        block = list(rows.filter(pk__gt=last, pk__lte=seen).order_by("pk")[:BLOCK])
        end = block[-1].pk if len(block) == BLOCK else seen
        _add(model, block, (last, end), (seen, seen_at), now, using)
        last = end
        yield len(block)
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    if newest > seen:
        _add(model, [], (last, last), (newest, now), now, using)


def _add(
    model: Any,
    rows: list[Any],
    ends: tuple[int, int],
    seen: tuple[int, datetime],
    now: datetime,
    using: str,
) -> None:
    columns, people = facts_of(model), of_people(model)
    salts = [[os.urandom(SALT) for _name in people] for _row in rows]
    found = contents(rows, columns, people)
    records = [content.record(own) for content, own in zip(found, salts, strict=True)]
    seals = Seal._base_manager.using(using)
    try:
        with transaction.atomic(using=using):
            previous = seals.last()
            made = Seal(
                number=previous.number + 1 if previous else 1,
                model=model._meta.label,
                after=ends[0],
                last=ends[1],
                seen=seen[0],
                seen_at=seen[1],
                columns=columns,
                people=people,
                records=pack(records),
                salts=b"".join(chain.from_iterable(salts)),
                sealed_at=now,
            )
            made.digest = made.digest_after(previous.digest if previous else "")
            made.save(force_insert=True, using=using)
    except IntegrityError:
        raise SealedAtOnce() from None


# Verifying


class Wrong(StrEnum):
    """What became of something that was sealed."""

    CHANGED = "changed"
    PERSON_CHANGED = "says another person or address"
    REMOVED = "removed"
    ADDED = "added"
    BROKEN = "the seal itself was changed"
    MISSING = "the seal is missing"
    UNREADABLE = "cannot be checked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that is not as it was sealed."""

    wrong: Wrong
    seal: int
    model: str = ""
    key: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        what = f"{self.model} {self.key}" if self.key is not None else f"seal {self.seal}"
        return f"{what}: {self.wrong}{f': {self.detail}' if self.detail else ''}"


class Verification:
    """A look through all seals of a database, and what it came to."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._deleted: dict[Any, set[bytes]] = {}
        self.digests: list[str] = []
        """Of each seal."""
        self.rows = 0
        self.forgotten = 0
        """Rows from which a name or an address was taken away since."""
        self.deleted = 0
        """Events that went with their tickets."""

    def findings(self) -> Iterator[Finding]:
        """Compare every sealed row with its seal."""
        previous, expected = "", 1
        seals = Seal._base_manager.using(self._using).order_by("number")
        for made in seals.iterator(chunk_size=20):
            if made.number != expected:
                yield Finding(wrong=Wrong.MISSING, seal=expected)
            elif made.digest_after(previous) != made.digest:
                yield Finding(wrong=Wrong.BROKEN, seal=made.number)
            previous, expected = made.digest, made.number + 1
            self.digests.append(made.digest)
            yield from self._compared(made)

    def _compared(self, made: Seal) -> Iterator[Finding]:
        def finding(wrong: Wrong, key: int | None = None, detail: str = "") -> Finding:
            return Finding(wrong=wrong, seal=made.number, model=made.model, key=key, detail=detail)

        try:
            model: Any = apps.get_model(made.model)
            rows = model._base_manager.using(self._using)
            rows = list(rows.filter(pk__gt=made.after, pk__lte=made.last))
            found = {row.key: row for row in contents(rows, made.columns, made.people)}
            records = list(unpack(bytes(made.records), len(made.people)))
        except LookupError as error:
            yield finding(Wrong.UNREADABLE, detail=f"there is no {error}")
            return
        except ValueError as error:
            yield finding(Wrong.BROKEN, detail=str(error))
            return
        self.rows += len(records)
        salts, width = bytes(made.salts), SALT * len(made.people)
        for place, record in enumerate(records):
            content = found.pop(record.key, None)
            if content is not None:
                own = salts[width * place : width * (place + 1)]
                wrong = self._difference(
                    record, content, [own[at : at + SALT] for at in range(0, width, SALT)]
                )
                if wrong is not None:
                    yield finding(wrong, record.key)
            elif record.ticket in self._tickets_deleted(model):
                self.deleted += 1
            else:
                yield finding(Wrong.REMOVED, record.key)
        for key in found:
            yield finding(Wrong.ADDED, key)

    def _difference(self, record: Record, content: Content, salts: Sequence[bytes]) -> Wrong | None:
        is_now = content.record(salts)
        if (is_now.facts, is_now.ticket) != (record.facts, record.ticket):
            return Wrong.CHANGED
        for salt, text, then, now in zip(
            salts, content.people, record.people, is_now.people, strict=True
        ):
            # Without its salt a digest says nothing; but then nothing must be there any more.
            if text if salt == DESTROYED else then != now:
                return Wrong.PERSON_CHANGED
        self.forgotten += DESTROYED in salts
        return None

    def _tickets_deleted(self, model: Any) -> set[bytes]:
        """Of the events of one model: the tickets whose changelog says that they are gone."""
        if not issubclass(model, SLAEvent):
            return set()
        if model not in self._deleted:
            ticket: Any = model._meta.get_field("ticket").related_model
            history = history_of(ticket).model
            gone = history._base_manager.using(self._using).filter(history_type="-")
            keys = gone.values_list(ticket._meta.pk.attname, flat=True)
            self._deleted[model] = {ticket_digest(str(key)) for key in keys}
        return self._deleted[model]
