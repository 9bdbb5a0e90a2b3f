"""Terms as rows: written once, never changed, read back by fingerprint."""

from collections.abc import Iterable

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sla.core.policy import Terms as TermsValue
from django_sla.tables.place import Place, place


class Terms(models.Model):
    """A policy with its calendar as it was when a clock was pinned to it."""

    fingerprint = models.CharField(_("fingerprint"), max_length=32, primary_key=True)
    document = models.JSONField(_("document"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        app_label = "django_sla"
        verbose_name = _("terms")
        verbose_name_plural = _("terms")

    def __str__(self) -> str:
        return f"{self.document.get('name', '')} ({self.fingerprint[:8]})"


_values: dict[str, TermsValue] = {}
"""Terms by fingerprint. What a fingerprint stands for never changes, so this is never stale."""

_committed: set[tuple[Place, str]] = set()
"""(database, fingerprint) of rows known to be committed. Only a commit adds to it: a row of a
transaction that is rolled back later must be written again."""


def pin(terms: TermsValue, using: str) -> str:
    """See to it that the row of ``terms`` exists, and give its fingerprint."""
    key = (place(using), terms.fingerprint)
    if key not in _committed:
        Terms._base_manager.using(using).get_or_create(
            fingerprint=terms.fingerprint, defaults={"document": terms.to_dict()}
        )
        know(terms)
        transaction.on_commit(lambda: _committed.add(key), using=using)
    return terms.fingerprint


def know(terms: TermsValue) -> str:
    """Let :func:`read` give these terms, whether or not they have a row."""
    _values.setdefault(terms.fingerprint, terms)
    return terms.fingerprint


def read(fingerprints: Iterable[str | None], using: str) -> dict[str, TermsValue]:
    """The terms of these fingerprints, in at most one query and usually none."""
    wanted = {fingerprint for fingerprint in fingerprints if fingerprint}
    missing = wanted - _values.keys()
    if missing:
        for row in Terms._base_manager.using(using).filter(pk__in=missing):
            _values[row.pk] = TermsValue.from_dict(row.document)
    return {fingerprint: _values[fingerprint] for fingerprint in wanted}


def forget_committed(**kwargs: object) -> None:
    """Receiver of ``post_migrate``, which also follows a flush: the rows may be gone."""
    _committed.clear()
