"""Seals as rows, and what of a row they are made of."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from django_sla.core.seal import BEGINNING, DESTROYED, SALT, Content, chained, unpack
from django_sla.tables.event import SLAEvent
from django_sla.tables.personal import events, histories, people, texts

Part = Literal["who", "address"]
"""What a row says of people."""

OF_PEOPLE = ("actor", "reason")
"""In the ``data`` of an event, what is of people."""


class Seal(models.Model):
    """The rows of one model between two keys, as they were."""

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    """From 1, without a gap. Two runs at once cannot both make the same one."""
    model = models.CharField(_("model"), max_length=200)
    """Its label, ``"desk.TicketSLAEvent"``."""
    after = models.BigIntegerField(_("after"))
    """The rows with greater keys than this, …"""
    last = models.BigIntegerField(_("last"))
    """… up to this one."""
    seen = models.BigIntegerField(_("seen"))
    """The greatest key there was at ``seen_at``: the next seal goes up to this. Keys are given
    before their transactions are committed, so that the newest rows are not all there yet."""
    seen_at = models.DateTimeField(_("seen at"))
    columns = models.JSONField(_("columns"))
    """The names of those that are sealed: columns that the model gets later are not."""
    records = models.BinaryField(_("records"))
    salts = models.BinaryField(_("salts"))
    """Two for each record. Not part of the digest: they are destroyed to forget somebody."""
    digest = models.CharField(_("digest"), max_length=64)
    sealed_at = models.DateTimeField(_("sealed at"))

    class Meta:
        app_label = "django_sla"
        ordering = ["number"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["model", "last"], name="django_sla_seal_last")]
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"

    def digest_after(self, previous: str) -> str:
        """What its digest has to be, where the one before it has this digest."""
        header = {
            "number": self.number,
            "model": self.model,
            "after": self.after,
            "last": self.last,
            "seen": self.seen,
            "columns": self.columns,
        }
        before = bytes.fromhex(previous) if previous else BEGINNING
        return chained(before, header, bytes(self.records)).hex()


def sealed_models(using: str) -> Iterator[Any]:
    """The events and the changelogs in this database. Only numbered rows can be sealed: a history
    with UUIDs for keys has no order."""
    for model in (*events(), *histories()):
        if router.db_for_write(model) == using and isinstance(model._meta.pk, models.AutoField):
            yield model


def columns_of(model: Any) -> list[str]:
    """Those that are sealed."""
    return [field.attname for field in model._meta.concrete_fields]


def contents(rows: Sequence[Any], columns: Sequence[str]) -> list[Content]:
    """What is sealed of these rows of one model.

    Raises:
        LookupError: the model no longer has one of the columns.
    """
    if not rows:
        return []
    model = type(rows[0])
    fields = {field.attname: field for field in model._meta.concrete_fields}
    if missing := set(columns) - fields.keys():
        raise LookupError(", ".join(sorted(missing)))
    chosen = [fields[name] for name in columns]
    if issubclass(model, SLAEvent):
        return [_event(row, chosen) for row in rows]
    tracked: Any = model.instance_type
    of_people = {field.attname for field in (*people(model), *texts(model))}
    ticket = tracked._meta.pk.attname
    return [_history(row, chosen, of_people, ticket) for row in rows]


def _event(row: Any, fields: Collection[Any]) -> Content:
    facts = {f.attname: _text(f, row) for f in fields if f.attname not in ("actor_id", "data")}
    told = {name: value for name, value in row.data.items() if name not in OF_PEOPLE}
    who = {"actor_id": "" if row.actor_id is None else str(row.actor_id)}
    if "reason" in row.data:
        who["reason"] = str(row.data["reason"])
    return Content(
        key=row.pk,
        ticket=str(row.ticket_id),
        facts=facts | {"data": json.dumps(told, sort_keys=True)},
        who=who,
        address="",
    )


def _history(row: Any, fields: Collection[Any], of_people: Collection[str], ticket: str) -> Content:
    said = {field.attname: _text(field, row) for field in fields}
    address = said.pop("client_ip", "")
    return Content(
        key=row.pk,
        ticket=str(getattr(row, ticket)),
        facts={name: text for name, text in said.items() if name not in of_people},
        who={name: text for name, text in said.items() if name in of_people},
        address=address,
    )


def _text(field: Any, row: Any) -> str:
    if field.value_from_object(row) is None:
        return ""
    return str(field.value_to_string(row))


def destroy(model: Any, keys: Collection[int], parts: Collection[Part], using: str) -> None:
    """Destroy the salts of these rows, so that nobody can find out from their seals what they said
    of people."""
    is_numbered = isinstance(model._meta.pk, models.AutoField)
    if not keys or not is_numbered or not router.allow_migrate_model(using, Seal):
        return
    seals = Seal._base_manager.using(using).filter(
        model=model._meta.label, last__gte=min(keys), after__lt=max(keys)
    )
    wanted = set(keys)
    for seal in seals.select_for_update():
        salts, offset = bytearray(seal.salts), 0
        for record in unpack(bytes(seal.records)):
            for part in parts if record.key in wanted else ():
                place = offset + (SALT if part == "address" else 0)
                salts[place : place + SALT] = DESTROYED
            offset += 2 * SALT
        Seal._base_manager.using(using).filter(pk=seal.pk).update(salts=bytes(salts))
