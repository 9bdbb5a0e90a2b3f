"""Seals as rows, and what of a row they are made of."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from django_sla.core.seal import BEGINNING, DESTROYED, SALT, Content, chained, unpack
from django_sla.tables.event import ERASED_KEY, SLAEvent
from django_sla.tables.personal import REASON, events, histories, of_people


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
    """The names of those with facts that are sealed: columns that the model gets later are not."""
    people = models.JSONField(_("columns about people"))
    """The same of those that say something of people."""
    records = models.BinaryField(_("records"))
    salts = models.BinaryField(_("salts"))
    """One for each column about people of each record. Not part of the digest: they are destroyed
    to forget somebody."""
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
            "people": self.people,
        }
        before = bytes.fromhex(previous) if previous else BEGINNING
        return chained(before, header, bytes(self.records)).hex()


def sealed_models(using: str) -> Iterator[Any]:
    """The events and the changelogs in this database. Only numbered rows can be sealed: a history
    with UUIDs for keys has no order."""
    for model in (*events(), *histories()):
        if router.db_for_write(model) == using and isinstance(model._meta.pk, models.AutoField):
            yield model


def facts_of(model: Any) -> list[str]:
    """The columns with facts."""
    apart = of_people(model)
    return [field.attname for field in model._meta.concrete_fields if field.attname not in apart]


def contents(rows: Sequence[Any], columns: Sequence[str], people: Sequence[str]) -> list[Content]:
    """What is sealed of these rows of one model.

    Raises:
        LookupError: the model no longer has one of the columns.
    """
    if not rows:
        return []
    model: Any = type(rows[0])
    fields = {field.attname: field for field in model._meta.concrete_fields}
    read = _of_event if issubclass(model, SLAEvent) else _text
    missing = {*columns, *people} - fields.keys() - ({REASON} if read is _of_event else set())
    if missing:
        raise LookupError(", ".join(sorted(missing)))
    ticket = "ticket_id" if read is _of_event else model.instance_type._meta.pk.attname
    return [
        Content(
            key=row.pk,
            ticket=str(getattr(row, ticket)),
            facts={name: read(row, name, fields) for name in columns},
            people=tuple(read(row, name, fields) for name in people),
        )
        for row in rows
    ]


def _of_event(row: SLAEvent, name: str, fields: Mapping[str, Any]) -> str:
    """In the data of an event, the reason is of people; and that the actor was erased."""
    if name == REASON:
        return str(row.data.get(REASON, ""))
    if name == "data":
        facts = {key: said for key, said in row.data.items() if key not in (REASON, ERASED_KEY)}
        return json.dumps(facts, sort_keys=True)
    return _text(row, name, fields)


def _text(row: Any, name: str, fields: Mapping[str, Any]) -> str:
    field = fields[name]
    return "" if field.value_from_object(row) is None else str(field.value_to_string(row))


def destroy(model: Any, keys: Collection[int], columns: Collection[str], using: str) -> None:
    """Destroy the salts of these columns of these rows, so that nobody can find out from their
    seals what they said of people."""
    is_numbered = isinstance(model._meta.pk, models.AutoField)
    if not is_numbered or not router.allow_migrate_model(using, Seal):
        return
    seals = Seal._base_manager.using(using)
    touched = seals.filter(model=model._meta.label, last__gte=min(keys), after__lt=max(keys))
    wanted = set(keys)
    for seal in touched.exclude(records=b"").select_for_update():
        salts, width = bytearray(seal.salts), len(seal.people)
        parts = [seal.people.index(name) for name in columns if name in seal.people]
        for number, record in enumerate(unpack(bytes(seal.records), width)):
            for part in parts if record.key in wanted else ():
                place = SALT * (width * number + part)
                salts[place : place + SALT] = DESTROYED
        seals.filter(pk=seal.pk).update(salts=bytes(salts))
