"""The setting, and the project around it."""

from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning

from django_sla import conf
from django_sla.checks.fields import Apps

MIDDLEWARE = "simple_history.middleware.HistoryRequestMiddleware"


def check_settings(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(problem.message, hint=problem.hint or None, obj=problem.path, id=problem.id)
        for problem in conf.problems()
    ]


def check_project(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not django_settings.USE_TZ:
        found.append(
            Error(
                "USE_TZ is off; the SLA works with aware datetimes only.",
                hint="Set USE_TZ = True.",
                id="django_sla.E010",
            )
        )
    if not apps.is_installed("simple_history"):
        found.append(
            Error(
                "The changelog needs django-simple-history.",
                hint='Add "simple_history" to INSTALLED_APPS.',
                id="django_sla.E011",
            )
        )
    if MIDDLEWARE not in django_settings.MIDDLEWARE:
        found.append(
            Warning(
                "Who changed a ticket, and from which address, will be empty in the changelog.",
                hint=f'Add "{MIDDLEWARE}" to MIDDLEWARE.',
                id="django_sla.W010",
            )
        )
    return found
