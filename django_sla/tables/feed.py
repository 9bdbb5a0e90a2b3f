"""Calendar feeds as rows: who has a secret link to their deadlines."""

import hashlib
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

SECRET_BYTES = 32

NOTED = timedelta(hours=1)
"""How exactly it is noted when a link was last used: calendars ask every few minutes."""


class Feed(models.Model):
    """A link that shows the deadlines of a person to whoever has it, until it is revoked.

    The link has the row's key and a secret in it, and a signature over both. The row has a hash of
    the secret alone, so that nobody can make the link again from the database.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    secret = models.CharField(_("hash of the secret"), max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    """To the hour."""

    class Meta:
        app_label = "django_sla"
        ordering = ["-id"]
        default_permissions = ()
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d}"

    @classmethod
    def of(cls, user: Any) -> "Feed | None":
        """The feed of a person; None where they have none."""
        return cls._default_manager.filter(user=user, revoked_at=None).first()

    @classmethod
    def make(cls, user: Any, now: datetime) -> "tuple[Feed, str]":
        """A new feed and its token, in place of the one that the person had. The token is given
        here and never again."""
        secret = token_urlsafe(SECRET_BYTES)
        with transaction.atomic():
            cls.revoke(user, now)
            feed = cls._default_manager.create(user=user, secret=_hash(secret), created_at=now)
        return feed, _signer().sign(f"{feed.pk}.{secret}")

    @classmethod
    def revoke(cls, user: Any, now: datetime) -> int:
        """Let no link of a person work any longer; gives how many there were."""
        return cls._default_manager.filter(user=user, revoked_at=None).update(revoked_at=now)

    @classmethod
    def find(cls, token: str) -> "Feed | None":
        """The feed of a token; None where that was never given or is revoked, and where the person
        is not active."""
        try:
            key, _, secret = _signer().unsign(token).partition(".")
        except BadSignature:
            return None
        feeds = cls._default_manager.select_related("user")
        feed = feeds.filter(pk=key, revoked_at=None).first()
        if feed is None or not constant_time_compare(feed.secret, _hash(secret)):
            return None
        return feed if getattr(feed.user, "is_active", True) else None

    def used(self, now: datetime) -> None:
        """Note that the link was used."""
        before = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED)
        type(self)._default_manager.filter(before, pk=self.pk).update(last_used_at=now)


def _signer() -> Signer:
    return Signer(salt="django_sla.feed", sep=".")


def _hash(secret: str) -> str:
    """Of something that nobody can guess, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
