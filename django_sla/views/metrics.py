"""Figures for Prometheus."""

import logging

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from django_sla.conf import settings
from django_sla.exceptions import MetricsNotInstalled
from django_sla.reports.metrics import exposition
from django_sla.views.apart import Apart

VIEW_SWEEP = "django_sla.view_sweep"
"""The permission with which staff may see the figures."""

BEARER = "Bearer "

logger = logging.getLogger(__name__)


class MetricsView(Apart):
    """For whoever knows ``DJANGO_SLA["METRICS_TOKEN"]``, as ``Authorization: Bearer …``, and for
    staff with the permission ``django_sla.view_sweep``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            if not _knows_token(request) and (refusal := _refusal(request)):
                return refusal
            content, content_type = exposition(request.headers.get("Accept", ""))
        except MetricsNotInstalled as error:
            return _told(str(error), 501)
        except Error:
            logger.exception("No metrics: the database does not answer")
            return _told("The database does not answer.", 503)
        return HttpResponse(
            content, content_type=content_type, headers={"Cache-Control": "no-store"}
        )


def _knows_token(request: HttpRequest) -> bool:
    token = settings.metrics_token
    given = request.headers.get("Authorization", "")
    if not token or not given.startswith(BEARER):
        return False
    return constant_time_compare(given.removeprefix(BEARER).strip(), token)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """None where the user may see them."""
    user = getattr(request, "user", None)  # a host may do without users
    if user is None or not user.is_authenticated:
        refusal = _told("Say who you are.", 401)
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refusal
    if user.is_active and getattr(user, "is_staff", False) and user.has_perm(VIEW_SWEEP):
        return None
    return _told("You may not see this.", 403)


def _told(text: str, status: int) -> HttpResponse:
    return HttpResponse(
        f"{text}\n",
        status=status,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
