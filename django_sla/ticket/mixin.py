"""``SLAMixin``: subclass it on a ticket model."""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self

from django.db import models, router
from django.db.models.signals import class_prepared, post_delete, post_save
from django.utils.translation import gettext_lazy as _
from model_utils.fields import AutoCreatedField
from simple_history.models import HistoricalRecords

from django_sla import registry
from django_sla.flow import record
from django_sla.moment import now
from django_sla.tables.columns import COLUMNS
from django_sla.tables.history import ClientIPHistory, ClientIPHistoryManager
from django_sla.ticket.companions import make_companions
from django_sla.ticket.declaration import SLA
from django_sla.ticket.queryset import SLAQuerySet


class SLAMixin(models.Model):
    """Six columns, a changelog, and ``ticket.sla``.

    A host that has one of the columns, a ``history`` or an ``objects`` of its own keeps it.
    """

    created_at = AutoCreatedField(_("created at"), default=now)
    response_target = models.DateTimeField(_("response target"), null=True, blank=True)
    resolution_target = models.DateTimeField(_("resolution target"), null=True, blank=True)
    first_responded_at = models.DateTimeField(
        _("first responded at"), null=True, blank=True, editable=False
    )
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)

    sla = SLA()
    objects: ClassVar[Any] = SLAQuerySet.as_manager()

    class Meta:
        abstract = True

    def __getstate__(self) -> dict[str, Any]:
        """For copies and caches: they get a face of their own."""
        state = super().__getstate__()
        state.pop("_sla_face", None)
        return state

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """As Django's, with the ticket's events, clocks and targets in the same transaction.

        Raises:
            ContradictedTimestamp: a timestamp or target that was assigned is not what the
                events of the ticket allow; nothing is saved.
        """
        using = using or router.db_for_write(type(self), instance=self)

        def write(fields: Iterable[str] | None) -> None:
            super(SLAMixin, self).save(
                force_insert=force_insert,
                force_update=force_update,
                using=using,
                update_fields=fields,
            )

        if update_fields is not None:
            update_fields = frozenset(update_fields)
            if not update_fields:
                return
        record.save(
            self, write, using=using, update_fields=update_fields, force_insert=bool(force_insert)
        )

    save.alters_data = True  # type: ignore[attr-defined]

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any
    ) -> Self:
        ticket = super().from_db(db, field_names, values, **kwargs)
        state = ticket.__dict__
        state["_sla_loaded"] = {name: state[name] for name in COLUMNS if name in state}
        return ticket

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        names = set(COLUMNS if fields is None else fields)
        state = self.__dict__
        loaded = state.setdefault("_sla_loaded", {})
        loaded.update({name: state[name] for name in COLUMNS if name in names and name in state})
        self.sla.forget()


def prepare(sender: type[models.Model], **kwargs: Any) -> None:
    """Receiver of ``class_prepared``: give a ticket model its companions and its changelog.

    Waits until the model is registered, because a history of the host's own is made between
    the two.
    """
    if issubclass(sender, SLAMixin):
        sender._meta.apps.lazy_model_operation(
            _set_up, (sender._meta.app_label, sender._meta.model_name)
        )


class_prepared.connect(prepare, dispatch_uid="django_sla.ticket.mixin.prepare")


def _set_up(model: Any) -> None:
    if model._meta.proxy:
        _share_history(model, model._meta.concrete_model)
        return
    if not hasattr(model._meta, "simple_history_manager_attribute"):
        _register(model)
    if any(parent in registry.tickets for parent in model._meta.get_parent_list()):
        return  # a special kind of ticket: its events and clocks are those of the ticket
    if "sla" not in model.__dict__:
        model.sla = model.sla.copy()
    sla = model.sla
    sla.model = model
    sla.event_model, sla.clock_model = make_companions(model)
    registry.tickets[model] = sla


def _register(model: type[models.Model]) -> None:
    """What ``simple_history.register`` does, with the ``history`` in the module of the model."""
    records = HistoricalRecords(
        bases=[ClientIPHistory],
        history_manager=ClientIPHistoryManager,
        history_id_field=models.BigAutoField(),
    )
    records.manager_name = "history"
    records.module = model.__module__
    records.cls = model
    records.add_extra_methods(model)
    records.finalize(model)


def _share_history(proxy: Any, model: Any) -> None:
    """A proxy is saved under its own name, which the history of its model does not hear."""
    proxy._meta.simple_history_manager_attribute = model._meta.simple_history_manager_attribute
    # Of a history that the host has made, ``history = HistoricalRecords()``, nothing else tells.
    listening: Any = post_save._live_receivers(model)
    owners = [getattr(receiver, "__self__", None) for receiver in listening[0]]
    for records in (owner for owner in owners if isinstance(owner, HistoricalRecords)):
        post_save.connect(records.post_save, sender=proxy, weak=False)
        post_delete.connect(records.post_delete, sender=proxy, weak=False)
