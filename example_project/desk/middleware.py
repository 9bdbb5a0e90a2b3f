"""What every page of the desk has in common."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.defaults import page_not_found

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def own_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    """Nothing inline and nothing from elsewhere; and the desk's own page for what is not found,
    where DEBUG would show a developer's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        json = response.headers.get("Content-Type") == "application/json"
        if settings.DEBUG and response.status_code == 404 and not json:
            response = page_not_found(request, Http404())
        # An error page of DEBUG has styles of its own, which the policy would take away.
        if response.status_code < 500:
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware


def own_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    """Times as the clocks show them where whoever looks is, if they said where."""

    def middleware(request: HttpRequest) -> HttpResponse:
        timezone.activate(request.session.get("zone", settings.TIME_ZONE))
        return get_response(request)

    return middleware
