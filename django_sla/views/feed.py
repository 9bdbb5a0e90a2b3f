"""An agent's deadlines for their calendar, behind a secret link that they make and revoke."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import (
    add_never_cache_headers,
    get_conditional_response,
    patch_cache_control,
)
from django.utils.http import quote_etag
from django.views import View

from django_sla.channels.locale import speaking_to
from django_sla.conf import settings
from django_sla.exceptions import ICalendarNotInstalled
from django_sla.moment import now as read_now
from django_sla.tables.feed import Feed
from django_sla.views import ical
from django_sla.views.tickets import AgentTickets, entries

MOST = 500
"""How many tickets a calendar has at most."""


class FeedView(LoginRequiredMixin, View):
    """The page on which somebody makes, sees and revokes the link to their calendar. The link is
    shown when it is made, and cannot be shown again."""

    http_method_names = ["get", "head", "post", "options"]

    template_name = "django_sla/feed.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(Feed.of(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("action") == "revoke":
            Feed.revoke(request.user, read_now())
            return redirect(request.path)
        feed, token = Feed.make(request.user, read_now())
        place = request.resolver_match.namespace if request.resolver_match else None
        path = reverse("django_sla:feed_calendar", args=[token], current_app=place)
        # Shown by this answer alone, so that it is kept nowhere.
        return self._page(feed, request.build_absolute_uri(path))

    def _page(self, feed: Feed | None, link: str = "") -> HttpResponse:
        try:
            ical.package()
        except ICalendarNotInstalled as error:
            return _told(str(error), 501)
        response = render(self.request, self.template_name, {"feed": feed, "link": link})
        add_never_cache_headers(response)
        return response


class FeedCalendarView(AgentTickets, View):
    """The calendar itself, for whoever has the link: no login, and the tickets of the person whose
    link it is. A link that does not work gets one and the same answer, whatever the reason."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        feed = Feed.find(token)
        if feed is None:
            return _discreet(HttpResponseNotFound("Not found.", content_type="text/plain"))
        now = read_now()
        tickets = [_with_changes(some) for some in self.open_tickets(feed.user)]
        host = urlsplit(settings.base_url).netloc or request.get_host()
        try:
            with speaking_to(feed.user):
                found = entries(tickets, now, MOST)
                content = ical.document(found, host, request.build_absolute_uri)
        except ICalendarNotInstalled as error:
            return _told(str(error), 501)
        feed.used(now)
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        etag = quote_etag(hashlib.sha256(content).hexdigest()[:32])
        response.headers["ETag"] = etag
        patch_cache_control(response, private=True, no_cache=True)
        unchanged = get_conditional_response(request, etag=etag, response=response)
        return _discreet(unchanged or response)


def _with_changes(tickets: Any) -> Any:
    """How often a ticket has changed and when last, which tells calendars what is newer."""
    events = tickets.model.sla.event_model._base_manager.filter(ticket=OuterRef("pk"))
    events = events.order_by().values("ticket")

    def asked(aggregate: Any) -> Subquery:
        summed: QuerySet[Any] = events.annotate(sla_sum=aggregate).values("sla_sum")
        return Subquery(summed)

    return tickets.annotate(
        sla_changes=asked(Count("pk")), sla_changed_at=asked(Max("recorded_at"))
    )


def _discreet(response: HttpResponse) -> HttpResponse:
    """Nobody whom the calendar leads to learns of the link."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _told(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
