"""Which edition of the policies and calendars is in the database.

A token in one row changes with every edit of a policy or a calendar. Processes keep what they have
read under the token, so that an edit is in force at the next ticket, on every process, for the
price of reading one value. Tokens are random: two databases, or the schemas of two tenants, never
have the same one.
"""

from typing import Any
from uuid import uuid4

from django.apps import apps as django_apps
from django.db import connections, models, router, transaction
from django.db.models import QuerySet, Subquery
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _

NONE = ""
"""The edition of a database in which nothing was ever edited."""


class Edition(models.Model):
    """The one row that holds the token."""

    token = models.CharField(_("token"), max_length=32)

    class Meta:
        app_label = "django_sla"
        default_permissions = ()
        verbose_name = _("edition")
        verbose_name_plural = _("editions")

    def __str__(self) -> str:
        return self.token


def read(using: str) -> str:
    """The edition as the current transaction sees it. One query."""
    connection = connections[using]
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(Edition._meta.db_table)
        cursor.execute(f"SELECT token FROM {table}")  # nosec B608
        row = cursor.fetchone()
    return row[0] if row else NONE


def as_column() -> Subquery:
    """The edition as a column of another question, which so needs none of its own."""
    return Subquery(Edition._base_manager.order_by().values("token")[:1])


def revise(using: str) -> None:
    """A new edition: what processes have read is out of date once this is committed.

    One statement, so that two first edits at once cannot each hold what the other waits for.
    """
    named = connections[using].features.supports_update_conflicts_with_target
    Edition._base_manager.using(using).bulk_create(
        [Edition(pk=1, token=uuid4().hex)],
        update_conflicts=True,
        update_fields=["token"],
        unique_fields=["pk"] if named else None,
    )


class RevisingQuerySet(QuerySet[Any]):
    """For policies and calendars: writes that send no signals make a new edition, too."""

    def update(self, **kwargs: Any) -> int:
        self._for_write = True
        with transaction.atomic(using=self.db):
            updated = super().update(**kwargs)
            revise(self.db)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        self._for_write = True
        with transaction.atomic(using=self.db):
            created = super().bulk_create(*args, **kwargs)
            revise(self.db)
        return created


class Revising(models.Model):
    """Base of what is edited. A save is valid, and there together with its new edition."""

    name: Any
    objects = RevisingQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, once it is valid.

        Raises:
            ValidationError: by field, what is wrong and what to write instead.
        """
        self.full_clean()
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            super().save(*args, **kwargs)

    def clean_fields(self, exclude: Any = None) -> None:
        """As Django's; a name of spaces is none."""
        if isinstance(self.name, str):
            self.name = self.name.strip()
        super().clean_fields(exclude)


def connect() -> None:
    """Notice every saved or deleted policy and calendar, fixtures included, and migrations, which
    may write some past all of this."""
    for name in ("Policy", "Calendar"):
        for signal in (post_save, post_delete):
            signal.connect(
                _edited, sender=f"django_sla.{name}", dispatch_uid=f"django_sla.edition.{name}"
            )
    # A fixture brings along the token of the database that it was taken from.
    post_save.connect(_edited, sender=Edition, dispatch_uid="django_sla.edition")
    ours = django_apps.get_app_config(Edition._meta.app_label)
    post_migrate.connect(_migrated, sender=ours, dispatch_uid="django_sla.edition")


def _edited(*, using: str, **kwargs: Any) -> None:
    revise(using)


def _migrated(*, using: str, apps: Any = None, plan: Any = (), **kwargs: Any) -> None:
    """A migration writes through models that are not ours, and send no signals to us."""
    if not plan or not router.allow_migrate_model(using, Edition):
        return
    if Edition._meta.model_name in apps.all_models[Edition._meta.app_label]:
        revise(using)
