"""Wiring, and nothing else."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DjangoSLAConfig(AppConfig):
    name = "django_sla"
    verbose_name = _("Service level agreements")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_sla import checks, registry  # noqa: F401  checks register on import
        from django_sla.integrations import comments, parents, request
        from django_sla.reports import letter
        from django_sla.tables import delivery, edition, terms

        registry.autodiscover()
        comments.connect()
        parents.connect()
        request.connect()
        edition.connect()
        registry.letters[delivery.NoticeKind.REPORT.value] = letter.write
        post_migrate.connect(terms.forget_committed, dispatch_uid="django_sla.terms")
